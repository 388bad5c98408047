//! What a commit says of itself: read once, since it never changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use shipway_core::ids::CommitId;
use shipway_core::plan::Commit;

use super::objects::{Kind, Object};
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
    parents: Vec<CommitId>,
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
        Ok(self.facts_of(commit)?.parents.first().cloned())
    }

    /// Whether `before` is the only parent of `commit`.
    pub(super) fn follows(&self, commit: &CommitId, before: &CommitId) -> Result<bool, GitError> {
        Ok(self.facts_of(commit)?.parents == [before.clone()])
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
        let object = self.object(&rev)?.filter(|object| object.kind == Kind::Commit);
        // Where a shallow clone begins, commits count as the first ones.
        let object = object.filter(|_| !self.shallow.exists());
        let facts = match object.and_then(|object| of_object(&object).transpose()) {
            Some(facts) => facts?,
            None => self.told(&rev)?,
        };
        let facts = Arc::new(facts);
        let mut known = self.known.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(facts.commit.id.clone(), Arc::clone(&facts));
        Ok(facts)
    }

    /// What git says of a commit that is not written as usual; or why there is
    /// none.
    fn told(&self, rev: &str) -> Result<Facts, GitError> {
        let log = ["log", "-1", "--no-show-signature", "--encoding=UTF-8", FORMAT, rev, "--"];
        let answer = git(&self.root, log)?;
        read(&answer)?.ok_or_else(|| not_understood("log", &answer))
    }
}

/// What the commit's object says; `None` where it takes git to understand it:
/// texts that are not UTF-8, lines that are not as usual.
fn of_object(object: &Object) -> Result<Option<Facts>, GitError> {
    let Ok(text) = std::str::from_utf8(&object.content) else { return Ok(None) };
    let Some((head, message)) = text.split_once("\n\n") else { return Ok(None) };
    let (mut tree, mut parents, mut author, mut committer) = (None, Vec::new(), None, None);
    for line in head.lines() {
        match line.split_once(' ') {
            Some(("tree", id)) => tree = Some(id.to_owned()),
            Some(("parent", id)) => parents.push(CommitId::new(id)?),
            Some(("author", who)) => author = person(who),
            Some(("committer", who)) => committer = person(who),
            Some(("encoding", _)) => return Ok(None),
            _ => {}
        }
    }
    let (Some(tree), Some((author, email, _)), Some((.., at))) = (tree, author, committer) else {
        return Ok(None);
    };
    let message = message.trim_start_matches('\n');
    let lines = message.lines().map(str::trim_end);
    let subject: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    let (id, subject) = (CommitId::new(&object.id)?, subject.join(" "));
    Ok(Some(Facts {
        commit: Commit { id, subject, author: author.to_owned(), at },
        tree,
        parents,
        email: email.to_owned(),
        message: message.trim_end().to_owned(),
    }))
}

/// `Name <address> seconds zone`
fn person(line: &str) -> Option<(&str, &str, Timestamp)> {
    let (name, rest) = line.split_once(" <")?;
    let (email, when) = rest.split_once("> ")?;
    let seconds = when.split(' ').next()?.parse().ok()?;
    Some((name, email, Timestamp::from_second(seconds).ok()?))
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
    let parents = parents.split(' ').filter(|id| !id.is_empty());
    Ok(Some(Facts {
        commit,
        tree: tree.to_owned(),
        parents: parents.map(CommitId::new).collect::<Result<_, _>>()?,
        email: email.to_owned(),
        message: message.trim_end().to_owned(),
    }))
}
