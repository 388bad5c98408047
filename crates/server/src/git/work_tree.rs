//! What is checked out, with what is not committed.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use shipway_core::digest::hex;
use shipway_core::ids::CommitId;
use shipway_core::plan::Commit;

use super::objects::Kind;
use super::{GitError, Repository, command, run};

/// As long is the shortest digest that git ends an index with.
const DIGEST: i64 = 20;

/// What is checked out.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkTree {
    /// The commit that is checked out, or one on top of it with what is not
    /// committed. No branch has that one.
    pub commit: Commit,
    /// The files that differ from what is checked out, and those that git does
    /// not know and does not ignore.
    pub uncommitted: Vec<String>,
}

impl Repository {
    /// What is checked out, with files that git does not know and does not
    /// ignore. No branch, index or file changes.
    ///
    /// `memory` is a file that says what was found out last: a work tree that has not
    /// changed since is the same commit.
    ///
    /// # Errors
    /// When git fails, or there is no commit yet.
    pub fn work_tree(&self, memory: &Path) -> Result<WorkTree, GitError> {
        self.ahead.work_tree().unwrap_or_else(|| self.look_at_work_tree(memory))
    }

    pub(super) fn look_at_work_tree(&self, memory: &Path) -> Result<WorkTree, GitError> {
        let mut notes = Notes::read(memory);
        let tree = self.tree_of_files(&mut notes);
        let head = self.head()?;
        let tree = match tree {
            // Where nothing can be written, what was only touched cannot be looked at so.
            Err(error) if self.uncommitted()?.is_empty() => {
                tracing::debug!(%error, "the work tree is as it was committed");
                return Ok(WorkTree { commit: head, uncommitted: Vec::new() });
            }
            tree => tree?,
        };
        let before = self.tree(&head.id)?;
        if tree == before {
            notes.keep(memory);
            return Ok(WorkTree { commit: head, uncommitted: Vec::new() });
        }
        let uncommitted = self.changed_between_trees(&before, &tree)?;
        let snapshot = format!("{} with {tree}", head.id);
        let commit = match self.remembered(&notes, &snapshot)? {
            Some(commit) => commit,
            None => self.committed(&tree, &head.id)?,
        };
        notes.note(&snapshot, commit.id.as_str());
        notes.keep(memory);
        Ok(WorkTree { commit, uncommitted })
    }

    /// The tree of the files as they are.
    fn tree_of_files(&self, notes: &mut Notes) -> Result<String, GitError> {
        let folder = tempfile::tempdir().map_err(GitError::NoGit)?;
        let index = folder.path().join("index");
        let with_index = |arguments: &[&str]| {
            let mut command = command(&self.root);
            command.env("GIT_INDEX_FILE", &index).args(arguments);
            Ok::<_, GitError>(String::from_utf8_lossy(&run(command)?).into_owned())
        };
        // A copy knows which files are as they were: they need not be read.
        if copy_index(&self.index, &index).is_err() {
            with_index(&["read-tree", self.head()?.id.as_str()])?;
        }
        with_index(&["add", "--all"])?;
        // What cannot be read is nothing to remember: git says why.
        let question =
            digest_of(&index).unwrap_or_default().map(|digest| format!("index {digest}"));
        let known = question.as_ref().and_then(|question| notes.recall(question));
        let tree = match known {
            Some(tree) if self.has_tree(tree)? => tree.to_owned(),
            _ => with_index(&["write-tree"])?.trim_end().to_owned(),
        };
        if let Some(question) = question {
            notes.note(&question, &tree);
        }
        Ok(tree)
    }

    fn has_tree(&self, id: &str) -> Result<bool, GitError> {
        Ok(self.object(id)?.is_some_and(|object| object.kind == Kind::Tree && object.id == id))
    }

    fn committed(&self, tree: &str, head: &CommitId) -> Result<Commit, GitError> {
        let message = format!("uncommitted changes on top of {}", head.short());
        let mut command = command(&self.root);
        command.args(["-c", "user.name=shipway", "-c", "user.email=shipway@localhost"]);
        command.args(["commit-tree", tree, "-p", head.as_str(), "-m", &message]);
        let commit = String::from_utf8_lossy(&run(command)?).into_owned();
        self.commit(commit.trim_end())
    }

    /// The commit that was made of the same files on top of the same commit, if
    /// it was the last one and git still has it.
    fn remembered(&self, notes: &Notes, snapshot: &str) -> Result<Option<Commit>, GitError> {
        let id = notes.recall(snapshot).and_then(|id| CommitId::new(id).ok());
        let Some(id) = id else { return Ok(None) };
        if !self.has(&id)? {
            return Ok(None);
        }
        Ok(Some(self.commit(id.as_str())?).filter(|commit| commit.id == id))
    }
}

/// What was found out last: a line each, `index <digest> is <tree>` and
/// `<commit> with <tree> is <commit>`.
struct Notes {
    lines: Vec<String>,
    changed: bool,
}

impl Notes {
    fn read(memory: &Path) -> Self {
        let text = fs::read_to_string(memory).unwrap_or_default();
        Self { lines: text.lines().map(str::to_owned).collect(), changed: false }
    }

    /// The id may be anything, and nobody's.
    fn recall(&self, what: &str) -> Option<&str> {
        self.lines.iter().find_map(|line| line.strip_prefix(what)?.strip_prefix(" is "))
    }

    fn note(&mut self, what: &str, id: &str) {
        if self.recall(what) == Some(id) {
            return;
        }
        let is_index = |line: &str| line.starts_with("index ");
        self.lines.retain(|line| is_index(line) != is_index(what));
        self.lines.push(format!("{what} is {id}"));
        self.changed = true;
    }

    fn keep(self, memory: &Path) {
        if self.changed
            && let Err(error) = fs::write(memory, self.lines.join("\n") + "\n")
        {
            // The same files are another commit the next time, and no worse.
            tracing::debug!(%error, memory = %memory.display(), "a snapshot is not remembered");
        }
    }
}

/// What an index ends with: a digest of all that is in it, of which a tree is made. There
/// is none where git is told to save the work. Source: gitformat-index(5), `index.skipHash`
/// in git-config(1).
fn digest_of(index: &Path) -> io::Result<Option<String>> {
    let (mut index, mut digest) = (File::open(index)?, Vec::new());
    index.seek(SeekFrom::End(-DIGEST))?;
    index.read_to_end(&mut digest)?;
    Ok(digest.iter().any(|byte| *byte != 0).then(|| hex(&digest)))
}

/// A copy of an index, as old as it: a file that is not older may have changed
/// since, and git looks into it ("racy git" in its documentation).
fn copy_index(index: &Path, to: &Path) -> io::Result<()> {
    let mut index = File::open(index)?;
    let modified = index.metadata()?.modified()?;
    let mut copy = File::create_new(to)?;
    io::copy(&mut index, &mut copy)?;
    copy.set_modified(modified)
}
