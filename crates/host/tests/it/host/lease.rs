//! Nobody judges any more: the host does the safe thing.

use shipway_host::protocol::{Fallback, Lease, Probe, VersionHealth};

use super::service::{Wish, app, id, split, version};
use super::world::{World, ask, health, kill, lives, until_true};

/// `v2` has the traffic under a lease, `v1` stands by.
async fn under_lease(ttl_ms: u64, probe: Option<Probe>) -> (World, std::net::SocketAddr) {
    let world = World::new().await;
    let dir = world.release();
    let wish = |generation| {
        Wish::new(generation).with("v1", version(&dir, "one")).with("v2", version(&dir, "two"))
    };
    let first = wish(1).split(&[("v1", 100)]).build();
    let address = world.apply(first).await.listening.unwrap();
    world.until_healthy("v1").await;
    world.until_healthy("v2").await;
    let fallback = Fallback::Split { split: split(&[("v1", 100)]) };
    let lease = Lease { ttl_ms, fallback, probe };
    world.apply(wish(1).split(&[("v2", 100)]).lease(lease).build()).await;
    (world, address)
}

#[tokio::test]
async fn without_renewal_the_fallback_is_taken_and_it_lasts() {
    let (world, address) = under_lease(1_000, None).await;
    assert_eq!(ask(address, "/").await.1, "two");
    let observed = world.until("fallen back", |observed| observed.fell_back).await;
    assert_eq!(observed.split, split(&[("v1", 100)]));
    assert_eq!(observed.versions.len(), 2);
    assert_eq!(ask(address, "/").await.1, "one");
    let proxy = world.host.status().await.unwrap().proxy.pid;
    kill(proxy);
    until_true("the proxy ended", || !lives(proxy)).await;
    assert_eq!(ask(address, "/").await.1, "one");
    assert!(world.observe().await.fell_back);
}

#[tokio::test]
async fn renewals_keep_it_away_and_a_restart_of_the_proxy_does_not_restart_the_lease() {
    let (world, address) = under_lease(2_000, None).await;
    let start = std::time::Instant::now();
    while start.elapsed() < std::time::Duration::from_secs(4) {
        assert!(!world.host.observe(&app(), true).await.unwrap().fell_back);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(ask(address, "/").await.1, "two");
    // The engine is gone; the proxy is killed again and again, and the lease
    // ends all the same.
    let end = std::time::Instant::now();
    while !world.observe().await.fell_back {
        assert!(end.elapsed() < super::world::PATIENCE, "{}", world.logs());
        let proxy = world.host.status().await.unwrap().proxy.pid;
        kill(proxy);
        until_true("the proxy ended", || !lives(proxy)).await;
    }
    assert!(end.elapsed() >= std::time::Duration::from_millis(1_500));
    assert_eq!(ask(address, "/").await.1, "one");
}

#[tokio::test]
async fn nothing_goes_back_to_a_version_that_is_not_healthy() {
    let (world, address) = under_lease(1_500, None).await;
    std::fs::write(world.release().join("sick-one"), "").unwrap();
    world
        .until("v1 unhealthy", |observed| {
            matches!(health(observed, "v1"), Some(VersionHealth::Unhealthy { .. }))
        })
        .await;
    tokio::time::sleep(std::time::Duration::from_millis(2_000)).await;
    assert!(!world.observe().await.fell_back);
    assert_eq!(ask(address, "/").await.1, "two");
    std::fs::remove_file(world.release().join("sick-one")).unwrap();
    world.until("fallen back", |observed| observed.fell_back).await;
    assert_eq!(ask(address, "/").await.1, "one");
}

#[tokio::test]
async fn without_users_the_host_asks_by_itself_and_counts_it_apart() {
    let probe = Probe { path: "/".to_owned(), interval_ms: 50 };
    let (world, _) = under_lease(60_000, Some(probe)).await;
    let observed =
        world.until("probed", |observed| observed.versions[&id("v2")].probes.requests >= 3).await;
    assert_eq!(observed.versions[&id("v2")].users.requests, 0);
    assert_eq!(observed.versions[&id("v2")].probes.errors, 0);
    assert_eq!(observed.versions[&id("v1")].probes.requests, 0);
}
