//! What git knows, asked of the `git` command.

mod ahead;
mod between;
mod changes;
mod facts;
mod objects;
mod refs;
mod remote;
mod texts;
mod trees;
mod work_tree;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rustix::fs::{Access, access};
use shipway_core::ids::{BadName, CommitId};
use shipway_core::plan::Commit;

pub use ahead::LookingAhead;
pub use remote::Remote;
pub use texts::{BlobId, File};
pub use work_tree::WorkTree;

/// Why git did not answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no git.
    #[error("git cannot be run: {0}; install it (on Debian: `apt-get install git`)")]
    NoGit(std::io::Error),
    /// It is not a repository.
    #[error("{0} is not in a git repository; run `git init` there first")]
    NoRepository(PathBuf),
    /// There is nothing in it.
    #[error("the repository has no commit yet; commit something first")]
    NoCommit,
    /// It failed.
    #[error("git {command}: {stderr}")]
    Failed {
        /// What was asked.
        command: String,
        /// Its exit code; none if a signal ended it.
        code: Option<i32>,
        /// What it said.
        stderr: String,
    },
    /// A file that has to be text is not.
    #[error("{path} at commit {commit} is not UTF-8 text")]
    NotText {
        /// The file.
        path: String,
        /// The commit, shortened.
        commit: String,
    },
    /// It said what cannot be understood.
    #[error("git {command} answered `{answer}`")]
    Answer {
        /// What was asked.
        command: String,
        /// What it said.
        answer: String,
    },
    /// An object id that is none.
    #[error(transparent)]
    Id(#[from] BadName),
}

/// A repository with a work tree.
#[derive(Debug, Clone)]
pub struct Repository {
    root: PathBuf,
    /// Where what is to be committed next stands.
    index: PathBuf,
    /// Where the commits are listed that a shallow clone begins with.
    shallow: PathBuf,
    /// Where it keeps what is checked out, and what `origin` has there.
    heads: refs::Heads,
    known: facts::Known,
    objects: objects::Objects,
    ahead: ahead::Ahead,
}

impl Repository {
    /// The repository that `dir` is in.
    ///
    /// # Errors
    /// When it is in none, or git is missing.
    pub fn at(dir: &Path) -> Result<Self, GitError> {
        let places = ["rev-parse", "--show-toplevel", "--path-format=absolute"];
        let files = ["index", "shallow", refs::HEAD, refs::ORIGIN_HEAD];
        let files = files.into_iter().flat_map(|file| ["--git-path", file]);
        match git(dir, places.into_iter().chain(files)) {
            Ok(answer) => {
                // The folder may have a line feed in its name.
                let mut lines = line(&answer).rsplitn(5, '\n').map(PathBuf::from);
                let mut next = || lines.next().ok_or_else(|| not_understood("rev-parse", &answer));
                let heads = refs::Heads { origin: next()?, own: next()? };
                let (shallow, index, root) = (next()?, next()?, next()?);
                let (known, objects) = (facts::Known::default(), objects::Objects::default());
                let ahead = ahead::Ahead::default();
                Ok(Self { root, index, shallow, heads, known, objects, ahead })
            }
            // Anything else, such as another owner's repository, has a cure of
            // its own, which git names.
            Err(GitError::Failed { stderr, .. }) if stderr.contains("not a git repository") => {
                Err(GitError::NoRepository(dir.to_owned()))
            }
            Err(error) => Err(error),
        }
    }

    /// Its top folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The commit that is checked out.
    ///
    /// # Errors
    /// When there is none.
    pub fn head(&self) -> Result<Commit, GitError> {
        self.commit("HEAD").or_else(|error| {
            let head = git(&self.root, ["rev-parse", "--verify", "--quiet", "HEAD"]);
            Err(if answer(head)?.is_none() { GitError::NoCommit } else { error })
        })
    }

    /// The local branches whose newest commit is this one.
    ///
    /// # Errors
    /// When git fails.
    pub fn branches_at(&self, commit: &CommitId) -> Result<Vec<String>, GitError> {
        let format = "--format=%(refname:lstrip=2)";
        let points = ["for-each-ref", format, "--points-at", commit.as_str(), "refs/heads"];
        Ok(git(&self.root, points)?.lines().map(str::to_owned).collect())
    }

    /// Files that differ from the commit, and files that git does not know and
    /// does not ignore, as `git status --short` shows them.
    ///
    /// # Errors
    /// When git fails.
    pub fn uncommitted(&self) -> Result<Vec<String>, GitError> {
        let answer = git(&self.root, ["status", "--porcelain", "--untracked-files=all"])?;
        Ok(answer.lines().map(str::to_owned).collect())
    }

    /// The files of a commit below `folder`, from the repository's root.
    ///
    /// # Errors
    /// When git fails.
    pub fn files(&self, commit: &CommitId, folder: &str) -> Result<Vec<String>, GitError> {
        let tree = ["ls-tree", "-r", "-z", "--name-only", commit.as_str(), "--", folder];
        Ok(paths(&git(&self.root, tree)?))
    }

