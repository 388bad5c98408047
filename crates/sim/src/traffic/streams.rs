//! Requests over streams of HTTP/2.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::Version;
use http_body_util::Full;
use hyper::client::conn::http2::SendRequest;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::connection::Http2Connection;
use super::context::Context;
use super::exchange::Echo;
use super::failure::{FailureKind, Source};
use super::ledger::{Answered, Fault};
use super::requests::OPENINGS;
use super::schedule::Schedule;

/// A connection that several streams share; opened anew when it is closed.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared(Arc<Mutex<Option<Http2Connection<Full<Bytes>>>>>);

impl Shared {
    async fn sender(&self, context: &Context) -> Result<SendRequest<Full<Bytes>>, FailureKind> {
        let mut slot = self.0.lock().await;
        if let Some(connection) = slot.as_mut() {
            if !connection.sender.is_closed() && connection.sender.ready().await.is_ok() {
                return Ok(connection.sender.clone());
            }
            *slot = None;
        }
        let connection = Http2Connection::open(context, Source::Streams).await?;
        let sender = connection.sender.clone();
        *slot = Some(connection);
        Ok(sender)
    }
}

/// The requests of one stream after the other, until the load stops.
pub(super) async fn run(context: Context, shared: Shared, schedule: Schedule, length: usize) {
    for due in schedule {
        if !context.due(due).await {
            return;
        }
        let echo = Echo::new(context.ledger.next_seq(), length);
        context.ledger.sent(Source::Streams);
        let sent = SystemTime::now();
        match timeout(context.patience, exchange(&context, &shared, echo)).await {
            Ok(Ok(answered)) => {
                context.ledger.answered(Source::Streams, answered, sent, due.elapsed());
            }
            Ok(Err(fault)) => context.ledger.failed(Source::Streams, echo.seq, sent, fault),
            Err(_) => {
                let fault = FailureKind::TimedOut.into();
                context.ledger.failed(Source::Streams, echo.seq, sent, fault);
            }
        }
    }
}

async fn exchange(context: &Context, shared: &Shared, echo: Echo) -> Result<Answered, Fault> {
    let mut request = echo.request(context, Version::HTTP_2)?;
    for _ in 0..OPENINGS {
        let mut sender = shared.sender(context).await?;
        match sender.try_send_request(request).await {
            Ok(response) => return echo.check(response).await,
            Err(mut error) => match error.take_message() {
                Some(unsent) => request = unsent,
                None => return Err(FailureKind::before_head(error.error()).into()),
            },
        }
    }
    Err(FailureKind::Refused.into())
}
