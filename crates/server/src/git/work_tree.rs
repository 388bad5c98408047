//! What is checked out, with what is not committed.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use shipway_core::ids::CommitId;
use shipway_core::plan::Commit;

use super::{GitError, Repository, command, run};

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
    /// `memory` is a file that says which commit was made last: a work tree that
    /// has not changed since is the same commit.
    ///
    /// # Errors
    /// When git fails, or there is no commit yet.
    pub fn work_tree(&self, memory: &Path) -> Result<WorkTree, GitError> {
        self.ahead.work_tree().unwrap_or_else(|| self.look_at_work_tree(memory))
    }

    pub(super) fn look_at_work_tree(&self, memory: &Path) -> Result<WorkTree, GitError> {
        let tree = self.tree_of_files();
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
            return Ok(WorkTree { commit: head, uncommitted: Vec::new() });
        }
        let uncommitted = self.changed_between_trees(&before, &tree)?;
        let commit = match self.remembered(memory, &head.id, &tree)? {
            Some(commit) => commit,
            None => self.committed(&tree, &head.id, memory)?,
        };
        Ok(WorkTree { commit, uncommitted })
    }

    /// The tree of the files as they are.
    fn tree_of_files(&self) -> Result<String, GitError> {
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
        Ok(with_index(&["write-tree"])?.trim_end().to_owned())
    }

    fn committed(&self, tree: &str, head: &CommitId, memory: &Path) -> Result<Commit, GitError> {
        let message = format!("uncommitted changes on top of {}", head.short());
        let mut command = command(&self.root);
        command.args(["-c", "user.name=shipway", "-c", "user.email=shipway@localhost"]);
        command.args(["commit-tree", tree, "-p", head.as_str(), "-m", &message]);
        let commit = String::from_utf8_lossy(&run(command)?).into_owned();
        let commit = self.commit(commit.trim_end())?;
        if let Err(error) = fs::write(memory, remark(head, tree, commit.id.as_str())) {
            // The same files are another commit the next time, and no worse.
            tracing::debug!(%error, memory = %memory.display(), "a snapshot is not remembered");
        }
        Ok(commit)
    }

    /// The commit that was made of the same files on top of the same commit, if
    /// it was the last one and git still has it.
    fn remembered(
        &self,
        memory: &Path,
        head: &CommitId,
        tree: &str,
    ) -> Result<Option<Commit>, GitError> {
        let said = fs::read_to_string(memory).unwrap_or_default();
        let id = said.split_whitespace().next_back().unwrap_or_default();
        let Ok(id) = CommitId::new(id) else { return Ok(None) };
        if said != remark(head, tree, id.as_str()) || !self.has(&id)? {
            return Ok(None);
        }
        Ok(Some(self.commit(id.as_str())?).filter(|commit| commit.id == id))
    }
}

fn remark(head: &CommitId, tree: &str, commit: &str) -> String {
    format!("{head} with {tree} is {commit}\n")
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