    /// Whether `older` is an ancestor of `newer`, and not the same.
    ///
    /// # Errors
    /// When git fails. A commit that is not there is nobody's ancestor, and
    /// has none.
    pub fn is_behind(&self, older: &CommitId, newer: &CommitId) -> Result<bool, GitError> {
        if older == newer {
            return Ok(false);
        }
        if !self.has(older)? || !self.has(newer)? {
            return Ok(false);
        }
        let ask = ["merge-base", "--is-ancestor", older.as_str(), newer.as_str()];
        Ok(answer(git(&self.root, ask))?.is_some())
    }

    /// Whether the commit is there: not after a history was rewritten, and not
    /// where a shallow clone ends.
    ///
    /// # Errors
    /// When git cannot be run.
    pub fn has(&self, commit: &CommitId) -> Result<bool, GitError> {
        Ok(self.object(&format!("{commit}^{{commit}}"))?.is_some())
    }

    /// The address of `origin` as it is configured, if there is one: `insteadOf` tells where git
    /// finds the repository, not what it is called.
    ///
    /// # Errors
    /// When git cannot be run.
    pub fn origin(&self) -> Result<Option<String>, GitError> {
        self.ahead.origin().unwrap_or_else(|| configured_origin(&self.root))
    }
}

fn configured_origin(root: &Path) -> Result<Option<String>, GitError> {
    match git(root, ["config", "--get", "remote.origin.url"]) {
        Ok(url) => Ok(Some(line(&url).to_owned())),
        Err(GitError::Failed { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A clean checkout of a commit into `to`, which is made.
///
/// # Errors
/// When git fails.
pub fn checkout(repository: &Path, commit: &CommitId, to: &Path) -> Result<(), GitError> {
    std::fs::create_dir_all(to).map_err(GitError::NoGit)?;
    let format = git(repository, ["rev-parse", "--show-object-format"])?;
    let format = format!("--object-format={}", line(&format));
    // No template: its hooks are for people's own clones.
    git(to, ["init", "--quiet", "--template=", &format])?;
    // The objects are read where they are; nothing is copied.
    let objects =
        git(repository, ["rev-parse", "--path-format=absolute", "--git-path", "objects"])?;
    let alternates = to.join(".git/objects/info");
    std::fs::create_dir_all(&alternates)
        .and_then(|()| std::fs::write(alternates.join("alternates"), objects))
        .map_err(GitError::NoGit)?;
    let no_hooks = ["-c", "core.hooksPath=/dev/null"];
    let checkout = ["checkout", "--quiet", "--detach", commit.as_str()];
    git(to, no_hooks.into_iter().chain(checkout))?;
    Ok(())
}

fn paths(answer: &str) -> Vec<String> {
    answer.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect()
}

/// What git said to a question that it answers with the exit code 1 where the
/// answer is no.
fn answer(said: Result<String, GitError>) -> Result<Option<String>, GitError> {
    match said {
        Ok(text) => Ok(Some(text)),
        Err(GitError::Failed { code: Some(1), .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// An answer of one line. Names may end with a space.
fn line(answer: &str) -> &str {
    answer.strip_suffix('\n').unwrap_or(answer)
}

/// Names that are not UTF-8 are shown as well as they can be: nothing that
/// Shipway reads has such a name.
fn git<'a>(dir: &Path, arguments: impl IntoIterator<Item = &'a str>) -> Result<String, GitError> {
    Ok(String::from_utf8_lossy(&bytes(dir, arguments)?).into_owned())
}

fn bytes<'a>(
    dir: &Path,
    arguments: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<u8>, GitError> {
    let mut command = command(dir);
    command.args(arguments);
    run(command)
}

/// `git` as it stands in the PATH, looked for once: a process that is started by
/// its name tries one folder after the other, each time.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let is_program = |file: &PathBuf| file.is_file() && access(file, Access::EXEC_OK).is_ok();
        let mut places = std::env::split_paths(&path).map(|folder| folder.join("git"));
        // Where there is none, to start it says so.
        places.find(is_program).unwrap_or_else(|| PathBuf::from("git"))
    })
}

fn command(dir: &Path) -> Command {
    let mut command = Command::new(program());
    command.arg("-C").arg(dir).env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0");
    // A hook that calls us must not turn our questions to another repository.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"] {
        command.env_remove(name);
    }
    command
}

fn run(mut command: Command) -> Result<Vec<u8>, GitError> {
    let output = command.output().map_err(GitError::NoGit)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    // Without `-C` and the folder.
    let words = command.get_args().skip(2).map(OsStr::to_string_lossy);
    let asked = words.collect::<Vec<_>>().join(" ");
    let stderr = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
    Err(GitError::Failed { command: asked, code: output.status.code(), stderr })
}

fn not_understood(command: &str, answer: &str) -> GitError {
    GitError::Answer { command: command.to_owned(), answer: answer.to_owned() }
}
