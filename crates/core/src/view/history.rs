//! What was deployed where, when, by whom, and how it ended.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::deployment::Kind;
use crate::effect::Failure;
use crate::environment::Event;
use crate::ids::{CommitId, DeploymentId, EnvName, PlanId};
use crate::journal::{Actor, Entry, Seq};
use crate::release::ReleaseId;
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
    /// What.
    pub release: ReleaseId,
    /// The release's commit.
    pub commit: CommitId,
    /// Why.
    pub kind: Kind,
    /// Who asked for it.
    pub by: Actor,
    /// The plan it belongs to.
    pub plan: Option<PlanId>,
    /// When it began.
    pub started: Timestamp,
    /// How and when it ended, once it has.
    pub end: Option<HistoryEnd>,
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
                    release: plan.release,
                    commit: plan.commit.clone(),
                    kind: plan.kind,
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
            _ => {}
        }
    }

    fn end(&mut self, deployment: &DeploymentId, at: Timestamp, failure: Option<Failure>) {
        let line = self.open.remove(deployment).and_then(|place| self.lines.get_mut(place));
        if let Some(line) = line {
            line.end = Some(HistoryEnd { at, failure });
        }
    }
}
