//! Asking the `git` command.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::ActionError;

/// How git ended: what it wrote, or the last line of what it complained.
pub(super) type Answer = Result<Vec<u8>, String>;

/// A git that asks nobody for anything, ends when nobody waits for it, and
/// gives up on a server that sends nothing for 30 seconds.
fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(folder)
        // A mirror may belong to somebody else; whoever configured it trusts it.
        .args(["-c", "safe.directory=*", "-c", "gc.auto=0", "-c", "core.hooksPath=/dev/null"])
        .args(["-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=30"])
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GCM_INTERACTIVE", "never")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    if std::env::var_os("GIT_SSH_COMMAND").is_none() {
        command.env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes");
    }
    command
}

/// Runs git in `folder` and waits for its end.
pub(super) async fn ask<A: AsRef<OsStr>>(
    folder: &Path,
    args: impl IntoIterator<Item = A>,
) -> Result<Answer, ActionError> {
    let output = git(folder).args(args).output().await.map_err(ActionError::NoGit)?;
    Ok(match output.status.success() {
        true => Ok(output.stdout),
        false => Err(complaint(&output.stderr)),
    })
}

/// Unpacks the files of a commit into `target`, as an archive of the server
/// has them: `export-ignore` applies, submodules are empty.
pub(crate) async fn unpack(
    repository: &Path,
    commit: &str,
    target: &Path,
) -> Result<Result<(), String>, ActionError> {
    let wrong = ActionError::io("unpack an action into", target);
    // Beside the target, so that whoever clears that away after a crash takes
    // this with it.
    let archive = target.with_extension("tar");
    let args = ["archive", "--format=tar", "--output"].map(OsStr::new);
    let args = args.into_iter().chain([archive.as_os_str(), OsStr::new(commit)]);
    if let Err(complaint) = ask(repository, args).await? {
        return Ok(Err(complaint));
    }
    let (target, file) = (target.to_owned(), archive);
    // Reading and writing many files blocks.
    let unpacked = tokio::task::spawn_blocking(move || {
        let mut archive = tar::Archive::new(io::BufReader::new(File::open(&file)?));
        archive.set_preserve_mtime(false);
        archive.unpack(&target)?;
        std::fs::remove_file(file)
    });
    unpacked.await.map_err(io::Error::other).flatten().map(Ok).map_err(wrong)
}

/// The text of a file of a commit; nothing if it is not there.
///
/// # Errors
/// When git cannot be run.
pub(crate) async fn file_at(
    repository: &Path,
    commit: &str,
    path: &str,
) -> Result<Option<String>, ActionError> {
    let object = format!("{commit}:{path}");
    let answer = ask(repository, ["cat-file", "blob", &object]).await?;
    Ok(answer.ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// The line that says why, without git's prefix.
fn complaint(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let line = lines.iter().find(|line| line.starts_with("fatal:") || line.starts_with("error:"));
    let line = line.or(lines.last()).copied().unwrap_or("git failed and said nothing");
    line.trim_start_matches("fatal:").trim_start_matches("error:").trim().to_owned()
}
