//! Switches under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use shipway_host::proxy::Limits;

use super::origin::Origin;
use super::world::{World, backend};

const CLIENTS: usize = 64;
const SWITCHES: u64 = 300;

/// The version that serves is `v<switch>`; each is stopped as soon as it has
/// run dry. Every client checks that its answer is whole and comes from a
/// version that was in the table at some moment of its request.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hundreds_of_switches_lose_nothing_and_mix_nothing_up() {
    let world = Arc::new(World::start(Limits::default()));
    let mut origin = Origin::start("0").await;
    let mut version = backend("0", &[origin.address]);
    world.serve(&[(&version, 100)]);

    let oldest = Arc::new(AtomicU64::new(0));
    let newest = Arc::new(AtomicU64::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let answers = Arc::new(AtomicUsize::new(0));
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..CLIENTS {
        let (world, over) = (world.clone(), over.clone());
        let (oldest, newest, answers) = (oldest.clone(), newest.clone(), answers.clone());
        clients.spawn(async move {
            let mut client = world.connect().await;
            let mut sequence = 0;
            while !over.load(SeqCst) {
                sequence += 1;
                let body = format!("{number}/{sequence}");
                let from = oldest.load(SeqCst);
                client
                    .send(&format!(
                        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}",
                        body.len()
                    ))
                    .await;
                assert_eq!(client.answer().await.text(), body);
                client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
                let served: u64 = client.answer().await.text().parse().unwrap();
                let to = newest.load(SeqCst);
                assert!((from..=to).contains(&served), "{served} is not in {from}..={to}");
                answers.fetch_add(2, SeqCst);
            }
        });
    }

    for switch in 1..=SWITCHES {
        let next_origin = Origin::start(&switch.to_string()).await;
        let next = backend(&switch.to_string(), &[next_origin.address]);
        newest.store(switch, SeqCst);
        world.serve(&[(&next, 100)]);
        // From here on nothing may begin on the version before.
        oldest.store(switch, SeqCst);
        let drained = version.drain(Duration::from_secs(10)).await;
        assert_eq!(drained.closed_by_deadline, 0);
        let before = origin.requests();
        drop(std::mem::replace(&mut origin, next_origin));
        let old = std::mem::replace(&mut version, next);
        assert_eq!(old.in_flight(), 0);
        assert_eq!(old.counters().requests, before as u64);
    }
    over.store(true, SeqCst);
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    assert!(answers.load(SeqCst) > 1000, "only {answers:?} answers");
}

/// No request begins on a version once the switch away from it is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_switch_is_a_line_that_no_request_crosses() {
    let world = Arc::new(World::start(Limits::default()));
    let (one, two) = (Origin::start("1").await, Origin::start("2").await);
    let (v1, v2) = (backend("1", &[one.address]), backend("2", &[two.address]));
    world.serve(&[(&v1, 100)]);
    let over = Arc::new(AtomicBool::new(false));
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (world, over) = (world.clone(), over.clone());
        clients.spawn(async move {
            let mut client = world.connect().await;
            while !over.load(SeqCst) {
                client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
                assert_eq!(client.answer().await.status, 200);
            }
        });
    }
    for _ in 0..200 {
        world.serve(&[(&v2, 100)]);
        v1.drain(Duration::from_secs(10)).await;
        let frozen = one.requests();
        tokio::task::yield_now().await;
        assert_eq!(one.requests(), frozen, "a request began after the switch");
        world.serve(&[(&v1, 100)]);
        v2.drain(Duration::from_secs(10)).await;
    }
    over.store(true, SeqCst);
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
}
