//! Deployments by jobs of workflows, in environments with `deployed_by:
//! workflow`: the same lock, the same approval, and a record of each.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::approval::{self, Given};
use crate::command::Command as AnyCommand;
use crate::config::Environment as Rules;
use crate::digest::Digest;
use crate::ids::{CommitId, DeploymentId, PlanId, RunId};
use crate::journal::{Actor, StreamId};
use crate::machine::Illegal;
use crate::run::{self, Place, RunResult};

use super::turn::Turn;
use super::{Environment, Event};

/// As many that are over are remembered.
const REMEMBERED: usize = 20;

/// A job wants to deploy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobAsk {
    /// Its run.
    pub run: RunId,
    /// Where in it.
    pub place: Place,
    /// The plan that the run belongs to.
    pub plan: PlanId,
    /// Its name for people.
    pub job: String,
    /// The workflow's file.
    pub workflow: String,
    /// The commit.
    pub commit: CommitId,
    /// The environment's rules at that commit.
    pub rules: Rules,
    /// Whether a deployment is recorded.
    pub record: bool,
    /// Who asked for the run.
    pub by: Actor,
}

impl JobAsk {
    /// What people agree to: this job of this run.
    pub fn identity(&self) -> Result<Digest, serde_json::Error> {
        Digest::of_json(&("job", &self.run, &self.place, &self.commit, &self.rules))
    }

    fn is(&self, run: &RunId, place: &Place) -> bool {
        self.run == *run && self.place == *place
    }
}

/// A job that asked is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLeft {
    /// Its run.
    pub run: RunId,
    /// Where in it.
    pub place: Place,
    /// How it ended.
    pub result: RunResult,
    /// Why, where it is not success.
    pub why: Option<String>,
    /// Where it says that the environment answers.
    pub url: Option<String>,
}

/// What jobs do in an environment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct External {
    /// Those that wait for people.
    #[serde(default)]
    pub waiting: Vec<JobWaiting>,
    /// Those that wait for the lock, in order.
    #[serde(default)]
    pub queued: VecDeque<JobAsk>,
    /// The one that has the lock.
    #[serde(default)]
    pub active: Option<JobActive>,
    /// What was deployed last, newest first.
    #[serde(default)]
    pub history: VecDeque<JobDeployed>,
}

/// A job that waits for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobWaiting {
    /// Which.
    pub ask: JobAsk,
    /// What is agreed to.
    pub identity: Digest,
    /// Who has agreed.
    pub given: Vec<Given>,
    /// The question is closed then.
    pub expires: Timestamp,
}

/// A job that has the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobActive {
    /// Which.
    pub ask: JobAsk,
    /// What its deployment is called; none is recorded without.
    pub deployment: Option<DeploymentId>,
    /// Since when.
    pub started: Timestamp,
}

/// A deployment by a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobDeployed {
    /// Its name.
    pub deployment: DeploymentId,
    /// The run.
    pub run: RunId,
    /// The job's name for people.
    pub job: String,
    /// The commit.
    pub commit: CommitId,
    /// How the job ended.
    pub result: RunResult,
    /// Where it says that the environment answers.
    pub url: Option<String>,
    /// When it ended.
    pub at: Timestamp,
}

impl External {
    /// Nothing is asked, and nothing was deployed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The deployment that is in place.
    pub fn current(&self) -> Option<&JobDeployed> {
        self.history.iter().find(|deployed| deployed.result == RunResult::Success)
    }

    fn knows(&self, run: &RunId, place: &Place) -> bool {
        let waiting = self.waiting.iter().map(|waiting| &waiting.ask);
        let active = self.active.as_ref().map(|active| &active.ask);
        waiting.chain(&self.queued).chain(active).any(|ask| ask.is(run, place))
    }
}

impl Turn {
    /// A job wants to deploy. Whatever is wrong with that ends the job: its run
    /// waits for an answer.
    pub(super) fn enter(&mut self, ask: &JobAsk) -> Result<(), Illegal> {
        if self.state.external.knows(&ask.run, &ask.place) {
            return Ok(());
        }
        let identity = ask.identity().map_err(|error| Illegal::new(error.to_string()))?;
        let until = ask.rules.approval.as_ref().map(|rule| {
            // A rule without an end in reach is open until the end of time.
            self.now.checked_add(rule.expires).unwrap_or(Timestamp::MAX)
        });
        let asked = Box::new(ask.clone());
        self.happen(Event::JobAsked { ask: asked, identity, approval_until: until })
    }

    /// A job that asked is over, whether its turn had come or not.
    pub(super) fn job_left(&mut self, left: &JobLeft) -> Result<(), Illegal> {
        if self.state.external.knows(&left.run, &left.place) {
            self.happen(Event::JobLeft { left: Box::new(left.clone()) })?;
        }
        Ok(())
    }

    pub(super) fn approve_job(&mut self, identity: Digest, by: &Actor) -> Result<(), Illegal> {
        let waiting = self.job_waiting(identity)?;
        let Some(rule) = &waiting.ask.rules.approval else {
            return Err(Illegal::new("nobody has to approve this"));
        };
        approval::allows(rule, by, &waiting.ask.by, &waiting.given)
            .map_err(|refusal| Illegal::new(refusal.to_string()))?;
        let enough = waiting.given.len() + 1 >= usize::from(rule.required);
        self.happen(Event::Approved { identity, by: by.clone() })?;
        if enough {
            self.happen(Event::Cleared { identity })?;
        }
        Ok(())
    }

