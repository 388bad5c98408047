//! What people decide: approve, reject, pause, resume, abort.

use std::time::{Duration, Instant};

use insta::assert_snapshot;
use shipway_core::command::Command;
use shipway_core::effect::EffectKind;
use shipway_core::environment;
use shipway_core::ids::EnvName;
use shipway_core::journal::{Actor, StreamId};
use shipway_server::follow::Views;
use shipway_server::inbox::{Request, answer, submit};
use shipway_sim::sandbox::Finished;
use shipway_sim::wait_for;

use crate::shop::{Config, SOON, Shop, version};

const ASKS: Config =
    Config { environment: "approval: {self: true, unverified: true}", ..Config::DEFAULT };

/// The digest of what waits.
fn waiting(shop: &Shop) -> shipway_core::digest::Digest {
    let live = Views::load(&shop.store()).unwrap().live;
    let production = live.environments().next().unwrap();
    production.waiting.as_ref().unwrap().identity
}

fn commit(shop: &Shop) -> String {
    shop.repo.head().unwrap()[..8].to_owned()
}

#[test]
fn approved() {
    let shop = Shop::new(&ASKS);
    let waits = shop.run(&["ship"]);
    waits.assert_code(3);
    assert_snapshot!(waits.stdout, @"production waits for approval: `shipway approve production` or `shipway reject production`");
    let status = shop.run(&["status"]);
    assert!(status.stdout.contains("waits for approval"), "{status}");
    assert_eq!(shop.serving("production"), None);
    shop.run(&["approve"]).assert_code(0);
    assert_eq!(shop.serving("production").as_deref(), Some("v1"));
    shop.run(&["ship"]).assert_code(0);
    shop.verify();
}

#[test]
fn approved_without_asking() {
    let shop = Shop::new(&ASKS);
    shop.run(&["ship", "--yes"]).assert_code(0);
    assert_eq!(shop.serving("production").as_deref(), Some("v1"));
}

#[test]
fn rejected() {
    let shop = Shop::new(&ASKS);
    shop.run(&["ship"]).assert_code(3);
    shop.run(&["reject", "production", "--reason", "not on a Friday"]).assert_code(0);
    assert_eq!(shop.serving("production"), None);
    let again = shop.run(&["approve"]);
    again.assert_code(1);
    assert_snapshot!(again.stderr, @"error: nothing waits for approval");
}

#[test]
fn only_by_those_who_may() {
    let shop = Shop::new(&Config::environment("approval: {by: [alice], unverified: true}"));
    shop.run(&["ship", "--yes"]).assert_code(3);
    let refused = shop.run(&["approve"]);
    refused.assert_code(1);
    assert_snapshot!(refused.stderr, @"error: unknown (unverified) is not among the approvers: alice");
    approve_as(&shop, "alice").assert_code(0);
    assert_eq!(shop.serving("production").as_deref(), Some("v1"));
}

