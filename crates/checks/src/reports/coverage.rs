//! Which lines ran: lcov, Cobertura, JaCoCo, Go's cover profile, llvm-cov and Istanbul.

use std::collections::BTreeMap;

/// Which lines of which files ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// By file, as the report names it, with `/`.
    pub files: BTreeMap<String, FileCoverage>,
}

/// Which lines of a file ran: how often each line that can run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileCoverage {
    /// Hits by line, from 1.
    pub lines: BTreeMap<u32, u64>,
}
