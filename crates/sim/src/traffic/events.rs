//! Server-sent events (HTML standard, section 9.2), numbered without gaps.

use std::time::SystemTime;

use bytes::{Buf as _, Bytes, BytesMut};
use http::header::ACCEPT;
use http::{Method, Version};
use http_body_util::{BodyExt as _, Empty};
use tokio::time::timeout;

use super::connection::Http1;
use super::context::Context;
use super::exchange::{begin, text};
use super::failure::{FailureKind, Source};
use super::ledger::Fault;
use crate::wire;

/// Listens to one stream after the other, until the load stops.
pub(super) async fn run(context: Context) {
    while !context.stopping.is_cancelled() {
        let (seq, opened) = (context.ledger.next_seq(), SystemTime::now());
        let listening = listen(&context, seq);
        let ended = tokio::select! {
            ended = listening => ended,
            () = context.stopping.cancelled() => return,
        };
        match ended {
            Ok(version) => context.ledger.ended(Source::Events, opened, version),
            Err(fault) => context.ledger.failed(Source::Events, seq, opened, fault),
        }
        if !context.pause().await {
            return;
        }
    }
}

/// Listens until the server ends the stream; says who served it.
async fn listen(context: &Context, seq: u64) -> Result<Option<String>, Fault> {
    let mut connection = Http1::open(context, Source::Events).await?;
    let request = begin(context, Version::HTTP_11, Method::GET, wire::EVENTS)
        .header(wire::SEQ, seq)
        .header(ACCEPT, "text/event-stream")
        .body(Empty::<Bytes>::new())
        .map_err(|error| FailureKind::Protocol(error.to_string()))?;
    let answer = timeout(context.patience, connection.sender.send_request(request)).await;
    let response = answer
        .map_err(|_| FailureKind::TimedOut)?
        .map_err(|error| FailureKind::before_head(&error))?;
    let version = text(response.headers(), wire::VERSION);
    let fault = |kind| Fault { kind, version: version.clone() };
    if response.status() != 200 {
        return Err(fault(FailureKind::Status(response.status().as_u16())));
    }
    let mut body = response.into_body();
    let mut events = Events::default();
    loop {
        let frame = timeout(context.patience, body.frame())
            .await
            .map_err(|_| fault(FailureKind::TimedOut))?;
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|error| fault(FailureKind::within_body(&error)))?;
        let Ok(data) = frame.into_data() else { continue };
        events.take(&data);
        while events.next().map_err(fault)? {
            context.ledger.checked(Source::Events);
        }
    }
    if events.buffer.is_empty() { Ok(version) } else { Err(fault(FailureKind::Truncated)) }
}

/// Cuts a stream into events and checks their numbers.
#[derive(Debug, Default)]
struct Events {
    buffer: BytesMut,
    expected: u64,
}

impl Events {
    fn take(&mut self, data: &[u8]) {
        self.buffer.extend_from_slice(data);
    }

    /// Checks the next event; false when it is not there yet.
    fn next(&mut self) -> Result<bool, FailureKind> {
        let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") else {
            return Ok(false);
        };
        let event = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        self.buffer.advance(end + 2);
        let id = event.lines().find_map(|line| line.strip_prefix("id: "));
        let got = id.and_then(|id| id.parse().ok());
        if got != Some(self.expected) {
            return Err(FailureKind::WrongSequence { expected: self.expected, got });
        }
        self.expected += 1;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_checked_however_they_are_cut() {
        let mut events = Events::default();
        events.take(b"id: 0\ndata: x\n");
        assert_eq!(events.next(), Ok(false));
        events.take(b"\nid: 1\ndata: x\n\nid: 3\n\n");
        assert_eq!(events.next(), Ok(true));
        assert_eq!(events.next(), Ok(true));
        let gap = FailureKind::WrongSequence { expected: 2, got: Some(3) };
        assert_eq!(events.next(), Err(gap));
    }
}
