//! Bodies of every kind, unbuffered in both directions.

use std::sync::atomic::Ordering::SeqCst;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use shipway_host::proxy::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::origin::PIECE;
use super::world::{World, eventually};

#[tokio::test]
async fn an_upload_of_100_mb_arrives_and_comes_back_whole() {
    const LEN: usize = 100_000_000;
    let (world, _origin, _) = World::with_origin(Limits::default()).await;
    let mut client = world.connect().await;
    client.send(&format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {LEN}\r\n\r\n")).await;
    let head = client.head().await.unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let (mut read, mut write) = client.stream.split();
    let send = async {
        for at in (0..LEN).step_by(PIECE) {
            let piece = vec![(at / PIECE) as u8; PIECE.min(LEN - at)];
            write.write_all(&piece).await.unwrap();
        }
    };
    let receive = async {
        let (mut seen, mut buffer) = (0, vec![0; PIECE]);
        // Chunked, since the origin does not know the length: compare sums.
        let mut sum = 0u64;
        while seen < LEN {
            let read = read.read(&mut buffer).await.unwrap();
            assert!(read > 0, "ended after {seen}");
            seen += read;
            sum += buffer[..read].iter().map(|&byte| u64::from(byte)).sum::<u64>();
        }
        sum
    };
    let ((), sum) = tokio::join!(send, receive);
    let sent: u64 = (0..LEN).map(|at| u64::from((at / PIECE) as u8)).sum();
    assert!(sum >= sent / 100 * 99, "{sum} of {sent}");
}

#[tokio::test]
async fn a_download_of_100_mb_is_in_order() {
    const LEN: usize = 100_000_000;
    let (world, _origin, _) = World::with_origin(Limits::default()).await;
    let mut client = world.connect().await;
    client.send(&format!("GET /big/{LEN} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
    let head = client.head().await.unwrap();
    assert!(head.contains(&format!("content-length: {LEN}\r\n")), "{head}");
    let mut left = LEN;
    while left > 0 {
        let len = left.min(PIECE);
        let piece = client.exactly(len).await.unwrap();
        assert!(piece.iter().all(|&byte| byte == (left / PIECE) as u8), "at {left}");
        left -= len;
    }
    // And the connection goes on.
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(client.answer().await.text(), "v1");
}

#[tokio::test]
async fn each_event_arrives_before_the_next_is_sent() {
    let (world, origin, _) = World::with_origin(Limits::default()).await;
    let events = origin.events();
    let mut client = world.connect().await;
    client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n").await;
    client.head().await.unwrap();
    for number in 0..5 {
        let event = format!("data: {number}\n\n");
        events.send(event.clone().into()).await.unwrap();
        assert_eq!(client.chunk().await.unwrap(), event.as_bytes());
    }
    drop(events);
    assert_eq!(client.chunk().await.unwrap(), b"");
}

#[tokio::test]
async fn each_piece_of_an_upload_arrives_before_the_next_is_sent() {
    let (world, origin, _) = World::with_origin(Limits::default()).await;
    let mut client = world.connect().await;
    client.send("POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    for number in 1..=3 {
        client.send("3\r\nabc\r\n").await;
        eventually("a piece", || origin.state.uploaded.load(SeqCst) == 3 * number).await;
    }
    client.send("0\r\n\r\n").await;
    assert_eq!(client.answer().await.text(), "9");
}

#[tokio::test]
async fn a_client_that_does_not_read_stops_the_backend() {
    let (world, origin, _) = World::with_origin(Limits::default()).await;
    let events = origin.events();
    let mut client = world.connect().await;
    client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let piece = Bytes::from(vec![0; PIECE]);
    let mut sent = 0;
    // Socket buffers and ours take some; then nothing moves.
    let stuck = std::time::Duration::from_millis(500);
    while let Ok(result) = tokio::time::timeout(stuck, events.send(piece.clone())).await {
        result.unwrap();
        sent += PIECE;
        assert!(sent < 64 << 20, "somebody buffers without end");
    }
    client.head().await.unwrap();
    let read = async { while !client.chunk().await.unwrap().is_empty() {} };
    tokio::select! {
        sent = events.send(piece) => sent.unwrap(),
        () = read => panic!("the stream has not ended"),
    }
}

#[tokio::test]
async fn trailers_pass_both_ways() {
    let (world, _origin, _) = World::with_origin(Limits::default()).await;
    let mut client = world.connect().await;
    client.send("GET /trailers HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n").await;
    client.head().await.unwrap();
    assert_eq!(client.chunk().await.unwrap(), b"summed");
    assert_eq!(client.chunk().await.unwrap(), b"");
    assert_eq!(client.trailers().await.unwrap(), ["x-sum: 42"]);

    for (announced, seen) in [("Trailer: x-sum\r\n", r#"{"x-sum": "7"}"#), ("", "{}")] {
        let request = format!(
            "POST /trailed HTTP/1.1\r\nHost: a\r\n{announced}Transfer-Encoding: chunked\r\n\r\n\
            1\r\na\r\n0\r\nx-sum: 7\r\n\r\n"
        );
        client.send(&request).await;
        assert_eq!(client.answer().await.text(), seen);
    }
}

#[tokio::test]
async fn trailers_are_left_out_for_a_client_that_does_not_read_them() {
    let (world, _origin, _) = World::with_origin(Limits::default()).await;
    let mut client = world.connect().await;
    for _ in 0..2 {
        client.send("GET /trailers HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(client.answer().await.text(), "summed");
    }
}

#[tokio::test]
async fn an_expectation_is_met_before_the_body() {
    let (world, _origin, _) = World::with_origin(Limits::default()).await;
    let mut client = world.connect().await;
    let head =
        "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    client.send(head).await;
    assert!(client.head().await.unwrap().starts_with("HTTP/1.1 100 "));
    client.send("abc").await;
    assert_eq!(client.answer().await.text(), "3");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let limits = Limits { body_bytes: Some(4), ..Limits::default() };
    let (world, _origin, backend) = World::with_origin(limits).await;
    let mut client = world.connect().await;
    client.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 413);
    assert_eq!(client.rest().await, b"");
    let mut client = world.connect().await;
    let head = "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.send(&format!("{head}5\r\nabcde\r\n")).await;
    assert_eq!(client.answer().await.status, 413);
    // A client's mistake is not the version's.
    assert_eq!(backend.counters().errors, 0);
}

#[tokio::test]
async fn http2_streams_share_a_connection() {
    let (world, _origin, _) = World::with_origin(Limits::default()).await;
    let stream = TcpStream::connect(world.address).await.unwrap();
    let builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut streams = tokio::task::JoinSet::new();
    for number in 0..50usize {
        let mut sender = sender.clone();
        streams.spawn(async move {
            let body = vec![number as u8; 1000 * number];
            let request = http::Request::post("http://shop/echo")
                .header("cookie", "a=1")
                .header("cookie", "b=2")
                .body(http_body_util::Full::<Bytes>::from(body.clone()))
                .unwrap();
            let answer = sender.send_request(request).await.unwrap();
            assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), body);
            let request = http::Request::get("http://shop/head")
                .header("cookie", "a=1")
                .header("cookie", "b=2")
                .body(http_body_util::Full::<Bytes>::default())
                .unwrap();
            let answer = sender.send_request(request).await.unwrap();
            let text = answer.into_body().collect().await.unwrap().to_bytes();
            let text = String::from_utf8(text.to_vec()).unwrap();
            assert!(text.contains("\nhost: shop"), "{text}");
            assert!(text.contains("cookie: a=1; b=2"), "{text}");
        });
    }
    while let Some(stream) = streams.join_next().await {
        stream.unwrap();
    }
}

#[tokio::test]
async fn a_tunnel_carries_bytes_both_ways() {
    let (world, _origin, backend) = World::with_origin(Limits::default()).await;
    let mut client = world.connect().await;
    let head =
        "GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    // The first frame comes early: it must wait, and not be lost.
    client.send(&format!("{head}early\n")).await;
    let answer = client.head().await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert!(answer.contains("upgrade: websocket\r\n"), "{answer}");
    assert_eq!(client.exactly(6).await.unwrap(), b"early\n");
    for number in 0..10_000usize {
        let frame = number.to_be_bytes();
        client.send_bytes(&frame).await;
        assert_eq!(client.exactly(frame.len()).await.unwrap(), frame);
    }
    assert_eq!(backend.in_flight(), 1);
    client.stream.shutdown().await.unwrap();
    assert_eq!(client.rest().await, b"");
    eventually("the tunnel's end", || backend.in_flight() == 0).await;
}

#[tokio::test]
async fn a_declined_upgrade_leaves_an_ordinary_connection() {
    let (world, _origin, _) = World::with_origin(Limits::default()).await;
    let mut client = world.connect().await;
    let head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    client.send(head).await;
    assert_eq!(client.answer().await.status, 200);
    client.send("GET /status/404 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 404);
}
