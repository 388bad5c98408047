//! A place a release can be: its lock, its queue, and its deployments. One
//! stream, so that at most one deployment is under way.

mod advance;
mod control;
mod decide;
mod event;
mod evolve;
mod external;
mod outcome;
mod turn;

use std::collections::{BTreeSet, VecDeque};

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use event::{Command, Event, StageEnd};
pub use external::{External, JobActive, JobAsk, JobDeployed, JobLeft, JobWaiting};

use crate::approval::Given;
use crate::config::Environment as Rules;
use crate::deployment::{Deployment, Kind, Progress, ServiceVersion, Wanted};
use crate::digest::Digest;
use crate::effect::{Effect, EffectId};
use crate::gate::Verdict;
use crate::ids::{CommitId, DeploymentId, EnvName, PlanId, ServiceName};
use crate::journal::Actor;
use crate::machine::{Decision, Illegal, Input, Machine};
use crate::release::ReleaseId;

/// As many earlier deployments are remembered, to go back to.
const REMEMBERED: usize = 20;

/// A release that wants to go to an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The plan that is told how it ended.
    pub plan: Option<PlanId>,
    /// When that plan was made. The later one is the newer.
    pub order: Timestamp,
    /// Why.
    pub kind: Kind,
    /// What.
    pub release: ReleaseId,
    /// The release's commit.
    pub commit: CommitId,
    /// Its services.
    pub wanted: IndexMap<ServiceName, Wanted>,
    /// The environment's rules at that commit.
    pub rules: Rules,
    /// What the gates said.
    pub verdicts: Vec<Verdict>,
    /// Who asked.
    pub by: Actor,
}

/// A candidate that waits for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// What waits.
    pub candidate: Candidate,
    /// What is agreed to.
    pub identity: Digest,
    /// Who has agreed.
    pub given: Vec<Given>,
    /// The question is closed then.
    pub expires: Timestamp,
}

/// What serves, or served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployed {
    /// The deployment that brought it.
    pub deployment: DeploymentId,
    /// What.
    pub release: ReleaseId,
    /// The release's commit.
    pub commit: CommitId,
    /// Recognises a repeat.
    pub identity: Digest,
    /// What runs of each service, with its configuration.
    pub services: IndexMap<ServiceName, ServiceVersion>,
    /// The rules it was deployed under.
    pub rules: Rules,
    /// When the plan behind it was made.
    pub order: Timestamp,
    /// When it was in place.
    pub at: Timestamp,
    /// Nobody has gone back from it: a rollback may choose it by itself.
    pub good: bool,
}

/// The deployment under way, with where it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Active {
    /// What goes there.
    pub candidate: Candidate,
    /// How far it is.
    pub deployment: Deployment,
}

/// An environment's state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// Its name.
    pub name: EnvName,
    /// Of the newest deployment begun; 0 before the first.
    pub generation: u64,
    /// What serves.
    pub current: Option<Deployed>,
    /// What served before, newest first.
    pub history: Vec<Deployed>,
    /// The newest order ever accepted.
    pub newest: Option<Timestamp>,
    /// What waits for people.
    pub waiting: Option<Waiting>,
    /// What waits for the lock, or for the environment to be resumed.
    pub queued: Option<Candidate>,
    /// What people agreed to is void then, if its turn has not come.
    #[serde(default)]
    pub queued_until: Option<Timestamp>,
    /// A rollback that waits for what is under way to end. Nothing but another
    /// rollback takes its place.
    #[serde(default)]
    pub rollback: Option<Candidate>,
    /// The services whose way back did not work: what serves them is not
    /// known, and the next deployment replaces it, until one has succeeded.
    #[serde(default)]
    pub damaged: BTreeSet<ServiceName>,
    /// What is under way.
    pub active: Option<Active>,
    /// Nothing is begun until it is resumed.
    pub paused: bool,
    /// What jobs of workflows do here, if they deploy here.
    #[serde(default)]
    pub external: External,
}

impl Environment {
    /// An environment in which nothing has ever been.
    pub const fn new(name: EnvName) -> Self {
        Self {
            name,
            generation: 0,
            current: None,
            history: Vec::new(),
            newest: None,
            waiting: None,
            queued: None,
            queued_until: None,
            rollback: None,
            damaged: BTreeSet::new(),
            active: None,
            paused: false,
            external: External {
                waiting: Vec::new(),
                queued: VecDeque::new(),
                active: None,
                history: VecDeque::new(),
            },
        }
    }

    /// What a rollback without a name goes back to.
    pub fn previous(&self) -> Option<&Deployed> {
        let other = |d: &&Deployed| {
            d.good && self.current.as_ref().is_none_or(|c| c.identity != d.identity)
        };
        self.history.iter().find(other)
    }

    /// Something is to be done that no person has to be asked for first.
    pub fn is_busy(&self) -> bool {
        let deploys = match &self.active {
            Some(active) => active.deployment.effect.is_some(),
            None => self.rollback.is_some() || (self.queued.is_some() && !self.paused),
        };
        let jobs = &self.external;
        deploys || jobs.active.is_some() || (!jobs.queued.is_empty() && !self.paused)
    }

    /// What people are asked about: a release, or the job that has waited
    /// longest.
    pub fn question(&self) -> Option<Digest> {
        let release = self.waiting.as_ref().map(|waiting| waiting.identity);
        release.or_else(|| self.external.waiting.first().map(|waiting| waiting.identity))
    }
}

impl Machine for Environment {
    type Command = Command;
    type Event = Event;

    fn decide(
        &self,
        input: &Input<Command>,
        now: Timestamp,
    ) -> Result<Vec<Decision<Event>>, Illegal> {
        decide::decide(self, input, now)
    }

    fn evolve(&mut self, event: &Event, at: Timestamp) -> Result<(), Illegal> {
        evolve::evolve(self, event, at)
    }

    fn began(&mut self, id: &EffectId, effect: &Effect) {
        if matches!(effect, Effect::Tell { .. }) {
            return;
        }
        if let Some(active) = &mut self.active {
            active.deployment.began(id, effect);
        }
    }

    fn wants(&self, id: &EffectId, effect: &Effect) -> bool {
        let waits = |active: &Active| {
            active.deployment.effect.as_ref() == Some(id)
                && !matches!(active.deployment.progress, Progress::Stopping { .. })
        };
        matches!(effect, Effect::Tell { .. }) || self.active.as_ref().is_some_and(waits)
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        let waiting = self.waiting.as_ref().map(|waiting| waiting.expires);
        let jobs = self.external.waiting.iter().map(|waiting| waiting.expires);
        waiting.into_iter().chain(self.queued_until).chain(jobs).min()
    }
}
