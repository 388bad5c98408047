//! The proxies: one in charge, perhaps one that follows it, perhaps some that
//! finish what they have.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shipway_process::{Command, Contained, Lifetime, Record};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use super::channel::{self, Receiver, Sender};
use super::detach::kept_env;
use super::dispatch::Event;
use super::wire::Say;
use crate::arguments;
use crate::log_file;
use crate::paths::HostPaths;

/// A proxy that ends sooner than this after its start is not started again at
/// once.
const SETTLED: Duration = Duration::from_secs(5);
const BACKOFF_FIRST: Duration = Duration::from_millis(100);
const BACKOFF_LAST: Duration = Duration::from_secs(5);

/// Which connection; never used twice by one keeper.
pub(super) type ProxyNr = u64;

/// What a proxy is to this keeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    /// It was started and does not serve yet.
    Starting,
    /// It is in charge.
    Serving,
    /// It finishes what it has.
    Leaving,
}

/// A connected proxy.
#[derive(Debug)]
pub(super) struct Connected {
    pub(super) role: Role,
    pub(super) pid: u32,
    /// As it stands in the state for a later keeper; `None` for a proxy that
    /// is not this process's child.
    pub(super) record: Option<Record>,
    pub(super) socket: Sender,
    queue: UnboundedSender<(Say, Vec<OwnedFd>)>,
    /// Messages that are not sent yet.
    waiting: Arc<AtomicUsize>,
    within_line: Arc<AtomicBool>,
}

/// Every connected proxy.
#[derive(Debug)]
pub(super) struct Proxies {
    connected: BTreeMap<ProxyNr, Connected>,
    next: ProxyNr,
    events: UnboundedSender<Event>,
    started: Option<Instant>,
    backoff: Duration,
}

impl Proxies {
    pub(super) fn new(events: UnboundedSender<Event>) -> Self {
        Self { connected: BTreeMap::new(), next: 0, events, started: None, backoff: BACKOFF_FIRST }
    }

    /// Listens to a proxy from now on.
    pub(super) fn attach(
        &mut self,
        stream: UnixStream,
        role: Role,
        record: Option<Record>,
    ) -> io::Result<ProxyNr> {
        let (socket, receiver) = channel::open(stream)?;
        let nr = self.next;
        self.next += 1;
        let (queue, queued) = unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let within_line = receiver.within_line();
        tokio::spawn(listen(nr, receiver, self.events.clone()));
        tokio::spawn(speak(socket.clone(), queued, Arc::clone(&waiting)));
        let pid = record.as_ref().map_or(0, |record| record.process.pid);
        let connected = Connected { role, pid, record, socket, queue, waiting, within_line };
        self.connected.insert(nr, connected);
        Ok(nr)
    }

    /// Starts a proxy and listens to it.
    pub(super) fn start(&mut self, paths: &HostPaths, executable: &Path) -> io::Result<ProxyNr> {
        self.started = Some(Instant::now());
        let (ours, theirs) = UnixStream::pair()?;
        log_file::bound(&paths.proxy_log(), log_file::LOG_MAX)?;
        let log = log_file::open(&paths.proxy_log())?;
        let process = Command::new(format!("{}-proxy", paths.containment_prefix()), executable)
            .args(arguments::daemon("proxy", paths))
            .arg("--channel")
            .envs(kept_env())
            .stdin(OwnedFd::from(theirs))
            .stdout(log.try_clone()?)
            .stderr(log)
            .lifetime(Lifetime::OnItsOwn)
            // Nothing of it is to be ended with it: it may have started the
            // keeper that comes next.
            .use_cgroups(false)
            .spawn()
            .map_err(io::Error::other)?;
        let record = process.record().clone();
        self.reap(process);
        self.attach(ours, Role::Starting, Some(record))
    }

    /// Waits for a proxy that is this process's child, so that its end is in
    /// the log and it is no zombie.
    pub(super) fn reap(&self, mut process: Contained) {
        tokio::spawn(async move {
            match process.wait().await {
                Ok(exit) if exit.success() => {}
                Ok(exit) => tracing::warn!(pid = process.pid(), "a proxy ended: {exit}"),
                Err(error) => tracing::error!(%error, "cannot wait for a proxy"),
            }
        });
    }

