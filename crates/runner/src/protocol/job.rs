//! A job as one self-contained message.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shipway_core::ids::{CommitId, JobKey, RunId};
use shipway_core::run::WorkflowText;

use super::{Folders, Secret, Services};
use crate::actions::Settings;

/// Everything a worker needs to execute one job. It looks nothing up
/// elsewhere: what is not in here, the job does not see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobMessage {
    /// [`super::PROTOCOL`] of the sender.
    pub protocol: u32,
    /// The effect that this is, by which leftovers are found after a crash.
    pub effect: String,
    /// The run it belongs to.
    pub run: RunId,
    /// The job's key in the run: behind the keys of the jobs that called its
    /// workflow, `caller.callee`. [`JobKey::own`] is the key in the file.
    pub job: JobKey,
    /// 1 for the first attempt of the run.
    pub attempt: u32,
    /// The run as GitHub's clients know it, a number: `github.run_id`. The same
    /// for every attempt.
    pub run_id: u64,
    /// The job as they know it, a number: unique among the jobs of all runs.
    pub job_id: u64,
    /// The job's name for people, with its matrix combination.
    pub name: String,
    /// The workflow that the job is in.
    pub workflow: WorkflowFile,
    /// The `matrix` context: this job's combination, if it has a matrix.
    pub matrix: Option<IndexMap<String, Value>>,
    /// The `strategy` context: `fail-fast`, `job-index`, `job-total`,
    /// `max-parallel`.
    pub strategy: IndexMap<String, Value>,
    /// The other contexts.
    pub contexts: Contexts,
    /// `github.token` and `secrets.GITHUB_TOKEN`, if the job gets one; masked.
    pub token: Option<Secret>,
    /// What that token may do, scope by scope: `read` or `write`. `id-token:
    /// write` allows the job to ask for OIDC tokens.
    pub permissions: IndexMap<String, String>,
    /// The environment that the job deploys to.
    pub environment: Option<String>,
    /// The run is for a pull request from a fork: it has no secrets, its token
    /// only reads, and it writes to no cache.
    pub from_fork: bool,
    /// The event's payload: `github.event`, and the file that
    /// `GITHUB_EVENT_PATH` names.
    pub event: Arc<Value>,
    /// What `actions/checkout` checks out.
    pub source: Source,
    /// Where the job works.
    pub folders: Folders,
    /// Where actions come from.
    pub actions: Settings,
    /// Where artifacts and caches are; `None`: actions that need them fail.
    pub services: Option<Services>,
    /// How long things may take.
    pub limits: Limits,
    /// Stay where a step fails, until [`super::Downward::GoOn`].
    #[serde(default)]
    pub hold: bool,
}

/// A workflow file as it was at the run's commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowFile {
    /// Its path in the repository, for messages.
    pub path: String,
    /// Its whole text. The worker reads it again.
    pub text: WorkflowText,
    /// `owner/name/path@ref`: `job.workflow_ref`, and `job_workflow_ref` in OIDC
    /// tokens.
    pub reference: String,
    /// The commit it is from.
    pub commit: CommitId,
    /// Where it is from, if it is a called workflow of another repository: what
    /// `$/` names. `None`: the repository that is checked out.
    pub repository: Option<Remote>,
}

/// A repository by its name on GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remote {
    /// Who owns it.
    pub owner: String,
    /// Its name.
    pub name: String,
}

/// What expressions see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contexts {
    /// `github`, without what the worker knows better: `event` (null here, for its
    /// place in the order), `event_path`, `workspace`, `job`, `action`.
    pub github: Arc<IndexMap<String, Value>>,
    /// `vars`.
    pub vars: IndexMap<String, String>,
    /// `secrets`; each is masked in all output.
    pub secrets: BTreeMap<String, Secret>,
    /// `needs`: for each job, `{result, outputs}`.
    pub needs: IndexMap<String, Value>,
    /// `inputs`: of the workflow that the job is in, with their types.
    pub inputs: IndexMap<String, Value>,
    /// Environment variables set before those of the workflow.
    pub env: IndexMap<String, String>,
}

/// The commit that is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// A git repository on this machine, with or without a work tree.
    pub repository: PathBuf,
    /// The commit.
    pub commit: CommitId,
    /// The branch to check it out as, for example `main`; `None`: detached.
    pub branch: Option<String>,
}

/// How long things may take, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The whole job, if its `timeout-minutes` says nothing. GitHub: 6 hours.
    pub timeout_ms: u64,
    /// Between the interrupt (SIGINT) that cancels a step and SIGTERM.
    pub interrupt_ms: u64,
    /// Between SIGTERM and SIGKILL.
    pub terminate_ms: u64,
    /// What is left to `always()` steps after a cancellation.
    pub cancel_ms: u64,
    /// Between two heartbeats. Three in a row missing: the worker is dead.
    pub heartbeat_ms: u64,
}

impl Default for Limits {
    /// As GitHub's runner has them.
    fn default() -> Self {
        Self {
            timeout_ms: 6 * 60 * 60 * 1000,
            interrupt_ms: 7_500,
            terminate_ms: 2_500,
            cancel_ms: 5 * 60 * 1000,
            heartbeat_ms: 5_000,
        }
    }
}
