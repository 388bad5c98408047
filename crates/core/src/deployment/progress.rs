//! How far a deployment is, and which effect its next step is.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::{OnLost, Placement};
use crate::effect::{CommandSpec, Effect, EffectId, Failure};
use crate::ids::ServiceName;
use crate::journal::Actor;

use super::plan::{
    Change, DeploymentPlan, DesiredVersion, ServiceChange, ServiceVersion, Step, WatchSpec,
    WatchedService,
};
use super::restore::{self, Restore};

/// A deployment under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// What it is going to do.
    pub plan: DeploymentPlan,
    /// Who asked for it.
    pub by: Actor,
    /// When it began.
    pub started: Timestamp,
    /// How far it is.
    pub progress: Progress,
    /// The effect it waits for.
    pub effect: Option<EffectId>,
    /// That effect is a watch that goes on until a pause ends.
    #[serde(default)]
    pub holding: bool,
    /// A question that only a person can answer, with `resume` or `abort`.
    pub question: Option<Question>,
}

/// A question that only a person can answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Question {
    /// A guard found something that a person shall look at. `resume` keeps
    /// the new version.
    Guard {
        /// What was found.
        reason: String,
    },
    /// The engine died in the middle of a command. `resume` runs it again.
    Lost {
        /// Which command.
        what: String,
    },
}

/// How far a deployment is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "going", rename_all = "snake_case")]
pub enum Progress {
    /// Towards the new release.
    Forward {
        /// The step it is at: as many are done.
        step: usize,
    },
    /// Called off by a failure or a person: the effect under way is being
    /// cancelled, then the way back begins.
    Stopping {
        /// Why.
        failure: Failure,
        /// As many steps were begun.
        begun: usize,
    },
    /// Back to what ran before.
    Back {
        /// Why.
        failure: Failure,
        /// What is left to do.
        steps: Vec<Restore>,
        /// What did not work on the way back.
        trouble: Vec<Failure>,
        /// The services it did not work for.
        #[serde(default)]
        stuck: Vec<ServiceName>,
    },
}

/// Where a deployment may stop for as long as a pause lasts.
pub(crate) enum Rest {
    /// Here: no user has noticed anything yet, or nothing is judged.
    Still,
    /// Here, if somebody goes on judging: traffic has moved.
    Watching,
    /// Not here: half of the traffic has moved, or nothing serves.
    Nowhere,
}

impl Deployment {
    /// The step forward it is at, if it goes forward and is not through.
    pub fn step(&self) -> Option<&Step> {
        match self.progress {
            Progress::Forward { step } => self.plan.steps.get(step),
            Progress::Stopping { .. } | Progress::Back { .. } => None,
        }
    }

    /// Remembers what it waits for.
    pub(crate) fn began(&mut self, id: &EffectId, effect: &Effect) {
        self.effect = Some(id.clone());
        self.holding = matches!(effect, Effect::Watch(_)) && self.step() != Some(&Step::Watch);
    }

    /// It waits for no effect any more.
    pub(crate) fn waits_for_nothing(&mut self) {
        (self.effect, self.holding) = (None, false);
    }

    /// A pause is over: it does not wait for the watch that filled it.
    pub(crate) fn release_hold(&mut self) {
        if self.holding {
            self.waits_for_nothing();
        }
    }

    /// It goes forward, and nothing of the old versions is gone yet.
    pub(crate) fn can_be_called_off(&self) -> bool {
        let Progress::Forward { step } = self.progress else { return false };
        let finish = |step: &Step| matches!(step, Step::Finish(_));
        let finished = self.plan.steps[..step.min(self.plan.steps.len())].iter().any(finish);
        let finishing = self.step().is_some_and(finish) && self.effect.is_some() && !self.holding;
        !finished && !finishing
    }

    /// Whether it may stop before its next step.
    pub(crate) fn rest(&self) -> Rest {
        let Progress::Forward { step } = self.progress else { return Rest::Nowhere };
        let done = &self.plan.steps[..step.min(self.plan.steps.len())];
        let moves = |step: &Step| matches!(step, Step::Stop(_) | Step::Shift(_) | Step::Finish(_));
        if !done.iter().any(moves) {
            return Rest::Still;
        }
        match (done.last(), self.step()) {
            (Some(Step::Watch), Some(Step::Finish(_))) => Rest::Watching,
            _ => Rest::Nowhere,
        }
    }

    /// The watch that fills a pause.
    pub(crate) fn holding_watch(&self) -> Effect {
        Effect::Watch(Box::new(self.watch(true)))
    }

    /// The way back from where it is. A step that was begun may have happened.
    pub(crate) fn way_back(&self) -> Vec<Restore> {
        let begun = usize::from(self.effect.is_some());
        match &self.progress {
            Progress::Forward { step } => restore::steps(&self.plan, step + begun),
            Progress::Stopping { begun, .. } => restore::steps(&self.plan, *begun),
            Progress::Back { steps, .. } => steps.clone(),
        }
    }

    /// The effect that the next step is; `None` when it is through.
    pub(crate) fn next_effect(&self) -> Option<Effect> {
        match &self.progress {
            Progress::Forward { .. } => self.step().and_then(|step| self.forward(step)),
            Progress::Back { steps, .. } => steps.first().and_then(|step| self.back(step)),
            Progress::Stopping { .. } => None,
        }
    }

