//! What an environment is asked, and what happens in it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::deployment::{DeploymentPlan, Question, Restore};
use crate::digest::Digest;
use crate::effect::Failure;
use crate::gate::Verdict;
use crate::guard::Watched;
use crate::ids::{DeploymentId, PlanId, RunId};
use crate::journal::Actor;
use crate::release::ReleaseId;
use crate::run::Place;

use super::{Candidate, JobAsk, JobLeft};

/// What an environment is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// A release wants to go here.
    Propose {
        /// Which, and why.
        candidate: Box<Candidate>,
    },
    /// A gate was judged again.
    Judge {
        /// What it says now.
        verdict: Verdict,
    },
    /// Agree to what waits.
    Approve {
        /// What is agreed to.
        identity: Digest,
    },
    /// Say no to what waits.
    Reject {
        /// What is refused.
        identity: Digest,
        /// Why.
        reason: String,
    },
    /// Back to what was here before, or to this release.
    Rollback {
        /// Which; the one before without it.
        to: Option<ReleaseId>,
    },
    /// Begin nothing, and stop at the next place of rest: before anything that
    /// users notice, or at the end of the watch, which then goes on.
    Pause,
    /// Go on; also answers a question with yes.
    Resume,
    /// Call off what is under way; if nothing is, what is queued.
    Abort,
    /// The plan that a candidate belongs to was given up.
    Withdraw {
        /// Whose candidate.
        plan: PlanId,
    },
    /// A job of a workflow wants to deploy here.
    Enter {
        /// Which.
        ask: Box<JobAsk>,
    },
    /// Such a job is over.
    Leave {
        /// Which, and how.
        left: Box<JobLeft>,
    },
}

/// How a plan's stage in an environment ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum StageEnd {
    /// It serves there.
    Deployed {
        /// The deployment that brought it.
        deployment: DeploymentId,
    },
    /// It served there already.
    AlreadyThere {
        /// The deployment that brought it.
        deployment: DeploymentId,
    },
    /// It does not.
    Failed {
        /// Why.
        failure: Failure,
    },
}

/// What happens in an environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A candidate was accepted.
    Proposed {
        /// Which.
        candidate: Box<Candidate>,
        /// What it comes down to.
        identity: Digest,
        /// People have to agree until then; `None`: nobody has to.
        approval_until: Option<Timestamp>,
    },
    /// A candidate was not accepted, or is one no longer.
    Dropped {
        /// Whose candidate.
        plan: Option<PlanId>,
        /// Which release.
        release: ReleaseId,
        /// Why.
        failure: Failure,
    },
    /// A candidate is what serves already.
    AlreadyThere {
        /// Whose candidate.
        plan: Option<PlanId>,
        /// Which release.
        release: ReleaseId,
        /// The deployment that brought it.
        deployment: DeploymentId,
    },
    /// A gate was judged again.
    Judged {
        /// What it says now.
        verdict: Verdict,
    },
    /// Somebody agreed.
    Approved {
        /// To what.
        identity: Digest,
        /// Who.
        by: Actor,
    },
    /// Enough people agreed.
    Cleared {
        /// To what.
        identity: Digest,
    },
    /// A deployment was begun.
    Started {
        /// What it is going to do.
        plan: Box<DeploymentPlan>,
        /// What it was made from.
        candidate: Box<Candidate>,
    },
    /// A step forward is done.
    StepDone {
        /// Its place in the plan.
        step: usize,
        /// What was seen, if it was a watch.
        watched: Option<Box<Watched>>,
    },
    /// A step was not finished, and is done again.
    StepRepeated {
        /// Its place in the plan; on the way back 0.
        step: usize,
    },
    /// Only a person can tell how to go on.
    Asked {
        /// What.
        question: Question,
    },
    /// A person said: go on.
    Answered,
    /// It is called off; what is under way is being cancelled.
    Stopping {
        /// Why.
        failure: Failure,
    },
    /// The way back begins.
    TurnedBack {
        /// Why.
        failure: Failure,
        /// What is to be done.
        steps: Vec<Restore>,
    },
    /// A step back is done, or was given up.
    BackStepDone {
        /// Why it was given up.
        trouble: Option<Failure>,
    },
    /// The new release serves.
    Succeeded {
        /// The deployment.
        deployment: DeploymentId,
    },
    /// It does not.
    Failed {
        /// The deployment.
        deployment: DeploymentId,
        /// Why.
        failure: Failure,
        /// What serves; `None`: nothing runs.
        serving: Option<DeploymentId>,
        /// What did not work on the way back.
        trouble: Vec<Failure>,
    },
    /// Nothing is begun until it is resumed.
    Paused,
    /// It goes on.
    Resumed,
    /// A job of a workflow wants to deploy here.
    JobAsked {
        /// Which.
        ask: Box<JobAsk>,
        /// What is agreed to.
        identity: Digest,
        /// People have to agree until then; `None`: nobody has to.
        approval_until: Option<Timestamp>,
    },
    /// It may not.
    JobDropped {
        /// Its run.
        run: RunId,
        /// Where in it.
        place: Place,
        /// Why.
        why: String,
    },
    /// It has the lock.
    JobBegan {
        /// Which.
        ask: Box<JobAsk>,
        /// What its deployment is called; none is recorded without.
        deployment: Option<DeploymentId>,
    },
    /// It is over.
    JobLeft {
        /// Which, and how.
        left: Box<JobLeft>,
    },
}
