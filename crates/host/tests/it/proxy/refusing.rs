//! What strangers must not do: smuggle requests, or hold what is not theirs.

use std::time::{Duration, Instant};

use shipway_host::proxy::Limits;

use super::world::{LONG, World, eventually};

#[tokio::test]
async fn what_parsers_disagree_about_gets_400_and_reaches_nobody() {
    let (world, origin, _) = World::with_origin(Limits::default()).await;
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    let long = "x".repeat(20_000);
    let cases = [
        (
            "CL.TE",
            format!(
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}"
            ),
        ),
        (
            "TE.CL",
            format!(
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n{smuggled}"
            ),
        ),
        (
            "TE.TE",
            format!(
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n{smuggled}"
            ),
        ),
        (
            "space before the colon",
            format!(
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n{smuggled}"
            ),
        ),
        (
            "two lengths",
            format!(
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n{smuggled}"
            ),
        ),
        (
            "one length twice",
            format!(
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n{smuggled}"
            ),
        ),
        (
            "a signed length",
            format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n{smuggled}"),
        ),
        (
            "obs-fold",
            format!("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n Content-Length: 5\r\n\r\n{smuggled}"),
        ),
        ("bare LF", format!("GET / HTTP/1.1\nHost: a\n\n{smuggled}")),
        ("one bare LF", format!("GET / HTTP/1.1\r\nHost: a\r\nX: 1\n\r\n{smuggled}")),
        ("NUL", format!("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n{smuggled}")),
        ("bare CR", format!("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n{smuggled}")),
        ("two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".into()),
        ("no host", "GET / HTTP/1.1\r\n\r\n".into()),
        ("a host that is none", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n".into()),
        (
            "TE in HTTP/1.0",
            format!(
                "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}"
            ),
        ),
        ("huge head", format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}{long}\r\n\r\n")),
    ];
    for (name, bytes) in cases {
        let mut client = world.connect().await;
        client.send(&bytes).await;
        let answer = client.try_answer().await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(matches!(answer.status, 400 | 431), "{name}: {}", answer.head);
        assert_eq!(client.rest().await, b"", "{name}: the connection must end");
        assert_eq!(origin.requests(), 0, "{name}: reached the backend");
    }
}

#[tokio::test]
async fn a_malformed_chunk_gets_400_and_ends_the_connection() {
    let (world, origin, backend) = World::with_origin(Limits::default()).await;
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    let extension = format!("3;{}\r\nabc\r\n0\r\n\r\n", "x".repeat(2000));
    let chunks = ["3\nabc\r\n0\r\n\r\n", "3\r\nabcX\r\n0\r\n\r\n", "0x3\r\nabc\r\n", &extension];
    for chunk in chunks {
        let before = origin.requests();
        let mut client = world.connect().await;
        let head = "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        client.send(&format!("{head}{chunk}{smuggled}")).await;
        assert_eq!(client.answer().await.status, 400, "{chunk}");
        assert_eq!(client.rest().await, b"");
        assert!(origin.requests() <= before + 1);
    }
    assert_eq!(backend.counters().errors, 0);
}

#[tokio::test]
async fn a_refused_head_comes_after_the_answers_before_it() {
    let (world, origin, _) = World::with_origin(Limits::default()).await;
    let mut client = world.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\nHost: a\n\n").await;
    assert_eq!(client.answer().await.status, 200);
    assert_eq!(client.answer().await.status, 400);
    assert_eq!(origin.requests(), 1);
}

#[tokio::test]
async fn connect_is_refused() {
    let (world, origin, _) = World::with_origin(Limits::default()).await;
    let mut client = world.connect().await;
    client.send("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 405);
    assert_eq!(origin.requests(), 0);
}

fn impatient() -> Limits {
    let short = Duration::from_millis(200);
    Limits { head_timeout: short, body_timeout: short, idle_timeout: short, ..Limits::default() }
}

#[tokio::test]
async fn a_slow_head_is_cut_off_however_it_drips() {
    let limits = Limits { idle_timeout: LONG, body_timeout: LONG, ..impatient() };
    let (world, _origin, _) = World::with_origin(limits).await;
    let mut client = world.connect().await;
    let began = Instant::now();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n").await;
    while client.stream.try_write(b"X: 1\r\n").is_ok() {
        assert!(began.elapsed() < LONG, "still open");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(began.elapsed() >= Duration::from_millis(200));
    eventually("the connection's end", || world.proxy.connections() == 0).await;
}

#[tokio::test]
async fn a_slow_body_is_cut_off() {
    let limits = Limits { idle_timeout: LONG, head_timeout: LONG, ..impatient() };
    let (world, _origin, backend) = World::with_origin(limits).await;
    let mut client = world.connect().await;
    client.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc").await;
    client.rest().await;
    eventually("the connection's end", || world.proxy.connections() == 0).await;
    assert_eq!(backend.in_flight(), 0);
}

#[tokio::test]
async fn a_client_that_never_reads_is_cut_off() {
    let limits = Limits { idle_timeout: LONG, head_timeout: LONG, ..impatient() };
    let (world, _origin, backend) = World::with_origin(limits).await;
    let mut client = world.connect().await;
    client.send("GET /big/100000000 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    eventually("the request", || backend.counters().requests == 1).await;
    eventually("the connection's end", || world.proxy.connections() == 0).await;
    assert_eq!(backend.in_flight(), 0);
    // It was not the version's fault.
    assert_eq!(backend.counters().errors, 0);
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_a_busy_one_is_not() {
    let (world, origin, _) = World::with_origin(impatient()).await;
    let mut idle = world.connect().await;
    let mut silent = world.connect().await;
    let mut busy = world.connect().await;
    idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    idle.answer().await;
    busy.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(idle.rest().await, b"");
    assert_eq!(silent.rest().await, b"");
    drop((idle, silent));
    eventually("their end", || world.proxy.connections() == 1).await;
    eventually("the request", || origin.requests() == 2).await;
    origin.state.go.notify_waiters();
    assert_eq!(busy.answer().await.status, 200);
}

#[tokio::test]
async fn at_the_limit_of_connections_others_wait() {
    let limits = Limits { connections: 2, ..Limits::default() };
    let (world, _origin, _) = World::with_origin(limits).await;
    let (first, second) = (world.connect().await, world.connect().await);
    eventually("two connections", || world.proxy.connections() == 2).await;
    let mut third = world.connect().await;
    third.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let early = tokio::time::timeout(Duration::from_millis(100), third.head()).await;
    assert!(early.is_err(), "served beyond the limit");
    drop(first);
    assert_eq!(third.answer().await.status, 200);
    drop(second);
}
