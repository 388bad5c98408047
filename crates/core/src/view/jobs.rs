//! What jobs of workflows deploy to an environment.

use jiff::Timestamp;
use serde::Serialize;

use crate::digest::Digest;
use crate::environment::{External, JobActive, JobAsk, JobDeployed, JobWaiting};
use crate::ids::{CommitId, DeploymentId, RunId};

/// What jobs do in an environment with `deployed_by: workflow`.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct JobsStatus {
    /// What the last job that succeeded deployed.
    pub deployed: Option<JobStatus>,
    /// The job that has the lock.
    pub active: Option<JobStatus>,
    /// Those that wait for people.
    pub waiting: Vec<JobQuestion>,
    /// Names of those that wait for the lock, in order.
    pub queued: Vec<String>,
}

/// A job that deploys, or did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobStatus {
    /// The deployment; none is recorded with `deployment: false`.
    pub deployment: Option<DeploymentId>,
    /// The run.
    pub run: RunId,
    /// The job's name for people.
    pub job: String,
    /// The commit.
    pub commit: CommitId,
    /// Since when.
    pub since: Timestamp,
    /// Where it says that the environment answers.
    pub url: Option<String>,
}

/// A job that waits for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobQuestion {
    /// What is agreed to.
    pub identity: Digest,
    /// The run.
    pub run: RunId,
    /// The job's name for people.
    pub job: String,
    /// The commit.
    pub commit: CommitId,
    /// How many have agreed.
    pub given: usize,
    /// How many have to.
    pub required: u8,
    /// The question is closed then.
    pub expires: Timestamp,
}

impl JobsStatus {
    /// Nothing is asked, and nothing was deployed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl From<&External> for JobsStatus {
    fn from(external: &External) -> Self {
        Self {
            deployed: external.current().map(JobStatus::from),
            active: external.active.as_ref().map(JobStatus::from),
            waiting: external.waiting.iter().map(JobQuestion::from).collect(),
            queued: external.queued.iter().map(|ask| ask.job.clone()).collect(),
        }
    }
}

impl From<&JobDeployed> for JobStatus {
    fn from(deployed: &JobDeployed) -> Self {
        let JobDeployed { deployment, run, job, commit, url, at, .. } = deployed.clone();
        Self { deployment: Some(deployment), run, job, commit, since: at, url }
    }
}

impl From<&JobActive> for JobStatus {
    fn from(active: &JobActive) -> Self {
        let JobActive { ask, deployment, started } = active.clone();
        let JobAsk { run, job, commit, .. } = ask;
        Self { deployment, run, job, commit, since: started, url: None }
    }
}

impl From<&JobWaiting> for JobQuestion {
    fn from(waiting: &JobWaiting) -> Self {
        let JobWaiting { ask, identity, given, expires } = waiting;
        Self {
            identity: *identity,
            run: ask.run.clone(),
            job: ask.job.clone(),
            commit: ask.commit.clone(),
            given: given.len(),
            required: ask.rules.approval.as_ref().map_or(0, |rule| rule.required),
            expires: *expires,
        }
    }
}
