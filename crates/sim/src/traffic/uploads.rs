//! Large bodies sent slowly, so that they are half done when something
//! happens.

use std::convert::Infallible;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{Method, Request, Response, Version};
use http_body::Frame;
use http_body_util::StreamBody;
use hyper::body::Incoming;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::task::AbortOnDropHandle;

use super::connection::Http1;
use super::context::Context;
use super::exchange::{begin, number, read, received, text};
use super::failure::{FailureKind, Source};
use super::ledger::{Answered, Fault};
use crate::wire;

/// How much is made and sent at a time.
const CHUNK: usize = 64 << 10;

/// How long it takes at most to hear from another task of this process.
const NEWS: Duration = Duration::from_millis(500);

type Body = StreamBody<ReceiverStream<Result<Frame<Bytes>, Infallible>>>;

/// One upload after the other, each on a connection of its own, until the
/// load stops; the last one is then finished without delay.
pub(super) async fn run(context: Context, bytes: u64, over: Duration) {
    while !context.stopping.is_cancelled() {
        let seq = context.ledger.next_seq();
        context.ledger.sent(Source::Uploads);
        let (sent, begun) = (SystemTime::now(), Instant::now());
        let failed = match upload(&context, seq, bytes, over).await {
            Ok(answered) => {
                context.ledger.answered(Source::Uploads, answered, sent, begun.elapsed());
                false
            }
            Err(fault) => {
                context.ledger.failed(Source::Uploads, seq, sent, fault);
                true
            }
        };
        if failed && !context.pause().await {
            return;
        }
    }
}

async fn upload(
    context: &Context,
    seq: u64,
    bytes: u64,
    over: Duration,
) -> Result<Answered, Fault> {
    let mut connection = Http1::open(context, Source::Uploads).await?;
    let (sender, receiver) = mpsc::channel(1);
    let pacer = tokio::spawn(pace(context.clone(), seq, bytes, over, sender));
    let mut pacer = AbortOnDropHandle::new(pacer);
    let request = request(context, seq, bytes, StreamBody::new(ReceiverStream::new(receiver)))?;
    let answer = connection.sender.send_request(request);
    tokio::pin!(answer);
    let sum = tokio::select! {
        sum = &mut pacer => sum.map_err(|error| FailureKind::Protocol(error.to_string()))?,
        early = &mut answer => {
            let response = early.map_err(|error| FailureKind::before_head(&error))?;
            // Perhaps not early at all: the word that everything was sent is
            // on its way, and the answer was faster.
            let sum = timeout(NEWS, pacer).await.ok().and_then(Result::ok).flatten();
            return check(response, seq, sum).await;
        }
    };
    let response = match timeout(context.patience, answer).await {
        Ok(response) => response.map_err(|error| FailureKind::before_head(&error))?,
        Err(_) => return Err(FailureKind::TimedOut.into()),
    };
    match timeout(context.patience, check(response, seq, sum)).await {
        Ok(checked) => checked,
        Err(_) => Err(FailureKind::TimedOut.into()),
    }
}

fn request(
    context: &Context,
    seq: u64,
    bytes: u64,
    body: Body,
) -> Result<Request<Body>, FailureKind> {
    begin(context, Version::HTTP_11, Method::POST, wire::UPLOAD)
        .header(wire::SEQ, seq)
        .header(CONTENT_LENGTH, bytes)
        .body(body)
        .map_err(|error| FailureKind::Protocol(error.to_string()))
}

/// Makes the body at its pace, and says its checksum; `None` when the
/// connection takes no more.
async fn pace(
    context: Context,
    seq: u64,
    bytes: u64,
    over: Duration,
    sender: mpsc::Sender<Result<Frame<Bytes>, Infallible>>,
) -> Option<String> {
    let begun = Instant::now();
    let mut sum = wire::Checksum::default();
    while sum.length() < bytes {
        let done = sum.length() as f64 / bytes as f64;
        // False when the load stops: then as fast as it goes.
        context.due(begun + over.mul_f64(done)).await;
        let length = (bytes - sum.length()).min(CHUNK as u64) as usize;
        let chunk = wire::body_at(seq, sum.length(), length);
        sum.update(&chunk);
        sender.send(Ok(Frame::data(chunk))).await.ok()?;
    }
    Some(sum.finish())
}

/// The answer to `bytes` sent with this checksum, or to less than all.
async fn check(
    response: Response<Incoming>,
    seq: u64,
    sum: Option<String>,
) -> Result<Answered, Fault> {
    let (head, body) = response.into_parts();
    let version = text(&head.headers, wire::VERSION);
    let fault = |kind| Fault { kind, version: version.clone() };
    let body = read(body).await.map_err(fault)?;
    if head.status != 200 {
        return Err(fault(FailureKind::Status(head.status.as_u16())));
    }
    let got = number(&head.headers, wire::SEQ);
    if got != Some(seq) {
        return Err(fault(FailureKind::WrongSequence { expected: seq, got }));
    }
    let said = String::from_utf8_lossy(&body);
    match (said.split_once(' '), sum) {
        (Some((_, said)), Some(sum)) if said == sum => {}
        _ => return Err(fault(FailureKind::WrongBody)),
    }
    let received = received(&head.headers);
    Ok(Answered { version: version.unwrap_or_default(), received })
}
