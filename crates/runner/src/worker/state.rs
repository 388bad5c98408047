//! What the steps of a job change.

use std::sync::{Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use shipway_process::Contained;
use shipway_workflow::expr::Status;
use tokio::task::JoinSet;

use crate::protocol::Reason;

/// The state of a job, which steps may change while others run: each change
/// is one short look under a lock, never held while something is awaited.
pub(crate) struct State(Mutex<JobState>);

/// What the steps of a job change.
pub(crate) struct JobState {
    /// Variables of the workflow, of the job, and from `GITHUB_ENV`.
    pub(crate) env: IndexMap<String, String>,
    /// From `GITHUB_PATH`; the last one is searched first.
    pub(crate) path: Vec<String>,
    /// How things stand.
    pub(crate) status: Status,
    /// The first reason why the job does not succeed.
    pub(crate) reason: Option<Reason>,
    /// What steps left running: it may serve the steps after them.
    pub(crate) running: Vec<Contained>,
    /// Reads on what those write.
    pub(crate) readers: JoinSet<()>,
}

impl State {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(JobState {
            env: IndexMap::new(),
            path: Vec::new(),
            status: Status::Success,
            reason: None,
            running: Vec::new(),
            readers: JoinSet::new(),
        }))
    }

    /// The state as it is now, for a short look or change.
    pub(crate) fn lock(&self) -> MutexGuard<'_, JobState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl JobState {
    /// Puts a folder in front of the PATH.
    pub(crate) fn prepend_path(&mut self, folder: &str) {
        self.path.retain(|known| known != folder);
        self.path.push(folder.to_owned());
    }

    /// A step failed, and its failure is not tolerated. The first reason stays.
    pub(crate) fn fail(&mut self, reason: Reason) {
        if self.status == Status::Success {
            self.status = Status::Failure;
        }
        self.reason.get_or_insert(reason);
    }
}
