//! Control groups, versions 1 and 2: cgroups(7).

pub(crate) mod create;
pub(crate) mod group;
pub(crate) mod hierarchy;

/// What the folders made by this crate begin with.
pub(crate) const PREFIX: &str = "shipway.";
