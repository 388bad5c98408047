//! A client's socket as the HTTP parser sees it: watched by [`Framing`], with
//! the stamps that timeouts are judged by, and closed so that the last answer
//! arrives.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::acceptor::Seat;
use super::client::Client;
use super::framing::{Framing, Phase, Verdict};

/// Read at once at most.
const READ: usize = 64 * 1024;
/// Read and thrown away after the last answer, so that the kernel does not
/// reset the connection before the client has read it.
const LINGER: usize = 4 * 1024 * 1024;

/// A NUL is valid in no place of a head: the parser answers 400 in its turn,
/// after the answers to what came before.
const REFUSED_HEAD: &[u8] = b"\0\r\n\r\n";

/// What an HTTP/2 connection with prior knowledge begins with (RFC 9113 §3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

thread_local! {
    /// Reads go through here: a read is judged and copied before anything
    /// else runs on this thread.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ].into_boxed_slice());
}

/// The protocol that a client speaks first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// A client's socket. (TLS will be a second kind of stream here.)
#[derive(Debug)]
pub(crate) struct ClientIo {
    stream: TcpStream,
    client: Arc<Client>,
    /// `None` for HTTP/2, whose frames need no such care.
    framing: Option<Framing>,
    /// Bytes that were read and have not been judged yet.
    waiting: Vec<u8>,
    refused: bool,
    write_closed: bool,
    lingered: usize,
    _seat: Seat,
}

impl ClientIo {
    pub(crate) fn new(stream: TcpStream, client: Arc<Client>, seat: Seat) -> Self {
        Self {
            stream,
            client,
            framing: None,
            waiting: Vec::new(),
            refused: false,
            write_closed: false,
            lingered: 0,
            _seat: seat,
        }
    }

    /// Reads until it is clear which protocol the client speaks.
    pub(crate) async fn protocol(&mut self, head_bytes: usize) -> io::Result<Protocol> {
        use tokio::io::AsyncReadExt as _;
        let mut begin = [0u8; PREFACE.len()];
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut begin[filled..]).await?;
            filled += read;
            let so_far = &begin[..filled];
            let differs = !PREFACE.starts_with(so_far);
            if read == 0 || differs || filled == PREFACE.len() {
                self.waiting = so_far.to_vec();
                if differs || read == 0 {
                    self.framing = Some(Framing::new(head_bytes));
                    return Ok(Protocol::Http1);
                }
                return Ok(Protocol::Http2);
            }
        }
    }

    /// Judges `bytes`, hands on what may pass and keeps what has to wait.
    fn pass(&mut self, bytes: &[u8], out: &mut ReadBufCursor<'_>) {
        let verdict = self.framing.as_mut().map_or(Verdict::Pass, |framing| framing.watch(bytes));
        match verdict {
            Verdict::Pass => out.put_slice(bytes),
            Verdict::PassThenWait(passed) => {
                out.put_slice(&bytes[..passed]);
                self.waiting.extend_from_slice(&bytes[passed..]);
            }
            Verdict::RefuseHead(passed) => {
                out.put_slice(&bytes[..passed]);
                self.refuse(REFUSED_HEAD, out);
            }
            Verdict::RefuseBody(passed) => {
                out.put_slice(&bytes[..passed]);
                self.refuse(b"", out);
                self.client.body_refused();
            }
        }
        self.stamp();
    }

    /// From here on the parser gets `ending` and then an error.
    fn refuse(&mut self, ending: &[u8], out: &mut ReadBufCursor<'_>) {
        let fits = ending.len().min(out.remaining());
        out.put_slice(&ending[..fits]);
        self.waiting = ending[fits..].to_vec();
        self.refused = true;
    }

    fn stamp(&self) {
        if let Some(framing) = &self.framing {
            self.client.head_pending(framing.phase() == Phase::Head);
        }
    }

    fn poll_waiting(&mut self, out: &mut ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        if let Some(framing) = &mut self.framing
            && let Some(granted) = self.client.take_decision()
        {
            framing.decide(granted);
        }
        let mut waiting = std::mem::take(&mut self.waiting);
        let most = waiting.len().min(out.remaining());
        let rest = waiting.split_off(most);
        let before = out.remaining();
        self.pass(&waiting, out);
        self.waiting.extend_from_slice(&rest);
        self.after_pass(out.remaining() < before)
    }

    /// Nothing passed: the rest is refused, or waits. The parser is polled
    /// again once an upgrade is decided.
    fn after_pass(&self, passed: bool) -> Poll<io::Result<()>> {
        match passed {
            true => Poll::Ready(Ok(())),
            false if self.refused => Poll::Ready(Err(refused())),
            false => Poll::Pending,
        }
    }

    /// Reads on until the client has closed too, within limits.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        SCRATCH.with_borrow_mut(|scratch| {
            while self.lingered < LINGER {
                let mut buffer = ReadBuf::new(scratch);
                ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
                match buffer.filled().len() {
                    0 => break,
                    read => self.lingered += read,
                }
            }
            Poll::Ready(Ok(()))
        })
    }
}

fn refused() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a message that could be read in two ways")
}

impl Read for ClientIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut out: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.refused {
            let before = out.remaining();
            let ending = std::mem::take(&mut this.waiting);
            this.refuse(&ending, &mut out);
            return this.after_pass(out.remaining() < before);
        }
        if !this.waiting.is_empty() {
            return this.poll_waiting(&mut out);
        }
        if let Some(framing) = &mut this.framing
            && let Some(granted) = this.client.take_decision()
        {
            framing.decide(granted);
        }
        SCRATCH.with_borrow_mut(|scratch| {
            let most = out.remaining().min(READ);
            let mut buffer = ReadBuf::new(&mut scratch[..most]);
            let read = Pin::new(&mut this.stream).poll_read(cx, &mut buffer);
            if read.is_pending() {
                let in_body = this.framing.as_ref().is_some_and(|f| f.phase() == Phase::Body);
                this.client.body_awaited(in_body);
                return Poll::Pending;
            }
            ready!(read)?;
            this.client.body_awaited(false);
            let len = buffer.filled().len();
            if len == 0 {
                return Poll::Ready(Ok(()));
            }
            let before = out.remaining();
            this.pass(&scratch[..len], &mut out);
            this.after_pass(out.remaining() < before)
        })
    }
}

impl ClientIo {
    fn note_write<T>(&self, written: Poll<T>) -> Poll<T> {
        self.client.write_blocked(written.is_pending());
        written
    }
}

impl Write for ClientIo {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note_write(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.note_write(written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A socket has no buffer of ours.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.write_closed {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.write_closed = true;
            self.client.closing();
        }
        if self.client.is_tunnel() {
            return Poll::Ready(Ok(()));
        }
        self.poll_linger(cx)
    }
}
