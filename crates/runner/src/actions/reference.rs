//! What is asked for, and what it was found to be.

use std::fmt;

use serde::{Deserialize, Serialize};
use shipway_core::digest::Digest;
use shipway_core::ids::CommitId;
use shipway_workflow::model::{Uses, WorkflowUses};

/// A repository by its name. Names ignore case, as on GitHub.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Repository {
    /// Who owns it.
    pub owner: String,
    /// Its name.
    pub name: String,
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// A repository at a branch, tag or commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ActionRef {
    /// The repository.
    pub repository: Repository,
    /// The branch, tag or commit, as it was written.
    pub reference: String,
}

impl ActionRef {
    /// The repository that a `uses` names, and the folder of the action in it,
    /// empty for its root. Nothing if it names none.
    pub fn of(uses: &Uses) -> Option<(Self, &str)> {
        let Uses::Repository { owner, name, path, reference } = uses else { return None };
        Self::new(owner, name, reference).map(|action| (action, path.as_str()))
    }

    /// The same of the workflow of a called job.
    pub fn of_workflow(uses: &WorkflowUses) -> Option<(Self, &str)> {
        let WorkflowUses::Repository { owner, name, path, reference } = uses else { return None };
        Self::new(owner, name, reference).map(|action| (action, path.as_str()))
    }

    /// Nothing if a part of it would lead to another folder, or is no ref to
    /// git: all of them become parts of paths and arguments.
    fn new(owner: &str, name: &str, reference: &str) -> Option<Self> {
        let is_name = |text: &str| !text.is_empty() && !text.chars().all(|c| c == '.');
        let is_ref = !reference.is_empty()
            && !reference.contains("..")
            && !reference.starts_with(['-', '/', '.'])
            && !reference.contains(|c: char| c.is_whitespace() || c.is_control());
        let repository = Repository { owner: owner.to_owned(), name: name.to_owned() };
        let action = Self { repository, reference: reference.to_owned() };
        (is_name(owner) && is_name(name) && is_ref).then_some(action)
    }

    /// The commit, if the reference is a whole commit id.
    pub fn commit(&self) -> Option<CommitId> {
        CommitId::new(self.reference.as_str()).ok()
    }

    /// `owner/name` in lower case and the ref: equal for what is the same.
    pub(super) fn key(&self) -> (String, String) {
        (self.repository.to_string().to_ascii_lowercase(), self.reference.clone())
    }
}

/// `owner/name@ref`
impl fmt::Display for ActionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.repository, self.reference)
    }
}

/// Which files exactly: equal revisions have equal files.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Revision {
    /// A commit.
    Commit(CommitId),
    /// Files without a history, by their paths, modes and contents: a plain
    /// folder of a mirror.
    Tree(Digest),
}

impl Revision {
    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        match text.parse::<Digest>() {
            Ok(digest) => Some(Self::Tree(digest)),
            Err(_) => CommitId::new(text).ok().map(Self::Commit),
        }
    }

    /// A few digits, for people.
    pub fn short(&self) -> String {
        match self {
            Self::Commit(commit) => commit.short().to_owned(),
            Self::Tree(digest) => digest.short(),
        }
    }
}

/// A commit id, or `sha256:…`.
impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commit(commit) => commit.fmt(f),
            Self::Tree(digest) => digest.fmt(f),
        }
    }
}

/// What a reference was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// What was asked for.
    pub action: ActionRef,
    /// What it is.
    pub revision: Revision,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out_of_its_folder() {
        let of = |text: &str| {
            Uses::parse(text).and_then(|uses| ActionRef::of(&uses).map(|(action, _)| action))
        };
        assert_eq!(of("a/b/c@refs/heads/x").unwrap().to_string(), "a/b@refs/heads/x");
        for text in ["../b@v1", "a/..@v1", "a/b@x/../../y", "a/b@--upload-pack=x", "a/b@a b"] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
