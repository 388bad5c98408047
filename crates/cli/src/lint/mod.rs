//! What lint needs of the machine: the repository's files, and shellcheck.

pub(crate) mod files;
pub(crate) mod shellcheck;
