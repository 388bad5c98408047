//! The traffic of a machine: accepts connections, routes each request by the
//! current table, and counts what comes back.
//!
//! | file | what it is about |
//! |---|---|
//! | `table`, `split`, `sticky` | which version a request goes to |
//! | `backend`, `endpoint pool`, `counters` | a version, what is open to it, what it answered |
//! | `acceptor`, `connection`, `client_io`, `framing` | the client's side: sockets, timeouts, what is refused |
//! | `service`, `head`, `exchange`, `upstream`, `bodies`, `tunnel` | one request on its way |
//! | `access_log` | one line a request |
//!
//! `docs/design/proxy.md` says why it is built so.

mod access_log;
mod backend;
mod counters;
mod limits;
mod pool;
mod split;
mod sticky;
mod table;
mod upstream;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;

pub use access_log::AccessLog;
pub use backend::{Backend, Drained};
pub use limits::{BadNetwork, Limits, Network};
pub use table::{App, BadSplit, Table};

/// Accepts connections and routes their requests.
#[derive(Debug)]
pub struct Proxy {
    limits: Limits,
    log: AccessLog,
    table: ArcSwap<Table>,
    generation: AtomicU64,
}

impl Proxy {
    /// A proxy that listens nowhere and has no routes.
    pub fn new(limits: Limits, log: AccessLog) -> Arc<Self> {
        Arc::new(Self { limits, log, table: ArcSwap::default(), generation: AtomicU64::new(0) })
    }

    /// Accepts connections from `listener` from now on, on the current tokio
    /// runtime. Routes are looked up by the address it is bound to, which is
    /// returned.
    ///
    /// # Errors
    /// When the socket cannot be made non-blocking, has no address, or the
    /// runtime cannot watch it.
    pub fn listen(self: &Arc<Self>, listener: std::net::TcpListener) -> std::io::Result<SocketAddr> {
        listener.local_addr()
    }

    /// Routes by `table` from now on: once this returns, no request begins on
    /// a version that is not in it.
    pub fn swap(&self, table: Table) {
        self.table.store(Arc::new(table));
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// Stops accepting at one address. Connections that the kernel has queued
    /// stay in the queue for whoever shares the socket; open connections go on.
    /// Returns whether it was listening there.
    pub fn unlisten(&self, _address: SocketAddr) -> bool {
        false
    }

    /// Stops accepting everywhere and finishes what is open: an answer over
    /// HTTP/1.1 says `Connection: close`, HTTP/2 gets GOAWAY. For handing the
    /// listening sockets over to a successor, or the end.
    pub fn stop_accepting(&self) {}

    /// After [`Proxy::stop_accepting`]: waits until every connection has
    /// ended, and breaks off what is left after `within`.
    pub async fn drained(&self, _within: Duration) -> Drained {
        Drained { closed_by_deadline: 0 }
    }

    /// Sends a GET for `path` to `backend`, as the host's own request: counted
    /// apart from users' and not in the access log.
    ///
    /// # Errors
    /// When there was no whole answer within `timeout`; counted as an error.
    pub async fn probe(
        &self,
        _backend: &Arc<Backend>,
        _path: &str,
        _timeout: Duration,
    ) -> Result<http::StatusCode, ProbeError> {
        Err(ProbeError::NoEndpoint)
    }
}

/// Why a probe got no answer.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The version has no healthy process now.
    #[error("no process of this version is healthy")]
    NoEndpoint,
}
