//! Where the programs of a job's steps run: on this machine, or in the job's
//! container.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use crate::protocol::StepIndex;
use crate::worker::container::{JobContainer, Paths};
use crate::worker::job::JobRun;
use crate::worker::output::Listener;
use crate::worker::program::{self, Ended, Program, ProgramError, find};

/// Where programs run.
#[derive(Clone, Copy)]
pub(crate) enum Place<'c> {
    /// On this machine.
    Machine,
    /// In the job's container.
    Container(&'c JobContainer),
    /// Nowhere: the job's container was not started.
    Nowhere,
}

impl Place<'_> {
    /// A path of this machine, or a text, as it is called there.
    pub(crate) fn there(&self, text: &str) -> String {
        match self {
            Self::Container(container) => container.paths().there(text),
            Self::Machine | Self::Nowhere => text.to_owned(),
        }
    }

    /// The way back.
    pub(crate) fn here(&self, text: &str) -> String {
        match self {
            Self::Container(container) => container.paths().here(text),
            Self::Machine | Self::Nowhere => text.to_owned(),
        }
    }

    /// What folders are called there.
    pub(crate) fn paths(&self) -> Paths {
        match self {
            Self::Container(container) => container.paths().clone(),
            Self::Machine | Self::Nowhere => Paths::default(),
        }
    }

    /// A pattern for files, as it means them here: there, `~` is the job's home,
    /// which is a folder of the job.
    pub(crate) fn pattern_here(&self, pattern: &str) -> String {
        let Self::Container(_) = self else { return pattern.to_owned() };
        let (not, path) = match pattern.strip_prefix('!') {
            Some(path) => ("!", path),
            None => ("", pattern),
        };
        let path = match path.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("/github/home{rest}"),
            _ => path.to_owned(),
        };
        format!("{not}{}", self.here(&path))
    }

    /// A file of this machine, as it is called there.
    pub(crate) fn file(&self, file: &Path) -> PathBuf {
        match self {
            Self::Container(_) => self.there(&file.to_string_lossy()).into(),
            Self::Machine | Self::Nowhere => file.to_owned(),
        }
    }

    /// The program that `name` means; in a container, that shows when it is
    /// started.
    pub(crate) fn find(&self, name: &str, env: &[(OsString, OsString)]) -> Option<PathBuf> {
        match self {
            Self::Machine => find(name, env),
            Self::Container(_) | Self::Nowhere => Some(PathBuf::from(name)),
        }
    }

    /// Lets every user there read a file of this machine.
    pub(crate) fn show(&self, file: &Path) -> io::Result<()> {
        match self {
            Self::Container(_) => fs::set_permissions(file, fs::Permissions::from_mode(0o644)),
            Self::Machine | Self::Nowhere => Ok(()),
        }
    }

    /// Whether it is a container.
    pub(crate) fn is_container(&self) -> bool {
        !matches!(self, Self::Machine)
    }

    /// Runs a program of a step until it ends or `stop` is cancelled.
    pub(crate) async fn run(
        &self,
        (job, step): (&JobRun<'_>, StepIndex),
        program: Program,
        listener: &mut Listener<'_>,
        stop: &CancellationToken,
    ) -> Result<Ended, ProgramError> {
        let shared = job.shared;
        match self {
            Self::Machine => program::run(program, &job.state, listener, shared, step, stop).await,
            Self::Container(container) => {
                // Large, and rare: nobody else makes room for it.
                Ok(Box::pin(container.run(program, listener, shared, stop)).await?)
            }
            Self::Nowhere => Err(ProgramError::NoContainer),
        }
    }
}
