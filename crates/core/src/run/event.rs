//! What a run is asked, and what happens in it.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::ids::JobKey;

use super::{JobEnd, RunResult, RunSpec};

/// What a run is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Run.
    Start {
        /// What.
        spec: Box<RunSpec>,
    },
    /// Call it off.
    Cancel,
}

/// What happens in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// It began.
    Started {
        /// What it executes.
        spec: Box<RunSpec>,
        /// Its jobs and what each needs, in the file's order.
        jobs: IndexMap<JobKey, Vec<JobKey>>,
    },
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
    /// An instance of a job was begun.
    InstanceStarted {
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
}