fn approve_as(shop: &Shop, user: &str) -> Finished {
    let mut command = shop.sandbox.shipway(shop.repo.path(), &["approve"]);
    let output = command.env("USER", user).output().unwrap();
    Finished {
        line: format!("{command:?}"),
        code: output.status.code(),
        signal: None,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn a_rule_that_nobody_can_meet_is_a_mistake() {
    let shop = Shop::new(&Config::environment("approval: {required: 1}"));
    let refused = shop.run(&["ship", "--yes"]);
    refused.assert_code(2);
    assert_snapshot!(refused.stderr, @r#"
    error[SW0512]: nobody can approve: people are known by their login name only
      --> shipway.yaml:15:5
       |
    15 |     approval: {required: 1}
       |     ^^^^^^^^
       = help: write `unverified: true` to let login names on this machine count; signing in is not available yet
    "#);
}

#[test]
fn an_approval_is_for_what_was_seen() {
    let shop = Shop::new(&ASKS);
    shop.run(&["ship"]).assert_code(3);
    let seen = waiting(&shop);
    shop.ship(&version("v2")).assert_code(3);
    // Somebody who looked before agrees now.
    let env = EnvName::new("production").unwrap();
    let command = Command::Env(environment::Command::Approve { identity: seen });
    let alice = Actor::Unverified { user: "alice".to_owned() };
    let request = Request { to: StreamId::Env(env), command };
    let store = shop.store();
    let asked = submit(&store, &alice, &request).unwrap();
    let now = waiting(&shop).hex()[..12].to_owned();
    shop.run(&["approve"]).assert_code(0);
    let refused = answer(&store, &asked).unwrap().unwrap().unwrap_err();
    let refused = refused.replace(&commit(&shop), "[COMMIT]").replace(&now, "[IDENTITY]");
    assert_snapshot!(refused, @"what waits in `production` is now [IDENTITY] of commit [COMMIT], not what was asked about");
    assert_eq!(shop.serving("production").as_deref(), Some("v2"));
}

#[test]
fn what_nobody_approves_in_time_is_over() {
    let environment = "approval: {self: true, unverified: true, expires: 300ms}";
    let shop = Shop::new(&Config::environment(environment));
    shop.run(&["ship"]).assert_code(3);
    let over = Instant::now() + Duration::from_millis(400);
    wait_for("time to be up", SOON, || (Instant::now() > over).then_some(())).unwrap();
    let refused = shop.run(&["approve"]);
    refused.assert_code(1);
    assert_snapshot!(refused.stderr, @r#"
    ✗ production: nobody approved it in time
    error: nothing waits for approval in `production`
    "#);
    assert_eq!(shop.serving("production"), None);
    let status = shop.json(&["status", "--json"]);
    assert!(status["environments"][0]["waiting"].is_null(), "{status}");
}

#[test]
fn paused_and_resumed() {
    let shop = Shop::shipped(&Config::default());
    shop.run(&["pause", "production"]).assert_code(0);
    let again = shop.run(&["pause", "production"]);
    again.assert_code(1);
    assert_snapshot!(again.stderr, @"error: it is paused already");
    let shipping = shop.begin(&version("v2"));
    shop.wait_for_effect(EffectKind::Build, 2);
    let status = shop.run(&["status"]);
    assert!(status.stdout.contains("paused"), "{status}");
    assert_eq!(shop.serving("production").as_deref(), Some("v1"));
    shop.run(&["resume", "production"]).assert_code(0);
    let shipped = shipping.wait(SOON).unwrap();
    assert!(matches!(shipped.code, Some(0 | 3)), "{shipped}");
    shop.run(&["ship"]).assert_code(0);
    assert_eq!(shop.serving("production").as_deref(), Some("v2"));
    let refused = shop.run(&["resume", "production"]);
    refused.assert_code(1);
    assert_snapshot!(refused.stderr, @"error: `production` is not paused");
}

#[test]
fn aborted() {
    let shop = Shop::shipped(&Config::default());
    shop.configure(&Config::bake("60s"));
    let shipping = shop.begin(&version("v2"));
    shop.wait_for_effect(EffectKind::Watch, 2);
    shop.run(&["abort", "production"]).assert_code(0);
    let shipped = shipping.wait(SOON).unwrap();
    shipped.assert_code(1);
    assert!(shipped.stdout.contains("refused: called off by"), "{shipped}");
    assert_eq!(shop.serving("production").as_deref(), Some("v1"));
    let refused = shop.run(&["abort", "production"]);
    refused.assert_code(1);
    assert_snapshot!(refused.stderr, @"error: nothing is under way in `production`");
}

#[test]
fn a_guard_asks_and_a_person_keeps_the_version() {
    let guard = "{error_rate: {over: 5%, at_least: 10, then: review}, probe: {path: /echo, interval: 20ms}}";
    let shop = Shop::shipped(&Config { guard, ..Config::default() });
    let mut doubtful = version("v2");
    doubtful.error_percent = 20;
    // The one who ships keeps watching while it waits for the answer.
    let shipping = shop.begin(&doubtful);
    let asked =
        || shipping.output_so_far().unwrap().contains("keep the new version?").then_some(());
    wait_for("the question", SOON, asked).unwrap();
    shop.run(&["resume", "production"]).assert_code(0);
    shipping.wait(SOON).unwrap().assert_code(0);
    assert_eq!(shop.serving("production").as_deref(), Some("v2"));
}
