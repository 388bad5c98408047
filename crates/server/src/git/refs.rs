//! What refs point at that point at others: HEAD, and `origin`'s.
//!
//! They are read where git keeps them, which saves two processes at each start:
//! gitrepository-layout(5), gitglossary(7) on symbolic refs. Where they are not
//! plain files, git is asked.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{GitError, Repository, answer, git, line};

pub(super) const HEAD: &str = "HEAD";
pub(super) const ORIGIN_HEAD: &str = "refs/remotes/origin/HEAD";

/// The files of both, if they are files.
#[derive(Debug, Clone)]
pub(super) struct Heads {
    /// Of what is checked out.
    pub(super) own: PathBuf,
    /// Of what `origin` has checked out.
    pub(super) origin: PathBuf,
}

/// What a file says.
enum Written {
    /// A ref.
    To(String),
    /// There is no such file.
    Absent,
    /// It is not understood.
    Otherwise,
}

impl Repository {
    /// The branch that is checked out; `None` on a detached HEAD.
    ///
    /// # Errors
    /// When git fails.
    pub fn branch(&self) -> Result<Option<String>, GitError> {
        // Whole: the short name is another one where a tag has it, too.
        let head = match self.written(&self.heads.own) {
            Written::To(name) => Some(name),
            // With 1, it points at a commit.
            Written::Absent | Written::Otherwise => answer(self.symbolic(HEAD))?,
        };
        Ok(head.and_then(|name| name.strip_prefix("refs/heads/").map(str::to_owned)))
    }

    /// The branch that `origin` has checked out, as far as this repository knows.
    pub(super) fn origin_branch(&self) -> Result<Option<String>, GitError> {
        let head = match self.written(&self.heads.origin) {
            Written::To(name) => Some(name),
            // Where HEAD is a file like this one would be, there is none.
            Written::Absent if matches!(self.written(&self.heads.own), Written::To(_)) => None,
            Written::Absent | Written::Otherwise => match self.symbolic(ORIGIN_HEAD) {
                Ok(name) => Some(name),
                // With 1 where it is not there, with 128 where it is broken.
                Err(GitError::Failed { .. }) => None,
                Err(error) => return Err(error),
            },
        };
        Ok(head.and_then(|name| name.strip_prefix("refs/remotes/origin/").map(str::to_owned)))
    }

    /// What git says.
    fn symbolic(&self, name: &str) -> Result<String, GitError> {
        Ok(line(&git(&self.root, ["symbolic-ref", "--quiet", name])?).to_owned())
    }

    /// What a file says, and nothing behind it goes on to say.
    fn written(&self, file: &Path) -> Written {
        let says = written(file);
        // Refs are side by side, wherever the work tree is.
        let all = self.heads.origin.ancestors().nth(ORIGIN_HEAD.split('/').count());
        match (&says, all) {
            (Written::To(name), Some(all)) => match fs::read_to_string(all.join(name)) {
                // It points on.
                Ok(text) if text.starts_with("ref:") || is_link(&all.join(name)) => {
                    Written::Otherwise
                }
                _ => says,
            },
            _ => says,
        }
    }
}

fn is_link(file: &Path) -> bool {
    fs::symlink_metadata(file).is_ok_and(|file| file.is_symlink())
}

fn written(file: &Path) -> Written {
    match fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Written::Absent,
        Err(_) => Written::Otherwise,
        // A link stands for what it names, and reads as what that has in it.
        Ok(_) if is_link(file) => Written::Otherwise,
        Ok(text) => match text.strip_prefix("ref:").map(str::trim) {
            // Repositories that keep refs elsewhere have this there, for old programs.
            Some("refs/heads/.invalid") | None => Written::Otherwise,
            Some(name) => Written::To(name.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn what_is_checked_out_here_and_at_the_origin() {
        let dir = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            let mut command = super::super::command(dir.path());
            command.args(["-c", "user.name=T", "-c", "user.email=t@example.org"]);
            command.args(arguments);
            super::super::run(command)
        };
        git(&["init", "--quiet", "--initial-branch=own"]).unwrap();
        let repository = Repository::at(dir.path()).unwrap();
        let heads = || (repository.branch().unwrap(), repository.origin_branch().unwrap());
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(heads(), (some("own"), None));
        git(&["commit", "--quiet", "--allow-empty", "-m", "one"]).unwrap();
        git(&["symbolic-ref", ORIGIN_HEAD, "refs/remotes/origin/a/b"]).unwrap();
        assert_eq!(heads(), (some("own"), some("a/b")));
        // A branch that is another one by its other name.
        git(&["symbolic-ref", "refs/heads/alias", "refs/heads/own"]).unwrap();
        git(&["symbolic-ref", "HEAD", "refs/heads/alias"]).unwrap();
        assert_eq!(heads(), (some("own"), some("a/b")));
        git(&["symbolic-ref", "HEAD", "refs/heads/own"]).unwrap();
        // Another one of the same repository has a HEAD of its own.
        let other = tempfile::tempdir().unwrap();
        let path = other.path().join("w").display().to_string();
        git(&["worktree", "add", "--quiet", "-b", "other", &path]).unwrap();
        let worktree = Repository::at(Path::new(&path)).unwrap();
        assert_eq!(worktree.branch().unwrap(), some("other"));
        assert_eq!(worktree.origin_branch().unwrap(), some("a/b"));
        // An old way to write it.
        fs::remove_file(dir.path().join(".git/HEAD")).unwrap();
        std::os::unix::fs::symlink("refs/heads/own", dir.path().join(".git/HEAD")).unwrap();
        assert_eq!(heads().0, some("own"));
        git(&["checkout", "--quiet", "--detach"]).unwrap();
        assert_eq!(heads(), (None, some("a/b")));
    }
}
