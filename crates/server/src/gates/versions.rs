//! The gates before and after a change: what is judged does not choose its judge.

use shipway_core::config::{Config, GateSet, Gates, RequiredWorkflows};
use shipway_core::gate::Destination;
use shipway_core::ids::CommitId;
use shipway_evidence::gates::Folders;

use super::{GateError, Judging};
use crate::git::{GitError, Repository};
use crate::planner::{PlanError, at_commit};

/// What a commit is compared with, and both configurations.
pub(super) struct Found {
    /// What it is compared with.
    pub(super) base: Option<CommitId>,
    /// Where what judges is read.
    pub(super) judge: Option<CommitId>,
    /// The gates there.
    pub(super) before: Before,
    /// The folders of services there.
    pub(super) folders_before: Folders,
    /// The workflows that were required there.
    required_before: Option<RequiredWorkflows>,
    /// The commit's own configuration.
    pub(super) config: Config,
}

/// The gates where what judges is read.
pub(super) enum Before {
    /// There is no judge, or no `shipway.yaml` in it.
    Nothing,
    /// These.
    Gates(Box<Gates>),
}

impl Before {
    pub(super) fn gates(&self) -> Option<&Gates> {
        match self {
            Self::Nothing => None,
            Self::Gates(gates) => Some(gates),
        }
    }

    pub(super) fn is_none_or_unsaid(&self) -> bool {
        self.gates().is_none_or(Gates::is_unsaid)
    }
}

impl Found {
    /// What decides beside the gates themselves: who may do what, and where reports are.
    pub(super) fn gates(&self) -> &Gates {
        self.before.gates().filter(|gates| !gates.is_unsaid()).unwrap_or(&self.config.gates)
    }

    /// Whether no workflow has to pass: the change may only add some.
    pub(super) fn requires_no_workflow(&self) -> bool {
        let required = self.required_before.iter().chain([&self.config.workflows.required]);
        required.into_iter().all(|of| matches!(of, RequiredWorkflows::Only(of) if of.is_empty()))
    }

    /// What is asked for: what was asked for before, and what the change adds.
    pub(super) fn asked(&self, to: &Destination) -> GateSet {
        let after = self.config.gates.on_the_way_to(to);
        match self.before.gates() {
            Some(before) => before.on_the_way_to(to).with_added(after),
            None => after.clone(),
        }
    }
}

/// Finds them.
pub(super) fn of(judging: &Judging<'_>) -> Result<Found, GateError> {
    let config = at_commit(judging.repository, judging.commit)?;
    let base = base(judging)?;
    let judge = match &base {
        Some(base) => Some(base.clone()),
        None => judge_of_the_first(judging)?,
    };
    let (before, required_before, folders_before) = match &judge {
        None => (Before::Nothing, None, Folders::new()),
        Some(judge) => match at_commit(judging.repository, judge) {
            Ok(config) => {
                let folders = folders(&config);
                let Config { gates, workflows, .. } = config;
                (Before::Gates(Box::new(gates)), Some(workflows.required), folders)
            }
            Err(PlanError::NoConfig(_)) => (Before::Nothing, None, Folders::new()),
            // It was merged or deployed, so an older version could read it: nothing is known of
            // what it asked for, and that is no reason to ask for nothing.
            Err(error) => return Err(error.into()),
        },
    };
    Ok(Found { base, judge, before, folders_before, required_before, config })
}

/// The folders of services.
pub(super) fn folders(config: &Config) -> Folders {
    config.services.iter().map(|(name, of)| (name.to_string(), of.path.clone())).collect()
}

/// Where nothing serves yet, all of it is new; its gates are those where it left the main branch. A
/// change may add an environment, and does not say by that what is asked for on the way there.
fn judge_of_the_first(judging: &Judging<'_>) -> Result<Option<CommitId>, GateError> {
    match judging.to {
        Destination::Environment(_) => Ok(left_trunk(judging.repository, judging.commit)?),
        Destination::PullRequest => Ok(None),
    }
}

/// Where a commit left the main branch; without a common commit, the main branch as it is.
pub(crate) fn left_trunk(
    repository: &Repository,
    commit: &CommitId,
) -> Result<Option<CommitId>, GitError> {
    match trunk(repository)? {
        Some(trunk) => Ok(Some(repository.merge_base(&trunk, commit)?.unwrap_or(trunk))),
        None => Ok(None),
    }
}

/// For an environment: where the commit left what serves there. For a pull request: where it left
/// the branch that it goes to.
fn base(judging: &Judging<'_>) -> Result<Option<CommitId>, GateError> {
    let Judging { repository, commit, to, live, .. } = judging;
    let other = match to {
        Destination::Environment(env) => {
            let env = live.environments().find(|known| known.name == *env);
            env.and_then(|env| env.current.as_ref()).map(|current| current.commit.clone())
        }
        Destination::PullRequest => {
            let named = judging.pull_request.and_then(|of| of.base().cloned());
            match named {
                // Without it, the change alone would say what it is judged by.
                Some(named) if !repository.has(&named)? => return Err(GateError::NoBase(named)),
                Some(named) => Some(named),
                None => match trunk(repository)? {
                    // A new repository has none; a clone of one branch does not know it.
                    None if repository.has_upstreams()? => return Err(GateError::NoTrunk),
                    found => found,
                },
            }
        }
    };
    match other {
        // What serves may be of a history that is gone.
        // Without a common commit (a shallow clone has none), it is compared with the other as it
        // is: else the change alone would say what it is judged by.
        Some(other) if repository.has(&other)? => {
            Ok(Some(repository.merge_base(&other, commit)?.unwrap_or(other)))
        }
        Some(_) | None => Ok(None),
    }
}

/// The newest commit of the main branch.
pub(super) fn trunk(repository: &Repository) -> Result<Option<CommitId>, GitError> {
    let default = repository.default_branch()?;
    for branch in default.as_deref().into_iter().chain(["main", "master"]) {
        let found = match repository.upstream(branch)? {
            Some(found) => Some(found),
            None => repository.local(branch)?,
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
