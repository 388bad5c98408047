//! How backends answer: every framing that HTTP/1 knows, cut anywhere, and
//! what they send that nobody asked for.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use shipway_host::proxy::{Backend, Limits};
use tokio::io::AsyncWriteExt as _;

use super::failing::{raw, read_head, world_at};
use super::world::{Client, World};

/// A backend that answers every request with `text`, in pieces of `piece`
/// bytes, and then closes if `closes`.
async fn says(text: &'static [u8], piece: usize, closes: bool) -> (World, Arc<Backend>, Counter) {
    let (address, connections) = raw(move |mut stream, _| async move {
        while !read_head(&mut stream).await.is_empty() {
            for piece in text.chunks(piece) {
                stream.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            if closes {
                return;
            }
        }
    })
    .await;
    let (world, backend) = world_at(address, Limits::default()).await;
    (world, backend, connections)
}

type Counter = Arc<std::sync::atomic::AtomicUsize>;

async fn get(client: &mut Client) -> (u16, String) {
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let answer = client.answer().await;
    (answer.status, answer.text())
}

#[tokio::test]
async fn an_answer_is_the_same_however_it_is_cut() {
    const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
        3;x=y\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nx-sum: 1\r\n\r\n";
    const LENGTH: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\nabc0123456789abcdef";
    for text in [CHUNKED, LENGTH] {
        for piece in [1, 2, 3, 7, 50, 1000] {
            let (world, backend, connections) = says(text, piece, false).await;
            let mut client = world.connect().await;
            for _ in 0..3 {
                assert_eq!(get(&mut client).await, (200, "abc0123456789abcdef".into()));
            }
            assert_eq!(connections.load(SeqCst), 1, "pieces of {piece}");
            assert_eq!(backend.counters().errors, 0);
        }
    }
}

#[tokio::test]
async fn a_body_may_end_with_its_connection() {
    let (world, backend, connections) = says(b"HTTP/1.0 200 OK\r\n\r\nall of it", 4, true).await;
    let mut client = world.connect().await;
    for _ in 0..3 {
        assert_eq!(get(&mut client).await, (200, "all of it".into()));
    }
    assert_eq!(connections.load(SeqCst), 3);
    assert_eq!(backend.counters().errors, 0);
}

#[tokio::test]
async fn a_connection_that_says_more_than_asked_is_not_used_again() {
    const TWO: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\
        Content-Length: 5\r\n\r\nwrong";
    let (world, _, connections) = says(TWO, 1000, false).await;
    let mut client = world.connect().await;
    for _ in 0..3 {
        assert_eq!(get(&mut client).await, (200, "ok".into()));
    }
    assert_eq!(connections.load(SeqCst), 3);
}

#[tokio::test]
async fn a_connection_with_an_unclear_end_is_not_used_again() {
    const BOTH: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\
        \r\n2\r\nok\r\n0\r\n\r\n";
    let (world, _, connections) = says(BOTH, 1000, false).await;
    let mut client = world.connect().await;
    for _ in 0..2 {
        assert_eq!(get(&mut client).await, (200, "ok".into()));
    }
    assert_eq!(connections.load(SeqCst), 2);
}

#[tokio::test]
async fn chunks_that_end_early_or_late_break_the_answer() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in ["5\r\nabc", "2\r\nabc\r\n0\r\n\r\n", "zz\r\nabc\r\n0\r\n\r\n"] {
        let text: &'static str = format!("{head}{body}").leak();
        let (world, backend, _) = says(text.as_bytes(), 1000, true).await;
        let mut client = world.connect().await;
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert!(client.try_answer().await.is_err(), "{body}");
        assert_eq!(backend.counters().errors, 1, "{body}");
    }
}

#[tokio::test]
async fn an_answer_before_the_whole_upload_reaches_the_client() {
    let (address, _) = raw(async |mut stream, _| {
        read_head(&mut stream).await;
        let answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno\n";
        stream.write_all(answer).await.unwrap();
    })
    .await;
    let (world, backend) = world_at(address, Limits::default()).await;
    let mut client = world.connect().await;
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegun").await;
    let answer = client.answer().await;
    assert_eq!((answer.status, answer.text()), (413, "no\n".into()));
    assert_eq!(backend.counters().errors, 0);
}

#[tokio::test]
async fn a_head_without_end_is_a_502() {
    let (address, _) = raw(async |mut stream, _| {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
        while stream.write_all(b"x-more: and more\r\n").await.is_ok() {}
    })
    .await;
    let (world, _) = world_at(address, Limits::default()).await;
    assert_eq!(world.get("/").await.0, 502);
}

#[tokio::test]
async fn interim_answers_are_not_the_answer() {
    const HINTS: &[u8] = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
        HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let (world, _, connections) = says(HINTS, 9, false).await;
    let mut client = world.connect().await;
    for _ in 0..2 {
        assert_eq!(get(&mut client).await, (200, "ok".into()));
    }
    assert_eq!(connections.load(SeqCst), 1);
}
