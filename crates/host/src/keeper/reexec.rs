//! Becoming a newer executable: the same process id, children and sockets.
//!
//! What has to stay open waits inside a socket pair whose one end is standard
//! input: descriptors in flight belong to nobody and outlive the exec, and the
//! next program takes them out without having to trust a number. Releases are
//! adopted from their records, as after a crash; they are still its children.

use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};
use shipway_process::{AdoptError, Contained, Record};
use tokio::sync::mpsc::UnboundedReceiver;

use super::channel;
use super::dispatch::{Event, Keeper};
use super::proxies::{ProxyNr, Role};
use super::wire::{Answer, Say};
use crate::arguments;
use crate::paths::HostPaths;

/// What the next program needs; descriptors come beside it in this order: the
/// lock, the listeners, the proxies.
#[derive(Debug, Serialize, Deserialize)]
struct Heritage {
    started_ms: u64,
    listening: Vec<SocketAddr>,
    proxies: Vec<HeirProxy>,
}

#[derive(Debug, Serialize, Deserialize)]
struct HeirProxy {
    role: Role,
    pid: u32,
    record: Option<Record>,
    /// The order to become this program, to be answered by it.
    asked: Option<u64>,
}

/// Goes on as `executable`. Returns only if that cannot be.
pub(super) async fn reexec(
    keeper: &mut Keeper,
    executable: &Path,
    by: ProxyNr,
    order: u64,
) -> io::Result<Infallible> {
    if !keeper.proxies.are_quiet() {
        return Err(io::Error::other("a proxy is being spoken to; ask again"));
    }
    let mut fds: Vec<OwnedFd> = vec![keeper.lock.as_fd().try_clone_to_owned()?];
    for listener in keeper.listeners.values() {
        fds.push(listener.as_fd().try_clone_to_owned()?);
    }
    let mut proxies = Vec::new();
    for (nr, proxy) in keeper.proxies.iter() {
        fds.push(proxy.duplicate()?);
        proxies.push(HeirProxy {
            role: proxy.role,
            pid: proxy.pid,
            record: proxy.record.clone(),
            asked: (nr == by).then_some(order),
        });
    }
    let listening = keeper.listeners.keys().copied().collect();
    let heritage = Heritage { started_ms: keeper.started_ms, listening, proxies };
    let (here, there) = UnixStream::pair()?;
    let (sender, receiver) = channel::open(here)?;
    let fds: Vec<_> = fds.iter().map(|fd| fd.as_fd()).collect();
    sender.send(&heritage, &fds).await?;
    rustix::stdio::dup2_stdin(&there)?;
    // What the exec closes anyway, but a failed one would not.
    drop((sender, receiver, there));
    let mut command = Command::new(executable);
    command.args(arguments::daemon("keeper", &keeper.paths)).arg("--resume");
    let error = command.exec();
    close_stdin()?;
    Err(error)
}

/// The keeper that [`reexec`] left behind, in the new program.
pub(super) async fn resume(paths: HostPaths) -> io::Result<(Keeper, UnboundedReceiver<Event>)> {
    let (_sender, mut receiver) = channel::open(UnixStream::from(take_stdin()?))?;
    let missing = || io::Error::other("the keeper before left nothing behind");
    let (heritage, fds) = receiver.receive::<Heritage>().await?.ok_or_else(missing)?;
    let mut fds = fds.into_iter();
    let lock = File::from(fds.next().ok_or_else(missing)?);
    let executable: PathBuf = std::env::current_exe()?;
    let (mut keeper, events) = Keeper::new(paths, lock, executable)?;
    keeper.started_ms = heritage.started_ms;
    for (address, socket) in heritage.listening.into_iter().zip(&mut fds) {
        keeper.listeners.insert(address, TcpListener::from(socket));
    }
    for (heir, socket) in heritage.proxies.into_iter().zip(&mut fds) {
        adopt_proxy(&mut keeper, heir, UnixStream::from(socket))?;
    }
    Ok((keeper, events))
}

fn adopt_proxy(keeper: &mut Keeper, heir: HeirProxy, socket: UnixStream) -> io::Result<()> {
    if let Some(record) = &heir.record {
        match Contained::adopt(record.clone()) {
            Ok(process) => keeper.proxies.reap(process),
            // Its connection ends too, which is handled like any proxy's end.
            Err(AdoptError::Gone { .. }) => {}
            Err(error) => tracing::error!(%error, "a proxy is not watched"),
        }
    }
    let nr = keeper.proxies.attach(socket, heir.role, heir.record)?;
    if let Some(proxy) = keeper.proxies.get_mut(nr) {
        proxy.pid = heir.pid;
    }
    if let Some(order) = heir.asked {
        keeper.proxies.say(nr, Say::Answer { nr: order, answer: Answer::Done }, Vec::new());
    }
    Ok(())
}

/// What standard input was; from now on it is nothing.
pub(crate) fn take_stdin() -> io::Result<OwnedFd> {
    let taken = std::io::stdin().as_fd().try_clone_to_owned()?;
    close_stdin()?;
    Ok(taken)
}

fn close_stdin() -> io::Result<()> {
    let nothing = File::open("/dev/null")?;
    Ok(rustix::stdio::dup2_stdin(&nothing)?)
}
