//! The end of a version, and of the proxy.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use shipway_host::proxy::{Drained, Limits};
use tokio::net::TcpStream;

use super::origin::Origin;
use super::world::{Client, LONG, World, backend, eventually};

const UPGRADE: &str =
    "GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

async fn tunnel(world: &World) -> Client {
    let mut client = world.connect().await;
    client.send(UPGRADE).await;
    assert!(client.head().await.unwrap().starts_with("HTTP/1.1 101 "));
    client
}

async fn half_upload(world: &World, origin: &Origin) -> Client {
    let mut client = world.connect().await;
    client.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc").await;
    eventually("half a body", || origin.state.uploaded.load(SeqCst) == 3).await;
    client
}

async fn echoes(client: &mut Client) {
    client.send("ping").await;
    assert_eq!(client.exactly(4).await.unwrap(), b"ping");
}

#[tokio::test]
async fn what_is_open_on_a_version_finishes_after_the_switch() {
    let (world, origin, old) = World::with_origin(Limits::default()).await;
    let mut socket = tunnel(&world).await;
    let mut upload = half_upload(&world, &origin).await;
    let other = Origin::start("v2").await;
    let new = backend("v2", &[other.address]);
    world.serve(&[(&new, 100)]);
    assert_eq!(world.get("/").await.1, "v2");

    let draining = tokio::spawn({
        let old = old.clone();
        async move { old.drain(LONG).await }
    });
    echoes(&mut socket).await;
    upload.send("def").await;
    assert_eq!(upload.answer().await.text(), "6");
    assert_eq!(old.in_flight(), 1);
    assert!(!draining.is_finished());
    drop(socket);
    assert_eq!(draining.await.unwrap(), Drained { closed_by_deadline: 0 });
}

#[tokio::test]
async fn what_does_not_finish_is_broken_off_at_the_deadline() {
    let (world, origin, old) = World::with_origin(Limits::default()).await;
    let mut socket = tunnel(&world).await;
    let mut upload = half_upload(&world, &origin).await;
    let events = origin.events();
    let mut stream = world.connect().await;
    stream.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n").await;
    stream.head().await.unwrap();
    world.proxy.swap(shipway_host::proxy::Table::new());

    let began = std::time::Instant::now();
    let drained = old.drain(Duration::from_millis(200)).await;
    assert!(began.elapsed() >= Duration::from_millis(200));
    assert_eq!(drained, Drained { closed_by_deadline: 3 });
    assert_eq!(socket.rest().await, b"");
    assert_eq!(upload.answer().await.status, 502);
    assert!(stream.chunk().await.is_err());
    eventually("nothing is open", || old.in_flight() == 0).await;
    drop(events);
}

#[tokio::test]
async fn a_drain_that_is_called_off_breaks_nothing() {
    let (world, _origin, backend) = World::with_origin(Limits::default()).await;
    let mut socket = tunnel(&world).await;
    let drain = backend.drain(Duration::from_millis(100));
    assert!(tokio::time::timeout(Duration::from_millis(20), drain).await.is_err());
    tokio::time::sleep(Duration::from_millis(120)).await;
    echoes(&mut socket).await;
    assert_eq!(world.get("/").await.0, 200);
}

#[tokio::test]
async fn a_proxy_that_ends_finishes_what_is_open() {
    let (world, origin, _) = World::with_origin(Limits::default()).await;
    let mut socket = tunnel(&world).await;
    let mut upload = half_upload(&world, &origin).await;
    let mut idle = world.connect().await;
    idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(idle.answer().await.header("connection"), None);

    world.proxy.stop_accepting();
    let proxy = world.proxy.clone();
    let drained = tokio::spawn(async move { proxy.drained(LONG).await });
    // One more request on a kept connection is answered, and is the last.
    idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let answer = idle.answer().await;
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert_eq!(idle.rest().await, b"");
    drop(idle);
    echoes(&mut socket).await;
    upload.send("def").await;
    let answer = upload.answer().await;
    assert_eq!((answer.text(), answer.header("connection")), ("6".into(), Some("close")));
    drop((socket, upload));
    assert_eq!(drained.await.unwrap(), Drained { closed_by_deadline: 0 });
}

