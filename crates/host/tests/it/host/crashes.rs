//! Daemons that are killed: what they held stays, what they knew is found.

use std::fs;

use shipway_host::client::HostClient;
use shipway_host::protocol::ErrorCode;

use super::load::Load;
use super::service::{Wish, id, split, version};
use super::world::{World, ask, executable, kill, lives, until_true};

/// A host with one release in service: its address and its process.
async fn serving() -> (World, std::net::SocketAddr, u32) {
    let world = World::new().await;
    let wish = Wish::new(3).with("v1", version(&world.release(), "one")).split(&[("v1", 100)]);
    let address = world.apply(wish.build()).await.listening.unwrap();
    world.until_healthy("v1").await;
    let pid = ask(address, "/pid").await.1.parse().unwrap();
    (world, address, pid)
}

async fn daemons(world: &World) -> (u32, u32) {
    let status = world.host.status().await.unwrap();
    (status.keeper.pid, status.proxy.pid)
}

#[tokio::test]
async fn a_killed_proxy_refuses_no_connection_and_releases_do_not_notice() {
    let (world, address, release) = serving().await;
    let (keeper, _) = daemons(&world).await;
    let load = Load::start(address, 8, &["one"]);
    for _ in 0..3 {
        let (_, proxy) = daemons(&world).await;
        kill(proxy);
        until_true("the proxy ended", || !lives(proxy)).await;
        assert_eq!(ask(address, "/").await, (200, "one".to_owned()));
        assert_ne!(daemons(&world).await.1, proxy);
    }
    let seen = load.stop();
    assert_eq!(seen.refused, 0, "{seen:?}");
    // Only what was inside a proxy that was killed: at most one request of
    // each user for each kill.
    assert!(seen.failed.len() <= 24, "{:?}", seen.failed);
    assert_eq!(daemons(&world).await.0, keeper);
    assert_eq!(ask(address, "/pid").await.1, release.to_string());
    let observed = world.until_healthy("v1").await;
    assert_eq!((observed.generation, observed.versions[&id("v1")].restarts), (3, 0));
    // The fence is not forgotten.
    let stale = Wish::new(2).with("v1", version(&world.release(), "one")).split(&[("v1", 100)]);
    let refused = world.host.apply(stale.build()).await.unwrap_err();
    let code = match refused {
        shipway_host::client::ClientError::Refused { code, .. } => code,
        other => panic!("{other}"),
    };
    assert_eq!(code, ErrorCode::StaleGeneration);
}

#[tokio::test]
async fn a_killed_keeper_is_replaced_and_the_new_one_looks_after_the_releases() {
    let (world, address, release) = serving().await;
    let load = Load::start(address, 4, &["one"]);
    let (keeper, proxy) = daemons(&world).await;
    kill(keeper);
    until_true("the keeper ended", || !lives(keeper)).await;
    world.until_healthy("v1").await;
    until_new_keeper(&world, keeper).await;
    assert_eq!(daemons(&world).await.1, proxy);
    assert_eq!(ask(address, "/pid").await.1, release.to_string());
    let seen = load.stop();
    assert_eq!(seen.failed, Vec::<String>::new());

    // Its death is noticed although it is nobody's child.
    kill(release);
    world.until("restarted", |observed| observed.versions[&id("v1")].restarts == 1).await;
    let answer = ask(address, "/pid").await;
    assert_ne!(answer.1, release.to_string());
    // The new keeper holds the sockets: the proxy may die too.
    kill(proxy);
    assert_eq!(ask(address, "/").await, (200, "one".to_owned()));
}

