//! What a run is asked, and what happens in it.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::concurrency::Concurrency;
use crate::ids::{EnvName, JobKey};

use super::cache_mode::CacheMode;
use super::permissions::Granted;
use super::{JobEnd, RunResult, RunSpec};

/// What a run is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Run.
    Start {
        /// What.
        spec: Arc<RunSpec>,
    },
    /// Call it off.
    Cancel,
    /// A gate lets the run, or an instance of a job, pass.
    Passed {
        /// Which.
        place: Place,
    },
    /// A gate does not let it pass, and will not.
    Refused {
        /// Which.
        place: Place,
        /// Why, for people.
        why: String,
    },
    /// It is to end for another one of its concurrency group.
    GiveWay {
        /// Which.
        place: Place,
        /// Why, for people.
        why: String,
    },
    /// People said no, or nobody said yes in time.
    Rejected {
        /// Which.
        place: Place,
        /// Why, for people.
        why: String,
    },
}

/// A run as a whole, or an instance of one of its jobs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum Place {
    /// The run.
    Run,
    /// An instance of a job.
    Job {
        /// The job.
        job: JobKey,
        /// Its place among the instances.
        index: usize,
    },
}

/// What happens in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// It began.
    Started {
        /// What it executes.
        spec: Arc<RunSpec>,
        /// Its jobs and what each needs, in the file's order.
        jobs: IndexMap<JobKey, Vec<JobKey>>,
        /// Its name, if the workflow gives runs one (`run-name`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// The concurrency group that it waits for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        concurrency: Option<Concurrency>,
    },
    /// It is its turn in its concurrency group.
    Admitted,
    /// What a job needs is known: these are its instances.
    JobExpanded {
        /// The job.
        job: JobKey,
        /// Each instance's name and matrix combination.
        instances: Vec<Expanded>,
        /// When one fails, the others are called off.
        fail_fast: bool,
        /// As many instances at the same time.
        max_parallel: Option<usize>,
    },
    /// A job is not to run.
    JobSkipped {
        /// The job.
        job: JobKey,
        /// Why.
        why: String,
    },
    /// A job could not even begin: an expression of its own is wrong.
    JobFailed {
        /// The job.
        job: JobKey,
        /// Why.
        why: String,
    },
    /// An instance of a job asks its next gate.
    InstanceAsks {
        /// The job.
        job: JobKey,
        /// Its place among the instances.
        index: usize,
    },
    /// That gate lets it pass.
    InstancePassed {
        /// The job.
        job: JobKey,
        /// Its place among the instances.
        index: usize,
    },
    /// An instance of a job was begun; if it calls a workflow, its jobs are
    /// there now.
    InstanceStarted {
        /// The job.
        job: JobKey,
        /// Its place among the instances.
        index: usize,
    },
    /// The engine ended in the middle of an instance, which is begun again.
    InstanceLost {
        /// The job.
        job: JobKey,
        /// Its place among the instances.
        index: usize,
    },
    /// An instance that calls a workflow is being called off: of its jobs only
    /// those begin that ask for it with `always()`.
    InstanceCancelling {
        /// The job.
        job: JobKey,
        /// Its place among the instances.
        index: usize,
    },
    /// An instance of a job ended.
    InstanceEnded {
        /// The job.
        job: JobKey,
        /// Its place among the instances.
        index: usize,
        /// How.
        end: Box<JobEnd>,
    },
    /// It is being called off: no further job begins, but those that ask for
    /// it with `always()`.
    Cancelling,
    /// It is over.
    Ended {
        /// How.
        result: RunResult,
        /// Why, where it is not success.
        why: Option<String>,
    },
}

/// One instance of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expanded {
    /// For people.
    pub name: String,
    /// `matrix`; `null` without one.
    pub matrix: serde_json::Value,
    /// Its failure does not count.
    pub continue_on_error: bool,
    /// What it has to pass before it begins, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Gate>,
    /// The workflow that it calls, if it has no steps of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Box<Call>>,
    /// What its token may do; of a call, at the most.
    #[serde(default, skip_serializing_if = "Granted::is_empty")]
    pub permissions: Granted,
    /// What it may do with caches; of a call, at the most.
    #[serde(default, skip_serializing_if = "CacheMode::is_default")]
    pub cache_mode: CacheMode,
    /// The environment that it deploys to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Why nothing here can run it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cannot: Option<String>,
}

/// A call of a workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Which: its key among [`RunSpec::called`].
    pub workflow: String,
    /// Its `inputs`, with their types.
    pub inputs: serde_json::Map<String, serde_json::Value>,
    /// Its jobs and what each needs, in the file's order.
    pub jobs: IndexMap<JobKey, Vec<JobKey>>,
}

/// What an instance has to pass before it begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "gate", rename_all = "snake_case")]
pub enum Gate {
    /// Its turn in a concurrency group.
    Concurrency(Concurrency),
    /// The lock of an environment, and whoever has to agree.
    Environment {
        /// Which.
        name: EnvName,
        /// Whether a deployment is recorded.
        record: bool,
    },
}
