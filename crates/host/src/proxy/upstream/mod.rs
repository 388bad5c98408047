//! One connection to a backend, driven by the request that uses it: no task of
//! its own, so that nothing is handed from one task to another on the way, and
//! no client library between: heads are written from and read into the maps
//! that the other side's connection has anyway.

mod answer;
mod chunked;
mod io;
mod request;

use std::fmt;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use http::{Method, StatusCode, request as http_request, response};
use http_body::{Body as _, Frame, SizeHint};
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use tokio_util::io::poll_read_buf;

use self::answer::Body;
use self::chunked::Piece;
pub(crate) use self::io::UpstreamIo;
use self::request::Delimited;
use super::backend::Backend;
use super::bodies::{BodyError, RequestBody, Upload};
use super::limits::Limits;

/// What is read at once at first; more when that was full.
const FIRST_READ: usize = 4 * 1024;

/// A larger buffer is not kept while nothing happens.
const KEPT_IDLE: usize = 16 * 1024;

/// An open connection.
pub(crate) struct Upstream(Box<Inner>);

struct Inner {
    io: UpstreamIo,
    /// Read, and not yet taken off.
    input: BytesMut,
    read_size: usize,
    most_buffered: usize,
    output: Output,
    request: Sending,
    answer: Receiving,
    /// Nothing has happened that keeps it from carrying another request.
    reusable: bool,
    /// Kept between requests: setting it later costs next to nothing.
    timer: Pin<Box<Sleep>>,
}

/// What is to be written: the text, then the data, then what ends it.
#[derive(Default)]
struct Output {
    text: BytesMut,
    data: Bytes,
    after: &'static [u8],
    /// Something of this request was written.
    begun: bool,
}

/// How far the request is.
enum Sending {
    /// More of the body may come.
    Body { body: RequestBody, delimited: Delimited },
    /// All of it is in the output, or given up.
    Done,
}

