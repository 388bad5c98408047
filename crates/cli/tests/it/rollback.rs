//! Back to the release before, in one command, from any state, with nothing
//! built again.

use std::path::Path;

use serde_json::Value;
use shipway_core::effect::EffectKind;
use shipway_sim::backend::{SETTINGS_FILE, Settings};
use shipway_sim::sandbox::{Finished, Process};
use shipway_sim::wait_for;

use crate::shop::{Config, SOON, Shop, get, version};

/// Asks an environment to go back and sees `expected` serve, with nothing
/// built and nothing run again.
#[track_caller]
fn assert_back(shop: &Shop, arguments: &[&str], expected: &str) -> Finished {
    let built = shop.begun(EffectKind::Build);
    let finished = shop.run(arguments);
    finished.assert_code(0);
    assert_eq!(shop.serving("production").as_deref(), Some(expected), "{finished}");
    assert_eq!(shop.begun(EffectKind::Build), built, "something was built: {finished}");
    shop.verify();
    finished
}

/// The deployments in production that have ended, newest first.
fn history(shop: &Shop) -> Vec<Value> {
    shop.json(&["history", "production", "--json"]).as_array().unwrap().clone()
}

fn is_backend(process: &Process) -> bool {
    process.line.contains("sim-backend")
}

#[test]
fn from_rest() {
    let shop = Shop::shipped_twice(&Config::default());
    let finished = assert_back(&shop, &["rollback", "production"], "v1");
    assert!(finished.stdout.contains("production serves"), "{finished}");
    let history = history(&shop);
    let [back, _second, first] = &history[..] else { panic!("{history:?}") };
    assert_eq!(back["kind"], "rollback");
    assert_eq!(back["release"], first["release"]);
}

#[test]
fn twice_goes_further_back() {
    let shop = Shop::shipped_twice(&Config::default());
    shop.ship(&version("v3")).assert_code(0);
    assert_back(&shop, &["rollback"], "v2");
    assert_back(&shop, &["rollback"], "v1");
    let refused = shop.run(&["rollback", "production"]);
    refused.assert_code(1);
    insta::assert_snapshot!(refused.stderr, @"error: nothing good was in `production` before: nothing to go back to");
    assert_eq!(shop.serving("production").as_deref(), Some("v1"));
}

#[test]
fn what_comes_after_a_rollback_is_rolled_back_to_it() {
    let shop = Shop::shipped_twice(&Config::default());
    assert_back(&shop, &["rollback"], "v1");
    shop.ship(&version("v3")).assert_code(0);
    assert_back(&shop, &["rollback"], "v1");
}

