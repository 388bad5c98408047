//! The proxy process: carries traffic, and on a runtime of its own does what
//! the engine asks and keeps the releases as they shall be.
//!
//! | file | what it is about |
//! |---|---|
//! | `charge` | being in charge: beginning, requests, the keeper's news |
//! | `succession` | handing over to a newer proxy, and ending |
//! | `app/` | one app: its record, its processes, its lease |
//! | `hub` | what apps share: the routes and one swap |
//! | `record`, `calls` | what is on the disk |
//! | `link` | the keeper |
//! | `socket` | the engine |

mod app;
mod calls;
mod charge;
mod hub;
mod link;
mod record;
mod socket;
mod succession;

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::arguments;
use crate::files;
use crate::keeper::reexec::take_stdin;
use crate::keeper::wire::Order;
use crate::paths::HostPaths;
use crate::proxy::{AccessLog, Limits, Proxy};
use charge::Charge;
use hub::Hub;

/// How long traffic's last tasks have once everything was drained.
const LAST: Duration = Duration::from_secs(1);

/// Runs the proxy: `host proxy …`, without those two words. It has runtimes of
/// its own: call it from `main`, outside of any other.
pub fn main_proxy(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    crate::daemon_log::init();
    let outcome =
        arguments::parse(args).map_err(io::Error::other).and_then(|arguments| run(arguments.paths));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the proxy ends");
            ExitCode::FAILURE
        }
    }
}

/// Two runtimes: a busy one for traffic never delays a switch, and a disk
/// that is slow to sync never delays a request.
fn run(paths: HostPaths) -> io::Result<()> {
    let traffic =
        tokio::runtime::Builder::new_multi_thread().thread_name("traffic").enable_all().build()?;
    let control = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = control.block_on(serve(paths, traffic.handle().clone()));
    traffic.shutdown_timeout(LAST);
    outcome
}

async fn serve(paths: HostPaths, traffic: Handle) -> io::Result<()> {
    files::create_private_dir(paths.dir())?;
    let channel = UnixStream::from(take_stdin()?);
    let executable = std::env::current_exe()?;
    let (link, news) = link::open(paths.clone(), executable.clone(), channel).await?;
    let access = AccessLog::file(&paths.access_log())?;
    let proxy = {
        let _runtime = traffic.enter();
        Proxy::new(Limits::default(), access)
    };
    let hub = Arc::new(Hub::new(paths.clone(), link, proxy, traffic));
    hub.link.ask(Order::Ready).await.map_err(io::Error::other)?;
    let lock = take_control(&paths).await?;
    Charge::begin(hub, executable, lock).await?.run(news).await
}

/// Waits until no other proxy is in charge. The kernel lets go of the lock of
/// one that dies.
async fn take_control(paths: &HostPaths) -> io::Result<std::fs::File> {
    let path = paths.control_lock();
    let waited = tokio::task::spawn_blocking(move || {
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive)?;
        Ok(lock)
    });
    waited.await.map_err(io::Error::other)?
}
