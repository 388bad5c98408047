//! Drives one client connection, and closes what lasts too long.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::Proxy;
use super::acceptor::Seat;
use super::client::{Client, Expired};
use super::client_io::{ClientIo, Protocol};
use super::limits::Limits;

/// How far the end of the proxy has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    /// It has not begun.
    Open,
    /// What is open may finish.
    Finish,
    /// What is still open is broken off.
    Break,
}

/// Serves the requests of one connection until it ends.
pub(crate) async fn serve(proxy: Arc<Proxy>, stream: TcpStream, client: Client, seat: Seat) {
    // Small answers would wait for acknowledgements else.
    if let Err(error) = stream.set_nodelay(true) {
        return tracing::debug!(%error, "a client has gone");
    }
    let client = Arc::new(client);
    let mut io = ClientIo::new(stream, client.clone(), seat);
    let mut closing = proxy.closing.subscribe();
    if *closing.borrow() != Closing::Open {
        closing.mark_changed();
    }
    let protocol = {
        let protocol = io.protocol(proxy.limits.head_bytes);
        let Some(protocol) = until(closing.clone(), &client, &proxy.limits, protocol).await else {
            return;
        };
        protocol
    };
    let service = {
        let (proxy, client) = (proxy.clone(), client.clone());
        service_fn(move |request| proxy.clone().serve(client.clone(), request))
    };
    let driver = Driver { proxy: &proxy, client: &client, closing };
    let finished = match protocol {
        Err(error) => return tracing::debug!(%error, "a client has gone"),
        Ok(Protocol::Http1) => {
            let connection = http1(&proxy.limits).serve_connection(io, service).with_upgrades();
            // An idle connection gets no sign: a request that is on its way
            // would be lost. Its answer will say `Connection: close`.
            driver.drive(connection, |_| {}, |connection| connection.graceful_shutdown()).await
        }
        Ok(Protocol::Http2) => {
            let connection = http2(&proxy.limits).serve_connection(io, service);
            let goaway =
                |connection: Pin<&mut http2::Connection<_, _, _>>| connection.graceful_shutdown();
            driver.drive(connection, goaway, goaway).await
        }
    };
    if let Some(Err(error)) = finished {
        tracing::debug!(%error, client = %client.address, "a client's connection broke");
    }
}

fn http1(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        // Timeouts are judged by `Client::expired`.
        .header_read_timeout(None)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.buffer_bytes.max(limits.head_bytes).max(8192));
    // Another number than hyper's own costs an allocation a request.
    if limits.head_fields != 100 {
        builder.max_headers(limits.head_fields);
    }
    builder
}

fn http2(limits: &Limits) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(limits.h2_streams)
        .max_send_buf_size(limits.buffer_bytes)
        .keep_alive_interval(limits.idle_timeout)
        .keep_alive_timeout(limits.head_timeout);
    builder
}

/// Watches over a connection while it is driven.
struct Driver<'p> {
    proxy: &'p Proxy,
    client: &'p Client,
    closing: watch::Receiver<Closing>,
}

impl Driver<'_> {
    /// Drives `connection` to its end; `None` if it was broken off. It is told
    /// by `announce` that the proxy finishes, and by `close` to close as soon
    /// as nothing is open.
    async fn drive<C: Future>(
        mut self,
        connection: C,
        announce: impl Fn(Pin<&mut C>),
        close: impl Fn(Pin<&mut C>),
    ) -> Option<C::Output> {
        let mut connection = pin!(connection);
        let period = tick(&self.proxy.limits);
        let mut timer = pin!(tokio::time::sleep(period));
        let mut told_to_close = false;
        loop {
            tokio::select! {
                biased;
                finished = &mut connection => return Some(finished),
                () = &mut timer => {
                    match self.client.expired(&self.proxy.limits) {
                        Some(Expired::Stalled) => return None,
                        Some(Expired::Idle) if told_to_close => return None,
                        Some(Expired::Idle) => {
                            told_to_close = true;
                            close(connection.as_mut());
                        }
                        None => told_to_close = false,
                    }
                    timer.as_mut().reset(tokio::time::Instant::now() + period);
                }
                closing = changed(&mut self.closing) => {
                    if closing == Closing::Break {
                        if self.client.is_busy() {
                            self.proxy.broken.fetch_add(1, Relaxed);
                        }
                        return None;
                    }
                    self.client.finish();
                    announce(connection.as_mut());
                }
            }
        }
    }
}

/// The next change towards the end. A proxy that is gone breaks off.
async fn changed(closing: &mut watch::Receiver<Closing>) -> Closing {
    match closing.changed().await {
        Ok(()) => *closing.borrow_and_update(),
        Err(_) => Closing::Break,
    }
}

/// The first bytes, unless they take too long or the proxy ends.
async fn until<T>(
    mut closing: watch::Receiver<Closing>,
    client: &Client,
    limits: &Limits,
    first: impl Future<Output = T>,
) -> Option<T> {
    let mut first = pin!(first);
    loop {
        tokio::select! {
            biased;
            first = &mut first => return Some(first),
            closing = changed(&mut closing) => match closing {
                Closing::Break => return None,
                _ => client.finish(),
            },
            () = tokio::time::sleep(tick(limits)) => if client.expired(limits).is_some() {
                return None;
            },
        }
    }
}

/// How often timeouts are judged: a timer a connection, not one a request.
fn tick(limits: &Limits) -> Duration {
    let shortest = limits.head_timeout.min(limits.idle_timeout).min(limits.body_timeout);
    (shortest / 4).clamp(Duration::from_millis(10), Duration::from_secs(2))
}
