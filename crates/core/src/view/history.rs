//! What was deployed where, when, by whom, and how it ended.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::deployment::Kind;
use crate::effect::{Failure, FailureCode};
use crate::environment::{Event, JobLeft};
use crate::ids::{CommitId, DeploymentId, EnvName, PlanId, RunId};
use crate::journal::{Actor, Entry, Seq, StreamId};
use crate::release::ReleaseId;
use crate::run::{Place, RunResult};
use crate::stream::Record;

/// Every deployment, oldest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct HistoryView {
    /// The last entry folded.
    pub seq: Seq,
    /// One for each deployment begun.
    pub lines: Vec<HistoryLine>,
    open: BTreeMap<DeploymentId, usize>,
}

/// A deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryLine {
    /// Its name.
    pub deployment: DeploymentId,
    /// Where.
    pub env: EnvName,
    /// What; a job of a workflow deploys no release of Shipway's.
    pub release: Option<ReleaseId>,
    /// Its commit.
    pub commit: CommitId,
    /// Why.
    pub kind: HistoryKind,
    /// The job that deployed it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<HistoryJob>,
    /// Who asked for it.
    pub by: Actor,
    /// The plan it belongs to.
    pub plan: Option<PlanId>,
    /// When it began.
    pub started: Timestamp,
    /// How and when it ended, once it has.
    pub end: Option<HistoryEnd>,
}

/// Why there is a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryKind {
    /// A commit on its way.
    Ship,
    /// A person asked for this release here.
    Manual,
    /// Back to an earlier release.
    Rollback,
    /// A job of a workflow deployed it: its `environment`.
    Job,
}

impl From<Kind> for HistoryKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Ship => Self::Ship,
            Kind::Manual => Self::Manual,
            Kind::Rollback => Self::Rollback,
        }
    }
}

/// A job that deploys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryJob {
    /// Its run.
    pub run: RunId,
    /// Where in it.
    pub place: Place,
    /// Its name for people.
    pub name: String,
    /// Where it says that the environment answers.
    pub url: Option<String>,
}

/// How a deployment ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryEnd {
    /// When.
    pub at: Timestamp,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
}

impl HistoryView {
    /// Folds the next entry, whose record is `record`.
    pub fn apply(&mut self, entry: &Entry, record: Option<&Record>) {
        self.seq = entry.seq;
        match record {
            Some(Record::Env(Event::Started { plan, candidate })) => {
                self.open.insert(plan.id.clone(), self.lines.len());
                self.lines.push(HistoryLine {
                    deployment: plan.id.clone(),
                    env: plan.env.clone(),
                    release: Some(plan.release),
                    commit: plan.commit.clone(),
                    kind: plan.kind.into(),
                    job: None,
                    by: candidate.by.clone(),
                    plan: candidate.plan.clone(),
                    started: entry.at,
                    end: None,
                });
            }
            Some(Record::Env(Event::Succeeded { deployment })) => {
                self.end(deployment, entry.at, None);
            }
            Some(Record::Env(Event::Failed { deployment, failure, .. })) => {
                self.end(deployment, entry.at, Some(failure.clone()));
            }
            Some(Record::Env(Event::JobBegan { ask, deployment: Some(deployment) })) => {
                let StreamId::Env(env) = &entry.stream else { return };
                let (run, place) = (ask.run.clone(), ask.place.clone());
                self.open.insert(deployment.clone(), self.lines.len());
                self.lines.push(HistoryLine {
                    deployment: deployment.clone(),
                    env: env.clone(),
                    release: None,
                    commit: ask.commit.clone(),
                    kind: HistoryKind::Job,
                    job: Some(HistoryJob { run, place, name: ask.job.clone(), url: None }),
                    by: ask.by.clone(),
                    plan: Some(ask.plan.clone()),
                    started: entry.at,
                    end: None,
                });
            }
            Some(Record::Env(Event::JobLeft { left })) => self.job_left(left, entry.at),
            _ => {}
        }
    }

    /// Jobs that leave before their turn came have deployed nothing.
    fn job_left(&mut self, left: &JobLeft, at: Timestamp) {
        let mut open =
            self.open.values().filter_map(|place| Some((place, self.lines.get(*place)?)));
        let found = open.find(|(_, line)| {
            line.job.as_ref().is_some_and(|job| job.run == left.run && job.place == left.place)
        });
        let Some((&place, line)) = found else { return };
        let deployment = line.deployment.clone();
        if let Some(job) = self.lines.get_mut(place).and_then(|line| line.job.as_mut()) {
            job.url.clone_from(&left.url);
        }
        let failure = (left.result != RunResult::Success).then(|| {
            let why = left.why.as_ref().map_or(String::new(), |why| format!(": {why}"));
            Failure::new(FailureCode::Run, format!("the job ended with {}{why}", left.result))
        });
        self.end(&deployment, at, failure);
    }

    fn end(&mut self, deployment: &DeploymentId, at: Timestamp, failure: Option<Failure>) {
        let line = self.open.remove(deployment).and_then(|place| self.lines.get_mut(place));
        if let Some(line) = line {
            line.end = Some(HistoryEnd { at, failure });
        }
    }
}
