//! Files that are left out by name.

use std::path::Path;

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::error::CliError;

/// Files that are left out by name.
pub(super) struct Excluded(GlobSet);

impl Excluded {
    /// By globs as `.gitignore` has them for whole paths: `db/migrations/**`, `**/*.pb.go`.
    pub(super) fn of(globs: &[String]) -> Result<Self, CliError> {
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            set.add(Glob::new(glob).map_err(|error| CliError::usage(error.to_string()))?);
        }
        set.build().map(Self).map_err(|error| CliError::usage(error.to_string()))
    }

    pub(super) fn has(&self, file: &Path) -> bool {
        self.0.is_match(file)
    }
}
