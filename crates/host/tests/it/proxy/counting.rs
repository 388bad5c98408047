//! Figures and the access log.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shipway_host::proxy::{AccessLog, Limits, ProbeError};

use super::origin::Origin;
use super::world::{LONG, World, backend};

#[tokio::test]
async fn users_and_probes_are_counted_apart() {
    let (world, _origin, backend) = World::with_origin(Limits::default()).await;
    for _ in 0..30 {
        world.get("/").await;
    }
    for status in [500, 503, 404, 302] {
        world.get(&format!("/status/{status}")).await;
    }
    let probe = async |path| world.proxy.probe(&backend, path, LONG).await;
    assert_eq!(probe("/").await.unwrap(), 200);
    assert_eq!(probe("/status/500").await.unwrap(), 500);
    let late = world.proxy.probe(&backend, "/wait", Duration::from_millis(50)).await;
    assert!(matches!(late, Err(ProbeError::TooSlow(_))));
    assert!(matches!(probe("no-slash").await, Err(ProbeError::Path(_))));

    let (users, probes) = (backend.counters(), backend.probe_counters());
    assert_eq!((users.requests, users.errors), (34, 2));
    assert_eq!((probes.requests, probes.errors), (3, 2));
    let timed = |counters: &[(u64, u64)]| counters.iter().map(|(_, count)| count).sum::<u64>();
    assert_eq!(timed(&users.latency_us), 34);
    assert_eq!(timed(&probes.latency_us), 2);
    assert_eq!(backend.in_flight(), 0);
}

#[tokio::test]
async fn a_probe_without_a_process_says_so() {
    let world = World::start(Limits::default());
    let nobody = backend("v1", &[]);
    let result = world.proxy.probe(&nobody, "/", LONG).await;
    assert!(matches!(result, Err(ProbeError::NoEndpoint)));
    assert_eq!(nobody.probe_counters().errors, 1);
}

#[tokio::test]
async fn latency_is_the_time_to_the_first_byte() {
    let (world, origin, backend) = World::with_origin(Limits::default()).await;
    let mut client = world.connect().await;
    client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(30)).await;
    origin.state.go.notify_waiters();
    client.answer().await;
    let [(bound, 1)] = backend.counters().latency_us[..] else { panic!("one answer") };
    assert!(bound >= 30_000, "{bound} µs");
}

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn each_request_has_a_line_in_the_access_log() {
    let memory = Memory::default();
    let log = AccessLog::to(memory.clone()).unwrap();
    let world = World::logging(Limits::default(), log.clone());
    let origin = Origin::start("v1").await;
    let backend = backend("v1", &[origin.address]);
    world.serve(&[(&backend, 100)]);
    world.get("/a\"b?c").await;
    world.get("/status/503").await;
    let mut client = world.connect().await;
    client.send("GET / HTTP/1.1\r\n\r\n").await;
    client.answer().await;
    let mut client = world.connect().await;
    client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    super::world::eventually("the request", || origin.requests() == 3).await;
    drop(client);
    super::world::eventually("its end", || backend.in_flight() == 0).await;
    log.flush();

    let text = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert_eq!(lines[0]["path"], "/a\"b?c");
    assert_eq!(lines[0]["status"], 200);
    assert_eq!(lines[0]["bytes"], 2);
    assert_eq!(lines[0]["app"], "shop/prod/api");
    assert_eq!(lines[0]["version"], "v1");
    assert_eq!(lines[1]["status"], 503);
    assert_eq!(lines[2]["status"], 400);
    assert_eq!(lines[3]["cut"], true);
    assert!(lines[3].get("status").is_none());
}
