//! A request's body on its way to the backend.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{self, HeaderMap};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

/// What a client sends after a head; nothing is buffered here.
#[derive(Debug)]
pub(crate) enum RequestBody {
    Empty,
    Stream { body: Incoming, upload: Arc<Upload>, left: u64, trailers: bool },
}

/// How far a body has come: seen by the request that waits for the answer.
#[derive(Debug)]
pub(crate) struct Upload {
    began: Instant,
    /// Milliseconds after `began`.
    progress: AtomicU64,
    done: AtomicBool,
    failed: AtomicBool,
    too_large: AtomicBool,
}

/// Why a body does not reach the backend whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the request's body is larger than allowed")]
    TooLarge,
    #[error("the client broke off its request: {0}")]
    Client(hyper::Error),
}

/// Whether HTTP/1 can carry the trailers of a message with this head.
pub(crate) fn announces_trailers(head: &HeaderMap) -> bool {
    head.contains_key(header::TRAILER) && !head.contains_key(header::CONTENT_LENGTH)
}

impl RequestBody {
    /// At most `most` bytes. Trailers are left out unless the head announces
    /// them: hyper encodes no others, and would never end the body.
    pub(crate) fn new(body: Incoming, head: &HeaderMap, most: Option<u64>) -> Self {
        if body.is_end_stream() {
            return Self::Empty;
        }
        let upload = Arc::new(Upload {
            began: Instant::now(),
            progress: AtomicU64::new(0),
            done: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            too_large: AtomicBool::new(false),
        });
        let left = most.unwrap_or(u64::MAX);
        Self::Stream { body, upload, left, trailers: announces_trailers(head) }
    }

    pub(crate) fn upload(&self) -> Option<Arc<Upload>> {
        match self {
            Self::Empty => None,
            Self::Stream { upload, .. } => Some(upload.clone()),
        }
    }
}

impl Upload {
    /// How long the backend has had the whole body; zero before.
    pub(crate) fn done_for(&self) -> Option<Duration> {
        let at = Duration::from_millis(self.progress.load(Relaxed));
        self.done.load(Relaxed).then(|| self.began.elapsed().saturating_sub(at))
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Relaxed)
    }

    pub(crate) fn is_too_large(&self) -> bool {
        self.too_large.load(Relaxed)
    }

    fn step(&self) {
        let at = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.progress.store(at, Relaxed);
    }

    fn end(&self) {
        self.step();
        self.done.store(true, Relaxed);
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Self::Stream { body, upload, left, trailers } = &mut *self else {
            return Poll::Ready(None);
        };
        match ready!(Pin::new(&mut *body).poll_frame(cx)) {
            None => {
                upload.end();
                Poll::Ready(None)
            }
            Some(Err(error)) => {
                upload.failed.store(true, Relaxed);
                Poll::Ready(Some(Err(BodyError::Client(error))))
            }
            Some(Ok(frame)) if frame.is_trailers() && !*trailers => {
                upload.end();
                Poll::Ready(None)
            }
            Some(Ok(frame)) => {
                let len = frame.data_ref().map_or(0, |data| data.len() as u64);
                let Some(rest) = left.checked_sub(len) else {
                    upload.too_large.store(true, Relaxed);
                    return Poll::Ready(Some(Err(BodyError::TooLarge)));
                };
                *left = rest;
                if body.is_end_stream() {
                    upload.end()
                } else {
                    upload.step()
                }
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Stream { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Stream { body, .. } => body.size_hint(),
        }
    }
}
