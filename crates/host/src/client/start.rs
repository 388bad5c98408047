//! Starting the host when none runs.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::fs::FlockOperation;
use tokio::time::Instant;

use super::connection::Connection;
use super::error::ClientError;
use crate::executable;
use crate::files;
use crate::log_file;
use crate::paths::HostPaths;

/// How long the host has to answer after it was started.
const START: Duration = Duration::from_secs(30);

/// Returns when a host answers. Whoever holds the start lock starts it; the
/// others wait for the same socket.
pub(super) async fn ensure_running(
    paths: &HostPaths,
    executable: &Path,
) -> Result<(), ClientError> {
    let failed = |what: &str, error: &dyn std::fmt::Display| ClientError::Start {
        reason: format!("{what}: {error}"),
        log: Vec::new(),
    };
    files::create_private_dir(paths.dir())
        .map_err(|error| failed(&format!("cannot create {}", paths.dir().display()), &error))?;
    let lock = open_lock(&paths.start_lock())
        .map_err(|error| failed("cannot open its lock file", &error))?;
    let deadline = Instant::now() + START;
    let mut started = false;
    loop {
        match Connection::open(paths.socket()).await {
            Ok(_) => return Ok(()),
            Err(ClientError::NotRunning { .. } | ClientError::Broken { .. }) => {}
            Err(error) => return Err(error),
        }
        let starter = rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok();
        if starter && !started && !keeper_lives(paths) {
            let copy = executable::install(paths, executable)
                .map_err(|error| failed("cannot copy the executable", &error))?;
            background(paths, &copy).await?;
            started = true;
        }
        if Instant::now() >= deadline {
            let reason = format!("nothing answered on {} in time", paths.socket().display());
            return Err(ClientError::Start { reason, log: last_words(paths) });
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(path)
}

/// Whether a keeper runs, or a proxy that will start one.
fn keeper_lives(paths: &HostPaths) -> bool {
    [paths.keeper_lock(), paths.control_lock()].iter().any(|path| {
        File::open(path).is_ok_and(|file| {
            rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared).is_err()
        })
    })
}

/// Runs `host keeper --background`, which leaves the terminal and returns.
async fn background(paths: &HostPaths, executable: &Path) -> Result<(), ClientError> {
    let mut command = Command::new(executable);
    command.args(crate::arguments::keeper(paths, true)).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .map_err(io::Error::other)
        .and_then(|output| output);
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(ClientError::Start {
            reason: format!("its keeper ended with {}", output.status),
            log: String::from_utf8_lossy(&output.stderr).lines().map(str::to_owned).collect(),
        }),
        Err(error) => Err(ClientError::Start {
            reason: format!("cannot run {}: {error}", executable.display()),
            log: Vec::new(),
        }),
    }
}

fn last_words(paths: &HostPaths) -> Vec<String> {
    let mut words = Vec::new();
    for log in [paths.keeper_log(), paths.proxy_log()] {
        // A log that cannot be read has nothing to add to the error in hand.
        words.extend(log_file::tail(&log, 5).unwrap_or_default());
    }
    words
}