    fn forward(&self, step: &Step) -> Option<Effect> {
        let plan = &self.plan;
        Some(match step {
            Step::Migrate(service) => {
                let new = self.new_version(service)?;
                let migrations = new.config.migrations.as_ref()?;
                let run = migrations.apply.clone();
                Effect::Migrate(Box::new(self.command(
                    service,
                    new,
                    run,
                    migrations.timeout,
                    migrations.on_lost,
                )))
            }
            Step::Smoke(service) => {
                let new = self.new_version(service)?;
                let smoke = new.config.smoke.as_ref()?;
                let run = smoke.run.clone();
                Effect::Smoke(Box::new(self.command(
                    service,
                    new,
                    run,
                    smoke.timeout,
                    smoke.on_lost,
                )))
            }
            Step::Stop(service) => Effect::Finish(self.change(service, [], None)),
            Step::Start(service) => {
                // A version that was stopped for this one (recreate) stays so.
                let old = self.old_beside_new(service).map(|v| (v, 100));
                let new = self.new_version(service)?;
                let wait = Some(new.id.clone());
                let versions = old.into_iter().chain([(new, 0)]);
                Effect::Start(self.change(service, versions, wait))
            }
            Step::Shift(service) => {
                let old = self.old_beside_new(service).map(|v| (v, 0));
                let versions = old.into_iter().chain([(self.new_version(service)?, 100)]);
                let mut change = self.change(service, versions, None);
                // Where nobody watches, nobody would renew it.
                change.lease = plan.steps.contains(&Step::Watch).then(|| plan.lease.clone());
                Effect::Shift(change)
            }
            Step::Watch => Effect::Watch(Box::new(self.watch(self.question.is_some()))),
            Step::Finish(service) => {
                let new = self.new_version(service).map(|v| (v, 100));
                Effect::Finish(self.change(service, new, None))
            }
        })
    }

    fn back(&self, step: &Restore) -> Option<Effect> {
        Some(match step {
            Restore::Return(service) => {
                let old = self.old_version(service)?;
                let wait = Some(old.id.clone());
                let beside = self.old_beside_new(service).and(self.new_version(service));
                let versions = [(old, 100)].into_iter().chain(beside.map(|v| (v, 0)));
                Effect::Return(self.change(service, versions, wait))
            }
            Restore::Remove(service) => {
                let old = self.old_beside_new(service).map(|v| (v, 100));
                Effect::Remove(self.change(service, old, None))
            }
        })
    }

    /// The old version, unless it is stopped before the new one starts
    /// (recreate): then the two are never there together.
    fn old_beside_new(&self, service: &ServiceName) -> Option<&ServiceVersion> {
        let stopped = self.plan.steps.contains(&Step::Stop(service.clone()));
        self.old_version(service).filter(|_| !stopped)
    }

    fn new_version(&self, service: &ServiceName) -> Option<&ServiceVersion> {
        match self.plan.services.get(service)? {
            ServiceChange::Replace { new, .. } => Some(new),
            ServiceChange::Keep { .. } | ServiceChange::Retire { .. } => None,
        }
    }

    fn old_version(&self, service: &ServiceName) -> Option<&ServiceVersion> {
        match self.plan.services.get(service)? {
            ServiceChange::Replace { old, .. } => old.as_ref(),
            ServiceChange::Retire { old } => Some(old),
            ServiceChange::Keep { version } => Some(version),
        }
    }

    /// Where the service answers: as the new version has it, on the way back
    /// as the old one had.
    fn place(&self, service: &ServiceName) -> Option<Placement> {
        let (new, old) = (self.new_version(service), self.old_version(service));
        let version = match self.progress {
            Progress::Back { .. } => old.or(new),
            Progress::Forward { .. } | Progress::Stopping { .. } => new.or(old),
        }?;
        version.config.listens.then(|| version.place.clone())
    }

    fn change<'a>(
        &self,
        service: &ServiceName,
        versions: impl IntoIterator<Item = (&'a ServiceVersion, u8)>,
        await_healthy: Option<crate::ids::DeploymentId>,
    ) -> Box<Change> {
        let desired = |(version, weight): (&ServiceVersion, u8)| DesiredVersion {
            version: version.clone(),
            weight,
        };
        Box::new(Change {
            env: self.plan.env.clone(),
            service: service.clone(),
            generation: self.plan.generation,
            place: self.place(service),
            versions: versions.into_iter().map(desired).collect(),
            lease: None,
            await_healthy,
        })
    }

    fn command(
        &self,
        service: &ServiceName,
        version: &ServiceVersion,
        run: String,
        timeout: Duration,
        on_lost: OnLost,
    ) -> CommandSpec {
        CommandSpec {
            deployment: self.plan.id.clone(),
            environment: self.plan.env.clone(),
            service: service.clone(),
            artifact: version.artifact.clone(),
            run,
            env: version.place.env.clone(),
            secrets: version.place.secrets.clone(),
            timeout,
            on_lost,
        }
    }

    fn watch(&self, until_answered: bool) -> WatchSpec {
        let services = self.plan.services.iter().filter_map(|(name, change)| match change {
            ServiceChange::Replace { old, new } => Some(WatchedService {
                service: name.clone(),
                old: old.as_ref().map(|v| v.id.clone()),
                new: new.id.clone(),
                listens: new.config.listens,
            }),
            ServiceChange::Keep { .. } | ServiceChange::Retire { .. } => None,
        });
        WatchSpec {
            env: self.plan.env.clone(),
            services: services.collect(),
            bake: self.plan.bake,
            guard: self.plan.guard.clone(),
            until_answered,
        }
    }
}
