//! Several commands at once: one after the other where they have to be, side
//! by side where they may, and an older commit never over a newer one.

use shipway_core::effect::EffectKind;
use shipway_sim::backend::SETTINGS_FILE;
use shipway_sim::repo::Repo;
use shipway_sim::sandbox::Finished;
use shipway_sim::wait_for;

use crate::shop::{Config, SOON, Shop, get, json, version};

/// The deployments that were begun, oldest first: environment, commit, begin
/// and end.
fn deployments(shop: &Shop) -> Vec<(String, String, String, String)> {
    let history = shop.json(&["history", "--json"]);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let lines = history.as_array().unwrap().iter().rev();
    lines
        .map(|line| {
            let times = (text(&line["started"]), text(&line["end"]["at"]));
            (text(&line["env"]), text(&line["commit"]), times.0, times.1)
        })
        .collect()
}

#[test]
fn two_of_one_commit_work_once() {
    let shop = Shop::shipped(&Config::default());
    shop.repo.release(&version("v2")).unwrap();
    let (one, other) = (shop.start(&["ship"]), shop.start(&["ship"]));
    one.wait(SOON).unwrap().assert_code(0);
    other.wait(SOON).unwrap().assert_code(0);
    assert_eq!(shop.serving("production").as_deref(), Some("v2"));
    assert_eq!(shop.begun(EffectKind::Build), 2, "v1 and v2, once each");
    assert_eq!(shop.begun(EffectKind::Start), 2);
    assert_eq!(shop.begun(EffectKind::Shift), 2);
    shop.verify();
}

#[test]
fn one_that_begins_later_follows_the_first() {
    let shop = Shop::shipped(&Config::bake("1s"));
    let first = shop.begin(&version("v2"));
    shop.wait_for_effect(EffectKind::Watch, 2);
    let second = shop.run(&["ship"]);
    second.assert_code(0);
    assert!(second.stderr.contains("is under way already; following it"), "{second}");
    first.wait(SOON).unwrap().assert_code(0);
    let third = shop.run(&["ship"]);
    third.assert_code(0);
    assert!(third.stdout.contains("already in production: nothing to do"), "{third}");
    assert_eq!(shop.begun(EffectKind::Watch), 2);
}

#[test]
fn when_one_of_two_is_killed_the_other_finishes() {
    let shop = Shop::shipped(&Config::bake("1s"));
    let owner = shop.begin(&version("v2"));
    shop.wait_for_effect(EffectKind::Start, 2);
    let other = shop.start(&["ship"]);
    let follows = || other.output_so_far().unwrap().contains("following it").then_some(());
    wait_for("the other to follow", SOON, follows).unwrap();
    owner.kill().unwrap();
    other.wait(SOON).unwrap().assert_code(0);
    assert_eq!(shop.serving("production").as_deref(), Some("v2"));
    assert_eq!(shop.begun(EffectKind::Build), 2);
    assert_eq!(shop.begun(EffectKind::Watch), 2);
    shop.verify();
}

#[test]
fn an_older_commit_is_refused_after_a_newer_one() {
    let shop = Shop::shipped(&Config::default());
    let older = shop.repo.release(&version("v2")).unwrap();
    shop.ship(&version("v3")).assert_code(0);
    shop.repo.git(&["checkout", "--quiet", &older]).unwrap();
    let refused = shop.run(&["ship", "--branch", "main"]);
    refused.assert_code(1);
    let message = refused.stderr.replace(&older[..8], "[OLDER]");
    let newer = &shop.repo.git(&["rev-parse", "main"]).unwrap()[..8];
    insta::assert_snapshot!(message.replace(newer, "[NEWER]"), @"error: [OLDER] is older than [NEWER] in `production`, and an older commit never follows a newer one by itself; `shipway rollback production` goes back on request");
    assert_eq!(shop.serving("production").as_deref(), Some("v3"));
}

