//! What the end of an effect comes to.

use crate::config::{NoEvidence, OnLost, Then};
use crate::deployment::{Progress, Question};
use crate::effect::{Done, Effect, EffectId, Failure, FailureCode, Outcome};
use crate::guard::{Verdict, Watched};
use crate::machine::Illegal;

use super::Event;
use super::turn::Turn;

impl Turn {
    pub(super) fn ended(&mut self, id: &EffectId, outcome: &Outcome) -> Result<(), Illegal> {
        let active = self.state.active.as_ref();
        let Some(active) = active.filter(|a| a.deployment.effect.as_ref() == Some(id)) else {
            // A message that arrived, or a watch that a person's answer ended.
            return Ok(());
        };
        match active.deployment.progress.clone() {
            Progress::Forward { step } => self.step_ended(step, outcome),
            Progress::Stopping { failure, .. } => self.turn_back(failure),
            Progress::Back { .. } => self.back_step_ended(outcome),
        }
    }

    fn back_step_ended(&mut self, outcome: &Outcome) -> Result<(), Illegal> {
        let trouble = match outcome {
            Outcome::Done { .. } => None,
            Outcome::Failed { failure } => Some(failure.clone()),
            Outcome::Cancelled => {
                Some(Failure::new(FailureCode::Lost, "a step back was not finished"))
            }
            // Going back is never given up because the engine ended.
            Outcome::Lost => {
                let step = 0;
                return self.happen(Event::StepRepeated { step });
            }
        };
        self.happen(Event::BackStepDone { trouble })
    }

    fn step_ended(&mut self, step: usize, outcome: &Outcome) -> Result<(), Illegal> {
        let active = self.state.active.as_ref();
        let held = active.is_some_and(|a| a.deployment.holding || a.deployment.question.is_some());
        match outcome {
            Outcome::Done { result: Done::Watched(watched) } if held => self.held(step, watched),
            Outcome::Done { .. } | Outcome::Cancelled | Outcome::Lost if held => {
                self.happen(Event::StepRepeated { step })
            }
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
            Verdict::FellBack => self.fell_back(),
        }
    }

    /// While a person looks, only what cannot wait for the answer counts.
    fn held(&mut self, step: usize, watched: &Watched) -> Result<(), Illegal> {
        match &watched.verdict {
            Verdict::Worse { then: Then::Rollback, .. } => self.watched(step, watched),
            Verdict::FellBack => self.fell_back(),
            Verdict::Healthy | Verdict::NotEnough { .. } | Verdict::Worse { .. } => {
                self.happen(Event::StepRepeated { step })
            }
        }
    }

    fn fell_back(&mut self) -> Result<(), Illegal> {
        self.turn_back(Failure::new(
            FailureCode::LeaseExpired,
            "nobody judged the rollout for the length of its lease; the target has put the old \
             version back",
        ))
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

    pub(super) fn turn_back(&mut self, failure: Failure) -> Result<(), Illegal> {
        self.drop_joined(&failure)?;
        let Some(active) = &self.state.active else { return Ok(()) };
        let steps = active.deployment.way_back();
        self.happen(Event::TurnedBack { failure, steps })
    }

    /// What asked for the same content while it was under way ends as it does.
    pub(super) fn drop_joined(&mut self, failure: &Failure) -> Result<(), Illegal> {
        let going =
            |active: &super::Active| matches!(active.deployment.progress, Progress::Forward { .. });
        let active = self.state.active.as_ref().filter(|active| going(active));
        let Some(id) = active.map(|active| active.deployment.plan.identity) else { return Ok(()) };
        let Some(queued) = self.state.queued.clone() else { return Ok(()) };
        if self.identity_of(&queued)? != id {
            return Ok(());
        }
        self.drop_candidate(&queued, failure.clone())
    }
}
