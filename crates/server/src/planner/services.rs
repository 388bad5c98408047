//! What becomes of each service: built, or taken from an earlier release.

use indexmap::IndexMap;
use shipway_core::config::{Config, affected};
use shipway_core::ids::{CommitId, ServiceName};
use shipway_core::plan::PlannedService;
use shipway_core::release::Release;
use shipway_core::view::Live;

use crate::git::Repository;

use super::PlanError;

/// A release of the same commit is taken as it is; else what did not change
/// since the last release is taken from that.
pub(super) fn of(
    repository: &Repository,
    config: &Config,
    live: &Live,
    commit: &CommitId,
) -> Result<IndexMap<ServiceName, PlannedService>, PlanError> {
    // A plan that waits for approval has released as well.
    let open = || live.open_plans().filter_map(|(_, open)| open.release.as_ref());
    let closed = || live.recent.iter().filter_map(|plan| plan.release.as_ref().map(|(_, r)| r));
    let releases = || open().chain(closed());
    let same = releases().find(|release| release.commit == *commit);
    let Some(base) = same.or_else(|| releases().next()) else {
        let first = |name: &ServiceName| (name.clone(), build("nothing was released before"));
        return Ok(config.services.keys().map(first).collect());
    };
    // A base that is gone from the repository says nothing: build everything.
    if !repository.has(&base.commit)? {
        let why = format!("the last release's commit {} is gone", base.commit.short());
        let again = |name: &ServiceName| (name.clone(), build(&why));
        return Ok(config.services.keys().map(again).collect());
    }
    let changed = repository.changed(&base.commit, commit)?;
    let reasons = affected(config, &changed);
    let todo = |name: &ServiceName| match reasons.get(name) {
        Some(reason) => build(&reason.to_string()),
        None => reuse(base, name),
    };
    Ok(config.services.keys().map(|name| (name.clone(), todo(name))).collect())
}

fn build(why: &str) -> PlannedService {
    PlannedService::Build { why: why.to_owned() }
}

fn reuse(base: &Release, name: &ServiceName) -> PlannedService {
    match base.services.get(name) {
        Some(artifact) => {
            PlannedService::Reuse { artifact: artifact.clone(), commit: base.commit.clone() }
        }
        None => build("it is new"),
    }
}
