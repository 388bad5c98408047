//! The gates before and after a change: what is judged does not choose its judge.

use shipway_core::config::{Config, GateSet, Gates, RequiredWorkflows};
use shipway_core::gate::Destination;
use shipway_core::ids::CommitId;

use super::{GateError, Judging};
use crate::git::{GitError, Repository};
use crate::planner::{PlanError, at_commit};

/// What a commit is compared with, and both configurations.
pub(super) struct Found {
    /// What it is compared with.
    pub(super) base: Option<CommitId>,
    /// The gates there.
    pub(super) before: Before,
    /// The workflows that were required there.
    required_before: Option<RequiredWorkflows>,
    /// The commit's own configuration.
    pub(super) config: Config,
}

/// The gates at the base.
pub(super) enum Before {
    /// There is no base, or no `shipway.yaml` in it.
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
    let (before, required_before) = match &base {
        None => (Before::Nothing, None),
        Some(base) => match at_commit(judging.repository, base) {
            Ok(Config { gates, workflows, .. }) => {
                (Before::Gates(Box::new(gates)), Some(workflows.required))
            }
            Err(PlanError::NoConfig(_)) => (Before::Nothing, None),
            // It was merged or deployed, so an older version could read it: nothing is known of
            // what it asked for, and that is no reason to ask for nothing.
            Err(error) => return Err(error.into()),
        },
    };
    Ok(Found { base, before, required_before, config })
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
