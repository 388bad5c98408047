//! What is where, what is under way, and what waits for whom.

use jiff::Timestamp;
use serde::Serialize;

use crate::deployment::{Kind, Progress, Question};
use crate::digest::Digest;
use crate::effect::Failure;
use crate::environment::{Deployed, Environment};
use crate::gate::{self, Destination, Judged, Ledger, Position};
use crate::ids::{CommitId, DeploymentId, EnvName, PlanId, RunId};
use crate::plan::{BuildState, Open};
use crate::release::ReleaseId;
use crate::run::RunResult;

use super::{JobsStatus, Live, PlanSummary};

/// What is where, what is under way, and what waits for whom.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// By name.
    pub environments: Vec<EnvStatus>,
    /// Plans that are not over.
    pub plans: Vec<PlanStatus>,
    /// The plan that was closed last.
    pub last: Option<PlanSummary>,
    /// What the gates said last, where they keep something or somebody let it through.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateStatus>,
}

/// What the gates say on the way to one destination.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateStatus {
    /// Where to.
    pub to: Destination,
    /// The commit.
    pub commit: CommitId,
    /// When they were judged.
    pub at: Timestamp,
    /// Why it is kept; nothing if it is not.
    pub shut: Option<String>,
    /// The gates that were overridden: which, by whom, and why.
    pub overridden: Vec<String>,
}

/// An environment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EnvStatus {
    /// Its name.
    pub name: EnvName,
    /// What serves.
    pub serving: Option<ServingStatus>,
    /// What is under way.
    pub active: Option<ActiveStatus>,
    /// What waits for people.
    pub waiting: Option<WaitingStatus>,
    /// The commit that waits for the lock.
    pub queued: Option<CommitId>,
    /// Nothing is begun until it is resumed.
    pub paused: bool,
    /// What a rollback would go back to.
    pub previous: Option<ServingStatus>,
    /// What jobs of workflows deploy there.
    #[serde(skip_serializing_if = "JobsStatus::is_empty")]
    pub jobs: JobsStatus,
}

/// What serves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServingStatus {
    /// The deployment that brought it.
    pub deployment: DeploymentId,
    /// What.
    pub release: ReleaseId,
    /// Its commit.
    pub commit: CommitId,
    /// Since when.
    pub since: Timestamp,
}

impl From<&Deployed> for ServingStatus {
    fn from(deployed: &Deployed) -> Self {
        Self {
            deployment: deployed.deployment.clone(),
            release: deployed.release,
            commit: deployed.commit.clone(),
            since: deployed.at,
        }
    }
}

/// What is under way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActiveStatus {
    /// The deployment.
    pub deployment: DeploymentId,
    /// Its release.
    pub release: ReleaseId,
    /// Its commit.
    pub commit: CommitId,
    /// Why there is one.
    pub kind: Kind,
    /// Since when.
    pub started: Timestamp,
    /// What is being done, for people.
    pub doing: String,
    /// Why it goes back, if it does.
    pub going_back: Option<Failure>,
    /// What only a person can answer.
    pub question: Option<Question>,
}

/// What waits for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WaitingStatus {
    /// What is agreed to.
    pub identity: Digest,
    /// Its release.
    pub release: ReleaseId,
    /// Its commit.
    pub commit: CommitId,
    /// The plan it belongs to.
    pub plan: Option<PlanId>,
    /// How many have agreed.
    pub given: usize,
    /// How many have to.
    pub required: u8,
    /// The question is closed then.
    pub expires: Timestamp,
}

/// A plan that is not over.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanStatus {
    /// Its name.
    pub id: PlanId,
    /// Its commit.
    pub commit: CommitId,
    /// The first line of the commit's message.
    pub subject: String,
    /// When it was opened.
    pub opened: Timestamp,
    /// What is being done, for people.
    pub doing: String,
    /// Its runs, with their results once they have ended.
    pub runs: Vec<(RunId, Option<RunResult>)>,
}

impl Status {
    /// Read from `live`.
    pub fn of(live: &Live) -> Self {
        Self {
            environments: live.environments().map(EnvStatus::of).collect(),
            plans: live.open_plans().map(|(id, open)| PlanStatus::of(id, open)).collect(),
            last: live.recent.front().cloned(),
            gates: live.gates().into_iter().flat_map(gates).collect(),
        }
    }
}

fn gates(ledger: &Ledger) -> Vec<GateStatus> {
    let of = |judged: &Judged| {
        let overridden = judged.verdicts.iter().filter_map(|verdict| match &verdict.position {
            Position::Overridden { by, reason, .. } => {
                Some(format!("gate `{}` by {by}: {reason}", verdict.gate))
            }
            Position::Open { .. } | Position::Shut { .. } => None,
        });
        GateStatus {
            to: judged.to.clone(),
            commit: judged.commit.clone(),
            at: judged.at,
            shut: gate::shut(&judged.verdicts, judged.at),
            overridden: overridden.collect(),
        }
    };
    let said = ledger.judged.values().map(of);
    said.filter(|gates| gates.shut.is_some() || !gates.overridden.is_empty()).collect()
}

impl EnvStatus {
    fn of(env: &Environment) -> Self {
        Self {
            name: env.name.clone(),
            serving: env.current.as_ref().map(ServingStatus::from),
            active: env.active.as_ref().map(ActiveStatus::of),
            waiting: env.waiting.as_ref().map(|waiting| WaitingStatus {
                identity: waiting.identity,
                release: waiting.candidate.release,
                commit: waiting.candidate.commit.clone(),
                plan: waiting.candidate.plan.clone(),
                given: waiting.given.len(),
                required: waiting.candidate.rules.approval.as_ref().map_or(0, |r| r.required),
                expires: waiting.expires,
            }),
            queued: env.rollback.as_ref().or(env.queued.as_ref()).map(|c| c.commit.clone()),
            paused: env.paused,
            previous: env.previous().map(ServingStatus::from),
            jobs: JobsStatus::from(&env.external),
        }
    }
}

impl ActiveStatus {
    fn of(active: &crate::environment::Active) -> Self {
        let deployment = &active.deployment;
        let plan = &deployment.plan;
        let (doing, going_back) = match &deployment.progress {
            Progress::Forward { step } => {
                let doing =
                    deployment.step().map_or_else(|| "ending".to_owned(), |step| step.to_string());
                (format!("{doing} (step {} of {})", step + 1, plan.steps.len()), None)
            }
            Progress::Stopping { failure, .. } => {
                ("calling off what is under way".to_owned(), Some(failure.clone()))
            }
            Progress::Back { failure, .. } => {
                ("putting back what served before".to_owned(), Some(failure.clone()))
            }
        };
        Self {
            deployment: plan.id.clone(),
            release: plan.release,
            commit: plan.commit.clone(),
            kind: plan.kind,
            started: deployment.started,
            doing,
            going_back,
            question: deployment.question.clone(),
        }
    }
}

impl PlanStatus {
    fn of(id: &PlanId, open: &Open) -> Self {
        let building = |state: &BuildState| matches!(state, BuildState::Building { .. });
        let doing = match (&open.builds, open.stages.last()) {
            (_, Some(stage)) => format!("in {}", stage.env),
            (Some(builds), None) if builds.values().any(building) => "building".to_owned(),
            (Some(_), None) => "releasing".to_owned(),
            (None, None) => "running workflows".to_owned(),
        };
        Self {
            id: id.clone(),
            commit: open.plan.commit.id.clone(),
            subject: open.plan.commit.subject.clone(),
            opened: open.order,
            doing,
            runs: open.runs.iter().map(|(run, result)| (run.clone(), *result)).collect(),
        }
    }
}
