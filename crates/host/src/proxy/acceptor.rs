//! Takes connections from one listening socket.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use super::Proxy;
use super::client::Client;
use super::connection;

/// How often idle connections to backends are looked at.
const PRUNE: Duration = Duration::from_secs(10);
/// Until accepting is tried again when the process has no descriptor or memory
/// left for another connection.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// Accepts until it is dropped. Dropping it loses no connection: taking one
/// from the kernel's queue and starting its task is one step.
#[derive(Debug)]
pub(crate) struct Acceptor(Vec<JoinHandle<()>>);

impl Drop for Acceptor {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

impl Acceptor {
    pub(crate) fn start(
        proxy: &Arc<Proxy>,
        listener: std::net::TcpListener,
        address: SocketAddr,
    ) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        // Only connections keep the proxy alive.
        let accept = accept(Arc::downgrade(proxy), proxy.connections.clone(), listener, address);
        let prune = prune(Arc::downgrade(proxy));
        Ok(Self(vec![tokio::spawn(accept), tokio::spawn(prune)]))
    }
}

async fn accept(
    proxy: Weak<Proxy>,
    connections: Arc<Semaphore>,
    listener: TcpListener,
    address: SocketAddr,
) {
    loop {
        // At the limit it waits here, and clients wait in the kernel's queue.
        let Ok(permit) = connections.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let Some(proxy) = proxy.upgrade() else { return };
                begin(proxy, stream, peer, address, permit);
            }
            Err(error) if is_about_one(&error) => {}
            Err(error) => {
                tracing::warn!(%error, %address, "no connection can be accepted for the moment");
                tokio::time::sleep(EXHAUSTED).await;
            }
        }
    }
}

fn begin(
    proxy: Arc<Proxy>,
    stream: TcpStream,
    peer: SocketAddr,
    address: SocketAddr,
    permit: OwnedSemaphorePermit,
) {
    let client = Client::new(peer, address, &proxy.limits);
    proxy.open.fetch_add(1, Relaxed);
    let seat = Seat { proxy: proxy.clone(), _permit: permit };
    tokio::spawn(connection::serve(proxy, stream, client, seat));
}

/// One of the connections that may be open; lives as long as its socket.
#[derive(Debug)]
pub(crate) struct Seat {
    proxy: Arc<Proxy>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.proxy.open.fetch_sub(1, Relaxed);
    }
}

/// The client was gone before it was accepted; others are not affected.
fn is_about_one(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn prune(proxy: Weak<Proxy>) {
    let mut turn = tokio::time::interval(PRUNE);
    loop {
        turn.tick().await;
        let Some(proxy) = proxy.upgrade() else { return };
        let table = proxy.table.load_full();
        for backend in table.backends() {
            backend.prune(proxy.limits.pool_idle);
        }
    }
}
