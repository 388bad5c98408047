//! What follows by itself: the next step, the next deployment, and questions
//! that are closed.

use crate::deployment::{DeploymentPlan, Ingredients, Kind, Progress, Question, Rest, Step};
use crate::digest::Digest;
use crate::effect::{Failure, FailureCode};
use crate::gate;
use crate::ids::DeploymentId;
use crate::machine::Illegal;

use super::turn::Turn;
use super::{Candidate, Event, StageEnd};

impl Turn {
    /// Questions are closed, and answers that were not made use of are void.
    pub(super) fn expire(&mut self) -> Result<(), Illegal> {
        let waiting = self.state.waiting.as_ref().filter(|w| w.expires <= self.now);
        if let Some(candidate) = waiting.map(|waiting| waiting.candidate.clone()) {
            let failure = Failure::new(FailureCode::ApprovalExpired, "nobody approved it in time");
            self.drop_candidate(&candidate, failure)?;
        }
        let void = self.state.queued_until.is_some_and(|until| until <= self.now);
        if let Some(candidate) = self.state.queued.clone().filter(|_| void) {
            let why = "its approval expired before its turn came";
            let failure = Failure::new(FailureCode::ApprovalExpired, why);
            self.drop_candidate(&candidate, failure)?;
        }
        Ok(())
    }

    /// The next thing to do, until one has to be waited for.
    pub(super) fn advance(&mut self) -> Result<(), Illegal> {
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
        if deployment.effect.is_some() || self.is_performing() {
            return Ok(false);
        }
        match &deployment.progress {
            Progress::Stopping { .. } => Ok(false),
            Progress::Back { failure, steps, trouble, .. } if steps.is_empty() => {
                let (failure, trouble) = (failure.clone(), trouble.clone());
                self.failed(failure, trouble)?;
                Ok(true)
            }
            Progress::Forward { .. } if deployment.step().is_none() => {
                let (plan, id) = (active.candidate.plan.clone(), deployment.plan.id.clone());
                self.happen(Event::Succeeded { deployment: id.clone() })?;
                self.tell_plan(plan.as_ref(), StageEnd::Deployed { deployment: id });
                Ok(true)
            }
            Progress::Back { .. } => self.perform_next(),
            Progress::Forward { .. } => self.step_forward(),
        }
    }

    fn step_forward(&mut self) -> Result<bool, Illegal> {
        let Some(active) = &self.state.active else { return Ok(false) };
        let deployment = &active.deployment;
        match &deployment.question {
            // While a person looks, the lease is renewed and limits still hold.
            Some(Question::Guard { .. }) => return self.perform_next(),
            Some(Question::Lost { .. }) => return Ok(false),
            None => {}
        }
        let rolls_back = deployment.plan.kind == Kind::Rollback;
        if self.state.paused && !rolls_back {
            match deployment.rest() {
                Rest::Still => return Ok(false),
                Rest::Watching => {
                    let watch = deployment.holding_watch();
                    self.perform(watch);
                    return Ok(false);
                }
                Rest::Nowhere => {}
            }
        }
        let moves_on = matches!(
            deployment.step(),
            Some(Step::Migrate(_) | Step::Start(_) | Step::Stop(_) | Step::Shift(_))
        );
        let shut = gate::shut(&active.candidate.verdicts, self.now);
        if let Some(why) = shut.filter(|_| moves_on && !rolls_back) {
            self.turn_back(Failure::new(FailureCode::Gate, why))?;
            return Ok(true);
        }
        self.perform_next()
    }

    /// A step that comes to nothing to do is done.
    fn perform_next(&mut self) -> Result<bool, Illegal> {
        let Some(active) = &self.state.active else { return Ok(false) };
        if let Some(effect) = active.deployment.next_effect() {
            self.perform(effect);
            return Ok(false);
        }
        match active.deployment.progress {
            Progress::Forward { step } => self.happen(Event::StepDone { step, watched: None })?,
            Progress::Back { .. } => self.happen(Event::BackStepDone { trouble: None })?,
            Progress::Stopping { .. } => return Ok(false),
        }
        Ok(true)
    }

    fn failed(&mut self, failure: Failure, trouble: Vec<Failure>) -> Result<(), Illegal> {
        let Some(active) = &self.state.active else { return Ok(()) };
        let (plan, deployment) = (active.candidate.plan.clone(), active.deployment.plan.id.clone());
        let serving = self.state.current.as_ref().map(|current| current.deployment.clone());
        let ended = failure.clone();
        self.happen(Event::Failed { deployment, failure: ended, serving, trouble })?;
        self.tell_plan(plan.as_ref(), StageEnd::Failed { failure });
        Ok(())
    }

    fn begin_queued(&mut self) -> Result<bool, Illegal> {
        if let Some(candidate) = self.state.rollback.clone() {
            let id = self.identity_of(&candidate)?;
            return self.begin_deployment(candidate, id);
        }
        let queued = self.state.queued.clone();
        let Some(candidate) = queued.filter(|_| !self.state.paused) else { return Ok(false) };
        let id = self.identity_of(&candidate)?;
        if self.is_there(id) {
            self.already_there(&candidate)?;
            return Ok(true);
        }
        if let Some(why) = gate::shut(&candidate.verdicts, self.now) {
            self.drop_candidate(&candidate, Failure::new(FailureCode::Gate, why))?;
            return Ok(true);
        }
        self.begin_deployment(candidate, id)
    }

    fn begin_deployment(&mut self, candidate: Candidate, id: Digest) -> Result<bool, Illegal> {
        let plan = Box::new(self.deployment_plan(&candidate, id)?);
        self.happen(Event::Started { plan, candidate: Box::new(candidate) })?;
        Ok(true)
    }

    fn deployment_plan(
        &self,
        candidate: &Candidate,
        identity: Digest,
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
                // A rollback to what should be there repairs what is down.
                afresh: candidate.kind == Kind::Rollback
                    && current.is_some_and(|c| c.identity == identity),
                damaged: &self.state.damaged,
                wanted: &candidate.wanted,
                config: &candidate.rules,
            },
        ))
    }
}