    pub(super) fn reject_job(
        &mut self,
        identity: Digest,
        reason: &str,
        by: &Actor,
    ) -> Result<(), Illegal> {
        let ask = self.job_waiting(identity)?.ask.clone();
        let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        self.drop_job(&ask, format!("rejected by {by}{because}"))
    }

    /// The question that a job waits behind, if this is one.
    pub(super) fn is_job_waiting(&self, identity: Digest) -> bool {
        self.state.external.waiting.iter().any(|waiting| waiting.identity == identity)
    }

    fn job_waiting(&self, identity: Digest) -> Result<&JobWaiting, Illegal> {
        let mut waiting = self.state.external.waiting.iter();
        match waiting.find(|waiting| waiting.identity == identity) {
            None => Err(Illegal::new("no job waits for that")),
            Some(waiting) if waiting.expires <= self.now => Err(Illegal::new(format!(
                "the question was closed at {}: run it again to ask anew",
                waiting.expires
            ))),
            Some(waiting) => Ok(waiting),
        }
    }

    /// Questions that were not answered in time.
    pub(super) fn expire_jobs(&mut self) -> Result<(), Illegal> {
        let waiting = self.state.external.waiting.iter();
        let late = waiting.filter(|waiting| waiting.expires <= self.now);
        let late: Vec<JobAsk> = late.map(|waiting| waiting.ask.clone()).collect();
        late.iter().try_for_each(|ask| self.drop_job(ask, "nobody approved it in time".to_owned()))
    }

    /// The lock goes to the next job, unless the environment is paused.
    pub(super) fn begin_job(&mut self) -> Result<(), Illegal> {
        let external = &self.state.external;
        let free = external.active.is_none() && self.state.active.is_none() && !self.state.paused;
        let Some(ask) = external.queued.front().filter(|_| free).cloned() else { return Ok(()) };
        let generation = self.state.generation + 1;
        let name = format!("{}.{generation}", self.state.name);
        let deployment = DeploymentId::new(name).map_err(|e| Illegal::new(e.to_string()))?;
        let deployment = ask.record.then_some(deployment);
        self.happen(Event::JobBegan { ask: Box::new(ask.clone()), deployment })?;
        let place = ask.place.clone();
        self.tell_run(&ask, run::Command::Passed { place });
        Ok(())
    }

    fn drop_job(&mut self, ask: &JobAsk, why: String) -> Result<(), Illegal> {
        let (run, place) = (ask.run.clone(), ask.place.clone());
        self.happen(Event::JobDropped { run, place: place.clone(), why: why.clone() })?;
        self.tell_run(ask, run::Command::Rejected { place, why });
        Ok(())
    }

    fn tell_run(&mut self, ask: &JobAsk, command: run::Command) {
        self.tell(StreamId::Run(ask.run.clone()), AnyCommand::Run(command));
    }
}

/// How events change what jobs do in an environment.
pub(super) fn evolve(env: &mut Environment, event: &Event, at: Timestamp) -> Option<()> {
    let external = &mut env.external;
    match event {
        Event::JobAsked { ask, identity, approval_until } => match approval_until {
            None => external.queued.push_back((**ask).clone()),
            Some(expires) => external.waiting.push(JobWaiting {
                ask: (**ask).clone(),
                identity: *identity,
                given: Vec::new(),
                expires: *expires,
            }),
        },
        Event::Approved { identity, by } => {
            let mut waiting = external.waiting.iter_mut();
            let waiting = waiting.find(|waiting| waiting.identity == *identity)?;
            waiting.given.push(Given { by: by.clone(), at });
        }
        Event::Cleared { identity } => {
            let place = external.waiting.iter().position(|w| w.identity == *identity)?;
            external.queued.push_back(external.waiting.remove(place).ask);
        }
        Event::JobDropped { run, place, .. } => {
            external.waiting.retain(|waiting| !waiting.ask.is(run, place));
            external.queued.retain(|ask| !ask.is(run, place));
        }
        Event::JobBegan { ask, deployment } => {
            let queued = external.queued.pop_front().filter(|queued| queued == &**ask)?;
            env.generation += 1;
            let deployment = deployment.clone();
            external.active = Some(JobActive { ask: queued, deployment, started: at });
        }
        Event::JobLeft { left } => {
            external.waiting.retain(|waiting| !waiting.ask.is(&left.run, &left.place));
            external.queued.retain(|ask| !ask.is(&left.run, &left.place));
            let active = external.active.take_if(|active| active.ask.is(&left.run, &left.place));
            let Some(JobActive { ask, deployment: Some(deployment), .. }) = active else {
                return Some(());
            };
            external.history.push_front(JobDeployed {
                deployment,
                run: ask.run,
                job: ask.job,
                commit: ask.commit,
                result: left.result,
                url: left.url.clone(),
                at,
            });
            external.history.truncate(REMEMBERED);
        }
        _ => return None,
    }
    Some(())
}
