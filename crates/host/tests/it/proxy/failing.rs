//! Backends that refuse, vanish, restart or hang.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use shipway_host::proxy::{Backend, Limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::origin::Origin;
use super::world::{World, backend, eventually};

/// A backend of raw bytes: `each` gets every connection and its number.
pub(crate) async fn raw<F: Future<Output = ()> + Send + 'static>(
    each: impl Fn(TcpStream, usize) -> F + Send + 'static,
) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(each(stream, counted.fetch_add(1, SeqCst)));
        }
    });
    (address, count)
}

pub(crate) async fn read_head(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
        if stream.read_buf(&mut bytes).await.unwrap() == 0 {
            break;
        }
    }
    String::from_utf8(bytes).unwrap()
}

pub(crate) async fn world_at(address: SocketAddr, limits: Limits) -> (World, Arc<Backend>) {
    let world = World::start(limits);
    let backend = backend("v1", &[address]);
    world.serve(&[(&backend, 100)]);
    (world, backend)
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn a_connection_closed_while_idle_is_replaced_unseen() {
    // Answers once on each connection, then closes it.
    let (address, count) = raw(async |mut stream, _| {
        read_head(&mut stream).await;
        stream.write_all(OK).await.unwrap();
    })
    .await;
    let (world, backend) = world_at(address, Limits::default()).await;
    let mut client = world.connect().await;
    for _ in 0..20 {
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").await;
        assert_eq!(client.answer().await.text(), "ok");
    }
    assert_eq!(count.load(SeqCst), 20);
    assert_eq!(backend.counters().errors, 0);
}

#[tokio::test]
async fn a_request_that_may_be_repeated_is_repeated_once() {
    // The second request on a connection is read, and the connection closed.
    let (address, count) = raw(async |mut stream, _| {
        read_head(&mut stream).await;
        stream.write_all(OK).await.unwrap();
        read_head(&mut stream).await;
    })
    .await;
    let (world, backend) = world_at(address, Limits::default()).await;
    let mut client = world.connect().await;
    for _ in 0..10 {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(client.answer().await.text(), "ok");
    }
    assert_eq!(count.load(SeqCst), 10);
    assert_eq!(backend.counters().errors, 0);
}

#[tokio::test]
async fn a_request_that_must_not_be_repeated_is_not() {
    let seen = Arc::new(AtomicUsize::new(0));
    let posts = seen.clone();
    let (address, _) = raw(move |mut stream, _| {
        let posts = posts.clone();
        async move {
            let head = read_head(&mut stream).await;
            posts.fetch_add(usize::from(head.starts_with("POST")), SeqCst);
        }
    })
    .await;
    let (world, backend) = world_at(address, Limits::default()).await;
    let mut client = world.connect().await;
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").await;
    let answer = client.answer().await;
    assert_eq!(answer.status, 502);
    assert!(answer.text().starts_with("502: the service could not be reached"));
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(seen.load(SeqCst), 1);
    let counters = backend.counters();
    assert_eq!((counters.requests, counters.errors), (1, 1));
}

#[tokio::test]
async fn a_body_that_breaks_off_breaks_off_for_the_client_too() {
    let (address, _) = raw(async |mut stream, _| {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await.unwrap();
    })
    .await;
    let (world, backend) = world_at(address, Limits::default()).await;
    let mut client = world.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(client.try_answer().await.is_err());
    let counters = backend.counters();
    assert_eq!((counters.requests, counters.errors), (1, 1));
}

#[tokio::test]
async fn what_is_no_http_is_a_502() {
    let (address, _) = raw(async |mut stream, _| {
        read_head(&mut stream).await;
        stream.write_all(b"220 mail.example.org ESMTP\r\n\r\n").await.unwrap();
    })
    .await;
    let (world, _) = world_at(address, Limits::default()).await;
    assert_eq!(world.get("/").await.0, 502);
}

#[tokio::test]
async fn a_backend_that_hangs_is_a_504() {
    let limits = Limits { answer_timeout: Duration::from_millis(100), ..Limits::default() };
    let (world, origin, backend) = World::with_origin(limits).await;
    let (status, text) = world.get("/wait").await;
    assert_eq!(status, 504);
    assert!(text.starts_with("504: the service took too long to answer (request "), "{text}");
    assert_eq!(origin.requests(), 1);
    assert_eq!(backend.counters().errors, 1);
}

#[tokio::test]
async fn a_slow_upload_is_not_a_slow_backend() {
    let limits = Limits { answer_timeout: Duration::from_millis(100), ..Limits::default() };
    let (world, _origin, _) = World::with_origin(limits).await;
    let mut client = world.connect().await;
    client.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n").await;
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(60)).await;
        client.send("x").await;
    }
    assert_eq!(client.answer().await.text(), "5");
}

