//! Newer daemons take over, and nobody notices.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::load::Load;
use super::service::{Wish, id, version};
use super::world::{World, ask, executable, kill, lives, until_true};

/// The executable again, as a build of its own.
fn build(world: &World, name: &str) -> PathBuf {
    let copy = world.dir().join(name);
    fs::copy(executable(), &copy).unwrap();
    copy
}

#[tokio::test]
async fn two_upgrades_under_load_lose_nothing() {
    let world = World::new().await;
    let wish = Wish::new(1).with("v1", version(&world.release(), "one")).split(&[("v1", 100)]);
    let address = world.apply(wish.build()).await.listening.unwrap();
    world.until_healthy("v1").await;
    let release: u32 = ask(address, "/pid").await.1.parse().unwrap();
    let keeper = world.host.status().await.unwrap().keeper.pid;
    let load = Load::start(address, 8, &["one"]);
    for name in ["newer", "newest"] {
        let before = world.host.status().await.unwrap();
        world.host.upgrade(&build(&world, name)).await.unwrap();
        let after = world.host.status().await.unwrap();
        assert_ne!(after.proxy.pid, before.proxy.pid);
        assert_ne!(after.instance, before.instance);
        assert_eq!(after.problems, Vec::<String>::new(), "{}", world.logs());
        // The same process, a newer program.
        assert_eq!(after.keeper.pid, keeper);
        assert_eq!(program(keeper), program(after.proxy.pid));
        until_true("the old proxy ended", || !lives(before.proxy.pid)).await;
    }
    let seen = load.stop();
    assert_eq!(seen.failed, Vec::<String>::new(), "{}", world.logs());
    assert!(seen.answered > 50, "{seen:?}");
    assert_eq!(ask(address, "/pid").await.1, release.to_string());

    // The keeper that was replaced in place still hears of its children.
    kill(release);
    world.until("restarted", |observed| observed.versions[&id("v1")].restarts == 1).await;
    let proxy = world.host.status().await.unwrap().proxy.pid;
    kill(proxy);
    assert_eq!(ask(address, "/").await, (200, "one".to_owned()));
}

#[tokio::test]
async fn a_request_inside_the_old_proxy_outlives_its_version_and_its_proxy() {
    let world = World::new().await;
    let dir = world.release();
    let wish = |generation| {
        Wish::new(generation).with("v1", version(&dir, "one")).with("v2", version(&dir, "two"))
    };
    let apply = wish(1).split(&[("v1", 100)]).build();
    let address = world.apply(apply).await.listening.unwrap();
    world.until_healthy("v1").await;
    world.until_healthy("v2").await;
    let slow = tokio::spawn(async move { ask(address, "/slow=3").await });
    world.until("it is inside", |observed| observed.versions[&id("v1")].in_flight == 1).await;

    world.host.upgrade(&build(&world, "newer")).await.unwrap();
    let wish = Wish::new(2).with("v2", version(&dir, "two")).split(&[("v2", 100)]);
    world.until_healthy("v2").await;
    world.apply(wish.build()).await;
    assert_eq!(ask(address, "/").await, (200, "two".to_owned()));
    assert_eq!(slow.await.unwrap(), (200, "one".to_owned()));
    world.until("v1 gone", |observed| !observed.versions.contains_key(&id("v1"))).await;
}

fn program(pid: u32) -> PathBuf {
    fs::read_link(format!("/proc/{pid}/exe")).unwrap()
}

#[tokio::test]
async fn an_executable_that_is_no_host_changes_nothing() {
    let world = World::new().await;
    let wish = Wish::new(1).with("v1", version(&world.release(), "one")).split(&[("v1", 100)]);
    let address = world.apply(wish.build()).await.listening.unwrap();
    world.until_healthy("v1").await;
    let before = world.host.status().await.unwrap();
    let broken = world.dir().join("broken");
    fs::write(&broken, "#!/bin/sh\nexit 1\n").unwrap();
    fs::set_permissions(&broken, fs::Permissions::from_mode(0o755)).unwrap();
    let error = world.host.upgrade(&broken).await.unwrap_err();
    assert!(error.to_string().contains("the old one goes on"), "{error}");
    let error = world.host.upgrade(&world.dir().join("nothing")).await.unwrap_err();
    assert!(error.to_string().contains("nothing"), "{error}");
    let after = world.host.status().await.unwrap();
    assert_eq!((after.keeper.pid, after.instance), (before.keeper.pid, before.instance));
    assert_eq!(ask(address, "/").await, (200, "one".to_owned()));
}

#[tokio::test]
async fn an_executable_that_starts_and_says_nothing_is_given_up_and_ended() {
    let world = World::new().await;
    let before = world.host.status().await.unwrap();
    let silent = world.dir().join("silent");
    fs::write(&silent, "#!/bin/sh\nwhile :; do sleep 1; done\n").unwrap();
    fs::set_permissions(&silent, fs::Permissions::from_mode(0o755)).unwrap();
    let error = world.host.upgrade(&silent).await.unwrap_err();
    assert!(error.to_string().contains("was not ready within"), "{error}");
    until_true("the silent one ended", || world.processes().len() == 2).await;
    // Its place is free: a proxy that dies is followed by another.
    kill(before.proxy.pid);
    until_true("the proxy ended", || !lives(before.proxy.pid)).await;
    assert_ne!(world.host.status().await.unwrap().instance, before.instance);
}

#[tokio::test]
async fn a_successor_that_dies_at_the_last_moment_leaves_the_old_one_in_charge() {
    let world = World::new().await;
    let dir = world.release();
    let wish = Wish::new(1).with("v1", version(&dir, "one")).split(&[("v1", 100)]);
    let address = world.apply(wish.build()).await.listening.unwrap();
    world.until_healthy("v1").await;
    // It cannot bind the engine's socket: a folder is where it would be made.
    let old = world.host.status().await.unwrap().proxy.pid;
    let dies = world.dir().join("dies");
    let script = format!(
        "#!/bin/sh\nmkdir -p {}/host.$$/x\nexec {} \"$@\"\n",
        world.paths.dir().display(),
        executable().display()
    );
    fs::write(&dies, script).unwrap();
    fs::set_permissions(&dies, fs::Permissions::from_mode(0o755)).unwrap();
    let error = world.host.upgrade(&dies).await.unwrap_err();
    assert!(error.to_string().contains("the old one goes on"), "{error}");
    assert_eq!(world.host.status().await.unwrap().proxy.pid, old);
    // In charge again: it applies.
    let wish = Wish::new(2)
        .with("v1", version(&dir, "one"))
        .with("v2", version(&dir, "two"))
        .split(&[("v1", 100)]);
    world.apply(wish.build()).await;
    world.until_healthy("v2").await;
    assert_eq!(ask(address, "/").await, (200, "one".to_owned()));
}
