//! What follows in an environment from what is asked and what ended.

use jiff::Timestamp;

use crate::approval;
use crate::config::{NoEvidence, OnLost, Then};
use crate::deployment::{
    DeploymentPlan, Ingredients, Kind, Progress, Question, Step, Wanted, identity,
};
use crate::effect::{Done, Effect, EffectId, Failure, FailureCode, Outcome};
use crate::gate;
use crate::guard::{Verdict, Watched};
use crate::ids::{DeploymentId, PlanId};
use crate::journal::Actor;
use crate::machine::{Decision, Illegal, Input};
use crate::release::ReleaseId;

use super::turn::Turn;
use super::{Candidate, Command, Deployed, Environment, Event, StageEnd};

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
    turn.advance()?;
    Ok(turn.done())
}

/// What people ask.
impl Turn {
    fn command(&mut self, command: &Command, by: &Actor) -> Result<(), Illegal> {
        match command {
            Command::Propose { candidate } => self.propose(candidate),
            Command::Judge { verdict } => self.happen(Event::Judged { verdict: verdict.clone() }),
            Command::Approve { identity } => self.approve(*identity, by),
            Command::Reject { identity, reason } => self.reject(*identity, reason, by),
            Command::Rollback { to } => self.rollback(*to, by),
            Command::Pause if self.state.paused => Err(Illegal::new("it is paused already")),
            Command::Pause => self.happen(Event::Paused),
            Command::Resume => self.resume(),
            Command::Abort => {
                let failure = Failure::new(FailureCode::Aborted, format!("called off by {by}"));
                self.abort(failure)
            }
            Command::Withdraw { plan } => self.withdraw(plan),
        }
    }

    fn propose(&mut self, candidate: &Candidate) -> Result<(), Illegal> {
        let id = identity(&self.state.name, &candidate.wanted, &candidate.rules)
            .map_err(|error| Illegal::new(error.to_string()))?;
        let refused = |turn: &mut Self, code, why: String| {
            turn.drop_candidate(candidate, Failure::new(code, why))
        };
        if candidate.kind == Kind::Ship && self.state.newest > Some(candidate.order) {
            let why = format!(
                "a newer commit is already in `{}` or on its way there; an older one never follows \
                 by itself (`shipway rollback` or `shipway deploy` do it on request)",
                self.state.name
            );
            return refused(self, FailureCode::Older, why);
        }
        if self.is_there(id) {
            return self.already_there(candidate);
        }
        if let Some(why) = gate::first_shut(&candidate.verdicts, self.now) {
            return refused(self, FailureCode::Gate, why);
        }
        self.supersede(&format!("{} came after it", candidate.commit.short()))?;
        let rule = candidate.rules.approval.as_ref();
        let needed = rule.filter(|_| candidate.kind != Kind::Rollback);
        let until = needed.map(|rule| {
            // A rule without an end in reach is open until the end of time.
            self.now.checked_add(rule.expires).unwrap_or(Timestamp::MAX)
        });
        let candidate = Box::new(candidate.clone());
        self.happen(Event::Proposed { candidate, identity: id, approval_until: until })
    }

    /// It serves, and nothing under way is going to change that.
    fn is_there(&self, id: crate::digest::Digest) -> bool {
        self.state.active.is_none()
            && self.state.current.as_ref().is_some_and(|current| current.identity == id)
    }

    fn already_there(&mut self, candidate: &Candidate) -> Result<(), Illegal> {
        let Some(current) = &self.state.current else { return Ok(()) };
        let deployment = current.deployment.clone();
        let plan = candidate.plan.clone();
        self.happen(Event::AlreadyThere { plan, deployment: deployment.clone() })?;
        self.tell(candidate.plan.as_ref(), StageEnd::AlreadyThere { deployment });
        Ok(())
    }

