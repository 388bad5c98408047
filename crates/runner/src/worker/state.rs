//! What the steps of a job change.

use indexmap::IndexMap;
use shipway_process::Contained;
use shipway_workflow::expr::{Object, Status};
use tokio::task::JoinSet;

use crate::protocol::{Outcome, Reason};

/// What the steps of a job change.
pub(crate) struct JobState {
    /// Variables of the workflow, of the job, and from `GITHUB_ENV`.
    pub(crate) env: IndexMap<String, String>,
    /// From `GITHUB_PATH`; the last one is searched first.
    pub(crate) path: Vec<String>,
    /// The `steps` context.
    pub(crate) steps: Object,
    /// How things stand.
    pub(crate) status: Status,
    /// The first reason why the job does not succeed.
    pub(crate) reason: Option<Reason>,
    /// What steps left running: it may serve the steps after them.
    pub(crate) running: Vec<Contained>,
    /// Reads on what those write.
    pub(crate) readers: JoinSet<()>,
}

impl JobState {
    pub(crate) fn new() -> Self {
        Self {
            env: IndexMap::new(),
            path: Vec::new(),
            steps: Object::new(),
            status: Status::Success,
            reason: None,
            running: Vec::new(),
            readers: JoinSet::new(),
        }
    }

    /// Puts a folder in front of the PATH.
    pub(crate) fn prepend_path(&mut self, folder: &str) {
        self.path.retain(|known| known != folder);
        self.path.push(folder.to_owned());
    }

    /// Makes a step known to those after it.
    pub(crate) fn record(
        &mut self,
        id: &str,
        outcome: Outcome,
        conclusion: Outcome,
        outputs: &IndexMap<String, String>,
    ) {
        let outputs: Object = outputs.iter().map(|(k, v)| (k.clone(), v.as_str())).collect();
        let mut step = Object::new();
        step.insert("outputs", outputs);
        step.insert("outcome", outcome.as_str());
        step.insert("conclusion", conclusion.as_str());
        self.steps.insert(id, step);
    }
}
