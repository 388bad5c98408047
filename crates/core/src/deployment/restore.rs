//! The way back: what has to be undone of a deployment that was refused.

use serde::{Deserialize, Serialize};

use crate::ids::ServiceName;

use super::plan::{DeploymentPlan, ServiceChange, Step};

/// One step back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", content = "service", rename_all = "snake_case")]
pub enum Restore {
    /// Traffic to the old version, which is started again if it has to be.
    Return(ServiceName),
    /// Drain and stop the new version.
    Remove(ServiceName),
}

impl Restore {
    /// The service it is about.
    pub const fn service(&self) -> &ServiceName {
        match self {
            Self::Return(service) | Self::Remove(service) => service,
        }
    }
}

/// What has to be done after `done` steps forward, the last of which may have
/// happened in part: traffic first, in the reverse order of the services, then
/// the new versions. Where two must never run (recreate), the new one goes
/// first.
pub(super) fn steps(plan: &DeploymentPlan, done: usize) -> Vec<Restore> {
    let touched = &plan.steps[..done.min(plan.steps.len())];
    let moved = |name: &ServiceName| {
        touched.iter().any(|step| match step {
            Step::Shift(service) | Step::Stop(service) | Step::Finish(service) => service == name,
            Step::Migrate(_) | Step::Start(_) | Step::Smoke(_) | Step::Watch => false,
        })
    };
    let started = |name: &ServiceName| touched.contains(&Step::Start(name.clone()));
    let back = plan.services.iter().rev();
    let returns = back.clone().filter(|(name, change)| match change {
        ServiceChange::Replace { old: Some(_), .. } => moved(name),
        ServiceChange::Retire { .. } => moved(name),
        ServiceChange::Replace { old: None, .. } | ServiceChange::Keep { .. } => false,
    });
    let removes = back
        .filter(|(name, change)| matches!(change, ServiceChange::Replace { .. }) && started(name));
    let stopped = |name: &ServiceName| plan.steps.contains(&Step::Stop(name.clone()));
    let removes = removes.map(|(name, _)| name.clone());
    let (before, after): (Vec<_>, Vec<_>) = removes.partition(stopped);
    let before = before.into_iter().map(Restore::Remove);
    let returns = returns.map(|(name, _)| Restore::Return(name.clone()));
    before.chain(returns).chain(after.into_iter().map(Restore::Remove)).collect()
}
