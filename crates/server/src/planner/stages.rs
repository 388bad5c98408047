//! The environments that a commit goes to, one after the other.

use shipway_core::config::{Config, DeployedBy, Environment, Follows};
use shipway_core::ids::{CommitId, EnvName};
use shipway_core::plan::PlannedStage;
use shipway_core::view::Live;
use shipway_workflow::diagnostic::nearest;

use crate::gates::left_trunk;
use crate::git::Repository;

use super::{PlanError, at_commit, environments};

/// Without `to`: the environments that follow `branch`, and those that follow
/// them. With it: the way to that environment.
pub(super) fn of(
    config: &Config,
    branch: &str,
    to: Option<&EnvName>,
) -> Result<Vec<PlannedStage>, PlanError> {
    let all = environments(config).join(", ");
    let Some(to) = to else {
        let stages = following(config, branch);
        if stages.is_empty() {
            return Err(PlanError::NothingFollows { branch: branch.to_owned(), all });
        }
        return Ok(stages);
    };
    if !config.environments.contains_key(to) {
        let nearest = nearest(to.as_str(), environments(config)).map(str::to_owned);
        return Err(PlanError::UnknownEnvironment { env: to.to_string(), nearest, all });
    }
    way_to(config, branch, to)
}

/// Says of each stage whether gates are judged before it: where this commit has gates, or what it
/// follows had some, so that they cannot be taken away unseen.
pub(super) fn gated(
    repository: &Repository,
    live: &Live,
    commit: &CommitId,
    config: &Config,
    stages: &mut [PlannedStage],
) -> Result<(), PlanError> {
    let judged_before = live.gates().is_some_and(|ledger| !ledger.is_empty());
    for stage in stages {
        let serves = live.environments().find(|env| env.name == stage.env);
        let serves = serves.and_then(|env| env.current.as_ref());
        stage.gated = judged_before
            || !config.gates.is_unsaid()
            || match serves {
                Some(serves) if repository.has(&serves.commit)? => {
                    asks(repository, &serves.commit)?
                }
                // The first on this way is judged by what it leaves the main branch from.
                Some(_) | None => match left_trunk(repository, commit)? {
                    Some(judge) => asks(repository, &judge)?,
                    None => false,
                },
            };
    }
    Ok(())
}

/// Whether a commit has gates.
fn asks(repository: &Repository, commit: &CommitId) -> Result<bool, PlanError> {
    match at_commit(repository, commit) {
        Ok(config) => Ok(!config.gates.is_unsaid()),
        Err(PlanError::NoConfig(_)) => Ok(false),
        // Whatever it asked for is judged, or told to be unreadable, there.
        Err(PlanError::Wrong(_)) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Where Shipway itself deploys: the others record what their workflows do.
fn ours(env: &Environment) -> bool {
    env.deployed_by == DeployedBy::Shipway
}

fn following(config: &Config, branch: &str) -> Vec<PlannedStage> {
    let mut stages: Vec<PlannedStage> = Vec::new();
    // Environments are few, and `from` has no cycles: as many rounds as
    // environments find all.
    for _ in 0..config.environments.len() {
        for (name, env) in config.environments.iter().filter(|(_, env)| ours(env)) {
            if stages.iter().any(|stage| stage.env == *name) {
                continue;
            }
            let why = match &env.follows {
                Follows::Branch(follows) if follows == branch => {
                    format!("it follows the branch `{branch}`")
                }
                Follows::From(from) if stages.iter().any(|stage| stage.env == *from) => {
                    format!("it takes what was proven in `{from}`")
                }
                Follows::Branch(_) | Follows::From(_) | Follows::Manual => continue,
            };
            stages.push(PlannedStage { env: name.clone(), why, gated: false });
        }
    }
    stages
}

fn way_to(config: &Config, branch: &str, to: &EnvName) -> Result<Vec<PlannedStage>, PlanError> {
    let mut stages = Vec::new();
    let mut next = Some(to.clone());
    while let Some(name) = next.take() {
        let Some(env) = config.environments.get(&name) else { break };
        let why = match &env.follows {
            Follows::Branch(follows) if follows != branch => {
                let (follows, branch) = (follows.clone(), branch.to_owned());
                return Err(PlanError::OtherBranch { env: name, follows, branch });
            }
            Follows::Branch(_) => format!("it follows the branch `{branch}`"),
            Follows::From(from) => {
                next = Some(from.clone());
                format!("it takes what was proven in `{from}`")
            }
            Follows::Manual => "it was asked for".to_owned(),
        };
        stages.push(PlannedStage { env: name, why, gated: false });
    }
    stages.reverse();
    Ok(stages)
}

/// The commit that serves in an environment, unless something is under way, or
/// it is not known what serves since a way back did not work.
pub(super) fn serving<'a>(live: &'a Live, env: &EnvName) -> Option<&'a CommitId> {
    let env = live.environments().find(|known| known.name == *env)?;
    let still = env.active.is_none() && env.queued.is_none() && env.damaged.is_empty();
    env.current.as_ref().filter(|_| still).map(|current| &current.commit)
}

/// A commit that something newer descends from does not follow it by itself:
/// neither what serves, nor what is on its way.
pub(super) fn refuse_older(
    repository: &Repository,
    live: &Live,
    commit: &CommitId,
    stages: &[EnvName],
) -> Result<(), PlanError> {
    let mut there: Vec<(&EnvName, &CommitId)> = Vec::new();
    for env in live.environments() {
        let current = env.current.iter().map(|c| &c.commit);
        let waiting = env.waiting.iter().map(|w| &w.candidate.commit);
        let queued = env.queued.iter().map(|c| &c.commit);
        let active = env.active.iter().map(|a| &a.candidate.commit);
        let all = current.chain(waiting).chain(queued).chain(active);
        there.extend(all.map(|commit| (&env.name, commit)));
    }
    for (_, open) in live.open_plans() {
        there.extend(open.plan.stages.iter().map(|stage| (&stage.env, &open.plan.commit.id)));
    }
    for (env, newer) in there.into_iter().filter(|(env, _)| stages.contains(env)) {
        if repository.is_behind(commit, newer)? {
            let (older, newer, env) = (commit.clone(), newer.clone(), env.clone());
            return Err(PlanError::Older { older, newer, env });
        }
    }
    Ok(())
}
