//! What became of each file since the merge base.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use shipway_checks::migrations::Status;

use super::relative;
use crate::git::{self, FileChange, GitError, Since};

/// What a file is compared with.
pub(super) struct Compared<'s> {
    root: &'s Path,
    /// Without it, everything is new.
    since: Option<&'s Since>,
    /// What the base has.
    merged: HashSet<String>,
    /// To these, a link leads.
    linked: HashSet<String>,
    /// What git ignores is of nobody's change, unless somebody names it.
    ignored: Vec<PathBuf>,
}

impl<'s> Compared<'s> {
    /// `unnamed`: nobody has named what is looked at.
    pub(super) fn with(
        since: Option<&'s Since>,
        root: &'s Path,
        linked: HashSet<String>,
        unnamed: bool,
    ) -> Result<Self, GitError> {
        let (mut merged, mut ignored) = (HashSet::new(), Vec::new());
        if let Some(since) = since {
            merged = git::files_at(&since.root, &since.base)?;
            if unnamed {
                ignored = git::ignored(&since.root)?;
            }
        }
        Ok(Self { root, since, merged, linked, ignored })
    }

    /// What became of a file; nothing of one that is ignored.
    pub(super) fn status(&self, path: &str) -> Option<Status> {
        if self.ignored.iter().any(|of| Path::new(path).starts_with(of)) {
            return None;
        }
        let own = self.by_name(path);
        if !self.linked.contains(path) || (own != Status::Merged && self.is_listed(path)) {
            return Some(own);
        }
        // Behind a link that is as it was is what it leads to.
        let Ok(target) = self.root.join(path).canonicalize() else { return Some(Status::New) };
        Some(match (own, self.by_name(&relative(target, self.root))) {
            (_, Status::Merged) => Status::Merged,
            (Status::Merged, _) => Status::Changed,
            (_, target) => target,
        })
    }

    fn by_name(&self, path: &str) -> Status {
        match self.since.map(|since| since.changes.get(path)) {
            None | Some(Some(FileChange::Added)) => Status::New,
            Some(Some(FileChange::Modified)) => Status::Changed,
            Some(Some(FileChange::Deleted)) => Status::Deleted,
            // Git does not list what a submodule has, nor what is outside.
            Some(None) if !self.merged.contains(path) => Status::New,
            Some(None) => Status::Merged,
        }
    }

    /// Whether git lists it, or a folder that it is in, as changed.
    fn is_listed(&self, path: &str) -> bool {
        let Some(since) = self.since else { return true };
        let listed = |path: &Path| path.to_str().is_some_and(|p| since.changes.contains_key(p));
        Path::new(path).ancestors().any(listed)
    }
}
