//! Bad releases: each ends with the old version serving, the reason in one
//! line, what the new version wrote last, and exit code 1.

use std::time::Duration;

use shipway_core::effect::EffectKind;
use shipway_core::environment::Event;
use shipway_core::stream::Record;
use shipway_sim::backend::Settings;
use shipway_sim::sandbox::Finished;
use shipway_sim::traffic::{Load, Requests, Source};
use shipway_sim::wait_for;

use crate::shop::{Config, SOON, Shop, version};

/// The one line that says why.
#[track_caller]
fn reason(finished: &Finished) -> String {
    let reasons: Vec<_> =
        finished.stdout.lines().filter_map(|line| line.strip_prefix("refused: ")).collect();
    let [reason] = reasons[..] else { panic!("not one reason: {finished}") };
    reason.to_owned()
}

/// Its last number is a port that the host chose.
fn without_port(reason: &str) -> String {
    let (before, rest) = reason.rsplit_once('(').unwrap();
    let (port, after) = rest.split_once(')').unwrap();
    assert!(port.parse::<u16>().is_ok(), "{reason}");
    format!("{before}([PORT]){after}")
}

/// What is shown of the new version's own output.
fn shown(finished: &Finished) -> Vec<&str> {
    finished.stdout.lines().filter_map(|line| line.strip_prefix("  │ ")).collect()
}

/// It was refused, the old version serves, and the journal is right.
#[track_caller]
fn assert_refused(shop: &Shop, shipped: &Finished) -> String {
    shipped.assert_code(1);
    assert_eq!(shop.serving("production").as_deref(), Some("v1"), "{shipped}");
    assert!(shipped.stdout.contains("production still serves"), "{shipped}");
    shop.verify();
    reason(shipped)
}

/// It was refused, nothing runs, and that is said.
#[track_caller]
fn assert_nothing_runs(shop: &Shop, shipped: &Finished) -> String {
    shipped.assert_code(1);
    assert!(shipped.stdout.contains("nothing runs in production"), "{shipped}");
    assert_eq!(shop.serving("production"), None);
    let backends = shop.sandbox.processes().unwrap();
    let backends: Vec<_> = backends.iter().filter(|p| p.line.contains("sim-backend")).collect();
    assert!(backends.is_empty(), "{backends:?}");
    shop.verify();
    reason(shipped)
}

fn bad(change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = version("bad");
    change(&mut settings);
    settings
}

#[test]
fn it_crashes_at_start() {
    let shop = Shop::shipped(&Config::default());
    let shipped = shop.ship(&bad(|settings| settings.crash_at_start = true));
    let reason = assert_refused(&shop, &shipped);
    insta::assert_snapshot!(reason, @"web did not become healthy: exited with status 3 at every start (5 times)");
    assert!(shown(&shipped).contains(&"crashing at start, as told"), "{shipped}");
}

#[test]
fn the_first_one_crashes_at_start() {
    let shop = Shop::with(&Config::default(), &bad(|settings| settings.crash_at_start = true));
    let shipped = shop.run(&["ship"]);
    let reason = assert_nothing_runs(&shop, &shipped);
    insta::assert_snapshot!(reason, @"web did not become healthy: exited with status 3 at every start (5 times)");
    assert!(shown(&shipped).contains(&"crashing at start, as told"), "{shipped}");
    // A good one goes there afterwards as if it were the first.
    shop.ship(&version("v2")).assert_code(0);
    assert_eq!(shop.serving("production").as_deref(), Some("v2"));
}

#[test]
fn it_never_becomes_healthy() {
    let shop = Shop::shipped(&Config::default());
    let shipped = shop.ship(&bad(|settings| settings.never_healthy = true));
    let reason = assert_refused(&shop, &shipped);
    insta::assert_snapshot!(reason, @"web did not become healthy: took longer than 2 s: GET /health answered 503");
    assert!(shown(&shipped).iter().any(|line| line.contains("version bad listens")), "{shipped}");
}

