//! Each way in which a server of HTTP/2 can be wrong is found.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use shipway_sim::traffic::{Http2, Load, Source};
use shipway_sim::{wait_until, wire};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// What the server does wrong with every fifth request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sabotage {
    OtherAnswer,
    OtherBody,
    Truncate,
    ResetStream,
    Status,
    Hang,
}

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// Breaks off a while after the part, else the reset overtakes the part.
fn broken_off(part: Bytes) -> Body {
    let part = stream::iter([Ok(Frame::data(part))]);
    let error = stream::once(async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(std::io::Error::other("cut off, as told"))
    });
    StreamBody::new(part.chain(error)).boxed_unsync()
}

async fn reply(
    request: Request<Incoming>,
    sabotage: Option<Sabotage>,
) -> Result<Response<Body>, std::io::Error> {
    let number = |name| request.headers()[name].to_str().unwrap().parse::<u64>().unwrap();
    let (mut seq, length) = (number(wire::SEQ), number(wire::LENGTH) as usize);
    let mut bytes = wire::body(seq, length);
    let mut status = 200;
    match sabotage {
        Some(Sabotage::OtherAnswer) => {
            seq += 1;
            bytes = wire::body(seq, length);
        }
        Some(Sabotage::OtherBody) => bytes = wire::body(seq + 1, length),
        Some(Sabotage::ResetStream) => return Err(std::io::Error::other("no answer, as told")),
        Some(Sabotage::Status) => status = 503,
        Some(Sabotage::Hang) => std::future::pending::<()>().await,
        Some(Sabotage::Truncate) | None => {}
    }
    let response = Response::builder()
        .status(status)
        .header(wire::SEQ, seq)
        .header(wire::VERSION, "broken")
        .header(wire::SUM, wire::Checksum::of(&bytes))
        .header(wire::RECEIVED, wire::to_nanos(SystemTime::now()));
    let body = match sabotage {
        Some(Sabotage::Truncate) => broken_off(bytes.slice(..length / 2)),
        _ => whole(bytes),
    };
    Ok(response.body(body).unwrap())
}

async fn start(sabotage: Sabotage) -> (SocketAddr, Arc<AtomicU64>, AbortOnDropHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (seen, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let counter = Arc::clone(&done);
    let task = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (seen, done) = (Arc::clone(&seen), Arc::clone(&counter));
            let service = service_fn(move |request| {
                let turn = seen.fetch_add(1, Ordering::SeqCst).is_multiple_of(5);
                done.fetch_add(turn.into(), Ordering::SeqCst);
                reply(request, turn.then_some(sabotage))
            });
            let connection = http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
    });
    (address, done, AbortOnDropHandle::new(task))
}

#[tokio::test]
async fn what_is_wrong_with_a_stream_is_found() {
    for (sabotage, kind) in [
        (Sabotage::OtherAnswer, "wrong sequence"),
        (Sabotage::OtherBody, "wrong body"),
        (Sabotage::Truncate, "truncated"),
        (Sabotage::ResetStream, "reset"),
        (Sabotage::Status, "status"),
        (Sabotage::Hang, "timed out"),
    ] {
        let (address, done, _server) = start(sabotage).await;
        let http2 = Http2 { connections: 2, streams: 4, rate: 400, body: 1000 };
        let hangs = sabotage == Sabotage::Hang;
        let patience = Duration::from_millis(if hangs { 300 } else { 10_000 });
        let running = Load { http2: Some(http2), patience, ..Load::new(address) }.start();
        let five = || done.load(Ordering::SeqCst) >= 5;
        wait_until("five sabotages", Duration::from_secs(20), five).await.unwrap();
        let report = running.stop().await;
        let kinds: Vec<_> = report.failure_counts.keys().collect();
        assert_eq!(kinds, [&(Source::Streams, kind)], "{sabotage:?}: {report}");
        let (failed, done) = (report.failed(), done.load(Ordering::SeqCst));
        assert!(failed == done || failed > done && hangs, "{sabotage:?}: {done}: {report}");
        assert!(report.tally(Source::Streams).answered > 0, "{report}");
    }
}

/// Serves twenty requests on each connection, then says GOAWAY and finishes
/// what is open (RFC 9113, section 6.8).
async fn serve_twenty(stream: TcpStream, said: Arc<AtomicU64>) {
    let (twenty, mut reached) = tokio::sync::watch::channel(0);
    let service = service_fn(move |request| {
        twenty.send_modify(|count| *count += 1);
        reply(request, None)
    });
    let connection =
        http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = reached.wait_for(|count| *count >= 20) => {}
    }
    connection.as_mut().graceful_shutdown();
    said.fetch_add(1, Ordering::SeqCst);
    // How it ends is what the client judges.
    let _ = connection.await;
}

#[tokio::test]
async fn a_connection_that_says_goodbye_is_opened_anew_and_no_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let said = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&said);
    let server = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve_twenty(stream, Arc::clone(&counter)));
        }
    });
    let _server = AbortOnDropHandle::new(server);
    let http2 = Http2 { connections: 3, streams: 8, rate: 2000, body: 1000 };
    let running = Load { http2: Some(http2), ..Load::new(address) }.start();
    let often = || said.load(Ordering::SeqCst) >= 50;
    wait_until("fifty goodbyes", Duration::from_secs(30), often).await.unwrap();
    let report = running.stop().await;
    report.assert_clean();
    assert!(report.tally(Source::Streams).opened >= 50, "{report}");
}