    /// What waits gives way to something newer.
    fn supersede(&mut self, why: &str) -> Result<(), Illegal> {
        let waiting = self.state.waiting.as_ref().map(|w| w.candidate.clone());
        let queued = self.state.queued.clone();
        for earlier in waiting.into_iter().chain(queued) {
            let failure = Failure::new(FailureCode::Superseded, format!("superseded: {why}"));
            self.drop_candidate(&earlier, failure)?;
        }
        Ok(())
    }

    fn drop_candidate(&mut self, candidate: &Candidate, failure: Failure) -> Result<(), Illegal> {
        let (plan, release) = (candidate.plan.clone(), candidate.release);
        self.happen(Event::Dropped { plan, release, failure: failure.clone() })?;
        self.tell(candidate.plan.as_ref(), StageEnd::Failed { failure });
        Ok(())
    }

    fn approve(&mut self, identity: crate::digest::Digest, by: &Actor) -> Result<(), Illegal> {
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

    fn reject(
        &mut self,
        identity: crate::digest::Digest,
        reason: &str,
        by: &Actor,
    ) -> Result<(), Illegal> {
        let candidate = self.waiting_for(identity)?.candidate.clone();
        let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        let failure = Failure::new(FailureCode::Rejected, format!("rejected by {by}{because}"));
        self.drop_candidate(&candidate, failure)
    }

    fn waiting_for(&self, identity: crate::digest::Digest) -> Result<&super::Waiting, Illegal> {
        let name = &self.state.name;
        match &self.state.waiting {
            None => Err(Illegal::new(format!("nothing waits for approval in `{name}`"))),
            Some(waiting) if waiting.identity == identity => Ok(waiting),
            Some(waiting) => Err(Illegal::new(format!(
                "what waits in `{name}` is now {} of commit {}, not what was asked about",
                waiting.identity.short(),
                waiting.candidate.commit.short()
            ))),
        }
    }

    fn withdraw(&mut self, plan: &PlanId) -> Result<(), Illegal> {
        let waiting = self.state.waiting.as_ref().map(|w| &w.candidate);
        let mine = waiting.into_iter().chain(&self.state.queued);
        let mine: Vec<_> = mine.filter(|c| c.plan.as_ref() == Some(plan)).cloned().collect();
        let failure = Failure::new(FailureCode::Aborted, "its plan was called off");
        for candidate in mine {
            self.drop_candidate(&candidate, failure.clone())?;
        }
        let active = self.state.active.as_ref();
        if active.is_some_and(|a| a.candidate.plan.as_ref() == Some(plan)) {
            self.abort(failure)?;
        }
        Ok(())
    }

    fn resume(&mut self) -> Result<(), Illegal> {
        let question = self.state.active.as_ref().and_then(|a| a.deployment.question.clone());
        if let Some(question) = question {
            self.happen(Event::Answered)?;
            return match question {
                Question::Lost { .. } => Ok(()),
                Question::Guard { .. } => self.keep_after_review(),
            };
        }
        if !self.state.paused {
            return Err(Illegal::new(format!("`{}` is not paused", self.state.name)));
        }
        self.happen(Event::Resumed)
    }

    /// A person looked at what a guard found and wants the new version.
    fn keep_after_review(&mut self) -> Result<(), Illegal> {
        let Some(active) = &self.state.active else { return Ok(()) };
        let (effect, progress) = (active.deployment.effect.clone(), &active.deployment.progress);
        let Progress::Forward { step } = progress else { return Ok(()) };
        let step = *step;
        if let Some(effect) = effect {
            self.cancel(effect);
        }
        self.happen(Event::StepDone { step, watched: None })
    }

    /// Calls off what is under way. The effect that it waits for is cancelled
    /// and ends; then the way back begins.
    fn abort(&mut self, failure: Failure) -> Result<(), Illegal> {
        let name = self.state.name.clone();
        let Some(active) = &self.state.active else {
            return Err(Illegal::new(format!("nothing is under way in `{name}`")));
        };
        let deployment = &active.deployment;
        match &deployment.progress {
            Progress::Stopping { .. } | Progress::Back { .. } => {
                Err(Illegal::new(format!("`{name}` is going back already")))
            }
            Progress::Forward { .. } if matches!(deployment.step(), Some(Step::Finish(_))) => {
                Err(Illegal::new(
                    "the new version has taken over already; `shipway rollback` goes back",
                ))
            }
            Progress::Forward { .. } => match deployment.effect.clone() {
                Some(effect) => {
                    self.happen(Event::Stopping { failure })?;
                    self.cancel(effect);
                    Ok(())
                }
                None => self.turn_back(failure),
            },
        }
    }

    fn rollback(&mut self, to: Option<ReleaseId>, by: &Actor) -> Result<(), Illegal> {
        let under_way = self.state.active.as_ref().is_some_and(|active| {
            matches!(active.deployment.progress, Progress::Forward { .. })
                && !matches!(active.deployment.step(), Some(Step::Finish(_)))
        });
        if under_way {
            let failure = Failure::new(FailureCode::Aborted, format!("rolled back by {by}"));
            self.abort(failure)?;
            if to.is_none() {
                return Ok(());
            }
        }
        let back_to = self.rollback_target(to)?.clone();
        self.supersede("a rollback was asked for")?;
        let wanted = |(name, version)| (Clone::clone(name), Wanted::from(version));
        let candidate = Box::new(Candidate {
            plan: None,
            order: back_to.order,
            kind: Kind::Rollback,
            release: back_to.release,
            commit: back_to.commit.clone(),
            wanted: back_to.services.iter().map(wanted).collect(),
            rules: back_to.rules.clone(),
            verdicts: Vec::new(),
            by: by.clone(),
        });
        self.happen(Event::Proposed { candidate, identity: back_to.identity, approval_until: None })
    }

    fn rollback_target(&self, to: Option<ReleaseId>) -> Result<&Deployed, Illegal> {
        let name = &self.state.name;
        let state = &self.state;
        match to {
            None => state.previous().ok_or_else(|| {
                Illegal::new(format!("nothing good was in `{name}` before: nothing to go back to"))
            }),
            Some(release) => {
                let mut known = state.current.iter().chain(&state.history);
                known
                    .find(|d| d.release == release)
                    .ok_or_else(|| Illegal::new(format!("release {release} was never in `{name}`")))
            }
        }
    }
}

/// What effects come to.
impl Turn {
    fn ended(&mut self, id: &EffectId, outcome: &Outcome) -> Result<(), Illegal> {
        let active = self.state.active.as_ref();
        let Some(active) = active.filter(|a| a.deployment.effect.as_ref() == Some(id)) else {
            // A message that arrived, or a watch that a person's answer ended.
            return Ok(());
        };
        match active.deployment.progress.clone() {
            Progress::Forward { step } => self.step_ended(step, outcome),
            Progress::Stopping { failure, .. } => self.turn_back(failure),
            Progress::Back { .. } => {
                let trouble = match outcome {
                    Outcome::Done { .. } => None,
                    Outcome::Failed { failure } => Some(failure.clone()),
                    Outcome::Lost | Outcome::Cancelled => {
                        Some(Failure::new(FailureCode::Lost, "a step back was not finished"))
                    }
                };
                self.happen(Event::BackStepDone { trouble })
            }
        }
    }

