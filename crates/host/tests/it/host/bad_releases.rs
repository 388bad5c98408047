//! Releases that misbehave: each is told apart, and none of it stays.

use super::service::{Wish, app, id, misbehaving, version};
use super::world::{World, ask, kill, lives, until_true};

/// Brings `v1` into service and tries `v2` beside it.
async fn beside_a_good_one(mode: &str, start_ms: u64) -> (World, std::net::SocketAddr) {
    let world = World::new().await;
    let dir = world.release();
    let wish = Wish::new(1).with("v1", version(&dir, "one")).split(&[("v1", 100)]);
    let address = world.apply(wish.build()).await.listening.unwrap();
    world.until_healthy("v1").await;
    let mut bad = misbehaving(&dir, "two", mode);
    bad.health.start_ms = start_ms;
    let wish = Wish::new(2).with("v1", version(&dir, "one")).with("v2", bad).split(&[("v1", 100)]);
    world.apply(wish.build()).await;
    (world, address)
}

/// Nothing of `v2` runs, and users see `v1`.
async fn nothing_is_left(world: &World, address: std::net::SocketAddr) {
    // The daemons and v1.
    until_true("v2 ended", || world.processes().len() == 3).await;
    assert_eq!(ask(address, "/").await, (200, "one".to_owned()));
    assert_eq!(world.observe().await.versions[&id("v1")].restarts, 0);
}

#[tokio::test]
async fn one_that_crashes_at_every_start_is_given_up() {
    let (world, address) = beside_a_good_one("crash", 30_000).await;
    let reason = world.until_failed("v2").await;
    assert_eq!(reason, "exited with status 3 at every start (5 times)");
    let lines = world.host.tail(&app(), &id("v2"), 1).await.unwrap();
    assert_eq!(lines, ["no such table: users"]);
    nothing_is_left(&world, address).await;
}

#[tokio::test]
async fn one_that_never_becomes_healthy_is_given_up_with_its_last_answer() {
    let (world, address) = beside_a_good_one("sick", 1_500).await;
    let reason = world.until_failed("v2").await;
    assert_eq!(reason, "took longer than 1.5 s: GET /health answered 500");
    nothing_is_left(&world, address).await;
}

#[tokio::test]
async fn one_that_does_not_listen_is_told_so() {
    let (world, address) = beside_a_good_one("deaf", 1_500).await;
    let reason = world.until_failed("v2").await;
    assert!(reason.starts_with("took longer than 1.5 s: does not listen on $PORT ("), "{reason}");
    nothing_is_left(&world, address).await;
}

#[tokio::test]
async fn one_that_cannot_be_run_says_why() {
    let world = World::new().await;
    let gone = world.dir().join("no-such-release");
    let wish = Wish::new(1).with("v1", version(&gone, "one"));
    world.apply(wish.build()).await;
    let reason = world.until_failed("v1").await;
    assert!(reason.contains("no-such-release"), "{reason}");
}

#[tokio::test]
async fn one_that_eats_memory_is_killed_and_its_reason_names_it() {
    let world = World::new().await;
    let mut spec = misbehaving(&world.release(), "one", "eats");
    spec.memory_max = Some(64 * 1024 * 1024);
    world.apply(Wish::new(1).with("v1", spec).build()).await;
    let reason = world.until_failed("v1").await;
    assert!(reason.starts_with("ran out of memory"), "{reason}");
    assert!(reason.contains("its limit of 64 MiB at every start"), "{reason}");
}

#[tokio::test]
async fn one_that_ignores_its_stop_signal_is_killed_after_its_grace() {
    let world = World::new().await;
    let dir = world.release();
    let mut spec = misbehaving(&dir, "one", "stubborn");
    (spec.stop_grace_ms, spec.drain_ms) = (300, 100);
    let wish = Wish::new(1).with("v1", spec).split(&[("v1", 100)]);
    let address = world.apply(wish.build()).await.listening.unwrap();
    let pid: u32 = ask(address, "/pid").await.1.parse().unwrap();
    world.apply(Wish::new(2).build()).await;
    until_true("the stubborn process ended", || !lives(pid)).await;
    world.until("nothing left", |observed| observed.versions.is_empty()).await;
}

#[tokio::test]
async fn one_that_dies_later_is_started_again_and_requests_wait_for_it() {
    let world = World::new().await;
    let wish = Wish::new(1).with("v1", version(&world.release(), "one")).split(&[("v1", 100)]);
    let address = world.apply(wish.build()).await.listening.unwrap();
    world.until_healthy("v1").await;
    for deaths in 1..=6 {
        kill(ask(address, "/pid").await.1.parse().unwrap());
        world.until("restarted", |observed| observed.versions[&id("v1")].restarts == deaths).await;
        // Six deaths are no reason to give up what was healthy once.
        assert_eq!(ask(address, "/").await, (200, "one".to_owned()));
    }
}
