//! Bad releases, an unreachable target, people who change their mind.

use std::time::Duration;

use shipway_core::environment::Command;
use shipway_core::plan::End;
use shipway_server::log::LogReader;
use shipway_targets::VersionHealth;

use crate::world::{SHOP, World, busy, deployment, end, environment, until, why};

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_not_healthy_gets_no_traffic_and_its_output_is_shown() {
    let world = World::new(SHOP);
    world.ship().await;
    world.change("2");
    let refused = VersionHealth::Failed("it answered 503".to_owned());
    world.target.set_health(deployment(2), refused);
    let end = world.ship().await;
    assert_eq!(why(&end), "Health: api did not become healthy: it answered 503");
    let End::Failed { failure } = end else { unreachable!() };
    assert_eq!(failure.output, ["staging.2 says hello"]);
    assert_eq!(world.traffic().await, [("staging.1".to_owned(), 100)]);
    let gave_any = |call: &shipway_targets::fake::Call| {
        call.weights.iter().any(|(id, share)| *id == deployment(2) && *share > 0)
    };
    assert!(!world.target.calls().iter().any(gave_any));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_smoke_test_that_fails_keeps_the_old_version() {
    let world = World::new(SHOP);
    world.ship().await;
    world.write(
        "shipway.yaml",
        &SHOP.replace("smoke: echo", "smoke: test $URL = x; echo not x; exit 7; echo"),
    );
    world.change("2");
    let end = world.ship().await;
    assert_eq!(why(&end), "Smoke: the smoke test of api failed: exit code 7");
    let End::Failed { failure } = end else { unreachable!() };
    assert_eq!(failure.output, ["not x"]);
    assert_eq!(world.traffic().await, [("staging.1".to_owned(), 100)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_fails_moves_nothing() {
    let world = World::new(SHOP);
    world.ship().await;
    let calls = world.target.calls().len();
    world.write("shipway.yaml", &SHOP.replace("apply: echo", "apply: exit 1; echo"));
    world.change("2");
    assert_eq!(why(&world.ship().await), "Migration: the migration of api failed: exit code 1");
    assert_eq!(world.target.calls().len(), calls, "the target was told nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_away_for_a_while_is_asked_again() {
    let world = World::new(SHOP);
    for _ in 0..3 {
        world.target.fail_next("no route");
    }
    assert_eq!(world.ship().await, End::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_called_off_while_the_target_is_away_ends_once_it_is_back() {
    let world = World::new(SHOP);
    world.ship().await;
    world.change("2");
    let id = world.open();
    let mut engine = world.engine().await;
    world.target.go_away("no route");
    until(&mut engine, |views| environment(views).is_some_and(|env| env.active.is_some())).await;
    let calls = world.target.attempts();
    while world.target.attempts() < calls + 2 {
        let soon = tokio::time::timeout(Duration::from_millis(20), engine.run(|_| false)).await;
        assert!(soon.is_err(), "the engine goes on");
    }
    world.tell_staging(Command::Abort);
    // It is called off although nobody answers; the way back waits.
    let back = |views: &shipway_server::follow::Views| {
        let deployment = environment(views).and_then(|env| env.active.as_ref());
        deployment.is_some_and(|active| {
            matches!(active.deployment.progress, shipway_core::deployment::Progress::Back { .. })
        })
    };
    until(&mut engine, back).await;
    world.target.come_back();
    until(&mut engine, |views| end(views, &id).is_some() && !busy(views)).await;
    engine.stop().await.unwrap();
    assert!(why(&end(&world.views(), &id).unwrap()).starts_with("Aborted: "));
    assert_eq!(world.traffic().await, [("staging.1".to_owned(), 100)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_is_called_off_leaves_no_process() {
    let world = World::new(&SHOP.replace("cp source api", "sleep 4711 & sleep 4711"));
    let id = world.open();
    let mut engine = world.engine().await;
    while processes("sleep\x004711") < 2 {
        let soon = tokio::time::timeout(Duration::from_millis(50), engine.run(|_| false)).await;
        assert!(soon.is_err(), "the engine goes on");
    }
    let cancel = shipway_core::plan::Command::Cancel;
    let stream = shipway_core::journal::StreamId::Plan(id.clone());
    world.ask(stream, shipway_core::command::Command::Plan(cancel));
    until(&mut engine, |views| end(views, &id).is_some() && !busy(views)).await;
    engine.stop().await.unwrap();
    assert_eq!(processes("sleep\x004711"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_cannot_work_fails_the_run_and_nothing_is_released() {
    let world = World::new(&SHOP.replace("workflows: {required: []}\n", ""));
    let workflow = "on: push\njobs:\n  test:\n    runs-on: x\n    steps: [{run: 'true'}]\n";
    world.write(".github/workflows/ci.yml", workflow);
    world.commit("ci");
    let end = world.ship().await;
    assert!(why(&end).starts_with("Run: "), "{}", why(&end));
    assert_eq!(world.target.calls(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_stops_leaves_no_process_and_the_next_builds_again() {
    let world = World::new(&SHOP.replace("cp source api", ". ./source; cp source api"));
    world.write("source", "test -e ../again || { touch ../again; exec sleep 4712; }");
    world.commit("sleeps the first time");
    let id = world.open();
    let mut engine = world.engine().await;
    while processes("sleep\x004712") == 0 {
        let soon = tokio::time::timeout(Duration::from_millis(50), engine.run(|_| false)).await;
        assert!(soon.is_err(), "the engine goes on");
    }
    engine.stop().await.unwrap();
    assert_eq!(processes("sleep\x004712"), 0);
    assert_eq!(world.see_through(&id).await, End::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_masked_where_output_is_shown_and_kept() {
    let world = World::new(SHOP);
    let secret = world.dir.path().join("secret");
    std::fs::write(&secret, "hunter2-hunter2\r\n").unwrap();
    let service = format!("secrets: {{TOKEN: {{file: {}}}}}\n    smoke:", secret.display());
    let config = SHOP
        .replace("smoke:", &service)
        .replace("smoke: echo", "smoke: seq 900 | sed \"s/$/ <$TOKEN>/\"; exit 1; echo");
    world.write("shipway.yaml", &config);
    world.commit("secret");
    let End::Failed { failure } = world.ship().await else { panic!("it has to fail") };
    assert_eq!(failure.output.last().map(String::as_str), Some("900 <***>"));
    let blobs = world.store.blobs();
    for blob in blobs.list().unwrap() {
        let bytes = blobs.read(&blob).unwrap();
        let log = LogReader::open(&blobs.path(&blob)).unwrap().read_to_end().unwrap_or_default();
        let has_it = |text: &[u8]| text.windows(7).any(|part| part == b"hunter2");
        assert!(!has_it(&bytes) && !has_it(&log), "{blob} has it");
    }
}

/// As many processes have this in their command line.
fn processes(named: &str) -> usize {
    let all = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let lines = all.filter_map(|e| std::fs::read_to_string(e.path().join("cmdline")).ok());
    lines.filter(|line| line.contains(named)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn rollback_brings_the_version_before_with_nothing_built() {
    let world = World::new(SHOP);
    world.ship().await;
    world.change("2");
    world.ship().await;
    let before = world.ran().len();
    world.tell_staging(Command::Rollback { to: None });
    let mut engine = world.engine().await;
    let first = world.repository().commit("HEAD~1").unwrap().id;
    until(&mut engine, |views| {
        let current = environment(views).and_then(|env| env.current.as_ref());
        current.is_some_and(|current| current.commit == first) && !busy(views)
    })
    .await;
    engine.stop().await.unwrap();
    assert_eq!(world.traffic().await, [("staging.3".to_owned(), 100)]);
    assert!(world.ran().len() <= before + 1, "no migration: {:?}", world.ran());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_nobody_answers_is_closed_when_its_time_is_over() {
    let approval = "    approval: {required: 1, unverified: true, expires: 1s}\n    rollout";
    let world = World::new(&SHOP.replace("    rollout", approval));
    let id = world.open();
    let mut engine = world.engine().await;
    until(&mut engine, |views| environment(views).is_some_and(|env| env.waiting.is_some())).await;
    engine.stop().await.unwrap();
    // Another engine keeps the deadline, too.
    let end = world.see_through(&id).await;
    assert!(why(&end).starts_with("ApprovalExpired: "), "{}", why(&end));
    assert_eq!(world.target.calls(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_without_a_port_is_tried_without_an_address() {
    let worker = "port: false\n    smoke: test -z \"$URL\" && echo";
    let world = World::new(&SHOP.replace("smoke: echo", worker));
    world.target.without_endpoints();
    assert_eq!(why(&world.ship().await), "delivered");
}