#[test]
fn to_a_release_that_is_named() {
    let shop = Shop::shipped_twice(&Config::default());
    shop.ship(&version("v3")).assert_code(0);
    let history = history(&shop);
    let release = history.last().unwrap()["release"].as_str().unwrap();
    let digits = &release.strip_prefix("sha256:").unwrap()[..12];
    assert_back(&shop, &["rollback", "--to", digits], "v1");
    let commit = &history[0]["commit"].as_str().unwrap()[..8];
    assert_back(&shop, &["rollback", "production", "--to", commit], "v3");
    let refused = shop.run(&["rollback", "--to", "0000", "production"]);
    refused.assert_code(1);
    insta::assert_snapshot!(refused.stderr, @r#"
    error: no release 0000… was ever in `production`
      help: `shipway history production` lists what was
    "#);
}

#[test]
fn with_nothing_to_go_back_to() {
    let shop = Shop::new(&Config::default());
    let refused = shop.run(&["rollback", "production"]);
    refused.assert_code(1);
    insta::assert_snapshot!(refused.stderr, @"error: nothing good was in `production` before: nothing to go back to");
    shop.run(&["ship"]).assert_code(0);
    let refused = shop.run(&["rollback"]);
    refused.assert_code(1);
    insta::assert_snapshot!(refused.stderr, @"error: nothing can be rolled back");
    let refused = shop.run(&["rollback", "production", "--json"]);
    refused.assert_code(1);
}

/// Rolls back while the deployment of `v2` does this, for the `time`th time
/// in this project.
fn while_it(config: &Config, effect: EffectKind, time: usize, settings: &Settings) {
    let shop = Shop::shipped(&Config::default());
    shop.configure(config);
    let shipping = shop.begin(settings);
    shop.wait_for_effect(effect, time);
    assert_back(&shop, &["rollback", "production"], "v1");
    let shipped = shipping.wait(SOON).unwrap();
    shipped.assert_code(1);
    assert!(shipped.stdout.contains("rolled back by"), "{shipped}");
    let left = shop.sandbox.processes().unwrap();
    assert_eq!(left.iter().filter(|process| is_backend(process)).count(), 1, "{left:?}");
}

#[test]
fn while_a_version_starts() {
    let settings = Settings { never_healthy: true, ..version("v2") };
    while_it(&Config::default(), EffectKind::Start, 2, &settings);
}

#[test]
fn while_a_version_is_tried() {
    while_it(&Config::service("smoke: sleep 60"), EffectKind::Smoke, 1, &version("v2"));
}

#[test]
fn while_a_version_bakes() {
    while_it(&Config::bake("60s"), EffectKind::Watch, 2, &version("v2"));
}

const APPROVAL: &str = "approval: {self: true, unverified: true}";

#[test]
fn while_a_version_waits_for_approval() {
    let shop = Shop::shipped_twice(&Config::default());
    shop.configure(&Config::environment(APPROVAL));
    shop.ship(&version("v3")).assert_code(3);
    assert_back(&shop, &["rollback", "production"], "v1");
    let status = shop.json(&["status", "--json"]);
    assert!(status["environments"][0]["waiting"].is_null(), "{status}");
    let refused = shop.run(&["approve", "production"]);
    refused.assert_code(1);
    insta::assert_snapshot!(refused.stderr, @"error: nothing waits for approval in `production`");
}

#[test]
fn while_it_is_paused() {
    let shop = Shop::shipped_twice(&Config::default());
    shop.run(&["pause", "production"]).assert_code(0);
    assert_back(&shop, &["rollback", "production"], "v1");
}

#[test]
fn while_a_deployment_is_paused() {
    let shop = Shop::shipped(&Config::bake("1s"));
    let shipping = shop.begin(&version("v2"));
    shop.wait_for_effect(EffectKind::Watch, 2);
    shop.run(&["pause", "production"]).assert_code(0);
    assert_back(&shop, &["rollback", "production"], "v1");
    shipping.wait(SOON).unwrap().assert_code(1);
}

#[test]
fn when_what_serves_is_down() {
    let shop = Shop::shipped_twice(&Config::default());
    let address = shop.address("production").unwrap();
    break_release(&shop, "v2");
    assert!(shop.sandbox.kill(is_backend).unwrap() > 0);
    wait_for("an outage", SOON, || {
        let answered = get(address, "/health");
        answered.is_none_or(|answered| answered.status >= 500).then_some(())
    })
    .unwrap();
    assert_back(&shop, &["rollback", "production"], "v1");
}

/// Damages what was unpacked of a version, so that it starts no more.
fn break_release(shop: &Shop, version: &str) {
    let mut broken = 0;
    let mut folders = vec![shop.state()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else if path.ends_with(SETTINGS_FILE) && is_of(&path, version) {
                std::fs::remove_file(&path).unwrap();
                std::fs::write(&path, "CRASH_AT_START=1\n").unwrap();
                broken += 1;
            }
        }
    }
    assert_eq!(broken, 1, "where {version} is unpacked");
}

fn is_of(path: &Path, version: &str) -> bool {
    std::fs::read_to_string(path).unwrap().contains(&format!("VERSION={version}\n"))
}
