//! One version of an app, as traffic sees it. Lives across tables.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::counters::Counters;
use super::pool::Pool;
use crate::protocol::{self, VersionId};

/// One version of an app: where its healthy processes listen, what is open to
/// them, and what they answered.
#[derive(Debug)]
pub struct Backend {
    version: VersionId,
    endpoints: ArcSwap<Vec<Arc<Endpoint>>>,
    turn: AtomicUsize,
    in_flight: AtomicU64,
    /// Told when endpoints changed, nothing is in flight any more, or all is
    /// broken off.
    changed: Notify,
    broken: AtomicBool,
    sockets: Sockets,
    pub(crate) users: Counters,
    pub(crate) probes: Counters,
}

/// One process of a version.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    pub(crate) pool: Pool,
    in_flight: AtomicU64,
}

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// How many requests, web sockets or connections were broken off because
    /// the deadline came before their end.
    pub closed_by_deadline: u64,
}

impl Backend {
    /// A version without endpoints: its requests wait until it has some.
    pub fn new(version: VersionId) -> Arc<Self> {
        Arc::new(Self {
            version,
            endpoints: ArcSwap::default(),
            turn: AtomicUsize::new(0),
            in_flight: AtomicU64::new(0),
            changed: Notify::new(),
            broken: AtomicBool::new(false),
            sockets: Sockets::default(),
            users: Counters::new(),
            probes: Counters::new(),
        })
    }

    /// Which version it is.
    pub fn version(&self) -> &VersionId {
        &self.version
    }

    /// Where it listens from now on: only what is healthy. Open requests to
    /// an endpoint that is left out may finish.
    pub fn set_endpoints(&self, addresses: &[SocketAddr]) {
        self.endpoints.rcu(|known| {
            let keep = |&address: &SocketAddr| {
                let known = known.iter().find(|endpoint| endpoint.address == address);
                known.cloned().unwrap_or_else(|| Arc::new(Endpoint::new(address)))
            };
            addresses.iter().map(keep).collect::<Vec<_>>()
        });
        self.changed.notify_waiters();
    }

    /// Where it listens.
    pub fn endpoints(&self) -> Vec<SocketAddr> {
        self.endpoints.load().iter().map(|endpoint| endpoint.address).collect()
    }

    /// Requests that it is serving now, web sockets included; not those that
    /// wait for an endpoint, which are routed anew.
    pub fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// What it answered to users.
    pub fn counters(&self) -> protocol::Counters {
        self.users.snapshot()
    }

    /// What it answered to the host's own requests.
    pub fn probe_counters(&self) -> protocol::Counters {
        self.probes.snapshot()
    }

    /// Lets open requests and web sockets finish, and breaks off what is left
    /// after `within`. For a version that [`super::Proxy::swap`] has taken out
    /// of the table: one that is still in it never runs dry. Dropping the
    /// future before its end calls the drain off.
    pub async fn drain(&self, within: Duration) -> Drained {
        let deadline = Instant::now() + within;
        let dry = tokio::time::timeout_at(deadline, self.wait_until(|| self.in_flight() == 0));
        let closed_by_deadline = match dry.await {
            Ok(()) => 0,
            Err(_) => {
                let left = self.in_flight();
                self.break_off();
                left
            }
        };
        for endpoint in self.endpoints.load().iter() {
            endpoint.pool.clear();
        }
        Drained { closed_by_deadline }
    }

    /// Breaks everything off now, for good.
    fn break_off(&self) {
        self.broken.store(true, Ordering::SeqCst);
        self.sockets.shut_down();
        self.changed.notify_waiters();
    }

    pub(crate) fn is_broken_off(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }

    /// Waits for `done`, which must become true by something that tells
    /// `changed`.
    async fn wait_until(&self, done: impl Fn() -> bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if done() {
                return;
            }
            changed.await;
        }
    }

    /// Until there is an endpoint.
    pub(crate) async fn endpoint(&self) {
        self.wait_until(|| !self.endpoints.load().is_empty()).await;
    }

    /// Until everything is broken off.
    pub(crate) async fn broken_off(&self) {
        self.wait_until(|| self.is_broken_off()).await;
    }

    /// Counts a request in. The order matters to a swap: see `Proxy::route`.
    pub(crate) fn enter(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        InFlight(self.clone())
    }

    /// The endpoint with the fewest open requests, in turn among equals, and
    /// not one of `tried`.
    pub(crate) fn pick(&self, tried: &[SocketAddr]) -> Option<Arc<Endpoint>> {
        let endpoints = self.endpoints.load();
        if let [only] = &endpoints[..] {
            return (!tried.contains(&only.address)).then(|| only.clone());
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let order = endpoints.iter().cycle().skip(turn % endpoints.len().max(1));
        let untried = order.take(endpoints.len()).filter(|e| !tried.contains(&e.address));
        untried.min_by_key(|endpoint| endpoint.in_flight.load(Ordering::Relaxed)).cloned()
    }

    /// Registers a connection to one of its endpoints, to be broken off if
    /// need be.
    pub(crate) fn register(self: &Arc<Self>, stream: &TcpStream) -> std::io::Result<Registered> {
        let key = self.sockets.insert(stream.as_fd().try_clone_to_owned()?);
        let registered = Registered { backend: self.clone(), key };
        if self.is_broken_off() {
            self.sockets.shut_down();
        }
        Ok(registered)
    }

    /// Closes connections that have been idle for too long.
    pub(crate) fn prune(&self, idle: Duration) {
        for endpoint in self.endpoints.load().iter() {
            endpoint.pool.prune(idle);
        }
    }
}

impl Endpoint {
    fn new(address: SocketAddr) -> Self {
        Self { address, pool: Pool::default(), in_flight: AtomicU64::new(0) }
    }

    pub(crate) fn enter(self: &Arc<Self>) -> AtEndpoint {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        AtEndpoint(self.clone())
    }
}

/// A request that a version is serving.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Backend>);

impl InFlight {
    pub(crate) fn backend(&self) -> &Arc<Backend> {
        &self.0
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.0.in_flight.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.changed.notify_waiters();
        }
    }
}

/// A request that a process is serving.
#[derive(Debug)]
pub(crate) struct AtEndpoint(pub(crate) Arc<Endpoint>);

impl Drop for AtEndpoint {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Every open connection to a version. What is broken off is shut down here,
/// and whoever uses it sees its end: requests pay nothing for it.
#[derive(Debug, Default)]
struct Sockets {
    next: AtomicU64,
    open: Mutex<HashMap<u64, OwnedFd>>,
}

impl Sockets {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, OwnedFd>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn insert(&self, stream: OwnedFd) -> u64 {
        let key = self.next.fetch_add(1, Ordering::Relaxed);
        self.lock().insert(key, stream);
        key
    }

    fn shut_down(&self) {
        for stream in self.lock().values() {
            // It fails only on what is closed already.
            let _ = rustix::net::shutdown(stream, rustix::net::Shutdown::Both);
        }
    }
}

/// Keeps a connection in the list of its version.
#[derive(Debug)]
pub(crate) struct Registered {
    backend: Arc<Backend>,
    key: u64,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.backend.sockets.lock().remove(&self.key);
    }
}
