//! What follows in an environment from what is asked: candidates, approvals,
//! and which of several wins.

use jiff::Timestamp;

use crate::approval;
use crate::deployment::{Kind, Progress, identity};
use crate::digest::Digest;
use crate::effect::{Failure, FailureCode};
use crate::gate;
use crate::ids::{DeploymentId, PlanId};
use crate::journal::Actor;
use crate::machine::{Decision, Illegal, Input};

use super::turn::Turn;
use super::{Candidate, Command, Environment, Event, StageEnd, Waiting};

pub(super) fn decide(
    state: &Environment,
    input: &Input<Command>,
    now: Timestamp,
) -> Result<Vec<Decision<Event>>, Illegal> {
    let mut turn = Turn::new(state, now);
    match input {
        Input::Command { command, by } => turn.command(command, by)?,
        Input::Ended { effect, outcome } => turn.ended(effect, outcome)?,
        Input::Tick => {}
    }
    turn.expire()?;
    turn.expire_jobs()?;
    turn.advance()?;
    turn.begin_job()?;
    Ok(turn.done())
}

impl Turn {
    fn command(&mut self, command: &Command, by: &Actor) -> Result<(), Illegal> {
        match command {
            Command::Propose { candidate } => {
                self.expire()?;
                self.propose(candidate)
            }
            Command::Judge { verdict } => self.happen(Event::Judged { verdict: verdict.clone() }),
            Command::Approve { identity } if self.is_job_waiting(*identity) => {
                self.approve_job(*identity, by)
            }
            Command::Reject { identity, reason } if self.is_job_waiting(*identity) => {
                self.reject_job(*identity, reason, by)
            }
            Command::Enter { ask } => self.enter(ask),
            Command::Leave { left } => self.job_left(left),
            Command::Approve { identity } => self.approve(*identity, by),
            Command::Reject { identity, reason } => self.reject(*identity, reason, by),
            Command::Rollback { to } => self.rollback(*to, by),
            Command::Pause if self.state.paused => Err(Illegal::new("it is paused already")),
            Command::Pause => self.happen(Event::Paused),
            Command::Resume => self.resume(),
            Command::Abort => self.abort_for(by),
            Command::Withdraw { plan } => self.withdraw(plan),
        }
    }

    /// A plan waits to be told how its candidate ends, so whatever is wrong
    /// with one ends it: it is never refused as illegal.
    fn propose(&mut self, candidate: &Candidate) -> Result<(), Illegal> {
        let id = match self.acceptable(candidate) {
            Ok(id) => id,
            Err(failure) => return self.drop_candidate(candidate, failure),
        };
        if self.is_there(id) {
            return self.already_there(candidate);
        }
        if let Some(why) = gate::shut(&candidate.verdicts, self.now) {
            return self.drop_candidate(candidate, Failure::new(FailureCode::Gate, why));
        }
        let agreed = self.agreed_before(candidate, id);
        self.supersede(&format!("{} came after it", candidate.commit.short()))?;
        let approval_until = match &agreed {
            Agreed::NotNeeded => None,
            Agreed::Partly { until, .. } | Agreed::Fully { until } => Some(*until),
        };
        let boxed = Box::new(candidate.clone());
        self.happen(Event::Proposed { candidate: boxed, identity: id, approval_until })?;
        match agreed {
            Agreed::NotNeeded => Ok(()),
            Agreed::Partly { given, .. } => given
                .into_iter()
                .try_for_each(|by| self.happen(Event::Approved { identity: id, by })),
            Agreed::Fully { .. } => self.happen(Event::Cleared { identity: id }),
        }
    }

    fn acceptable(&self, candidate: &Candidate) -> Result<Digest, Failure> {
        let name = &self.state.name;
        if candidate.kind == Kind::Ship && self.state.newest > Some(candidate.order) {
            let why = format!(
                "a newer commit is already in `{name}` or on its way there; an older one never \
                 follows by itself (`shipway rollback` or `shipway deploy` do it on request)"
            );
            return Err(Failure::new(FailureCode::Older, why));
        }
        let refused = |why: String| Failure::new(FailureCode::Target, why);
        DeploymentId::new(format!("{name}.{}", u64::MAX)).map_err(|_| {
            refused(format!("the name `{name}` is too long to number deployments after it"))
        })?;
        self.identity_of(candidate).map_err(|illegal| refused(illegal.message))
    }

    pub(super) fn identity_of(&self, candidate: &Candidate) -> Result<Digest, Illegal> {
        identity(&self.state.name, &candidate.wanted, &candidate.rules)
            .map_err(|error| Illegal::new(error.to_string()))
    }

    /// What people have agreed to already, for the same content may be
    /// proposed again: while it waits, is queued, or is being deployed.
    fn agreed_before(&self, candidate: &Candidate, id: Digest) -> Agreed {
        let Some(rule) = candidate.rules.approval.as_ref() else { return Agreed::NotNeeded };
        if self.is_going_there(id) {
            return Agreed::NotNeeded;
        }
        let queued = self.state.queued.as_ref();
        let same = queued.is_some_and(|c| self.identity_of(c).is_ok_and(|queued| queued == id));
        if let Some(until) = self.state.queued_until.filter(|_| same) {
            return Agreed::Fully { until };
        }
        // A rule without an end in reach is open until the end of time.
        let until = self.now.checked_add(rule.expires).unwrap_or(Timestamp::MAX);
        let mut given = Vec::new();
        let Some(waiting) = self.state.waiting.as_ref().filter(|w| w.identity == id) else {
            return Agreed::Partly { until, given };
        };
        for earlier in &waiting.given {
            // Who asks now may not be among those who agreed before.
            if approval::allows(rule, &earlier.by, &candidate.by, &[]).is_ok() {
                given.push(earlier.by.clone());
            }
        }
        Agreed::Partly { until: until.min(waiting.expires), given }
    }

