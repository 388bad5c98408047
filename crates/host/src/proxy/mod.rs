//! The traffic of a machine: accepts connections, routes each request by the
//! current table, and counts what comes back.
//!
//! | file | what it is about |
//! |---|---|
//! | `table`, `split`, `sticky` | which version a request goes to |
//! | `backend`, `pool`, `counters`, `probe` | a version, what is open to it, what it answered |
//! | `acceptor`, `connection`, `client`, `client_io`, `framing` | the client's side: sockets, timeouts, what is refused |
//! | `service`, `routing`, `refusal`, `head`, `exchange`, `upstream`, `bodies`, `answer`, `tunnel` | one request on its way |
//! | `record`, `access_log` | one line a request |
//!
//! `docs/design/proxy.md` says why it is built so.

mod acceptor;
mod access_log;
mod answer;
mod backend;
mod bodies;
mod client;
mod client_io;
mod connection;
mod counters;
mod exchange;
mod framing;
mod head;
mod limits;
mod pool;
mod probe;
mod record;
mod refusal;
mod routing;
mod service;
mod split;
mod sticky;
mod table;
mod tunnel;
mod upstream;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Notify, Semaphore, watch};

pub use access_log::AccessLog;
pub use backend::{Backend, Drained};
pub use limits::{BadNetwork, Limits, Network};
pub use probe::ProbeError;
pub use table::{App, BadSplit, Table};

use acceptor::Acceptor;
use connection::Closing;
use record::RequestIds;

/// Accepts connections and routes their requests.
#[derive(Debug)]
pub struct Proxy {
    limits: Limits,
    log: AccessLog,
    ids: RequestIds,
    table: ArcSwap<Table>,
    /// Counts the tables; see [`Proxy::swap`].
    generation: AtomicU64,
    swapped: Notify,
    /// Requests that may still begin to wait for a version.
    held: Semaphore,
    /// A permit for each connection that may still be opened.
    connections: Arc<Semaphore>,
    acceptors: Mutex<HashMap<SocketAddr, Acceptor>>,
    closing: watch::Sender<Closing>,
    /// Connections that are open.
    open: AtomicUsize,
    /// Connections broken off with a request in them.
    broken: AtomicU64,
}

impl Proxy {
    /// A proxy that listens nowhere and has no routes.
    pub fn new(limits: Limits, log: AccessLog) -> Arc<Self> {
        Arc::new(Self {
            log,
            ids: RequestIds::new(),
            table: ArcSwap::default(),
            generation: AtomicU64::new(0),
            swapped: Notify::new(),
            held: Semaphore::new(limits.held),
            connections: Arc::new(Semaphore::new(limits.connections)),
            acceptors: Mutex::default(),
            closing: watch::Sender::new(Closing::Open),
            open: AtomicUsize::new(0),
            broken: AtomicU64::new(0),
            limits,
        })
    }

    /// Accepts connections from `listener` from now on, on the current tokio
    /// runtime. Routes are looked up by the address it is bound to, which is
    /// returned.
    ///
    /// # Errors
    /// When the socket cannot be made non-blocking, has no address, or the
    /// runtime cannot watch it.
    pub fn listen(
        self: &Arc<Self>,
        listener: std::net::TcpListener,
    ) -> std::io::Result<SocketAddr> {
        let address = listener.local_addr()?;
        let acceptor = Acceptor::start(self, listener, address)?;
        self.acceptors().insert(address, acceptor);
        Ok(address)
    }

    /// Routes by `table` from now on: once this returns, no request begins on
    /// a version that is not in it.
    pub fn swap(&self, table: Table) {
        self.table.store(Arc::new(table));
        // After the table and before anybody looks at `in_flight`: a request
        // that chose from the table before and was not counted in yet sees
        // that this number changed, and chooses again.
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.swapped.notify_waiters();
    }

    /// Stops accepting at one address. Connections that the kernel has queued
    /// stay in the queue for whoever shares the socket; open connections go on.
    /// Returns whether it was listening there.
    pub fn unlisten(&self, address: SocketAddr) -> bool {
        self.acceptors().remove(&address).is_some()
    }

    /// Stops accepting everywhere and finishes what is open: an answer over
    /// HTTP/1.1 says `Connection: close`, HTTP/2 gets GOAWAY. For handing the
    /// listening sockets over to a successor, or the end.
    pub fn stop_accepting(&self) {
        self.acceptors().clear();
        self.closing.send_replace(Closing::Finish);
    }

    /// After [`Proxy::stop_accepting`]: waits until every connection has
    /// ended, and breaks off what is left after `within`.
    pub async fn drained(&self, within: Duration) -> Drained {
        let all = u32::try_from(self.limits.connections).unwrap_or(u32::MAX);
        if tokio::time::timeout(within, self.connections.acquire_many(all)).await.is_err() {
            self.closing.send_replace(Closing::Break);
            // Fails only on a closed semaphore, which this never is.
            let _ = self.connections.acquire_many(all).await;
        }
        Drained { closed_by_deadline: self.broken.load(Ordering::Relaxed) }
    }

    /// Client connections that are open now.
    pub fn connections(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    fn acceptors(&self) -> MutexGuard<'_, HashMap<SocketAddr, Acceptor>> {
        self.acceptors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