#[test]
fn it_does_not_listen_on_its_port() {
    let shop = Shop::shipped(&Config::default());
    let shipped = shop.ship(&bad(|settings| settings.no_listen = true));
    let reason = without_port(&assert_refused(&shop, &shipped));
    insta::assert_snapshot!(reason, @"web did not become healthy: took longer than 2 s: does not listen on $PORT ([PORT])");
    assert!(shown(&shipped).contains(&"running without listening, as told"), "{shipped}");
}

/// Probes that fail with the process would be another reason.
const WATCHES_PROCESSES: Config =
    Config { bake: "2s", guard: "{error_rate: off, probe: off}", ..Config::DEFAULT };

/// Whichever is seen first of a process that ended: that it did, or that there
/// is another in its place.
const DEAD: [&str; 2] = [
    "web is not healthy: exited with status 4",
    "web ended and was started again 1 times (limit 0)",
];

#[test]
fn it_is_healthy_and_then_dead() {
    let shop = Shop::shipped(&WATCHES_PROCESSES);
    let dies = Some(Duration::from_millis(700));
    let shipped = shop.ship(&bad(|settings| settings.die_after = dies));
    let reason = assert_refused(&shop, &shipped);
    assert!(DEAD.contains(&reason.as_str()), "{reason}");
    assert!(shown(&shipped).contains(&"dying, as told"), "{shipped}");
}

#[test]
fn the_first_one_is_healthy_and_then_dead() {
    let dies = Some(Duration::from_millis(700));
    let shop = Shop::with(&WATCHES_PROCESSES, &bad(|settings| settings.die_after = dies));
    let shipped = shop.run(&["ship"]);
    let reason = assert_nothing_runs(&shop, &shipped);
    assert!(DEAD.contains(&reason.as_str()), "{reason}");
}

#[test]
fn its_smoke_test_fails() {
    let shop = Shop::new(&Config::service("smoke: sh smoke.sh"));
    shop.repo.write("smoke.sh", "echo tried $URL\n").unwrap();
    shop.repo.commit("Smoke test").unwrap();
    shop.run(&["ship"]).assert_code(0);
    shop.repo.write("smoke.sh", "echo the basket is empty >&2; exit 7\n").unwrap();
    let shipped = shop.ship(&version("bad"));
    let reason = assert_refused(&shop, &shipped);
    insta::assert_snapshot!(reason, @"the smoke test of web failed: exit code 7");
    assert_eq!(shown(&shipped), ["the basket is empty"], "{shipped}");
    assert_eq!(shop.begun(EffectKind::Shift), 1, "traffic moved before the smoke test");
}

#[test]
fn its_migration_fails() {
    let shop = Shop::new(&Config::service("migrations: {dir: db, apply: sh db/migrate.sh}"));
    shop.repo.write("db/migrate.sh", "echo nothing to do\n").unwrap();
    shop.repo.commit("Migrations").unwrap();
    shop.run(&["ship"]).assert_code(0);
    let address = shop.address("production").unwrap();
    shop.repo.write("db/migrate.sh", "echo no such table: orders; exit 1\n").unwrap();
    let shipped = shop.ship(&version("bad"));
    let reason = assert_refused(&shop, &shipped);
    insta::assert_snapshot!(reason, @"the migration of web failed: exit code 1");
    assert_eq!(shown(&shipped), ["no such table: orders"], "{shipped}");
    assert_eq!(shop.begun(EffectKind::Shift), 1, "traffic moved");
    assert_eq!(shop.begun(EffectKind::Start), 1, "the new version was started");
    assert_eq!(shop.address("production"), Some(address));
}

/// Users' requests, few a second, while `work` goes on.
fn with_users(shop: &Shop, work: impl FnOnce() -> Finished) -> Finished {
    let mut load = Load::new(shop.address("production").unwrap());
    load.requests = Some(Requests { connections: 8, rate: 200, body: 64 });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let running = runtime.block_on(async { load.start() });
    wait_for("users", SOON, || (running.answered(Source::Requests) > 20).then_some(())).unwrap();
    let shipped = work();
    let before = running.failed();
    let answered = running.answered(Source::Requests);
    let more = || (running.answered(Source::Requests) > answered + 50).then_some(());
    wait_for("users to go on", SOON, more).unwrap();
    assert_eq!(running.failed(), before, "users still see errors when it is over");
    runtime.block_on(running.stop());
    shipped
}

