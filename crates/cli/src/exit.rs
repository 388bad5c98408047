//! How the program ends. Documented in `docs/reference/exit-codes.md`.

use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// What was asked for is so.
    Ok,
    /// It was refused or failed: what served before still serves.
    Failed,
    /// The command line, the configuration or a workflow is wrong: nothing was
    /// begun.
    Usage,
    /// It waits for a person (`shipway approve`, `shipway resume`).
    Waiting,
    /// Shipway itself could not go on: a full disk, a store that cannot be
    /// read.
    Trouble,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Ok => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Waiting => 3,
            Exit::Trouble => 4,
        })
    }
}
