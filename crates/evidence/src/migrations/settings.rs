//! What stands beside a migration about how its tool runs it: Diesel's `metadata.toml`, Flyway's
//! `V1__x.sql.conf`.

use std::collections::HashSet;
use std::path::Path;

use shipway_checks::migrations::Migration;

use super::beginning;

/// The files of settings that there are.
pub(super) struct Settings(HashSet<String>);

impl Settings {
    /// Those among the names of files.
    pub(super) fn among(names: &[String]) -> Self {
        let is_one = |name: &&String| name.ends_with("/metadata.toml") || name.ends_with(".conf");
        Self(names.iter().filter(is_one).cloned().collect())
    }

    /// Whether a migration's settings say that it runs without a transaction.
    pub(super) fn leave_transaction_out(&self, migration: &Migration, root: &Path) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let Some((path, line)) = migration.settings().filter(|(path, _)| self.0.contains(path))
        else {
            return false;
        };
        let text = beginning(&root.join(path));
        let text = String::from_utf8_lossy(&text);
        let bare = |line: &str| line.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        text.lines().any(|said| bare(said) == line)
    }
}