    fn step_ended(&mut self, step: usize, outcome: &Outcome) -> Result<(), Illegal> {
        match outcome {
            Outcome::Done { result: Done::Watched(watched) } => self.watched(step, watched),
            Outcome::Done { .. } => self.happen(Event::StepDone { step, watched: None }),
            Outcome::Failed { failure } => self.turn_back(failure.clone()),
            Outcome::Lost => self.lost(step),
            Outcome::Cancelled => {
                self.turn_back(Failure::new(FailureCode::Aborted, "it was called off"))
            }
        }
    }

    fn watched(&mut self, step: usize, watched: &Watched) -> Result<(), Illegal> {
        let kept = Event::StepDone { step, watched: Some(Box::new(watched.clone())) };
        let no_evidence = self.state.active.as_ref().map(|a| a.deployment.plan.guard.no_evidence);
        match &watched.verdict {
            Verdict::Healthy | Verdict::Worse { then: Then::Notify, .. } => self.happen(kept),
            Verdict::NotEnough { reason } => match no_evidence {
                Some(NoEvidence::Ask) => self.ask_about(reason),
                // `wait` never ends a watch so.
                Some(NoEvidence::Accept | NoEvidence::Wait) | None => self.happen(kept),
            },
            Verdict::Worse { then: Then::Review, reason } => self.ask_about(reason),
            Verdict::Worse { then: Then::Rollback, reason } => {
                let output = watched.output.clone();
                let code = FailureCode::Guard;
                self.turn_back(Failure { code, message: reason.clone(), output })
            }
            Verdict::FellBack => self.turn_back(Failure::new(
                FailureCode::LeaseExpired,
                "nobody judged the rollout for the length of its lease; the target has put the \
                 old version back",
            )),
        }
    }