#[tokio::test]
async fn a_process_that_refuses_is_passed_over() {
    let origin = Origin::start("up").await;
    let gone = Origin::start("down").await;
    let address = gone.address;
    drop(gone);
    let world = World::start(Limits::default());
    let both = backend("v1", &[address, origin.address]);
    world.serve(&[(&both, 100)]);
    eventually("the port to close", || std::net::TcpStream::connect(address).is_err()).await;
    for _ in 0..10 {
        assert_eq!(world.get("/").await, (200, "up".into()));
    }
    assert_eq!(both.counters().errors, 0);
}

#[tokio::test]
async fn requests_wait_while_a_version_restarts() {
    let mut world = World::start(Limits::default());
    world.hold = true;
    let backend = backend("v1", &[]);
    world.serve(&[(&backend, 100)]);
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = world.connect().await;
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc").await;
        clients.push(client);
    }
    let early = tokio::time::timeout(Duration::from_millis(50), clients[0].head()).await;
    assert!(early.is_err());
    let origin = Origin::start("back").await;
    backend.set_endpoints(&[origin.address]);
    for client in &mut clients {
        assert_eq!(client.answer().await.text(), "back");
    }
    // The wait was the restart's, not the version's.
    let slowest = backend.counters().latency_us.last().unwrap().0;
    assert!(slowest < 50_000, "{slowest} µs");
}

#[tokio::test]
async fn requests_wait_while_the_only_process_refuses() {
    let mut world = World::start(Limits::default());
    world.hold = true;
    let gone = Origin::start("down").await;
    let address = gone.address;
    drop(gone);
    let backend = backend("v1", &[address]);
    world.serve(&[(&backend, 100)]);
    eventually("the port to close", || std::net::TcpStream::connect(address).is_err()).await;
    let mut client = world.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let early = tokio::time::timeout(Duration::from_millis(120), client.head()).await;
    assert!(early.is_err());
    let _back = Origin::start_at("back", address).await;
    assert_eq!(client.answer().await.text(), "back");
}

#[tokio::test]
async fn a_waiting_request_follows_a_switch() {
    let mut world = World::start(Limits::default());
    world.hold = true;
    let stuck = backend("v1", &[]);
    world.serve(&[(&stuck, 100)]);
    let mut client = world.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let early = tokio::time::timeout(Duration::from_millis(50), client.head()).await;
    assert!(early.is_err());
    let origin = Origin::start("v2").await;
    let next = backend("v2", &[origin.address]);
    world.serve(&[(&next, 100)]);
    assert_eq!(client.answer().await.text(), "v2");
    assert_eq!(stuck.in_flight(), 0);
}

#[tokio::test]
async fn waiting_has_limits() {
    let hold_timeout = Duration::from_millis(150);
    let mut world = World::start(Limits { hold_timeout, held: 1, ..Limits::default() });
    world.hold = true;
    let stuck = backend("v1", &[]);
    world.serve(&[(&stuck, 100)]);
    let mut first = world.connect().await;
    first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let early = tokio::time::timeout(Duration::from_millis(50), first.head()).await;
    assert!(early.is_err());
    let (status, text) = world.get("/").await;
    assert_eq!(status, 503);
    assert!(text.starts_with("503: too many requests wait"), "{text}");
    let answer = first.answer().await;
    assert_eq!(answer.status, 503);
    assert!(answer.text().starts_with("503: no version is ready to answer"));
}