#[tokio::test]
async fn a_proxy_that_must_end_breaks_off_the_rest() {
    let (world, origin, _) = World::with_origin(Limits::default()).await;
    let mut socket = tunnel(&world).await;
    let mut upload = half_upload(&world, &origin).await;
    let idle = world.connect().await;
    eventually("three connections", || world.proxy.connections() == 3).await;
    world.proxy.stop_accepting();
    let drained = world.proxy.drained(Duration::from_millis(100)).await;
    assert_eq!(drained, Drained { closed_by_deadline: 2 });
    assert_eq!(socket.rest().await, b"");
    assert_eq!(upload.rest().await, b"");
    assert_eq!(world.proxy.connections(), 0);
    drop(idle);
}

#[tokio::test]
async fn idle_connections_do_not_keep_a_proxy_from_ending() {
    let (world, _origin, _) = World::with_origin(Limits::default()).await;
    let mut idle = world.connect().await;
    idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    idle.answer().await;
    world.proxy.stop_accepting();
    let proxy = world.proxy.clone();
    let drained = tokio::spawn(async move { proxy.drained(LONG).await });
    assert_eq!(idle.rest().await, b"");
    drop(idle);
    assert_eq!(drained.await.unwrap(), Drained { closed_by_deadline: 0 });
}

#[tokio::test]
async fn http2_streams_finish_after_goaway() {
    let (world, origin, _) = World::with_origin(Limits::default()).await;
    let stream = TcpStream::connect(world.address).await.unwrap();
    let builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let ask = |path: &str| {
        let request = http::Request::get(format!("http://a{path}"));
        request.body(Empty::<Bytes>::new()).unwrap()
    };
    let waiting: Vec<_> = (0..5).map(|_| sender.send_request(ask("/wait"))).collect();
    let waiting: Vec<_> = waiting.into_iter().map(tokio::spawn).collect();
    eventually("five requests", || origin.requests() == 5).await;

    world.proxy.stop_accepting();
    let proxy = world.proxy.clone();
    let drained = tokio::spawn(async move { proxy.drained(LONG).await });
    // Until the client has seen it, requests are answered.
    while let Ok(answer) = sender.send_request(ask("/")).await {
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "v1");
    }
    origin.state.go.notify_waiters();
    for answer in waiting {
        let answer = answer.await.unwrap().unwrap();
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "v1");
    }
    connection.await.unwrap().unwrap();
    assert_eq!(drained.await.unwrap(), Drained { closed_by_deadline: 0 });
}

/// The successor has the same listening socket: a connection goes to the one
/// or the other, and none is lost in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_listening_socket_is_handed_over_without_a_refusal() {
    let origin = Origin::start("v1").await;
    let backend = backend("v1", &[origin.address]);
    let mut world = World::start(Limits::default());
    world.proxy.unlisten(world.address);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    world.address = world.proxy.listen(listener.try_clone().unwrap()).unwrap();
    world.serve(&[(&backend, 100)]);

    let address = world.address;
    let over = Arc::new(AtomicBool::new(false));
    let served = Arc::new(AtomicUsize::new(0));
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let (over, served) = (over.clone(), served.clone());
        clients.spawn(async move {
            while !over.load(SeqCst) {
                let mut client = Client::connect(address).await;
                for _ in 0..5 {
                    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
                    let answer = client.try_answer().await.unwrap();
                    assert_eq!(answer.text(), "v1");
                    served.fetch_add(1, SeqCst);
                    if answer.header("connection") == Some("close") {
                        break;
                    }
                }
            }
        });
    }
    for _ in 0..20 {
        let before = served.load(SeqCst);
        eventually("some requests", || served.load(SeqCst) >= before + 100).await;
        let successor = World::start(Limits::default());
        successor.proxy.listen(listener.try_clone().unwrap()).unwrap();
        let next = World { address, ..successor };
        next.serve(&[(&backend, 100)]);
        world.proxy.stop_accepting();
        let drained = world.proxy.drained(LONG).await;
        assert_eq!(drained, Drained { closed_by_deadline: 0 });
        world = next;
    }
    over.store(true, SeqCst);
    clients.join_all().await;
}

#[tokio::test]
async fn after_unlisten_new_connections_wait_for_somebody_else() {
    let (world, _origin, _) = World::with_origin(Limits::default()).await;
    let mut open = world.connect().await;
    open.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    open.answer().await;
    assert!(world.proxy.unlisten(world.address));
    assert!(!world.proxy.unlisten(world.address));
    // The only descriptor is closed with the acceptor, so it is refused.
    let refused = || std::net::TcpStream::connect(world.address).is_err();
    eventually("the socket to close", refused).await;
    open.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(open.answer().await.status, 200);
}