    fn ask_about(&mut self, reason: &str) -> Result<(), Illegal> {
        self.happen(Event::Asked { question: Question::Guard { reason: reason.to_owned() } })
    }

    fn lost(&mut self, step: usize) -> Result<(), Illegal> {
        let Some(active) = &self.state.active else { return Ok(()) };
        let what = active.deployment.step().map(ToString::to_string).unwrap_or_default();
        let on_lost = match active.deployment.next_effect() {
            Some(Effect::Migrate(command) | Effect::Smoke(command)) => command.on_lost,
            // What converges is not lost, but done again.
            _ => OnLost::Retry,
        };
        match on_lost {
            OnLost::Retry => self.happen(Event::StepRepeated { step }),
            OnLost::Ask => self.happen(Event::Asked { question: Question::Lost { what } }),
            OnLost::Fail => self.turn_back(Failure::new(
                FailureCode::Lost,
                format!("the engine ended in the middle of `{what}`; how far it came is unknown"),
            )),
        }
    }

    fn turn_back(&mut self, failure: Failure) -> Result<(), Illegal> {
        let Some(active) = &self.state.active else { return Ok(()) };
        let steps = active.deployment.way_back();
        self.happen(Event::TurnedBack { failure, steps })
    }
}

/// What follows by itself.
impl Turn {
    fn expire(&mut self) -> Result<(), Illegal> {
        let Some(waiting) = &self.state.waiting else { return Ok(()) };
        if waiting.expires > self.now {
            return Ok(());
        }
        let candidate = waiting.candidate.clone();
        let failure = Failure::new(FailureCode::ApprovalExpired, "nobody approved it in time");
        self.drop_candidate(&candidate, failure)
    }

    /// The next thing to do, until one has to be waited for.
    fn advance(&mut self) -> Result<(), Illegal> {
        loop {
            let changed = if self.state.active.is_some() {
                self.advance_deployment()?
            } else {
                self.begin_queued()?
            };
            if !changed {
                return Ok(());
            }
        }
    }

    /// Whether something changed, so that there may be more to do.
    fn advance_deployment(&mut self) -> Result<bool, Illegal> {
        let Some(active) = &self.state.active else { return Ok(false) };
        let deployment = &active.deployment;
        if deployment.effect.is_some() || self.doing {
            return Ok(false);
        }
        match &deployment.progress {
            Progress::Stopping { .. } => Ok(false),
            Progress::Back { failure, steps, trouble } if steps.is_empty() => {
                let (failure, trouble) = (failure.clone(), trouble.clone());
                self.failed(failure, trouble)?;
                Ok(true)
            }
            Progress::Forward { .. } if deployment.step().is_none() => {
                let (plan, id) = (active.candidate.plan.clone(), deployment.plan.id.clone());
                self.happen(Event::Succeeded { deployment: id.clone() })?;
                self.tell(plan.as_ref(), StageEnd::Deployed { deployment: id });
                Ok(true)
            }
            Progress::Back { .. } => Ok(self.perform_next()),
            Progress::Forward { .. } => self.step_forward(),
        }
    }

