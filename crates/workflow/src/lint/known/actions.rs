//! The table.

use super::Known;

pub(super) const ACTIONS: &[Known] = &[];

/// The oldest major version that works, and why older ones do not.
pub(super) const OLDEST: &[(&str, u32, &str)] = &[];
