//! Requests over streams of HTTP/2.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::Version;
use http_body_util::Full;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::connection::Http2Connection;
use super::context::Context;
use super::exchange::Echo;
use super::failure::{FailureKind, Source, never_begun};
use super::ledger::{Answered, Fault};
use super::requests::OPENINGS;
use super::schedule::Schedule;

type Connection = Arc<Http2Connection<Full<Bytes>>>;

/// A connection that several streams share; opened anew when the server takes
/// no more requests on it. Each stream holds on to the one it is on, so that
/// what is open there can be finished.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared(Arc<Mutex<Option<Connection>>>);

impl Shared {
    async fn connection(&self, context: &Context) -> Result<Connection, FailureKind> {
        let mut slot = self.0.lock().await;
        if let Some(connection) = slot.as_ref()
            && connection.sender.clone().ready().await.is_ok()
        {
            return Ok(Arc::clone(connection));
        }
        let connection = Arc::new(Http2Connection::open(context, Source::Streams).await?);
        *slot = Some(Arc::clone(&connection));
        Ok(connection)
    }

    /// Nothing new begins on this connection.
    async fn leave(&self, connection: &Connection) {
        let mut slot = self.0.lock().await;
        if slot.as_ref().is_some_and(|current| Arc::ptr_eq(current, connection)) {
            *slot = None;
        }
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
    for _ in 0..OPENINGS {
        let connection = shared.connection(context).await?;
        let mut sender = connection.sender.clone();
        match sender.try_send_request(echo.request(context, Version::HTTP_2)?).await {
            Ok(response) => return echo.check(response).await,
            Err(error) if error.message().is_some() || never_begun(error.error()) => {
                shared.leave(&connection).await;
            }
            Err(error) => return Err(FailureKind::before_head(error.error()).into()),
        }
    }
    Err(FailureKind::Refused.into())
}
