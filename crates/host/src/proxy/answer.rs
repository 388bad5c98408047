//! An answer on its way to the client, and everything that ends with it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};

use super::backend::{AtEndpoint, InFlight};
use super::client::Client;
use super::record::{Record, RequestId};
use super::upstream::{AnswerError, Upstream};

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum AnswerBody {
    /// Our own words.
    Own { text: Option<Bytes>, _open: Open },
    /// A backend's.
    Relay(Box<Relay>),
    /// None; the connection becomes a tunnel.
    Tunnel,
}

/// A request that is being answered. Ends, and is logged, when dropped.
#[derive(Debug)]
pub(crate) struct Open {
    client: Arc<Client>,
    pub(crate) record: Option<Box<Record>>,
}

impl Open {
    pub(crate) fn new(client: Arc<Client>) -> Self {
        client.began();
        Self { client, record: None }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.client.ended();
    }
}

/// A backend's body, which drives the connection it comes from.
#[derive(Debug)]
pub(crate) struct Relay {
    /// `None` when nothing more will come.
    source: Option<Source>,
    in_flight: InFlight,
    pool_size: usize,
    /// The head was counted as an error already.
    pub(crate) counted: bool,
    /// Trailers are passed on. HTTP/1 can carry only announced ones, to a
    /// client that reads them: for others hyper would never end the body.
    pub(crate) trailers: bool,
    open: Open,
}

/// Where a body comes from.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) upstream: Upstream,
    pub(crate) at: AtEndpoint,
}

/// The backend's connection ended in the middle of a body.
#[derive(Debug, thiserror::Error)]
#[error("the backend broke off its answer: {0}")]
pub(crate) struct BrokeOff(AnswerError);

impl Relay {
    pub(crate) fn new(source: Source, in_flight: InFlight, open: Open, pool_size: usize) -> Self {
        let source = Some(source);
        Self { source, in_flight, pool_size, counted: false, trailers: false, open }
    }

    fn poll_source(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, AnswerError>>> {
        match &mut self.source {
            Some(source) => source.upstream.poll_body(cx),
            None => Poll::Ready(None),
        }
    }

    /// Nothing more of the body will come.
    pub(crate) fn is_over(&self) -> bool {
        self.source.as_ref().is_none_or(|source| source.upstream.is_body_over())
    }

    /// The whole body is there: the connection may be used again.
    pub(crate) fn finish(&mut self, cx: &mut Context<'_>) {
        if let Some(record) = &mut self.open.record {
            record.whole = true;
        }
        let Some(mut source) = self.source.take() else { return };
        if source.upstream.poll_ready(cx) && !self.in_flight.backend().is_broken_off() {
            source.at.0.pool.put(source.upstream, self.pool_size);
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BrokeOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokeOff>>> {
        let relay = match &mut *self {
            Self::Own { text, .. } => return Poll::Ready(text.take().map(|t| Ok(Frame::data(t)))),
            Self::Tunnel => return Poll::Ready(None),
            Self::Relay(relay) => relay,
        };
        let frame = match relay.poll_source(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(None) => {
                relay.finish(cx);
                return Poll::Ready(None);
            }
            Poll::Ready(Some(Err(error))) => {
                relay.source = None;
                if !std::mem::replace(&mut relay.counted, true) {
                    relay.in_flight.backend().users.broke_off();
                }
                return Poll::Ready(Some(Err(BrokeOff(error))));
            }
            Poll::Ready(Some(Ok(frame))) if frame.is_trailers() && !relay.trailers => {
                relay.finish(cx);
                return Poll::Ready(None);
            }
            Poll::Ready(Some(Ok(frame))) => frame,
        };
        if let (Some(record), Some(data)) = (&mut relay.open.record, frame.data_ref()) {
            record.bytes += data.len() as u64;
        }
        if relay.is_over() {
            relay.finish(cx);
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own { text, .. } => text.is_none(),
            Self::Relay(relay) => relay.is_over(),
            Self::Tunnel => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own { text, .. } => {
                SizeHint::with_exact(text.as_ref().map_or(0, Bytes::len) as u64)
            }
            Self::Relay(relay) => match &relay.source {
                Some(source) => source.upstream.size_hint(),
                None => SizeHint::with_exact(0),
            },
            Self::Tunnel => SizeHint::with_exact(0),
        }
    }
}

/// An answer of our own: one line for people, with the request's id.
pub(crate) fn page(
    status: StatusCode,
    why: &str,
    id: RequestId,
    close: bool,
    mut open: Open,
) -> Response<AnswerBody> {
    let text = format!("{}: {why} (request {id})\n", status.as_u16());
    if let Some(record) = &mut open.record {
        record.answer = Some((status, record.began.elapsed()));
        record.bytes = text.len() as u64;
        record.whole = true;
    }
    let body = AnswerBody::Own { text: Some(text.into()), _open: open };
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        const { header::HeaderValue::from_static("text/plain; charset=utf-8") },
    );
    headers.insert(header::CACHE_CONTROL, const { header::HeaderValue::from_static("no-store") });
    if close {
        headers.insert(header::CONNECTION, const { header::HeaderValue::from_static("close") });
    }
    answer
}
