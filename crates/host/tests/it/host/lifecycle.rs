//! Releases that behave: started, switched, scaled, stopped.

use std::collections::BTreeSet;
use std::fs;

use shipway_host::client::{ClientError, HostClient};
use shipway_host::protocol::{AppId, ErrorCode, VersionHealth};

use super::load::Load;
use super::service::{Wish, app, id, misbehaving, split, version};
use super::world::{World, ask, executable, health, lives, until_true};

fn refused(error: ClientError) -> (ErrorCode, String) {
    match error {
        ClientError::Refused { code, message } => (code, message),
        other => panic!("not refused: {other}"),
    }
}

#[tokio::test]
async fn the_first_release_is_started_and_serves() {
    let world = World::new().await;
    let nothing = world.observe().await;
    assert_eq!((nothing.generation, nothing.versions.len()), (0, 0));

    let wish = Wish::new(1).with("v1", version(&world.release(), "one")).split(&[("v1", 100)]);
    let applied = world.apply(wish.build()).await;
    let address = applied.listening.unwrap();
    assert_eq!((applied.generation, applied.effect.as_deref()), (1, Some("env/production#1")));
    // Held until it is healthy, not refused.
    assert_eq!(ask(address, "/").await, (200, "one".to_owned()));

    let observed = world.until_healthy("v1").await;
    let v1 = &observed.versions[&id("v1")];
    assert_eq!((v1.healthy, v1.replicas, v1.restarts), (1, 1, 0));
    assert_eq!(ask(v1.endpoints[0], "/").await.1, "one");
    assert_eq!(v1.users.requests, 1);
    let lines = world.host.tail(&app(), &id("v1"), 10).await.unwrap();
    assert_eq!(lines, ["one begins"]);
    let status = world.host.status().await.unwrap();
    assert_eq!(status.problems, Vec::<String>::new());
    assert_ne!(status.keeper.pid, status.proxy.pid);
}

#[tokio::test]
async fn traffic_shifts_under_load_without_a_lost_request_and_the_old_version_goes() {
    let world = World::new().await;
    let dir = world.release();
    let one = version(&dir, "one");
    let wish = Wish::new(1).with("v1", one.clone()).split(&[("v1", 100)]);
    let address = world.apply(wish.build()).await.listening.unwrap();
    world.until_healthy("v1").await;
    let old_pid: u32 = ask(address, "/pid").await.1.parse().unwrap();
    let load = Load::start(address, 8, &["one", "two"]);

    let both =
        |generation| Wish::new(generation).with("v1", one.clone()).with("v2", version(&dir, "two"));
    world.apply(both(2).split(&[("v1", 100)]).build()).await;
    world.until_healthy("v2").await;
    world.apply(both(2).split(&[("v1", 50), ("v2", 50)]).build()).await;
    let seen: BTreeSet<String> = {
        let mut seen = BTreeSet::new();
        for _ in 0..20 {
            seen.insert(ask(address, "/").await.1);
        }
        seen
    };
    assert_eq!(seen.len(), 2, "{seen:?}");
    let applied = world.apply(both(2).split(&[("v2", 100)]).build()).await;
    assert_eq!(applied.listening, Some(address));
    for _ in 0..20 {
        assert_eq!(ask(address, "/").await.1, "two");
    }
    let wish = Wish::new(2).with("v2", version(&dir, "two")).split(&[("v2", 100)]);
    world.apply(wish.build()).await;
    world.until("v1 gone", |observed| !observed.versions.contains_key(&id("v1"))).await;
    until_true("the old process ended", || !lives(old_pid)).await;

    let seen = load.stop();
    assert_eq!(seen.failed, Vec::<String>::new());
    assert!(seen.answered > 100, "{seen:?}");
}