    fn step_forward(&mut self) -> Result<bool, Illegal> {
        let Some(active) = &self.state.active else { return Ok(false) };
        let deployment = &active.deployment;
        match &deployment.question {
            // While a person looks, the lease is renewed and limits still hold.
            Some(Question::Guard { .. }) => return Ok(self.perform_next()),
            Some(Question::Lost { .. }) => return Ok(false),
            None => {}
        }
        let rolls_back = deployment.plan.kind == Kind::Rollback;
        if self.state.paused && !rolls_back {
            return Ok(false);
        }
        let moves_on = matches!(
            deployment.step(),
            Some(Step::Migrate(_) | Step::Start(_) | Step::Stop(_) | Step::Shift(_))
        );
        if moves_on && !rolls_back {
            if let Some(why) = gate::first_shut(&active.candidate.verdicts, self.now) {
                self.turn_back(Failure::new(FailureCode::Gate, why))?;
                return Ok(true);
            }
        }
        Ok(self.perform_next())
    }

    fn perform_next(&mut self) -> bool {
        let effect = self.state.active.as_ref().and_then(|a| a.deployment.next_effect());
        if let Some(effect) = effect {
            self.perform(effect);
        }
        false
    }

    fn failed(&mut self, failure: Failure, trouble: Vec<Failure>) -> Result<(), Illegal> {
        let Some(active) = &self.state.active else { return Ok(()) };
        let (plan, deployment) = (active.candidate.plan.clone(), active.deployment.plan.id.clone());
        let serving = self.state.current.as_ref().map(|current| current.deployment.clone());
        let ended = failure.clone();
        self.happen(Event::Failed { deployment, failure: ended, serving, trouble })?;
        self.tell(plan.as_ref(), StageEnd::Failed { failure });
        Ok(())
    }

    fn begin_queued(&mut self) -> Result<bool, Illegal> {
        let Some(candidate) = self.state.queued.clone() else { return Ok(false) };
        let rolls_back = candidate.kind == Kind::Rollback;
        if self.state.paused && !rolls_back {
            return Ok(false);
        }
        let id = identity(&self.state.name, &candidate.wanted, &candidate.rules)
            .map_err(|error| Illegal::new(error.to_string()))?;
        // A rollback to what should be there is how to repair what is down.
        if self.is_there(id) && !rolls_back {
            self.already_there(&candidate)?;
            return Ok(true);
        }
        if let Some(why) = gate::first_shut(&candidate.verdicts, self.now).filter(|_| !rolls_back) {
            self.drop_candidate(&candidate, Failure::new(FailureCode::Gate, why))?;
            return Ok(true);
        }
        let plan = Box::new(self.deployment_plan(&candidate, id)?);
        self.happen(Event::Started { plan, candidate: Box::new(candidate) })?;
        Ok(true)
    }

    fn deployment_plan(
        &self,
        candidate: &Candidate,
        identity: crate::digest::Digest,
    ) -> Result<DeploymentPlan, Illegal> {
        let env = &self.state.name;
        let generation = self.state.generation + 1;
        let id = DeploymentId::new(format!("{env}.{generation}"))
            .map_err(|error| Illegal::new(error.to_string()))?;
        let nothing = indexmap::IndexMap::new();
        let current = self.state.current.as_ref();
        Ok(DeploymentPlan::new(
            id,
            &Ingredients {
                env,
                generation,
                parent: current.map(|c| c.deployment.clone()),
                kind: candidate.kind,
                release: candidate.release,
                commit: &candidate.commit,
                identity,
                current: current.map_or(&nothing, |c| &c.services),
                wanted: &candidate.wanted,
                config: &candidate.rules,
            },
        ))
    }
}