async fn until_new_keeper(world: &World, old: u32) {
    let start = std::time::Instant::now();
    while daemons(world).await.0 == old {
        assert!(start.elapsed() < super::world::PATIENCE, "{}", world.logs());
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn both_killed_at_once_are_started_anew_and_find_the_releases() {
    let (mut world, address, release) = serving().await;
    let (keeper, proxy) = daemons(&world).await;
    // Stopped first, so that neither sees the other die and acts on it.
    for pid in [keeper, proxy] {
        stop(pid);
    }
    kill(keeper);
    kill(proxy);
    until_true("both ended", || !lives(keeper) && !lives(proxy)).await;
    assert!(lives(release));

    world.host = HostClient::connect_or_start(&world.paths, executable()).await.unwrap();
    let observed = world.until_healthy("v1").await;
    assert_eq!(observed.listening, Some(address));
    assert_eq!(ask(address, "/pid").await, (200, release.to_string()));
    assert_eq!(observed.versions[&id("v1")].restarts, 0);
    kill(release);
    world.until("restarted", |observed| observed.versions[&id("v1")].restarts == 1).await;
    assert_eq!(ask(address, "/").await, (200, "one".to_owned()));
}

/// Holds a process still.
pub(crate) fn stop(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
}

#[tokio::test]
async fn a_torn_record_is_shown_and_routing_is_rebuilt_from_what_runs() {
    let (world, address, release) = serving().await;
    let (_, proxy) = daemons(&world).await;
    let record = record_file(&world);
    let whole = fs::read(&record).unwrap();
    fs::write(&record, &whole[..whole.len() / 2]).unwrap();
    kill(proxy);
    until_true("the proxy ended", || !lives(proxy)).await;

    assert_eq!(ask(address, "/pid").await, (200, release.to_string()));
    let status = world.host.status().await.unwrap();
    let problems = status.problems.join("\n");
    assert!(problems.contains("torn or damaged"), "{problems}");
    assert!(problems.contains("rebuilt from what runs"), "{problems}");
    let observed = world.until_healthy("v1").await;
    assert_eq!((observed.generation, observed.split), (3, split(&[("v1", 100)])));
}

#[tokio::test]
async fn a_process_whose_record_is_torn_is_ended_and_started_anew() {
    let (mut world, address, release) = serving().await;
    let (keeper, proxy) = daemons(&world).await;
    for pid in [keeper, proxy] {
        stop(pid);
        kill(pid);
    }
    until_true("both ended", || !lives(keeper) && !lives(proxy)).await;
    let mut files = fs::read_dir(world.paths.processes()).unwrap();
    let file = files.next().unwrap().unwrap().path();
    fs::write(&file, "{\"id\": ").unwrap();

    world.host = HostClient::connect_or_start(&world.paths, executable()).await.unwrap();
    until_true("the process nobody knows ended", || !lives(release)).await;
    let answer = ask(address, "/pid").await;
    assert_eq!(answer.0, 200);
    assert_ne!(answer.1, release.to_string());
    let problems = world.host.status().await.unwrap().problems.join("\n");
    assert!(problems.contains("is ended and started anew"), "{problems}");
}

#[tokio::test]
async fn a_missing_record_is_shown_too() {
    let (world, address, release) = serving().await;
    let (_, proxy) = daemons(&world).await;
    fs::remove_file(record_file(&world)).unwrap();
    kill(proxy);
    until_true("the proxy ended", || !lives(proxy)).await;
    assert_eq!(ask(address, "/pid").await, (200, release.to_string()));
    let problems = world.host.status().await.unwrap().problems.join("\n");
    assert!(problems.contains("its record is lost"), "{problems}");
}

fn record_file(world: &World) -> std::path::PathBuf {
    world.paths.apps().join("shop%production%api.json")
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_refuses_and_changes_nothing() {
    let (world, address, _) = serving().await;
    let dir = world.release();
    // A folder in the place of the new file: nobody, root included, writes it.
    let blocked = world.paths.apps().join("shop%production%api.json.new");
    fs::create_dir(&blocked).unwrap();
    let wish = Wish::new(4).with("v2", version(&dir, "two")).split(&[("v2", 100)]);
    // Nothing fit may lose its traffic; so v1 goes along.
    let wish = wish.with("v1", version(&dir, "one")).split(&[("v1", 100)]);
    let error = world.host.apply(wish.build()).await.unwrap_err();
    assert!(error.to_string().contains("nothing was changed"), "{error}");
    let observed = world.observe().await;
    assert_eq!((observed.generation, observed.versions.len()), (3, 1));
    assert_eq!(ask(address, "/").await, (200, "one".to_owned()));
}
