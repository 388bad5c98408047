//! Blue-green: the new version stands beside the old, is asked itself, takes
//! all traffic at once, is watched, and only then the old one is drained. A
//! rollback is not watched: there is nothing better to go back to.

use indexmap::IndexMap;

use crate::ids::ServiceName;

use super::plan::{Kind, ServiceChange, Step};

pub(super) fn steps(services: &IndexMap<ServiceName, ServiceChange>, kind: Kind) -> Vec<Step> {
    let mut steps = migrations(services, kind);
    let new: Vec<_> = replaced(services).collect();
    steps.extend(new.iter().map(|(name, _)| Step::Start((*name).clone())));
    steps.extend(smoke_tests(services));
    steps.extend(new.iter().map(|(name, _)| Step::Shift((*name).clone())));
    if !new.is_empty() && kind != Kind::Rollback {
        steps.push(Step::Watch);
    }
    steps.extend(finishes(services));
    steps
}

/// The services that get a new version, in declared order.
pub(super) fn replaced(
    services: &IndexMap<ServiceName, ServiceChange>,
) -> impl Iterator<Item = (&ServiceName, &crate::config::Service)> {
    services.iter().filter_map(|(name, change)| match change {
        ServiceChange::Replace { new, .. } => Some((name, &new.config)),
        ServiceChange::Keep { .. } | ServiceChange::Retire { .. } => None,
    })
}

/// Migrations go forward only: a rollback runs none.
pub(super) fn migrations(services: &IndexMap<ServiceName, ServiceChange>, kind: Kind) -> Vec<Step> {
    if kind == Kind::Rollback {
        return Vec::new();
    }
    let with = replaced(services).filter(|(_, config)| config.migrations.is_some());
    with.map(|(name, _)| Step::Migrate(name.clone())).collect()
}

pub(super) fn smoke_tests(
    services: &IndexMap<ServiceName, ServiceChange>,
) -> impl Iterator<Item = Step> {
    let with = replaced(services).filter(|(_, config)| config.smoke.is_some());
    with.map(|(name, _)| Step::Smoke(name.clone()))
}

/// The last steps: what is not wanted any more goes.
pub(super) fn finishes(
    services: &IndexMap<ServiceName, ServiceChange>,
) -> impl Iterator<Item = Step> {
    let gone = services.iter().filter(|(_, change)| !matches!(change, ServiceChange::Keep { .. }));
    gone.map(|(name, _)| Step::Finish(name.clone()))
}