    /// It is being deployed, and not going back.
    fn is_going_there(&self, id: Digest) -> bool {
        self.state.active.as_ref().is_some_and(|active| {
            let deployment = &active.deployment;
            deployment.plan.kind != Kind::Rollback
                && deployment.plan.identity == id
                && matches!(deployment.progress, Progress::Forward { .. })
        })
    }

    /// It serves, and nothing under way is going to change that.
    pub(super) fn is_there(&self, id: Digest) -> bool {
        let state = &self.state;
        state.active.is_none()
            && state.rollback.is_none()
            && state.damaged.is_empty()
            && state.current.as_ref().is_some_and(|current| current.identity == id)
    }

    pub(super) fn already_there(&mut self, candidate: &Candidate) -> Result<(), Illegal> {
        let Some(current) = &self.state.current else { return Ok(()) };
        let deployment = current.deployment.clone();
        let (plan, release) = (candidate.plan.clone(), candidate.release);
        self.happen(Event::AlreadyThere { plan, release, deployment: deployment.clone() })?;
        self.tell_plan(candidate.plan.as_ref(), StageEnd::AlreadyThere { deployment });
        Ok(())
    }

    /// What waits gives way to something newer. A rollback that was asked for
    /// does not: a person wants it, and what is newer comes after it.
    pub(super) fn supersede(&mut self, why: &str) -> Result<(), Illegal> {
        let waiting = self.state.waiting.as_ref().map(|w| w.candidate.clone());
        let queued = self.state.queued.clone();
        for earlier in waiting.into_iter().chain(queued) {
            let failure = Failure::new(FailureCode::Superseded, format!("superseded: {why}"));
            self.drop_candidate(&earlier, failure)?;
        }
        Ok(())
    }

    pub(super) fn drop_candidate(
        &mut self,
        candidate: &Candidate,
        failure: Failure,
    ) -> Result<(), Illegal> {
        let (plan, release) = (candidate.plan.clone(), candidate.release);
        self.happen(Event::Dropped { plan, release, failure: failure.clone() })?;
        self.tell_plan(candidate.plan.as_ref(), StageEnd::Failed { failure });
        Ok(())
    }

    fn approve(&mut self, identity: Digest, by: &Actor) -> Result<(), Illegal> {
        let waiting = self.waiting_for(identity)?;
        let candidate = &waiting.candidate;
        let Some(rule) = &candidate.rules.approval else {
            return Err(Illegal::new("nobody has to approve this"));
        };
        approval::allows(rule, by, &candidate.by, &waiting.given)
            .map_err(|refusal| Illegal::new(refusal.to_string()))?;
        let enough = waiting.given.len() + 1 >= usize::from(rule.required);
        self.happen(Event::Approved { identity, by: by.clone() })?;
        if enough {
            self.happen(Event::Cleared { identity })?;
        }
        Ok(())
    }

    fn reject(&mut self, identity: Digest, reason: &str, by: &Actor) -> Result<(), Illegal> {
        let candidate = self.waiting_for(identity)?.candidate.clone();
        let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        let failure = Failure::new(FailureCode::Rejected, format!("rejected by {by}{because}"));
        self.drop_candidate(&candidate, failure)
    }

    fn waiting_for(&self, identity: Digest) -> Result<&Waiting, Illegal> {
        let name = &self.state.name;
        match &self.state.waiting {
            None => Err(Illegal::new(format!("nothing waits for approval in `{name}`"))),
            Some(waiting) if waiting.identity != identity => Err(Illegal::new(format!(
                "what waits in `{name}` is now {} of commit {}, not what was asked about",
                waiting.identity.short(),
                waiting.candidate.commit.short()
            ))),
            Some(waiting) if waiting.expires <= self.now => Err(Illegal::new(format!(
                "the question was closed at {}: ship it again to ask anew",
                waiting.expires
            ))),
            Some(waiting) => Ok(waiting),
        }
    }

    /// A plan that was called off may have come too far here, or not have
    /// come at all: then there is nothing to do.
    fn withdraw(&mut self, plan: &PlanId) -> Result<(), Illegal> {
        let waiting = self.state.waiting.as_ref().map(|w| &w.candidate);
        let mine = waiting.into_iter().chain(&self.state.queued);
        let mine: Vec<_> = mine.filter(|c| c.plan.as_ref() == Some(plan)).cloned().collect();
        let failure = Failure::new(FailureCode::Aborted, "its plan was called off");
        for candidate in mine {
            self.drop_candidate(&candidate, failure.clone())?;
        }
        let active = self.state.active.as_ref();
        let stoppable = active.is_some_and(|active| {
            active.candidate.plan.as_ref() == Some(plan) && active.deployment.can_be_called_off()
        });
        if stoppable { self.call_off(failure) } else { Ok(()) }
    }
}

/// How far a candidate is agreed to before anybody is asked.
enum Agreed {
    /// Nobody has to be asked, or not again.
    NotNeeded,
    /// By these; the question is open until then.
    Partly { until: Timestamp, given: Vec<Actor> },
    /// By enough, and that is good until then.
    Fully { until: Timestamp },
}
