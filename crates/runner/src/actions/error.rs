//! Why an action cannot be had.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::reference::ActionRef;

/// Why an action cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// No place has it.
    #[error("cannot get the action `{action}`. Tried:\n{}\n{hint}", lines(.tried))]
    NotFound {
        /// What was asked for.
        action: ActionRef,
        /// What each place said.
        tried: Vec<Attempt>,
        /// What to do.
        hint: &'static str,
    },
    /// The lock file does not pin it, and only what is pinned may run.
    #[error(
        "`{0}` is not pinned in {lock}; `shipway lock` pins what the workflows use",
        lock = super::lock::FILE
    )]
    NotLocked(ActionRef),
    /// The files are not those that the lock file pins.
    #[error(
        "`{action}` is pinned to {pinned}, but what the mirror has are other files, {found}; \
         `shipway lock` accepts them"
    )]
    OtherFiles {
        /// What was asked for.
        action: ActionRef,
        /// What the lock file says.
        pinned: String,
        /// What is there.
        found: String,
    },
    /// There is no git.
    #[error("git cannot be run: {0}; install it, actions are fetched with it")]
    NoGit(io::Error),
    /// The cache cannot be used.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl ActionError {
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}

/// A place that was asked in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The place.
    pub place: String,
    /// What it said.
    pub answer: String,
}

impl Attempt {
    pub(super) fn new(place: impl fmt::Display, answer: impl Into<String>) -> Self {
        Self { place: place.to_string(), answer: answer.into() }
    }
}

fn lines(tried: &[Attempt]) -> String {
    let line = |attempt: &Attempt| format!("  {}: {}", attempt.place, attempt.answer);
    tried.iter().map(line).collect::<Vec<_>>().join("\n")
}
