//! What people do to a deployment: pause, resume, abort, roll back.

use crate::deployment::{Kind, Progress, Question, Wanted};
use crate::effect::{Failure, FailureCode};
use crate::journal::Actor;
use crate::machine::Illegal;
use crate::release::ReleaseId;

use super::turn::Turn;
use super::{Candidate, Deployed, Event};

impl Turn {
    /// Answers a question, and ends a pause.
    pub(super) fn resume(&mut self) -> Result<(), Illegal> {
        let question = self.state.active.as_ref().and_then(|a| a.deployment.question.clone());
        if question.is_none() && !self.state.paused {
            return Err(Illegal::new(format!("`{}` is not paused", self.state.name)));
        }
        if let Some(question) = question {
            self.happen(Event::Answered)?;
            if matches!(question, Question::Guard { .. }) {
                self.keep_after_review()?;
            }
        }
        if !self.state.paused {
            return Ok(());
        }
        let active = self.state.active.as_ref().map(|active| &active.deployment);
        let hold = active.filter(|deployment| deployment.holding);
        if let Some(effect) = hold.and_then(|deployment| deployment.effect.clone()) {
            self.cancel(effect);
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

    /// Calls off what is under way, or what waits for its turn.
    pub(super) fn abort_for(&mut self, by: &Actor) -> Result<(), Illegal> {
        let name = self.state.name.clone();
        let failure = Failure::new(FailureCode::Aborted, format!("called off by {by}"));
        let Some(active) = &self.state.active else {
            let Some(queued) = self.state.queued.clone() else {
                return Err(Illegal::new(format!("nothing is under way in `{name}`")));
            };
            return self.drop_candidate(&queued, failure);
        };
        let deployment = &active.deployment;
        if deployment.can_be_called_off() {
            return self.call_off(failure);
        }
        Err(Illegal::new(match deployment.progress {
            Progress::Stopping { .. } | Progress::Back { .. } => {
                format!("`{name}` is going back already")
            }
            Progress::Forward { .. } => {
                "the new version has taken over already; `shipway rollback` goes back".to_owned()
            }
        }))
    }

    /// The effect that the deployment waits for is cancelled and ends; then
    /// the way back begins.
    pub(super) fn call_off(&mut self, failure: Failure) -> Result<(), Illegal> {
        let Some(active) = &self.state.active else { return Ok(()) };
        let Some(effect) = active.deployment.effect.clone() else {
            return self.turn_back(failure);
        };
        self.drop_joined(&failure)?;
        self.happen(Event::Stopping { failure })?;
        self.cancel(effect);
        Ok(())
    }

    /// Back to the release that is named, or without a name to what was good
    /// before: while something is on its way here, that is what still serves.
    pub(super) fn rollback(&mut self, to: Option<ReleaseId>, by: &Actor) -> Result<(), Illegal> {
        let target = self.rollback_target(to)?.map(Box::new);
        self.supersede("a rollback was asked for")?;
        let active = self.state.active.as_ref().map(|active| &active.deployment);
        if active.is_some_and(|deployment| deployment.can_be_called_off()) {
            let failure = Failure::new(FailureCode::Aborted, format!("rolled back by {by}"));
            self.call_off(failure)?;
        }
        let Some(back_to) = target else { return Ok(()) };
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

    /// What a rollback brings; `None` if going back from what is under way is
    /// all that it takes.
    fn rollback_target(&self, to: Option<ReleaseId>) -> Result<Option<Deployed>, Illegal> {
        let state = &self.state;
        let name = &state.name;
        let named = match to {
            None => None,
            Some(release) => {
                let mut known = state.current.iter().chain(&state.history);
                let found = known.find(|d| d.release == release).ok_or_else(|| {
                    Illegal::new(format!("release {release} was never in `{name}`"))
                })?;
                Some(found.clone())
            }
        };
        let nothing =
            || Illegal::new(format!("nothing good was in `{name}` before: nothing to go back to"));
        let Some(active) = &state.active else {
            let by_itself = if state.damaged.is_empty() { state.previous() } else { None };
            let by_itself =
                by_itself.or(state.current.as_ref().filter(|_| !state.damaged.is_empty()));
            return named.or_else(|| by_itself.cloned()).ok_or_else(nothing).map(Some);
        };
        let serves = |release| state.current.as_ref().is_some_and(|c| c.release == release);
        let deployment = &active.deployment;
        let goes_back = !matches!(deployment.progress, Progress::Forward { .. });
        let rolls_back = deployment.plan.kind == Kind::Rollback;
        match named {
            _ if rolls_back && !goes_back && to.is_none_or(|to| to == deployment.plan.release) => {
                Err(Illegal::new(format!(
                    "`{name}` is being rolled back to {} already",
                    deployment.plan.release
                )))
            }
            Some(found)
                if serves(found.release) && (goes_back || deployment.can_be_called_off()) =>
            {
                Ok(None)
            }
            Some(found) => Ok(Some(found)),
            // A rollback that failed goes back to what it should have left.
            None if goes_back && rolls_back => {
                state.previous().cloned().ok_or_else(nothing).map(Some)
            }
            None if goes_back || deployment.can_be_called_off() => Ok(None),
            None => state.current.clone().ok_or_else(nothing).map(Some),
        }
    }
}