#[test]
fn an_older_commit_that_is_slower_never_follows_a_newer_one() {
    let shop = Shop::new(&Config::service("build: sh build.sh"));
    shop.repo.write("build.sh", "true\n").unwrap();
    shop.repo.commit("Build").unwrap();
    shop.run(&["ship"]).assert_code(0);
    shop.repo.write("build.sh", "sleep 3\n").unwrap();
    let older = shop.begin(&version("v2"));
    shop.wait_for_effect(EffectKind::Build, 2);
    shop.repo.write("build.sh", "true\n").unwrap();
    let newer = shop.begin(&version("v3"));
    newer.wait(SOON).unwrap().assert_code(0);
    let older = older.wait(SOON).unwrap();
    assert_eq!(shop.serving("production").as_deref(), Some("v3"), "{older}");
    let done = deployments(&shop);
    let last = shop.repo.head().unwrap();
    assert_eq!(done.last().map(|(_, commit, ..)| commit.as_str()), Some(&last[..]), "{done:?}");
    assert!(done.windows(2).all(|pair| pair[0].3 <= pair[1].2), "at the same time: {done:?}");
    // Either it came before the newer one, or not at all.
    let deployed = done.iter().filter(|(_, commit, ..)| *commit != last).count() == 2;
    older.assert_code(if deployed { 0 } else { 1 });
    shop.verify();
}

#[test]
fn two_commits_take_one_environment_in_turn() {
    let shop = Shop::shipped(&Config::bake("1s"));
    let older = shop.begin(&version("v2"));
    shop.wait_for_effect(EffectKind::Watch, 2);
    let newer = shop.begin(&version("v3"));
    older.wait(SOON).unwrap().assert_code(0);
    newer.wait(SOON).unwrap().assert_code(0);
    let done = deployments(&shop);
    assert_eq!(done.len(), 3, "{done:?}");
    assert!(done.windows(2).all(|pair| pair[0].3 <= pair[1].2), "at the same time: {done:?}");
    assert_eq!(shop.serving("production").as_deref(), Some("v3"));
}

#[test]
fn two_environments_go_on_side_by_side() {
    let staging = concat!(
        "  staging:\n    branch: next\n    rollout: {blue_green: {bake: 2s}}\n",
        "    guard: {error_rate: {over: 5%, at_least: 10}, probe: {path: /echo, interval: 20ms}}\n",
        "workflows: {required: []}\n",
    );
    let shop = Shop::new(&Config { more: staging, ..Config::bake("2s") });
    let main = shop.start(&["ship"]);
    shop.wait_for_effect(EffectKind::Watch, 1);
    shop.repo.git(&["checkout", "--quiet", "-b", "next"]).unwrap();
    let next = shop.begin(&version("next"));
    main.wait(SOON).unwrap().assert_code(0);
    next.wait(SOON).unwrap().assert_code(0);
    assert_eq!(shop.serving("production").as_deref(), Some("v1"));
    assert_eq!(shop.serving("staging").as_deref(), Some("next"));
    let done = deployments(&shop);
    let [one, other] = &done[..] else { panic!("{done:?}") };
    assert!(one.2 < other.3 && other.2 < one.3, "one after the other: {done:?}");
}

#[test]
fn two_projects_go_on_side_by_side_on_one_host() {
    let shop = Shop::new(&Config::bake("2s"));
    let other = Repo::empty(shop.sandbox.path().join("other")).unwrap();
    let config = Config { project: "other", ..Config::bake("2s") };
    other.write("shipway.yaml", &config.to_yaml()).unwrap();
    other.write(SETTINGS_FILE, &version("other").to_file()).unwrap();
    other.commit("Other").unwrap();
    let shipping = shop.start(&["ship"]);
    shop.sandbox.run(other.path(), &["ship"]).unwrap().assert_code(0);
    shipping.wait(SOON).unwrap().assert_code(0);
    let ended = |finished: &Finished| {
        let line = &json(finished.assert_code(0))[0];
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        (text(&line["started"]), text(&line["end"]["at"]))
    };
    let one = ended(&shop.run(&["history", "--json"]));
    let two = ended(&shop.sandbox.run(other.path(), &["history", "--json"]).unwrap());
    assert!(one.0 < two.1 && two.0 < one.1, "one after the other: {one:?} {two:?}");
    let host = shop.json(&["host", "status", "--json"]);
    let apps = host["apps"].as_array().unwrap();
    let versions = apps.iter().map(|app| {
        let address = app["listening"].as_str().unwrap().parse().unwrap();
        get(address, "/health").unwrap().version.unwrap()
    });
    let mut versions: Vec<_> = versions.collect();
    versions.sort();
    assert_eq!(versions, ["other", "v1"]);
}
