//! What changed since the merge base, asked of the `git` command.

mod hidden;
mod hunks;

pub use hidden::not_checked_out;

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Why git did not answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no git.
    #[error("git cannot be run: {0}; install it (on Debian: `apt-get install git`)")]
    NoGit(std::io::Error),
    /// The commit to compare with is not there.
    #[error("there is no commit `{0}` to compare with; fetch it, or name another with --base")]
    NoBase(String),
    /// It failed.
    #[error("git {command}: {stderr}")]
    Failed {
        /// What was asked.
        command: String,
        /// What it said.
        stderr: String,
    },
}

/// What became of a file since the merge base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileChange {
    /// It was not there.
    Added,
    /// It has another content.
    Modified,
    /// It is gone.
    Deleted,
}

/// A work tree and the commit that it is compared with.
#[derive(Debug, Clone)]
pub struct Since {
    /// The work tree's folder.
    pub root: PathBuf,
    /// The merge base, by its full id.
    pub base: String,
    /// What changed since, uncommitted files included; paths from the root.
    pub changes: BTreeMap<String, FileChange>,
}

/// The folder of the work tree that a path is in; nothing outside of one.
///
/// # Errors
/// When git cannot be run.
pub fn work_tree(of: &Path) -> Result<Option<PathBuf>, GitError> {
    let folder = if of.is_dir() { of } else { of.parent().unwrap_or(of) };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if is_surely_outside(folder) {
        return Ok(None);
    }
    match git(folder, &["rev-parse", "--show-toplevel"]) {
        Ok(out) => Ok(Some(PathBuf::from(String::from_utf8_lossy(&out).trim_end()))),
        Err(GitError::Failed { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether there is nothing to ask git about: no folder on the way up has a `.git`, and nobody
/// says that it lies elsewhere (git-rev-parse's `GIT_DIR`).
fn is_surely_outside(folder: &Path) -> bool {
    let has_none = |above: &Path| matches!(above.join(".git").try_exists(), Ok(false));
    let outside = |folder: PathBuf| folder.ancestors().all(has_none);
    std::env::var_os("GIT_DIR").is_none() && folder.canonicalize().is_ok_and(outside)
}

/// What changed in a work tree since it left `base`; without one, since it left the branch that
/// it goes to (`origin/HEAD`, `origin/main`, `origin/master`, `main`, `master`). Nothing if there
/// is no such branch.
///
/// # Errors
/// When git cannot be run or fails, or `base` is not there.
pub fn since(root: &Path, base: Option<&str>) -> Result<Option<Since>, GitError> {
    // In full: a tag may be called `main`, too.
    const TRUNKS: &[&str] = &[
        "refs/remotes/origin/HEAD",
        "refs/remotes/origin/main",
        "refs/remotes/origin/master",
        "refs/heads/main",
        "refs/heads/master",
    ];
    let Some(base) = (match base {
        Some(base) => {
            Some(merge_base(root, base)?.ok_or_else(|| GitError::NoBase(base.to_owned()))?)
        }
        None => {
            let mut found = None;
            let trunks = TRUNKS.iter().skip(usize::from(is_of_one_branch(root)));
            for trunk in trunks {
                found = merge_base(root, trunk)?;
                if found.is_some() {
                    break;
                }
            }
            found
        }
    }) else {
        return Ok(None);
    };
    let mut changes = BTreeMap::new();
    let diff = git(root, &["diff", "--name-status", "--no-renames", "-z", &base, "--"])?;
    let mut fields = diff.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    while let (Some(status), Some(path)) = (fields.next(), fields.next()) {
        let change = match &*status {
            "A" => FileChange::Added,
            "D" => FileChange::Deleted,
            _ => FileChange::Modified,
        };
        changes.insert(path.into_owned(), change);
    }
    for path in hidden::changed(root, &base)? {
        changes.entry(path).or_insert(FileChange::Modified);
    }
    let others = git(root, &["ls-files", "--others", "--exclude-standard", "-z"])?;
    for path in names(&others) {
        changes.insert(String::from_utf8_lossy(path).into_owned(), FileChange::Added);
    }
    Ok(Some(Since { root: root.to_path_buf(), base, changes }))
}

/// The paths of the files at a commit, from the root.
///
/// # Errors
/// When git cannot be run or fails.
pub fn files_at(root: &Path, commit: &str) -> Result<HashSet<String>, GitError> {
    let list = git(root, &["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit])?;
    Ok(names(&list).map(|name| String::from_utf8_lossy(name).into_owned()).collect())
}

/// The files and folders that git ignores and does not track, from the root.
///
/// # Errors
/// When git cannot be run or fails.
pub fn ignored(root: &Path) -> Result<Vec<PathBuf>, GitError> {
    let list = ["ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z"];
    let list = git(root, &list)?;
    Ok(names(&list).map(|name| PathBuf::from(&*String::from_utf8_lossy(name))).collect())
}

/// The lines of each file that were added or altered since the merge base, uncommitted ones
/// included, from 1; all of them (up to [`u32::MAX`]) of files that are new or no text. A file that
/// lost lines alone has none.
///
/// # Errors
/// When git cannot be run or fails.
pub fn added_lines(since: &Since) -> Result<BTreeMap<String, Vec<Range<u32>>>, GitError> {
    // However the user has git write its differences.
    let diff = [
        "-c",
        "core.quotePath=false",
        "diff",
        "--no-color",
        "--no-ext-diff",
        "--no-textconv",
        "--no-renames",
        "--src-prefix=a/",
        "--dst-prefix=b/",
        "-U0",
        "--inter-hunk-context=0",
        "--submodule=short",
        "--no-relative",
        &since.base,
        "--",
    ];
    let diff = git(&since.root, &diff)?;
    let mut added = hunks::added(&diff);
    let all = || std::iter::once(1..u32::MAX).collect::<Vec<_>>();
    for (file, change) in &since.changes {
        match change {
            FileChange::Added => drop(added.insert(file.clone(), all())),
            // Without a hunk: no text, or a name that git cannot write as it is.
            FileChange::Modified => drop(added.entry(file.clone()).or_insert_with(all)),
            FileChange::Deleted => drop(added.remove(file)),
        }
    }
    added.retain(|file, _| since.changes.contains_key(file));
    Ok(added)
}

/// The files that git tracks, and those it would if they were added; from the root.
///
/// # Errors
/// When git cannot be run or fails.
pub fn tracked(root: &Path) -> Result<Vec<PathBuf>, GitError> {
    use std::os::unix::ffi::OsStrExt as _;
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"];
    let list = git(root, &list)?;
    let files = names(&list).map(|name| PathBuf::from(std::ffi::OsStr::from_bytes(name)));
    // A submodule is a folder; what was deleted is in the index still.
    let is_there = |file: &PathBuf| {
        std::fs::symlink_metadata(root.join(file)).is_ok_and(|meta| !meta.is_dir())
    };
    Ok(files.filter(is_there).collect())
}

/// Whether older commits were left out when the repository was cloned.
///
/// # Errors
/// When git cannot be run or fails.
pub fn is_shallow(root: &Path) -> Result<bool, GitError> {
    Ok(git(root, &["rev-parse", "--is-shallow-repository"])?.trim_ascii() == b"true")
}

/// The content of a file at a commit; nothing if it was not there.
///
/// # Errors
/// When git cannot be run.
pub fn content_at(root: &Path, commit: &str, path: &str) -> Result<Option<Vec<u8>>, GitError> {
    match git(root, &["cat-file", "blob", &format!("{commit}:{path}")]) {
        Ok(content) => Ok(Some(content)),
        Err(GitError::Failed { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The names of a list that git ends with zeros (`-z`).
fn names(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == 0).filter(|name| !name.is_empty())
}

/// Whether only one branch was cloned: its remote's HEAD is that branch then, whatever it is.
fn is_of_one_branch(root: &Path) -> bool {
    let fetched = git(root, &["config", "--get-all", "remote.origin.fetch"]);
    fetched.is_ok_and(|fetched| !fetched.contains(&b'*'))
}

fn merge_base(root: &Path, with: &str) -> Result<Option<String>, GitError> {
    let commit = format!("{with}^{{commit}}");
    if let Err(error) = git(root, &["rev-parse", "--verify", "--quiet", &commit]) {
        return if matches!(error, GitError::Failed { .. }) { Ok(None) } else { Err(error) };
    }
    match git(root, &["merge-base", "HEAD", &commit]) {
        Ok(out) => Ok(Some(String::from_utf8_lossy(&out).trim().to_owned())),
        // Histories without a common commit, or no commit at all.
        Err(GitError::Failed { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(crate) fn git(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
    let output = command(folder).args(arguments).output().map_err(GitError::NoGit)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(GitError::Failed {
        command: arguments.join(" "),
        stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

/// The command, which looks at files and objects as they are: neither what a monitor says of
/// files nor what objects are replaced by (`git replace`, grafts) is believed.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder);
    let settings = [
        "core.fsmonitor=false",
        "core.trustctime=true",
        "core.checkStat=default",
        "advice.graftFileDeprecated=false",
    ];
    for setting in settings {
        command.args(["-c", setting]);
    }
    command
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_GRAFT_FILE", "/dev/null");
    command
}
