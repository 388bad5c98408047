//! One execution of one workflow: a graph of jobs.

mod advance;
mod cache_mode;
mod decide;
mod event;
mod gates;
mod github;
mod inputs;
mod jobs;
mod language;
mod machine_labels;
mod note;
mod number;
mod outline;
mod permissions;
mod rerun;
mod secrets;
mod spec;
mod state;
mod text;
mod wishes;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

pub use cache_mode::{CacheMode, NoCacheMode};
pub use event::{Call, Command, Event, Expanded, Gate, Place};
pub use github::{api_url, github_context, github_without_event, is_from_fork};
pub use inputs::of_dispatch as dispatch_inputs;
pub use jobs::{Instance, InstanceState, Job, JobState};
pub use note::{Annotation, Level};
pub use number::{job_number, run_number};
pub use outline::{Fate, Outlined, outline};
pub use permissions::{Access, Granted};
pub use rerun::{Again, NotAgain, again};
pub use secrets::called_secrets;
pub use spec::{Attempt, CallFrame, CalledFrom, CalledWorkflow, JobSpec, Rules, RunSpec};
pub use state::{Run, UnderWay};
pub use text::WorkflowText;
pub use wishes::Wishes;

use crate::digest::Digest;

/// How a run or a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunResult {
    /// All went well.
    Success,
    /// Something did not.
    Failure,
    /// It was called off.
    Cancelled,
    /// It was not to run.
    Skipped,
}

impl RunResult {
    /// The word that workflows know it by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }
}

impl std::fmt::Display for RunResult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How one job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobEnd {
    /// How.
    pub result: RunResult,
    /// Its outputs.
    pub outputs: IndexMap<String, String>,
    /// Why, where it is not success.
    pub reason: Option<String>,
    /// All its output, a blob.
    pub log: Option<Digest>,
    /// The last lines of a job that failed.
    pub tail: Vec<String>,
    /// Its steps.
    pub steps: Vec<StepEnd>,
    /// Messages to be shown beside it, or beside a line of a file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<Annotation>,
    /// What its steps wrote for the summary page, Markdown, a blob.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Digest>,
    /// Where the environment that it deployed to answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl JobEnd {
    /// A job that ended with `result` and left nothing.
    pub fn bare(result: RunResult, reason: Option<String>) -> Self {
        Self {
            result,
            outputs: IndexMap::new(),
            reason,
            log: None,
            tail: Vec::new(),
            steps: Vec::new(),
            annotations: Vec::new(),
            summary: None,
            url: None,
        }
    }
}

/// How one step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepEnd {
    /// Its name.
    pub name: String,
    /// How, after `continue-on-error`.
    pub result: RunResult,
    /// How, before `continue-on-error`, where that is another result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<RunResult>,
    /// Why it failed or was skipped, in a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How long it took.
    #[serde(with = "crate::millis", rename = "ms")]
    pub took: std::time::Duration,
}
