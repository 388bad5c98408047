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
    },
}

impl Deployment {
    /// The step forward it is at, if it goes forward and is not through.
    pub fn step(&self) -> Option<&Step> {
        match self.progress {
            Progress::Forward { step } => self.plan.steps.get(step),
            Progress::Stopping { .. } | Progress::Back { .. } => None,
        }
    }

    /// The way back after the step it is at was begun.
    pub(crate) fn way_back(&self) -> Vec<Restore> {
        match &self.progress {
            Progress::Forward { step } => restore::steps(&self.plan, step + 1),
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
                let stopped = plan.steps.contains(&Step::Stop(service.clone()));
                let old = self.old_version(service).filter(|_| !stopped).map(|v| (v, 100));
                let new = self.new_version(service)?;
                let wait = Some(new.id.clone());
                let versions = old.into_iter().chain([(new, 0)]);
                Effect::Start(self.change(service, versions, wait))
            }
            Step::Shift(service) => {
                let stopped = plan.steps.contains(&Step::Stop(service.clone()));
                let old = self.old_version(service).filter(|_| !stopped).map(|v| (v, 0));
                let versions = old.into_iter().chain([(self.new_version(service)?, 100)]);
                let mut change = self.change(service, versions, None);
                change.lease = Some(plan.lease.clone());
                Effect::Shift(change)
            }
            Step::Watch => Effect::Watch(Box::new(self.watch())),
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
                let new = self.new_version(service).map(|v| (v, 0));
                let versions = [(old, 100)].into_iter().chain(new);
                Effect::Return(self.change(service, versions, wait))
            }
            Restore::Remove(service) => {
                let old = self.old_version(service).map(|v| (v, 100));
                Effect::Remove(self.change(service, old, None))
            }
        })
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

    fn watch(&self) -> WatchSpec {
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
            until_answered: self.question.is_some(),
        }
    }
}
