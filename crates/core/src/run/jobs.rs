//! A job of a run, and its instances: one, or one for each combination of its
//! matrix.

use std::sync::Arc;

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
        instances: Vec<Arc<Instance>>,
        /// When one fails, the others are called off.
        fail_fast: bool,
        /// As many instances at the same time.
        max_parallel: Option<usize>,
        /// The outputs of those that ended.
        #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
        outputs: IndexMap<String, String>,
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
    /// How often it was lost with its engine and begun again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde wants it")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// How far an instance of a job is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum InstanceState {
    /// Not begun.
    Waiting,
    /// At its gates.
    Gated {
        /// How many it has passed.
        passed: usize,
        /// It has asked the next one.
        asking: bool,
    },
    /// Under way.
    Running {
        /// The effect it waits for, once begun; none if it calls a workflow.
        effect: Option<EffectId>,
        /// It calls a workflow that is being called off.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        cancelling: bool,
    },
    /// Over.
    Ended {
        /// How.
        end: Box<JobEnd>,
    },
}

impl Instance {
    /// How many gates have heard of it.
    pub(super) fn gates_asked(&self) -> usize {
        match self.state {
            InstanceState::Waiting => 0,
            InstanceState::Gated { passed, asking } => passed + usize::from(asking),
            InstanceState::Running { .. } | InstanceState::Ended { .. } => self.what.gates.len(),
        }
    }

    /// Its job is executed now. A call executes nothing itself.
    pub(super) const fn is_executing(&self) -> bool {
        matches!(self.state, InstanceState::Running { .. }) && self.what.call.is_none()
    }
}

impl Job {
    /// How it ended, once it has.
    pub const fn result(&self) -> Option<RunResult> {
        match self.state {
            JobState::Done { result, .. } => Some(result),
            JobState::Waiting | JobState::Running { .. } => None,
        }
    }

    /// Its instances, while it has some.
    pub fn instances(&self) -> &[Arc<Instance>] {
        match &self.state {
            JobState::Running { instances, .. } => instances,
            JobState::Waiting | JobState::Done { .. } => &[],
        }
    }

    /// An instance ended. Its outputs go over those of the instances that ended
    /// before; empty ones do not (as on GitHub).
    pub(super) fn end_instance(&mut self, index: usize, end: &JobEnd) -> Option<()> {
        let JobState::Running { instances, outputs, .. } = &mut self.state else { return None };
        let instance = Arc::make_mut(instances.get_mut(index)?);
        if matches!(instance.state, InstanceState::Ended { .. }) {
            return None;
        }
        let set = end.outputs.iter().filter(|(_, value)| !value.is_empty());
        outputs.extend(set.map(|(name, value)| (name.clone(), value.clone())));
        instance.state = InstanceState::Ended { end: Box::new(end.clone()) };
        self.settle();
        Some(())
    }

    /// Over, if every instance is: a failure counts unless the instance may
    /// fail; it was skipped if all of them were.
    fn settle(&mut self) {
        let JobState::Running { instances, outputs, .. } = &self.state else { return };
        let (mut result, mut why) = (RunResult::Skipped, None);
        for instance in instances {
            let InstanceState::Ended { end } = &instance.state else { return };
            let counted = match end.result {
                RunResult::Failure if instance.what.continue_on_error => RunResult::Success,
                other => other,
            };
            if rank(counted) > rank(result) {
                result = counted;
                why = end.reason.as_ref().map(|reason| format!("{}: {reason}", instance.what.name));
            }
        }
        let why = why.filter(|_| result != RunResult::Success);
        self.state = JobState::Done { result, outputs: outputs.clone(), why };
    }
}

/// A failure is worse than a cancellation: what failed first called the
/// others off.
pub(super) const fn rank(result: RunResult) -> u8 {
    match result {
        RunResult::Skipped => 0,
        RunResult::Success => 1,
        RunResult::Cancelled => 2,
        RunResult::Failure => 3,
    }
}
