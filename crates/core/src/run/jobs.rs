//! A job of a run, and its instances: one, or one for each combination of its
//! matrix.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::effect::EffectId;
use crate::ids::JobKey;

use super::{Expanded, JobEnd, RunResult};

/// A job of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The jobs it waits for.
    pub needs: Vec<JobKey>,
    /// How far it is.
    pub state: JobState,
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum JobState {
    /// What it needs is not done.
    Waiting,
    /// Its instances run, or wait for their turn.
    Running {
        /// In the order of the matrix.
        instances: Vec<Instance>,
        /// When one fails, the others are called off.
        fail_fast: bool,
        /// As many instances at the same time.
        max_parallel: Option<usize>,
    },
    /// It is over.
    Done {
        /// How it ended, as those that need it see it.
        result: RunResult,
        /// Its outputs.
        outputs: IndexMap<String, String>,
        /// Why, where it is not success.
        why: Option<String>,
    },
}

/// One instance of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// What it is.
    pub what: Expanded,
    /// How far it is.
    pub state: InstanceState,
}

/// How far an instance of a job is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum InstanceState {
    /// Not begun.
    Waiting,
    /// Under way.
    Running {
        /// The effect it waits for, once begun.
        effect: Option<EffectId>,
    },
    /// Over.
    Ended {
        /// How.
        end: Box<JobEnd>,
    },
}

impl Job {
    /// How it ended, once it has.
    pub const fn result(&self) -> Option<RunResult> {
        match self.state {
            JobState::Done { result, .. } => Some(result),
            JobState::Waiting | JobState::Running { .. } => None,
        }
    }

    /// Over, if every instance is: a failure counts unless the instance may
    /// fail; outputs of later instances go over those of earlier ones, empty
    /// ones do not (as on GitHub).
    pub(super) fn settle(&mut self) {
        let JobState::Running { instances, .. } = &self.state else { return };
        let mut outputs = IndexMap::new();
        let (mut result, mut why) = (RunResult::Success, None);
        for instance in instances {
            let InstanceState::Ended { end } = &instance.state else { return };
            for (name, value) in end.outputs.iter().filter(|(_, value)| !value.is_empty()) {
                outputs.insert(name.clone(), value.clone());
            }
            let counted = match end.result {
                RunResult::Failure if instance.what.continue_on_error => RunResult::Success,
                other => other,
            };
            if worse(counted, result) {
                result = counted;
                why = end.reason.as_ref().map(|reason| format!("{}: {reason}", instance.what.name));
            }
        }
        self.state = JobState::Done { result, outputs, why };
    }
}

/// A failure is worse than a cancellation: what failed first called the
/// others off.
const fn worse(one: RunResult, other: RunResult) -> bool {
    const fn rank(result: RunResult) -> u8 {
        match result {
            RunResult::Success | RunResult::Skipped => 0,
            RunResult::Cancelled => 1,
            RunResult::Failure => 2,
        }
    }
    rank(one) > rank(other)
}