#[test]
fn it_answers_users_with_errors() {
    let shop = Shop::shipped(&Config::bake("5s"));
    let shipped = with_users(&shop, || shop.ship(&bad(|settings| settings.error_percent = 10)));
    let reason = assert_refused(&shop, &shipped);
    assert!(reason.contains("users' requests with an error (limit 5%)"), "{reason}");
}

#[test]
fn it_answers_probes_with_errors() {
    let shop = Shop::shipped(&Config::bake("5s"));
    let shipped = shop.ship(&bad(|settings| settings.error_percent = 10));
    let reason = assert_refused(&shop, &shipped);
    assert!(reason.contains("probes with an error (limit 5%)"), "{reason}");
}

#[test]
fn it_is_twice_as_slow() {
    let guard = "{latency: {p95: 300ms, at_least: 10}, probe: {path: /echo, interval: 20ms}}";
    // Far apart: what else the machine does makes probes slower, too.
    let config = Config { bake: "3s", guard, ..Config::default() };
    let slow =
        |millis| move |settings: &mut Settings| settings.slow = Duration::from_millis(millis);
    let shop = Shop::with(&config, &Settings { version: "v1".to_owned(), ..bad(slow(200)) });
    shop.run(&["ship"]).assert_code(0);
    let shipped = shop.ship(&bad(slow(400)));
    let reason = assert_refused(&shop, &shipped);
    assert!(reason.starts_with("web is slow: p95 of "), "{reason}");
    assert!(reason.ends_with(" ms (limit 300 ms)"), "{reason}");
}

#[test]
fn it_eats_memory() {
    let config = Config { service: "resources: {memory: 96MiB}", ..Config::bake("5s") };
    let shop = Shop::shipped(&config);
    let shipped = shop.ship(&bad(|settings| settings.eat_memory = 100));
    let reason = assert_refused(&shop, &shipped);
    let memory = "web is not healthy: ran out of memory: it reached its limit of 96 MiB";
    let probes = reason.contains("probes with an error (limit 5%)");
    assert!(reason == memory || probes, "{reason}");
}

#[test]
fn it_ignores_the_signal_to_end() {
    let shop = Shop::shipped(&Config::bake("3s"));
    let stubborn = bad(|settings| {
        settings.ignore_term = true;
        settings.error_percent = 50;
    });
    let shipped = shop.ship(&stubborn);
    assert_refused(&shop, &shipped);
    let ended = || {
        let left = shop.sandbox.processes().unwrap();
        (left.iter().filter(|p| p.line.contains("sim-backend")).count() == 1).then_some(())
    };
    wait_for("the stubborn version to be gone", SOON, ended).unwrap();
}

#[test]
fn the_engine_dies_while_it_bakes_and_nobody_comes_back() {
    let shop = Shop::shipped(&Config::default());
    shop.configure(&Config { environment: "lease: {ttl: 1s}", ..Config::bake("60s") });
    let shipping = shop.begin(&version("bad"));
    wait_for("the new version to serve", SOON, || {
        (shop.serving("production").as_deref() == Some("bad")).then_some(())
    })
    .unwrap();
    shop.wait_for_effect(EffectKind::Watch, 2);
    shipping.kill().unwrap();
    // Nobody but the host is left.
    let address = shop.address("production").unwrap();
    wait_for("the host to put the old version back", SOON, || {
        let answered = crate::shop::get(address, "/health")?;
        (answered.version.as_deref() == Some("v1")).then_some(())
    })
    .unwrap();
    let shipped = shop.run(&["ship"]);
    let reason = assert_refused(&shop, &shipped);
    insta::assert_snapshot!(reason, @"nobody judged the rollout for the length of its lease; the target has put the old version back");
    let fell = |(_, record): &(_, Record)| matches!(record, Record::Env(Event::TurnedBack { .. }));
    assert!(shop.journal().iter().any(fell));
}
