//! Requests over kept connections of HTTP/1.1.

use std::time::SystemTime;

use bytes::Bytes;
use http::Version;
use http_body_util::Full;
use tokio::time::timeout;

use super::connection::Http1;
use super::context::Context;
use super::exchange::Echo;
use super::failure::{FailureKind, Source};
use super::ledger::{Answered, Fault};
use super::schedule::Schedule;

/// How often a request that never left is given to a new connection.
pub(super) const OPENINGS: usize = 3;

type Kept = Option<Http1<Full<Bytes>>>;

/// One connection's requests, until the load stops.
pub(super) async fn run(context: Context, schedule: Schedule, length: usize) {
    let mut kept = None;
    for due in schedule {
        if !context.due(due).await {
            return;
        }
        let echo = Echo::new(context.ledger.next_seq(), length);
        context.ledger.sent(Source::Requests);
        let sent = SystemTime::now();
        match timeout(context.patience, exchange(&context, &mut kept, echo)).await {
            Ok(Ok(answered)) => {
                context.ledger.answered(Source::Requests, answered, sent, due.elapsed());
            }
            Ok(Err(fault)) => context.ledger.failed(Source::Requests, echo.seq, sent, fault),
            Err(_) => {
                let fault = FailureKind::TimedOut.into();
                context.ledger.failed(Source::Requests, echo.seq, sent, fault);
            }
        }
    }
}

/// Sends over the kept connection, or a new one; keeps it if all was well.
async fn exchange(context: &Context, kept: &mut Kept, echo: Echo) -> Result<Answered, Fault> {
    let mut request = echo.request(context, Version::HTTP_11)?;
    for _ in 0..OPENINGS {
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => Http1::open(context, Source::Requests).await?,
        };
        if !connection.is_open().await {
            continue; // the server closed it between two requests
        }
        match connection.sender.try_send_request(request).await {
            Ok(response) => {
                let answered = echo.check(response).await?;
                *kept = Some(connection);
                return Ok(answered);
            }
            Err(mut error) => match error.take_message() {
                Some(unsent) => request = unsent,
                None => return Err(FailureKind::before_head(error.error()).into()),
            },
        }
    }
    Err(FailureKind::Refused.into())
}