/// Not a benchmark: the order of magnitude, so that nobody adds a pause. The
/// time includes the way over the socket and two syncs of the disk.
#[tokio::test]
async fn a_switch_takes_little_more_than_the_disk() {
    let world = World::new().await;
    let dir = world.release();
    let wish = || Wish::new(1).with("v1", version(&dir, "one")).with("v2", version(&dir, "two"));
    world.apply(wish().split(&[("v1", 100)]).build()).await;
    world.until_healthy("v1").await;
    world.until_healthy("v2").await;
    let mut switches = Vec::new();
    for turn in 0..100 {
        let to = if turn % 2 == 0 { "v2" } else { "v1" };
        let apply = wish().split(&[(to, 100)]).build();
        let start = std::time::Instant::now();
        let applied = world.host.apply(apply).await.unwrap();
        switches.push(start.elapsed());
        assert_eq!(applied.split, split(&[(to, 100)]));
    }
    switches.sort();
    println!("median {:?}, p99 {:?}", switches[50], switches[98]);
    assert!(switches[50] < std::time::Duration::from_millis(50), "{switches:?}");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let dir = world.release();
    let one = version(&dir, "one");
    let wish = || Wish::new(5).with("v1", one.clone()).split(&[("v1", 100)]);
    world.apply(wish().build()).await;
    let before = world.until_healthy("v1").await;

    let stale = Wish::new(4).with("v2", version(&dir, "two")).split(&[("v2", 100)]);
    let (code, message) = refused(world.host.apply(stale.build()).await.unwrap_err());
    assert_eq!(code, ErrorCode::StaleGeneration);
    assert!(message.contains("generation 4") && message.contains("generation 5"), "{message}");

    for (bad, word) in [
        (wish().split(&[("v1", 99)]), "99"),
        (wish().split(&[("v9", 100)]), "v9"),
        (wish().of("../../etc"), "cannot name an app"),
    ] {
        let (code, message) = refused(world.host.apply(bad.build()).await.unwrap_err());
        assert_eq!(code, ErrorCode::BadRequest);
        assert!(message.contains(word), "{message}");
    }
    // Not healthy yet: traffic stays where it is.
    let early = wish().with("v2", version(&dir, "two")).split(&[("v2", 100)]);
    let (code, message) = refused(world.host.apply(early.build()).await.unwrap_err());
    assert_eq!(code, ErrorCode::BadRequest);
    assert!(message.contains("v2") && message.contains("not healthy"), "{message}");
    // Another app on the same route.
    let route = before.listening.unwrap();
    let mut other = wish().of("shop/staging/api").build();
    other.desired.route.as_mut().unwrap().listen = route;
    let (code, message) = refused(world.host.apply(other).await.unwrap_err());
    assert_eq!(code, ErrorCode::BadRequest);
    assert!(message.contains("shop/production/api"), "{message}");

    assert_eq!(world.observe().await.versions.len(), 1);
    assert_eq!(world.observe().await.split, split(&[("v1", 100)]));
    let again = world.apply(wish().build()).await;
    assert_eq!(again.versions[&id("v1")].restarts, 0);
    assert_eq!(again.versions[&id("v1")].health, VersionHealth::Healthy);

    let calls = fs::read_to_string(world.paths.calls()).unwrap();
    let outcomes: Vec<serde_json::Value> =
        calls.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let applied: Vec<_> = outcomes
        .iter()
        .filter(|call| call["outcome"]["is"] == "applied")
        .map(|call| (call["effect"].as_str().unwrap(), call["generation"].as_u64().unwrap()))
        .collect();
    assert_eq!(applied, [("env/production#5", 5), ("env/production#5", 5)]);
    assert_eq!(outcomes.len(), 7, "{calls}");
}

#[tokio::test]
async fn an_address_that_is_taken_is_refused_and_named() {
    let world = World::new().await;
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    let mut apply = Wish::new(1).with("v1", version(&world.release(), "one")).build();
    apply.desired.route.as_mut().unwrap().listen = address;
    let (code, message) = refused(world.host.apply(apply.clone()).await.unwrap_err());
    assert_eq!(code, ErrorCode::Listen);
    assert!(message.contains(&format!("cannot listen on {address}")), "{message}");
    assert_eq!(world.observe().await.generation, 0);
    drop(other);
    assert_eq!(world.apply(apply).await.listening, Some(address));
}