/// How far the answer is.
enum Receiving {
    Idle,
    Head {
        method: Method,
    },
    Body(Body),
    Tunnel,
    /// The whole answer was taken off.
    Over,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum SendError {
    /// Nothing of the request was sent.
    Unsent(RequestBody),
    /// It took too long.
    Timeout,
    /// The connection ended, or what came is no HTTP.
    Broken(AnswerError),
}

/// Why an answer does not come, or not whole.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The connection closed before the end.
    #[error("the connection was closed before the end of the answer")]
    Closed,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Io(#[from] std::io::Error),
    /// Its head is no HTTP.
    #[error("the answer is no HTTP: {0}")]
    Malformed(#[from] httparse::Error),
    /// Its head does not end.
    #[error("the answer's head is larger than {0} bytes")]
    HeadTooLarge(usize),
    /// `Content-Length` is no number, or several.
    #[error("the answer's Content-Length is no single number")]
    Length,
    /// Its chunks cannot be read.
    #[error("the answer's chunks cannot be read: {0}")]
    Chunk(&'static str),
    /// The request's body did not come whole, so there can be no answer.
    #[error("{0}")]
    Request(String),
}

impl From<BodyError> for AnswerError {
    fn from(error: BodyError) -> Self {
        Self::Request(error.to_string())
    }
}

impl Upstream {
    /// Opens a connection.
    pub(crate) async fn connect(
        backend: &Arc<Backend>,
        address: SocketAddr,
        limits: &Limits,
    ) -> std::io::Result<Self> {
        let connect = TcpStream::connect(address);
        let stream = tokio::time::timeout(limits.connect_timeout, connect).await??;
        stream.set_nodelay(true)?;
        let registered = backend.register(&stream)?;
        Ok(Self(Box::new(Inner {
            io: UpstreamIo::new(stream, registered),
            input: BytesMut::new(),
            read_size: FIRST_READ,
            most_buffered: limits.buffer_bytes.max(8192),
            output: Output::default(),
            request: Sending::Done,
            answer: Receiving::Idle,
            reusable: true,
            timer: Box::pin(tokio::time::sleep(limits.answer_timeout)),
        })))
    }

    /// Whether it can take a request now: the last exchange is over, and the
    /// backend has neither closed nor sent what nobody asked for.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> bool {
        let inner = &mut *self.0;
        let ready = inner.is_over() && inner.reusable && inner.input.is_empty();
        if ready && inner.input.capacity() > KEPT_IDLE {
            inner.input = BytesMut::new();
        }
        let mut byte = [0];
        let mut byte = ReadBuf::new(&mut byte);
        ready && Pin::new(&mut inner.io).poll_read(cx, &mut byte).is_pending()
    }

    /// Sends a request and waits for the head of the answer.
    pub(crate) async fn send(
        &mut self,
        parts: &http_request::Parts,
        body: RequestBody,
        upload: Option<&Upload>,
        timeout: Duration,
    ) -> Result<response::Parts, SendError> {
        let inner = &mut *self.0;
        inner.begin(parts, body);
        inner.timer.as_mut().reset(Instant::now() + timeout);
        std::future::poll_fn(|cx| {
            if let Poll::Ready(answer) = inner.poll_answer(cx) {
                return Poll::Ready(answer);
            }
            while inner.timer.as_mut().poll(cx).is_ready() {
                // As long as the client sends, the backend has its time.
                let spent = upload.map_or(Some(timeout), Upload::done_for);
                match timeout.checked_sub(spent.unwrap_or_default()) {
                    None | Some(Duration::ZERO) => return Poll::Ready(Err(SendError::Timeout)),
                    Some(left) => inner.timer.as_mut().reset(Instant::now() + left),
                }
            }
            Poll::Pending
        })
        .await
    }

    /// The next piece of the answer's body; sends the request's on the way.
    pub(crate) fn poll_body(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, AnswerError>>> {
        let inner = &mut *self.0;
        let sent = inner.poll_send(cx);
        let next = match sent {
            Poll::Ready(Err(error)) => Poll::Ready(Some(Err(error))),
            Poll::Ready(Ok(())) | Poll::Pending => inner.poll_piece(cx),
        };
        if matches!(next, Poll::Ready(Some(Err(_)))) {
            inner.reusable = false;
            inner.answer = Receiving::Over;
        }
        next
    }

    /// Nothing more of the body will come.
    pub(crate) fn is_body_over(&self) -> bool {
        match &self.0.answer {
            Receiving::Body(body) => body.is_over(),
            _ => true,
        }
    }

    /// What is known of the length of what will come.
    pub(crate) fn size_hint(&self) -> SizeHint {
        match &self.0.answer {
            Receiving::Body(Body::Length(left)) => SizeHint::with_exact(*left),
            Receiving::Body(body) if !body.is_over() => SizeHint::default(),
            _ => SizeHint::with_exact(0),
        }
    }

    /// After 101: the socket, and what was read of the new protocol already.
    /// `None` if the backend did not change it.
    pub(crate) fn into_tunnel(self) -> Option<(UpstreamIo, Bytes)> {
        let inner = *self.0;
        matches!(inner.answer, Receiving::Tunnel).then(|| (inner.io, inner.input.freeze()))
    }
}

impl Inner {
    /// Nothing is on its way in either direction.
    fn is_over(&self) -> bool {
        let received = match &self.answer {
            Receiving::Idle | Receiving::Over => true,
            Receiving::Body(body) => body.is_over(),
            Receiving::Head { .. } | Receiving::Tunnel => false,
        };
        received && matches!(self.request, Sending::Done) && self.output.is_empty()
    }

    fn begin(&mut self, parts: &http_request::Parts, body: RequestBody) {
        self.output.begun = false;
        self.output.text.clear();
        let delimited = request::encode_head(parts, &body, &mut self.output.text);
        self.request = Sending::Body { body, delimited };
        self.answer = Receiving::Head { method: parts.method.clone() };
    }

    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<response::Parts, SendError>> {
        match self.poll_send(cx) {
            Poll::Ready(Err(error)) => {
                self.reusable = false;
                return Poll::Ready(Err(
                    match std::mem::replace(&mut self.request, Sending::Done) {
                        Sending::Body { body, .. } if !self.output.begun => SendError::Unsent(body),
                        _ => SendError::Broken(error),
                    },
                ));
            }
            Poll::Ready(Ok(())) | Poll::Pending => {}
        }
        let head = ready!(self.poll_head(cx));
        self.reusable &= head.is_ok();
        Poll::Ready(head.map_err(SendError::Broken))
    }

    /// Writes what there is of the request. Ready when all of it is written or
    /// the backend takes no more, whose answer may still come. An error: the
    /// client's body broke off, or nothing at all could be written.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), AnswerError>> {
        loop {
            match ready!(self.output.poll_write(&mut self.io, cx)) {
                Ok(()) => {}
                Err(error) if !self.output.begun => return Poll::Ready(Err(error.into())),
                Err(_) => {
                    // Why is told by what can be read, or by its end.
                    self.output.clear();
                    self.request = Sending::Done;
                    self.reusable = false;
                }
            }
            let Sending::Body { body, delimited } = &mut self.request else {
                return Poll::Ready(Ok(()));
            };
            let (delimited, text) = (*delimited, &mut self.output.text);
            let frame = match body {
                RequestBody::Empty => None,
                RequestBody::Stream { .. } => ready!(Pin::new(body).poll_frame(cx)).transpose()?,
            };
            match frame.map(Frame::into_data) {
                Some(Ok(data)) if data.is_empty() => {}
                Some(Ok(data)) => {
                    self.output.after = request::frame_piece(delimited, &data, text);
                    self.output.data = data;
                }
                Some(Err(frame)) => {
                    request::end_body(delimited, frame.trailers_ref(), text);
                    self.request = Sending::Done;
                }
                None => {
                    request::end_body(delimited, None, text);
                    self.request = Sending::Done;
                }
            }
        }
    }

    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<response::Parts, AnswerError>> {
        loop {
            let Receiving::Head { method } = &self.answer else {
                return Poll::Ready(Err(AnswerError::Closed));
            };
            if !self.input.is_empty() {
                if let Some(head) = answer::take_head(&mut self.input, method)? {
                    self.reusable &= head.reusable;
                    self.answer = match head.parts.status {
                        StatusCode::SWITCHING_PROTOCOLS => Receiving::Tunnel,
                        _ => Receiving::Body(head.body),
                    };
                    return Poll::Ready(Ok(head.parts));
                }
                if self.input.len() >= self.most_buffered {
                    return Poll::Ready(Err(AnswerError::HeadTooLarge(self.most_buffered)));
                }
            }
            if ready!(self.poll_read(cx))? == 0 {
                return Poll::Ready(Err(AnswerError::Closed));
            }
        }
    }

    fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, AnswerError>>> {
        loop {
            let Receiving::Body(body) = &mut self.answer else { return Poll::Ready(None) };
            match body.next(&mut self.input)? {
                Piece::Data(data) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Piece::Trailers(fields) => return Poll::Ready(Some(Ok(Frame::trailers(fields)))),
                Piece::End => {
                    self.answer = Receiving::Over;
                    return Poll::Ready(None);
                }
                Piece::Incomplete => {}
            }
            let until_close = *body == Body::UntilClose;
            match ready!(self.poll_read(cx))? {
                0 if until_close => self.answer = Receiving::Over,
                0 => return Poll::Ready(Some(Err(AnswerError::Closed))),
                _ => {}
            }
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<usize>> {
        if self.input.capacity() - self.input.len() < self.read_size / 4 {
            self.input.reserve(self.read_size);
        }
        let room = self.input.capacity() - self.input.len();
        let read = ready!(poll_read_buf(Pin::new(&mut self.io), cx, &mut self.input));
        match read {
            Ok(count) if count >= room => {
                self.read_size = (self.read_size * 2).min(self.most_buffered);
            }
            Ok(count) if count < self.read_size / 4 => {
                self.read_size = (self.read_size / 2).max(FIRST_READ);
            }
            _ => {}
        }
        Poll::Ready(read)
    }
}

impl Output {
    fn is_empty(&self) -> bool {
        self.text.is_empty() && self.data.is_empty() && self.after.is_empty()
    }

    fn clear(&mut self) {
        self.text.clear();
        self.data.clear();
        self.after = b"";
    }

    fn poll_write(
        &mut self,
        io: &mut UpstreamIo,
        cx: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        while !self.is_empty() {
            let written = if self.data.is_empty() && self.after.is_empty() {
                ready!(Pin::new(&mut *io).poll_write(cx, &self.text))?
            } else {
                let all = [&self.text[..], &self.data[..], self.after].map(IoSlice::new);
                ready!(Pin::new(&mut *io).poll_write_vectored(cx, &all))?
            };
            if written == 0 {
                return Poll::Ready(Err(std::io::ErrorKind::WriteZero.into()));
            }
            self.begun = true;
            self.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, written: usize) {
        let of_text = written.min(self.text.len());
        self.text.advance(of_text);
        let of_data = (written - of_text).min(self.data.len());
        self.data.advance(of_data);
        self.after = &self.after[written - of_text - of_data..];
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("reusable", &self.0.reusable).finish_non_exhaustive()
    }
}
