//! What a commit says of itself: asked of git once, since it never changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use shipway_core::ids::CommitId;
use shipway_core::plan::Commit;

use super::{GitError, Repository, git, not_understood};

/// Id, tree, parents, subject, author, address, time, message.
const FORMAT: &str = "--format=%H%x00%T%x00%P%x00%s%x00%an%x00%ae%x00%ct%x00%B";

/// What is known of commits already; clones of a repository share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Known(Arc<Mutex<HashMap<CommitId, Arc<Facts>>>>);

/// What a commit says of itself.
#[derive(Debug)]
struct Facts {
    commit: Commit,
    tree: String,
    parent: Option<CommitId>,
    email: String,
    message: String,
}

impl Repository {
    /// What `rev` names.
    ///
    /// # Errors
    /// When it names no commit.
    pub fn commit(&self, rev: &str) -> Result<Commit, GitError> {
        Ok(self.facts(rev)?.commit.clone())
    }

    /// The whole message of a commit.
    ///
    /// # Errors
    /// When git fails.
    pub fn message(&self, commit: &CommitId) -> Result<String, GitError> {
        Ok(self.facts_of(commit)?.message.clone())
    }

    /// The tree of a commit.
    ///
    /// # Errors
    /// When git fails.
    pub fn tree(&self, commit: &CommitId) -> Result<String, GitError> {
        Ok(self.facts_of(commit)?.tree.clone())
    }

    /// The author's address.
    ///
    /// # Errors
    /// When git fails.
    pub fn author_email(&self, commit: &CommitId) -> Result<String, GitError> {
        Ok(self.facts_of(commit)?.email.clone())
    }

    /// The commit before; `None` for the first.
    ///
    /// # Errors
    /// When git fails.
    pub fn parent(&self, commit: &CommitId) -> Result<Option<CommitId>, GitError> {
        Ok(self.facts_of(commit)?.parent.clone())
    }

    fn facts_of(&self, commit: &CommitId) -> Result<Arc<Facts>, GitError> {
        let known = self.known.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(facts) = known.get(commit) {
            return Ok(Arc::clone(facts));
        }
        drop(known);
        self.facts(commit.as_str())
    }

    /// Names change what they stand for: git is asked.
    fn facts(&self, rev: &str) -> Result<Arc<Facts>, GitError> {
        let rev = format!("{rev}^{{commit}}");
        let arguments =
            ["log", "-1", "--no-show-signature", "--encoding=UTF-8", FORMAT, &rev, "--"];
        let answer = git(&self.root, arguments)?;
        let facts = read(&answer)?.ok_or_else(|| not_understood("log", &answer))?;
        let facts = Arc::new(facts);
        let mut known = self.known.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(facts.commit.id.clone(), Arc::clone(&facts));
        Ok(facts)
    }
}

fn read(answer: &str) -> Result<Option<Facts>, GitError> {
    let parts: Vec<&str> = answer.splitn(8, '\0').collect();
    let [id, tree, parents, subject, author, email, seconds, message] = parts[..] else {
        return Ok(None);
    };
    let at = seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let Some(at) = at else { return Ok(None) };
    let commit = Commit {
        id: CommitId::new(id)?,
        subject: subject.to_owned(),
        author: author.to_owned(),
        at,
    };
    let parent = parents.split(' ').next().filter(|id| !id.is_empty());
    Ok(Some(Facts {
        commit,
        tree: tree.to_owned(),
        parent: parent.map(CommitId::new).transpose()?,
        email: email.to_owned(),
        message: message.trim_end().to_owned(),
    }))
}