    /// Says something to one proxy.
    pub(super) fn say(&self, nr: ProxyNr, say: Say, fds: Vec<OwnedFd>) {
        let Some(proxy) = self.connected.get(&nr) else { return };
        proxy.waiting.fetch_add(1, Ordering::Relaxed);
        // Fails only when the connection has ended, which is told elsewhere.
        let _ = proxy.queue.send((say, fds));
    }

    /// Says something to every proxy but one.
    pub(super) fn say_to_others(&self, nr: ProxyNr, say: &Say) {
        for other in self.connected.keys().filter(|other| **other != nr) {
            self.say(*other, say.clone(), Vec::new());
        }
    }

    /// Says something to every proxy.
    pub(super) fn say_to_all(&self, say: &Say) {
        for nr in self.connected.keys() {
            self.say(*nr, say.clone(), Vec::new());
        }
    }

    pub(super) fn get_mut(&mut self, nr: ProxyNr) -> Option<&mut Connected> {
        self.connected.get_mut(&nr)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (ProxyNr, &Connected)> {
        self.connected.iter().map(|(nr, proxy)| (*nr, proxy))
    }

    /// A proxy is in charge: everything is well again.
    pub(super) fn serving(&mut self, nr: ProxyNr) {
        for (other, proxy) in &mut self.connected {
            proxy.role = match (*other == nr, proxy.role) {
                (true, _) => Role::Serving,
                (false, Role::Serving) => Role::Leaving,
                (false, role) => role,
            };
        }
    }

    /// Ends those that were started and do not serve.
    pub(super) fn dismiss(&self) {
        for proxy in self.connected.values().filter(|proxy| proxy.role == Role::Starting) {
            let Some(record) = proxy.record.clone() else { continue };
            tokio::spawn(async move {
                if let Err(error) = record.kill_all().await {
                    tracing::error!(%error, "a dismissed proxy is still there");
                }
            });
        }
    }

    /// A connection has ended: says what the proxy was.
    pub(super) fn gone(&mut self, nr: ProxyNr) -> Option<Role> {
        self.connected.remove(&nr).map(|proxy| proxy.role)
    }

    /// Whether somebody serves or is about to.
    pub(super) fn has_heir(&self) -> bool {
        self.connected.values().any(|proxy| proxy.role != Role::Leaving)
    }

    /// How long to wait before the next start: not at all for a proxy that had
    /// worked for a while.
    pub(super) fn pause(&mut self) -> Duration {
        if self.started.is_none_or(|started| started.elapsed() >= SETTLED) {
            self.backoff = BACKOFF_FIRST;
            return Duration::ZERO;
        }
        let pause = self.backoff;
        self.backoff = (pause * 2).min(BACKOFF_LAST);
        pause
    }

    /// Whether nothing is half said in either direction.
    pub(super) fn are_quiet(&self) -> bool {
        self.connected.values().all(|proxy| {
            proxy.waiting.load(Ordering::Relaxed) == 0 && !proxy.within_line.load(Ordering::Relaxed)
        })
    }
}

impl Connected {
    /// The socket, to be handed on.
    pub(super) fn duplicate(&self) -> io::Result<OwnedFd> {
        self.socket.socket().try_clone_to_owned()
    }
}

async fn listen(nr: ProxyNr, mut receiver: Receiver, events: UnboundedSender<Event>) {
    loop {
        let event = match receiver.receive().await {
            Ok(Some((ask, fds))) => Event::Asked(nr, ask, fds),
            Ok(None) => Event::Hung(nr),
            Err(error) => {
                tracing::error!(%error, "a proxy says something that makes no sense");
                Event::Hung(nr)
            }
        };
        let last = matches!(event, Event::Hung(_));
        if events.send(event).is_err() || last {
            return;
        }
    }
}

async fn speak(
    socket: Sender,
    mut queued: UnboundedReceiver<(Say, Vec<OwnedFd>)>,
    waiting: Arc<AtomicUsize>,
) {
    while let Some((say, fds)) = queued.recv().await {
        let fds: Vec<_> = fds.iter().map(|fd| fd.as_fd()).collect();
        if let Err(error) = socket.send(&say, &fds).await {
            tracing::debug!(%error, "a proxy has gone while it was spoken to");
            return;
        }
        waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
