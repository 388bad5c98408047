//! Runs that begin by another run of the plan: `on: workflow_run`.
//!
//! Source: "Events that trigger workflows", `workflow_run`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::RunId;
use crate::run::{RunResult, RunSpec};

use super::{Commit, Open, PlannedRun, Trigger};

/// A run that does not begin with the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chained {
    /// The run that it follows, in the same plan.
    pub after: RunId,
    /// What of that run starts it.
    pub on: Activity,
    /// The event. How the other run ended is not in it yet.
    pub trigger: Trigger,
    /// The commit that it runs on: the newest of the default branch.
    pub commit: Commit,
}

/// An activity type of `workflow_run`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// The run was asked for.
    Requested,
    /// It has begun.
    InProgress,
    /// It is over, however it ended.
    Completed,
}

impl Activity {
    /// All of them, in the order in which they happen.
    pub const ALL: [Self; 3] = [Self::Requested, Self::InProgress, Self::Completed];

    /// As workflows write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
        }
    }
}

impl Chained {
    /// The event, with how the other run ended if it has.
    fn trigger(&self, ended: Option<RunResult>) -> Trigger {
        let mut trigger = self.trigger.clone();
        let result = ended.filter(|_| self.on == Activity::Completed);
        if let (Some(result), Some(run)) = (result, trigger.payload.get_mut("workflow_run")) {
            run["conclusion"] = Value::from(result.as_str());
        }
        trigger
    }
}

impl Open {
    /// The runs that begin with the plan, and what follows their beginning.
    pub(super) fn due_at_first(&self) -> Vec<RunSpec> {
        let mut due = Vec::new();
        let first = self.plan.runs.iter().filter(|run| run.chained.is_none());
        first.for_each(|run| self.begin(run, None, &mut due));
        due
    }

    /// The runs that begin because `run` ended, and what follows their beginning.
    pub(super) fn due_after(&self, run: &RunId, result: RunResult) -> Vec<RunSpec> {
        let mut due = Vec::new();
        let next = self.following(run).filter(|(_, on)| *on == Activity::Completed);
        next.for_each(|(next, _)| self.begin(next, Some(result), &mut due));
        due
    }

    fn begin(&self, run: &PlannedRun, ended: Option<RunResult>, due: &mut Vec<RunSpec>) {
        if run.passed.is_some() {
            // It is over already.
            let next = self.following(&run.id);
            return next.for_each(|(next, _)| self.begin(next, Some(RunResult::Success), due));
        }
        let spec = run.spec(&self.plan);
        let trigger = run.chained.as_ref().map(|chained| chained.trigger(ended));
        due.push(RunSpec { trigger: trigger.unwrap_or(spec.trigger), ..spec });
        let next = self.following(&run.id).filter(|(_, on)| *on != Activity::Completed);
        next.for_each(|(next, _)| self.begin(next, None, due));
    }

    fn following(&self, run: &RunId) -> impl Iterator<Item = (&PlannedRun, Activity)> {
        self.plan.runs.iter().filter_map(move |next| {
            let chained = next.chained.as_ref().filter(|chained| chained.after == *run)?;
            Some((next, chained.on))
        })
    }

    /// Whether a run of the plan was begun; not one that waits for another.
    pub(super) fn has_begun(&self, run: &RunId) -> bool {
        let run = self.plan.runs.iter().find(|planned| planned.id == *run);
        match run.and_then(|run| run.chained.as_deref()) {
            None => true,
            Some(Chained { after, on: Activity::Completed, .. }) => {
                self.runs.get(after).is_some_and(Option::is_some)
            }
            Some(Chained { after, .. }) => self.has_begun(after),
        }
    }
}
