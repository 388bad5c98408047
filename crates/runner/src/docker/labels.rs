//! How a thing in Docker says whose it is.

use std::collections::HashMap;

/// The effect that a container, network or volume belongs to.
pub(super) const EFFECT: &str = "shipway.effect";
/// What it is for.
const ROLE: &str = "shipway.role";
/// Folders of this machine that are mounted, and whose files have to be given
/// back, and to whom: `uid:gid`.
pub(super) const OWNER: &str = "shipway.owner";
/// Where those folders are mounted.
pub(super) const FOLDERS: &str = "shipway.folders";
/// An image that was built for an action.
pub(super) const ACTION: &str = "shipway.action";

/// What a container is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The steps of the job run in it.
    Job,
    /// It serves the job.
    Service,
    /// It is a step: an action in a container.
    Action,
}

/// The labels of what belongs to one effect.
#[derive(Debug, Clone)]
pub(crate) struct Labels {
    effect: String,
}

/// The labels by which the files in a container's folders are given back to
/// `owner` before it is removed.
pub(crate) fn files_of(owner: &str, folders: &[&str]) -> HashMap<String, String> {
    let folders = folders.join(":");
    HashMap::from([(OWNER.to_owned(), owner.to_owned()), (FOLDERS.to_owned(), folders)])
}

impl Labels {
    pub(crate) fn new(effect: &str) -> Self {
        Self { effect: effect.to_owned() }
    }

    /// Of a network or volume.
    pub(super) fn plain(&self) -> HashMap<String, String> {
        HashMap::from([(EFFECT.to_owned(), self.effect.clone())])
    }

    /// Of a container.
    pub(super) fn container(&self, role: Role) -> HashMap<String, String> {
        let role = match role {
            Role::Job => "job",
            Role::Service => "service",
            Role::Action => "action",
        };
        let mut labels = self.plain();
        labels.insert(ROLE.to_owned(), role.to_owned());
        labels
    }

    /// What finds them again.
    pub(super) fn filter(effect: &str) -> HashMap<String, Vec<String>> {
        HashMap::from([("label".to_owned(), vec![format!("{EFFECT}={effect}")])])
    }
}
