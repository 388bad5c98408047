//! The keeper: holds the listening sockets, is the parent of the releases,
//! and keeps a proxy running. It decides nothing else.
//!
//! | file | what it is about |
//! |---|---|
//! | `wire`, `channel` | what it says to the proxy, and how |
//! | `dispatch` | one loop that owns everything below |
//! | `processes` | the releases, and their records on disk |
//! | `proxies` | the proxy in charge, the one that follows, those that finish |
//! | `reexec` | becoming a newer executable without letting go of anything |
//! | `detach` | leaving the terminal and the caller behind |

pub(crate) mod channel;
mod detach;
mod dispatch;
mod processes;
mod proxies;
pub(crate) mod reexec;
pub(crate) mod wire;

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use rustix::fs::FlockOperation;

use crate::arguments::{self, Arguments};
use crate::files;
use crate::paths::HostPaths;
use dispatch::Keeper;

pub(crate) use detach::start_in_background;

const LOCK_ATTEMPTS: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// What the lock says once the host was asked to end.
const ENDED: &str = "ended";

/// Runs the keeper: `host keeper …`, without those two words. It has a
/// runtime of its own: call it from `main`, outside of any other.
pub fn main_keeper(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    crate::daemon_log::init();
    let outcome = arguments::parse(args).map_err(io::Error::other).and_then(run);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the keeper ends");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> io::Result<()> {
    let Arguments { paths, background, channel, service, resume } = arguments;
    if background {
        files::create_private_dir(paths.dir())?;
        return detach::into_background(&paths, channel);
    }
    if service && !resume {
        detach::run_from_copy(&paths)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (keeper, events) = if resume {
            reexec::resume(paths).await?
        } else {
            detach::leave_caller();
            let Some(lock) = lock(&paths, service).await? else { return Ok(()) };
            Keeper::begin(paths, lock, channel)?
        };
        keeper.run(events).await
    })
}

/// One keeper for each folder: the lock is held until it ends. The one of a
/// service manager stands by while another runs, one that a proxy started
/// when this one's predecessor died. `None`: that other was asked to end, and
/// so was the service.
async fn lock(paths: &HostPaths, stand_by: bool) -> io::Result<Option<File>> {
    let path = paths.keeper_lock();
    let mut options = OpenOptions::new();
    let mut lock = options.create(true).truncate(false).read(true).write(true).open(&path)?;
    if !try_lock(&lock).await {
        if !stand_by {
            let message = format!("another keeper runs (it holds {})", path.display());
            return Err(io::Error::other(message));
        }
        tracing::info!("another keeper runs; this one stands by");
        rustix::fs::flock(&lock, FlockOperation::LockExclusive)?;
        let mut left = String::new();
        lock.read_to_string(&mut left)?;
        if left == ENDED {
            return Ok(None);
        }
    }
    lock.set_len(0)?;
    Ok(Some(lock))
}

/// Takes the lock unless a keeper holds it. Somebody who looks whether one
/// does holds it too, for a moment: so it is tried for longer than that.
async fn try_lock(lock: &File) -> bool {
    for _ in 0..LOCK_ATTEMPTS {
        if rustix::fs::flock(lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            return true;
        }
        tokio::time::sleep(LOCK_PAUSE).await;
    }
    false
}

/// Leaves word in the lock that the host was asked to end.
fn note_end(mut lock: &File) -> io::Result<()> {
    lock.rewind()?;
    lock.write_all(ENDED.as_bytes())
}
