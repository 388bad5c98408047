//! One connection to a backend, driven by the request that uses it: no task of
//! its own, so that nothing is handed from one task to another on the way.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use super::backend::{Backend, Registered};
use super::bodies::{RequestBody, Upload};
use super::limits::Limits;

/// An open connection.
pub(crate) struct Upstream(Box<Inner>);

struct Inner {
    sender: http1::SendRequest<RequestBody>,
    /// `None` once it ended with a request still in it, which so comes back.
    connection: Option<http1::Connection<UpstreamIo, RequestBody>>,
    /// Kept between requests: setting it later costs next to nothing.
    timer: Pin<Box<Sleep>>,
    ended: bool,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum SendError {
    /// Nothing of the request was sent.
    Unsent(Box<Request<RequestBody>>),
    /// It took too long.
    Timeout,
    /// The connection ended, or what came is no HTTP.
    Broken(hyper::Error),
}

impl Upstream {
    /// Opens a connection.
    pub(crate) async fn connect(
        backend: &Arc<Backend>,
        address: SocketAddr,
        limits: &Limits,
    ) -> io::Result<Self> {
        let connect = TcpStream::connect(address);
        let stream = tokio::time::timeout(limits.connect_timeout, connect).await??;
        stream.set_nodelay(true)?;
        let registered = backend.register(&stream)?;
        let io = UpstreamIo { stream: TokioIo::new(stream), _registered: registered };
        let mut builder = http1::Builder::new();
        builder.max_buf_size(limits.buffer_bytes.max(8192));
        let (sender, connection) = builder.handshake(io).await.map_err(io::Error::other)?;
        let timer = Box::pin(tokio::time::sleep(limits.answer_timeout));
        Ok(Self(Box::new(Inner { sender, connection: Some(connection), timer, ended: false })))
    }

    /// Lets the connection do what it can; whether it can take a request then.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> bool {
        self.drive(cx);
        !self.0.ended && self.0.sender.is_ready()
    }

    /// Reads and writes; true when the connection has ended.
    pub(crate) fn drive(&mut self, cx: &mut Context<'_>) -> bool {
        let inner = &mut *self.0;
        if let Some(connection) = inner.connection.as_mut().filter(|_| !inner.ended) {
            // Why it ended is told to whoever waits for the answer or its body.
            inner.ended = connection.poll_without_shutdown(cx).is_ready();
        }
        inner.ended
    }

    /// Sends a request and waits for the head of the answer.
    pub(crate) async fn send(
        &mut self,
        request: Request<RequestBody>,
        upload: Option<&Upload>,
        timeout: Duration,
    ) -> Result<Response<Incoming>, SendError> {
        self.0.timer.as_mut().reset(Instant::now() + timeout);
        let answer = self.0.sender.try_send_request(request);
        let mut answer = pin!(answer);
        std::future::poll_fn(|cx| {
            let ended = self.drive(cx);
            if let Poll::Ready(answer) = answer.as_mut().poll(cx) {
                return Poll::Ready(answer.map_err(SendError::from));
            }
            if ended {
                self.0.connection = None;
                return answer.as_mut().poll(cx).map_err(SendError::from);
            }
            while self.0.timer.as_mut().poll(cx).is_ready() {
                // As long as the client sends, the backend has its time.
                let spent = upload.map_or(Some(timeout), Upload::done_for);
                match timeout.checked_sub(spent.unwrap_or_default()) {
                    None | Some(Duration::ZERO) => return Poll::Ready(Err(SendError::Timeout)),
                    Some(left) => self.0.timer.as_mut().reset(Instant::now() + left),
                }
            }
            Poll::Pending
        })
        .await
    }

    /// After 101: the socket, and what was read of the new protocol already.
    /// `None` if the connection broke.
    pub(crate) async fn into_tunnel(mut self) -> Option<(UpstreamIo, Bytes)> {
        std::future::poll_fn(|cx| if self.drive(cx) { Poll::Ready(()) } else { Poll::Pending })
            .await;
        let parts = self.0.connection?.into_parts();
        Some((parts.io, parts.read_buf))
    }
}

impl From<hyper::client::conn::TrySendError<Request<RequestBody>>> for SendError {
    fn from(mut error: hyper::client::conn::TrySendError<Request<RequestBody>>) -> Self {
        match error.take_message() {
            Some(request) => Self::Unsent(Box::new(request)),
            None => Self::Broken(error.into_error()),
        }
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("ended", &self.0.ended).finish_non_exhaustive()
    }
}

/// A backend's socket, in the list of what can be broken off.
#[derive(Debug)]
pub(crate) struct UpstreamIo {
    pub(crate) stream: TokioIo<TcpStream>,
    _registered: Registered,
}

impl Read for UpstreamIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, out)
    }
}

impl Write for UpstreamIo {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
