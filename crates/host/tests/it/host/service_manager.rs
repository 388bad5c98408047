//! The keeper as a service manager runs it: in the foreground.

use shipway_host::client::HostClient;
use shipway_process::{Command, Contained, Signal};

use super::service::{Wish, version};
use super::world::{PATIENCE, World, ask, executable, kill, lives, until_true};

/// What the unit's `ExecStart` says.
fn service(world: &World) -> Contained {
    let program = world.dir().join("shipway");
    std::fs::copy(executable(), &program).unwrap();
    Command::new("service-test", program)
        .args(["host", "keeper", "--dir"])
        .arg(world.paths.dir())
        .arg("--socket")
        .arg(world.paths.socket())
        .arg("--service")
        .env("PATH", "/usr/bin:/bin")
        .stderr(std::fs::File::create(world.dir().join("service.log")).unwrap())
        .use_cgroups(false)
        .spawn()
        .unwrap()
}

/// Waits until the service waits.
async fn stands_by(world: &World) {
    let log = world.dir().join("service.log");
    let said = || std::fs::read_to_string(&log).unwrap_or_default();
    until_true("standing by", || said().contains("this one stands by")).await;
}

async fn ends(mut service: Contained) {
    let exit = tokio::time::timeout(PATIENCE, service.wait()).await.unwrap().unwrap();
    assert!(exit.success(), "{exit}");
}

#[tokio::test]
async fn a_service_that_is_asked_to_end_ends_everything_in_good_order() {
    let mut world = World::new().await;
    world.host.stop().await.unwrap();
    until_true("every process gone", || world.processes().is_empty()).await;
    let service = service(&world);
    until_true("the socket is there", || world.paths.socket().exists()).await;
    world.host = HostClient::connect(&world.paths).await.unwrap();
    let wish = Wish::new(1).with("v1", version(&world.release(), "one")).split(&[("v1", 100)]);
    let address = world.apply(wish.build()).await.listening.unwrap();
    assert_eq!(ask(address, "/").await, (200, "one".to_owned()));
    assert_eq!(world.host.status().await.unwrap().keeper.pid, service.pid());
    // From a copy: the program may be replaced.
    let program = std::fs::read_link(format!("/proc/{}/exe", service.pid())).unwrap();
    assert!(program.starts_with(world.paths.bin()), "{program:?}");

    service.signal_child(Signal::TERM).unwrap();
    ends(service).await;
    until_true("every process gone", || world.processes().is_empty()).await;
}

#[tokio::test]
async fn a_service_stands_by_while_another_keeper_runs() {
    let world = World::new().await;
    let service = service(&world);
    let status = world.host.status().await.unwrap();
    assert_ne!(status.keeper.pid, service.pid());
    stands_by(&world).await;
    // The other one is asked to end, and means both.
    world.host.stop().await.unwrap();
    ends(service).await;
    until_true("every process gone", || world.processes().is_empty()).await;
}

#[tokio::test]
async fn a_service_that_stands_by_follows_a_host_that_died() {
    let world = World::new().await;
    let wish = Wish::new(1).with("v1", version(&world.release(), "one")).split(&[("v1", 100)]);
    let address = world.apply(wish.build()).await.listening.unwrap();
    world.until_healthy("v1").await;
    let release: u32 = ask(address, "/pid").await.1.parse().unwrap();
    let service = service(&world);
    stands_by(&world).await;
    let status = world.host.status().await.unwrap();
    super::crashes::stop(status.keeper.pid);
    super::crashes::stop(status.proxy.pid);
    kill(status.keeper.pid);
    kill(status.proxy.pid);
    until_true("both ended", || !lives(status.keeper.pid) && !lives(status.proxy.pid)).await;
    world.until_healthy("v1").await;
    assert_eq!(world.host.status().await.unwrap().keeper.pid, service.pid());
    assert_eq!(ask(address, "/pid").await, (200, release.to_string()));
    world.host.stop().await.unwrap();
    ends(service).await;
}
