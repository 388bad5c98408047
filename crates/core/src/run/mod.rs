//! One execution of one workflow: a graph of jobs.

mod decide;
mod event;
mod github;
mod jobs;
mod language;
mod note;
mod state;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

pub use event::{Command, Event, Expanded};
pub use github::github_context;
pub use jobs::{Instance, InstanceState, Job, JobState};
pub use note::{Annotation, Level};
pub use state::{Run, UnderWay};

use crate::config::SecretSource;
use crate::digest::Digest;
use crate::ids::{JobKey, PlanId, RunId};
use crate::journal::Actor;
use crate::plan::{Commit, Trigger};

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

/// What a run executes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// Its name, and its stream's.
    pub id: RunId,
    /// The plan it belongs to.
    pub plan: PlanId,
    /// The workflow's file, from the repository's root.
    pub path: String,
    /// The file's text.
    pub text: String,
    /// What happened.
    pub trigger: Trigger,
    /// The commit.
    pub commit: Commit,
    /// The git repository it is in.
    pub repository: String,
    /// Who asked for it.
    pub by: Actor,
    /// Run this job and what it needs only.
    pub only_job: Option<String>,
    /// `vars`.
    pub vars: IndexMap<String, String>,
    /// `inputs`.
    pub inputs: serde_json::Map<String, serde_json::Value>,
    /// Where secrets come from: taken when a job runs.
    pub secrets: IndexMap<String, SecretSource>,
    /// Jobs at the same time; `None`: as many as are ready.
    pub parallel: Option<u16>,
}

/// One job to be run, once the run it belongs to is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobSpec {
    /// The run.
    pub run: RunId,
    /// The job's key in the workflow.
    pub job: JobKey,
    /// Its place among the combinations of the job's matrix.
    pub index: usize,
    /// How many combinations there are.
    pub total: usize,
    /// Its name for people, with the combination's values.
    pub name: String,
    /// `matrix`; `null` without one.
    pub matrix: serde_json::Value,
    /// `needs`.
    pub needs: serde_json::Value,
    /// `strategy.fail-fast`.
    pub fail_fast: bool,
    /// `strategy.max-parallel`.
    pub max_parallel: Option<usize>,
}

/// How one job ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