#[tokio::test]
async fn apps_are_apart_and_replicas_share_the_work() {
    let world = World::new().await;
    let dir = world.release();
    let mut spec = version(&dir, "one");
    spec.replicas = 3;
    let wish = Wish::new(1).with("v1", spec.clone()).split(&[("v1", 100)]);
    let address = world.apply(wish.build()).await.listening.unwrap();
    let worker = AppId("shop/production/worker".to_owned());
    let mut work = misbehaving(&dir, "mill", "worker");
    (work.listens, work.health.path) = (false, None);
    let wish = Wish::new(9).of(&worker.0).with("w1", work).unrouted();
    world.apply(wish.build()).await;

    let observed = world.until_healthy("v1").await;
    assert_eq!(observed.versions[&id("v1")].endpoints.len(), 3);
    let mut pids = BTreeSet::new();
    for _ in 0..30 {
        pids.insert(ask(address, "/pid").await.1);
    }
    assert_eq!(pids.len(), 3);
    let observed = world
        .until_of(&worker, "the worker healthy", |observed| {
            health(observed, "w1") == Some(VersionHealth::Healthy)
        })
        .await;
    assert_eq!((observed.listening, observed.generation), (None, 9));

    spec.replicas = 1;
    let wish = Wish::new(2).with("v1", spec).split(&[("v1", 100)]);
    world.apply(wish.build()).await;
    until_true("two processes ended", || {
        pids.iter().filter(|pid| lives(pid.parse().unwrap())).count() == 1
    })
    .await;
    assert_eq!(ask(address, "/").await, (200, "one".to_owned()));
}

#[tokio::test]
async fn an_unwell_process_gets_no_traffic_until_it_is_well_again() {
    let world = World::new().await;
    let wish = Wish::new(1).with("v1", version(&world.release(), "one")).split(&[("v1", 100)]);
    world.apply(wish.build()).await;
    world.until_healthy("v1").await;
    let sign = world.release().join("sick-one");
    fs::write(&sign, "").unwrap();
    let observed = world
        .until("unhealthy", |observed| {
            matches!(health(observed, "v1"), Some(VersionHealth::Unhealthy { .. }))
        })
        .await;
    let reason = format!("{:?}", health(&observed, "v1"));
    assert!(reason.contains("GET /health answered 500"), "{reason}");
    assert!(observed.versions[&id("v1")].endpoints.is_empty());
    fs::remove_file(&sign).unwrap();
    let observed = world.until_healthy("v1").await;
    assert_eq!(observed.versions[&id("v1")].restarts, 0);
}

#[tokio::test]
async fn stopping_the_host_leaves_no_process_and_a_start_brings_the_apps_back() {
    let mut world = World::new().await;
    let mut spec = version(&world.release(), "one");
    spec.replicas = 2;
    let wish = Wish::new(1).with("v1", spec).split(&[("v1", 100)]);
    let address = world.apply(wish.build()).await.listening.unwrap();
    world.until_healthy("v1").await;
    assert!(world.processes().len() >= 4);
    world.host.stop().await.unwrap();
    until_true("every process gone", || world.processes().is_empty()).await;

    world.host = HostClient::connect_or_start(&world.paths, executable()).await.unwrap();
    let observed = world.until_healthy("v1").await;
    assert_eq!((observed.listening, observed.generation), (Some(address), 1));
    assert_eq!(ask(address, "/").await, (200, "one".to_owned()));
}

#[tokio::test]
async fn two_starters_at_once_end_with_one_host() {
    let dir = tempfile::tempdir().unwrap();
    let paths = shipway_host::paths::HostPaths::at(dir.path().join("host"), None).unwrap();
    let start = || HostClient::connect_or_start(&paths, executable());
    let (a, b, c) = tokio::join!(start(), start(), start());
    let pid = a.as_ref().unwrap().status().await.unwrap().keeper.pid;
    for host in [&b, &c] {
        assert_eq!(host.as_ref().unwrap().status().await.unwrap().keeper.pid, pid);
    }
    a.unwrap().stop().await.unwrap();
    until_true("the keeper ended", || !lives(pid)).await;
}
