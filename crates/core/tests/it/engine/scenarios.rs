//! Stories from the life of an environment, told entry by entry.

use shipway_core::effect::EffectKind;
use shipway_core::environment::Command;

use super::shop::{LEDGER, SHOP};
use super::story::Story;
use super::world::How;

const BACK: Command = Command::Rollback { to: None };

/// A shop with one commit in both environments.
fn shop() -> Story {
    let mut story = Story::new(SHOP);
    story.ship("p1", 1).settle().approve("bob").settle();
    story.tell();
    story
}

#[test]
fn a_first_ship_is_approved() {
    let mut story = Story::new(SHOP);
    story.ship("p1", 1).settle().approve("bob").settle();
    insta::assert_snapshot!(story.tell(), @"
    plan/p1: ships change 1
    run/p1.ci: ended with success
    plan/p1: builds api, web
    plan/p1: has a release
    plan/p1: asks to go to staging
    env/staging: Ship of 00000001 is accepted
    env/staging: begins staging.1: migrate api, start api, start web, smoke-test api, switch traffic of api, switch traffic of web, watch, drain the old api, drain the old web
    env/staging:   > migrate api
    env/staging:   > start api: staging.1 0%
    env/staging:   > start web: staging.1 0%
    env/staging:   > smoke api
    env/staging:   > shift api: staging.1 100%
    env/staging:   > shift web: staging.1 100%
    env/staging:   > watch
    env/staging:   > finish api: staging.1 100%
    env/staging:   > finish web: staging.1 100%
    env/staging: staging.1 serves
    plan/p1: serves in staging
    plan/p1: asks to go to production
    env/production: Ship of 00000001 is accepted; somebody has to approve it
    env/production: approved by bob (unverified)
    env/production: may begin
    env/production: begins production.1: migrate api, start api, start web, smoke-test api, switch traffic of api, switch traffic of web, watch, drain the old api, drain the old web
    env/production:   > migrate api
    env/production:   > start api: production.1 0%
    env/production:   > start web: production.1 0%
    env/production:   > smoke api
    env/production:   > shift api: production.1 100%
    env/production:   > shift web: production.1 100%
    env/production:   > watch
    env/production:   > finish api: production.1 100%
    env/production:   > finish web: production.1 100%
    env/production: production.1 serves
    plan/p1: serves in production
    plan/p1: delivered
    ");
}

#[test]
fn a_worse_version_goes_back_by_itself() {
    let mut story = shop();
    story.ship("p2", 2).settle().approve("bob");
    story.end("production", EffectKind::Watch, How::Worse).settle();
    insta::assert_snapshot!(story.tell(), @"
    plan/p2: ships change 2
    run/p2.ci: ended with success
    plan/p2: builds api, web
    plan/p2: has a release
    plan/p2: asks to go to staging
    env/staging: Ship of 00000002 is accepted
    env/staging: begins staging.2: migrate api, start api, start web, smoke-test api, switch traffic of api, switch traffic of web, watch, drain the old api, drain the old web
    env/staging:   > migrate api
    env/staging:   > start api: staging.1 100%, staging.2 0%
    env/staging:   > start web: staging.1 100%, staging.2 0%
    env/staging:   > smoke api
    env/staging:   > shift api: staging.1 0%, staging.2 100%
    env/staging:   > shift web: staging.1 0%, staging.2 100%
    env/staging:   > watch
    env/staging:   > finish api: staging.2 100%
    env/staging:   > finish web: staging.2 100%
    env/staging: staging.2 serves
    plan/p2: serves in staging
    plan/p2: asks to go to production
    env/production: Ship of 00000002 is accepted; somebody has to approve it
    env/production: approved by bob (unverified)
    env/production: may begin
    env/production: begins production.2: migrate api, start api, start web, smoke-test api, switch traffic of api, switch traffic of web, watch, drain the old api, drain the old web
    env/production:   > migrate api
    env/production:   > start api: production.1 100%, production.2 0%
    env/production:   > start web: production.1 100%, production.2 0%
    env/production:   > smoke api
    env/production:   > shift api: production.1 0%, production.2 100%
    env/production:   > shift web: production.1 0%, production.2 100%
    env/production:   > watch
    env/production: turns back: api answered 30 of 100 users' requests with an error
    env/production:   > return web: production.1 100%, production.2 0%
    env/production:   > return api: production.1 100%, production.2 0%
    env/production:   > remove web: production.1 100%
    env/production:   > remove api: production.1 100%
    env/production: production.2 failed; production.1 serves
    plan/p2: does not serve in production: api answered 30 of 100 users' requests with an error
    plan/p2: failed: api answered 30 of 100 users' requests with an error
    ");
}

#[test]
fn a_first_version_that_fails_leaves_nothing() {
    let mut story = Story::new(SHOP);
    story.ship("p1", 1).end("staging", EffectKind::Smoke, How::Badly { partly: true }).settle();
    insta::assert_snapshot!(story.tell(), @"
    plan/p1: ships change 1
    run/p1.ci: ended with success
    plan/p1: builds api, web
    plan/p1: has a release
    plan/p1: asks to go to staging
    env/staging: Ship of 00000001 is accepted
    env/staging: begins staging.1: migrate api, start api, start web, smoke-test api, switch traffic of api, switch traffic of web, watch, drain the old api, drain the old web
    env/staging:   > migrate api
    env/staging:   > start api: staging.1 0%
    env/staging:   > start web: staging.1 0%
    env/staging:   > smoke api
    env/staging: turns back: smoke failed
    env/staging:   > remove web: nothing runs
    env/staging:   > remove api: nothing runs
    env/staging: staging.1 failed; nothing serves
    plan/p1: does not serve in staging: smoke failed
    plan/p1: failed: smoke failed
    ");
}

#[test]
fn shipped_again_it_is_there_already() {
    let mut story = shop();
    story.ship("p2", 1).settle();
    insta::assert_snapshot!(story.tell(), @"
    plan/p2: ships change 1
    run/p2.ci: ended with success
    plan/p2: builds api, web
    plan/p2: has a release
    plan/p2: asks to go to staging
    env/staging: has it already: staging.1
    plan/p2: served in staging already (staging.1)
    plan/p2: asks to go to production
    env/production: has it already: production.1
    plan/p2: served in production already (production.1)
    plan/p2: delivered
    ");
}

#[test]
fn a_second_ship_of_what_waits_takes_its_place() {
    let mut story = Story::new(SHOP);
    story.ship("p1", 1).settle().tell();
    story.ship("p2", 1).settle().approve("bob").settle();
    insta::assert_snapshot!(story.tell(), @"
    plan/p2: ships change 1
    run/p2.ci: ended with success
    plan/p2: builds api, web
    plan/p2: has a release
    plan/p2: asks to go to staging
    env/staging: has it already: staging.1
    plan/p2: served in staging already (staging.1)
    plan/p2: asks to go to production
    env/production: lets go of it: superseded: 00000001 came after it
    env/production: Ship of 00000001 is accepted; somebody has to approve it
    plan/p1: does not serve in production: superseded: 00000001 came after it
    plan/p1: failed: superseded: 00000001 came after it
    env/production: approved by bob (unverified)
    env/production: may begin
    env/production: begins production.1: migrate api, start api, start web, smoke-test api, switch traffic of api, switch traffic of web, watch, drain the old api, drain the old web
    env/production:   > migrate api
    env/production:   > start api: production.1 0%
    env/production:   > start web: production.1 0%
    env/production:   > smoke api
    env/production:   > shift api: production.1 100%
    env/production:   > shift web: production.1 100%
    env/production:   > watch
    env/production:   > finish api: production.1 100%
    env/production:   > finish web: production.1 100%
    env/production: production.1 serves
    plan/p2: serves in production
    plan/p2: delivered
    ");
}

#[test]
fn a_ship_of_what_is_under_way_ends_as_it_does() {
    let mut story = Story::new(SHOP);
    story.ship("p1", 1).until("staging", EffectKind::Watch).tell();
    story.ship("p2", 1).beside("staging");
    story.end("staging", EffectKind::Watch, How::Worse).settle();
    insta::assert_snapshot!(story.tell(), @"
    plan/p2: ships change 1
    run/p2.ci: ended with success
    plan/p2: builds api, web
    plan/p2: has a release
    plan/p2: asks to go to staging
    env/staging: Ship of 00000001 is accepted
    env/staging: lets go of it: api answered 30 of 100 users' requests with an error
    env/staging: turns back: api answered 30 of 100 users' requests with an error
    env/staging:   > remove web: nothing runs
    plan/p2: does not serve in staging: api answered 30 of 100 users' requests with an error
    plan/p2: failed: api answered 30 of 100 users' requests with an error
    env/staging:   > remove api: nothing runs
    env/staging: staging.1 failed; nothing serves
    plan/p1: does not serve in staging: api answered 30 of 100 users' requests with an error
    plan/p1: failed: api answered 30 of 100 users' requests with an error
    ");
}

#[test]
fn a_rollback_is_not_lost_when_a_newer_commit_arrives() {
    let mut story = Story::new(SHOP);
    story.ship("p1", 1).settle().ship("p2", 2).until("staging", EffectKind::Finish).tell();
    story.ask("staging", "bob", BACK).ship("p3", 3).beside("staging").settle();
    insta::assert_snapshot!(story.tell(), @"
    env/staging: Rollback of 00000001 is accepted
    plan/p3: ships change 3
    run/p3.ci: ended with success
    plan/p3: builds api, web
    plan/p3: has a release
    plan/p3: asks to go to staging
    env/staging: Ship of 00000003 is accepted
    env/staging:   > finish web: staging.2 100%
    env/staging: staging.2 serves
    env/staging: begins staging.3: start api, start web, smoke-test api, switch traffic of api, switch traffic of web, drain the old api, drain the old web
    env/staging:   > start api: staging.2 100%, staging.3 0%
    plan/p2: serves in staging
    plan/p2: asks to go to production
    env/staging:   > start web: staging.2 100%, staging.3 0%
    env/production: lets go of it: superseded: 00000002 came after it
    env/production: Ship of 00000002 is accepted; somebody has to approve it
    plan/p1: does not serve in production: superseded: 00000002 came after it
    plan/p1: failed: superseded: 00000002 came after it
    env/staging:   > smoke api
    env/staging:   > shift api: staging.2 0%, staging.3 100%
    env/staging:   > shift web: staging.2 0%, staging.3 100%
    env/staging:   > finish api: staging.3 100%
    env/staging:   > finish web: staging.3 100%
    env/staging: staging.3 serves
    env/staging: begins staging.4: migrate api, start api, start web, smoke-test api, switch traffic of api, switch traffic of web, watch, drain the old api, drain the old web
    env/staging:   > migrate api
    env/staging:   > start api: staging.3 100%, staging.4 0%
    env/staging:   > start web: staging.3 100%, staging.4 0%
    env/staging:   > smoke api
    env/staging:   > shift api: staging.3 0%, staging.4 100%
    env/staging:   > shift web: staging.3 0%, staging.4 100%
    env/staging:   > watch
    env/staging:   > finish api: staging.4 100%
    env/staging:   > finish web: staging.4 100%
    env/staging: staging.4 serves
    plan/p3: serves in staging
    plan/p3: asks to go to production
    env/production: lets go of it: superseded: 00000003 came after it
    env/production: Ship of 00000003 is accepted; somebody has to approve it
    plan/p2: does not serve in production: superseded: 00000003 came after it
    plan/p2: failed: superseded: 00000003 came after it
    ");
}

#[test]
fn an_older_commit_never_follows_a_newer_one() {
    let mut story = shop();
    story.ship("p2", 2);
    // The newer one overtakes the older one's workflow.
    let slow: Vec<_> = story.world.running.keys().cloned().collect();
    let held: Vec<_> = slow.iter().filter_map(|id| story.world.running.remove_entry(id)).collect();
    story.ship("p3", 3).settle();
    story.world.running.extend(held);
    story.settle();
    insta::assert_snapshot!(story.tell(), @"
    plan/p2: ships change 2
    plan/p3: ships change 3
    run/p3.ci: ended with success
    plan/p3: builds api, web
    plan/p3: has a release
    plan/p3: asks to go to staging
    env/staging: Ship of 00000003 is accepted
    env/staging: begins staging.2: migrate api, start api, start web, smoke-test api, switch traffic of api, switch traffic of web, watch, drain the old api, drain the old web
    env/staging:   > migrate api
    env/staging:   > start api: staging.1 100%, staging.2 0%
    env/staging:   > start web: staging.1 100%, staging.2 0%
    env/staging:   > smoke api
    env/staging:   > shift api: staging.1 0%, staging.2 100%
    env/staging:   > shift web: staging.1 0%, staging.2 100%
    env/staging:   > watch
    env/staging:   > finish api: staging.2 100%
    env/staging:   > finish web: staging.2 100%
    env/staging: staging.2 serves
    plan/p3: serves in staging
    plan/p3: asks to go to production
    env/production: Ship of 00000003 is accepted; somebody has to approve it
    run/p2.ci: ended with success
    plan/p2: builds api, web
    plan/p2: has a release
    plan/p2: asks to go to staging
    env/staging: lets go of it: a newer commit is already in `staging` or on its way there; an older one never follows by itself (`shipway rollback` or `shipway deploy` do it on request)
    plan/p2: does not serve in staging: a newer commit is already in `staging` or on its way there; an older one never follows by itself (`shipway rollback` or `shipway deploy` do it on request)
    plan/p2: failed: a newer commit is already in `staging` or on its way there; an older one never follows by itself (`shipway rollback` or `shipway deploy` do it on request)
    ");
}

#[test]
fn a_rollback_brings_back_what_served_before() {
    let mut story = shop();
    story.ship("p2", 2).settle().approve("bob").settle().tell();
    story.ask("production", "bob", BACK).settle();
    insta::assert_snapshot!(story.tell(), @"
    env/production: Rollback of 00000001 is accepted
    env/production: begins production.3: start api, start web, smoke-test api, switch traffic of api, switch traffic of web, drain the old api, drain the old web
    env/production:   > start api: production.2 100%, production.3 0%
    env/production:   > start web: production.2 100%, production.3 0%
    env/production:   > smoke api
    env/production:   > shift api: production.2 0%, production.3 100%
    env/production:   > shift web: production.2 0%, production.3 100%
    env/production:   > finish api: production.3 100%
    env/production:   > finish web: production.3 100%
    env/production: production.3 serves
    ");
}

#[test]
fn a_rollback_of_what_is_under_way_calls_it_off() {
    let mut story = shop();
    story.ship("p2", 2).settle().approve("bob").until("production", EffectKind::Watch).tell();
    story.ask("production", "bob", BACK).settle();
    insta::assert_snapshot!(story.tell(), @"
    env/production: stops: rolled back by bob (unverified)
    env/production: turns back: rolled back by bob (unverified)
    env/production:   > return web: production.1 100%, production.2 0%
    env/production:   > return api: production.1 100%, production.2 0%
    env/production:   > remove web: production.1 100%
    env/production:   > remove api: production.1 100%
    env/production: production.2 failed; production.1 serves
    plan/p2: does not serve in production: rolled back by bob (unverified)
    plan/p2: failed: rolled back by bob (unverified)
    ");
}

#[test]
fn a_rollback_while_the_old_version_is_drained_waits_for_its_end() {
    let mut story = shop();
    story.ship("p2", 2).settle().approve("bob").until("production", EffectKind::Finish).tell();
    story.ask("production", "bob", BACK).settle();
    insta::assert_snapshot!(story.tell(), @"
    env/production: Rollback of 00000001 is accepted
    env/production:   > finish web: production.2 100%
    env/production: production.2 serves
    env/production: begins production.3: start api, start web, smoke-test api, switch traffic of api, switch traffic of web, drain the old api, drain the old web
    env/production:   > start api: production.2 100%, production.3 0%
    plan/p2: serves in production
    plan/p2: delivered
    env/production:   > start web: production.2 100%, production.3 0%
    env/production:   > smoke api
    env/production:   > shift api: production.2 0%, production.3 100%
    env/production:   > shift web: production.2 0%, production.3 100%
    env/production:   > finish api: production.3 100%
    env/production:   > finish web: production.3 100%
    env/production: production.3 serves
    ");
}

#[test]
fn a_way_back_that_fails_leaves_what_runs_and_the_next_one_repairs() {
    let mut story = shop();
    story.ship("p2", 2).settle().approve("bob").until("production", EffectKind::Watch).tell();
    story.end("production", EffectKind::Watch, How::Worse);
    story.end("production", EffectKind::Return, How::Badly { partly: false }).settle();
    story.ask("production", "bob", BACK).settle();
    insta::assert_snapshot!(story.tell(), @"
    env/production: turns back: api answered 30 of 100 users' requests with an error
    env/production:   > return web: production.1 100%, production.2 0%
    env/production: a step back failed: return failed
    env/production:   > return api: production.1 100%, production.2 0%
    env/production:   > remove api: production.1 100%
    env/production: production.2 failed; production.1 serves
    plan/p2: does not serve in production: api answered 30 of 100 users' requests with an error
    plan/p2: failed: api answered 30 of 100 users' requests with an error
    env/production: Rollback of 00000001 is accepted
    env/production: begins production.3: start api, start web, smoke-test api, switch traffic of api, switch traffic of web, drain the old api, drain the old web
    env/production:   > start api: production.1 100%, production.3 0%
    env/production:   > start web: production.1 100%, production.3 0%
    env/production:   > smoke api
    env/production:   > shift api: production.1 0%, production.3 100%
    env/production:   > shift web: production.1 0%, production.3 100%
    env/production:   > finish api: production.3 100%
    env/production:   > finish web: production.3 100%
    env/production: production.3 serves
    ");
}

#[test]
fn a_pause_after_the_switch_goes_on_watching() {
    let mut story = shop();
    story.ship("p2", 2).settle().approve("bob").until("production", EffectKind::Watch).tell();
    story.ask("production", "bob", Command::Pause);
    story.end("production", EffectKind::Watch, How::Well);
    story.ask("production", "bob", Command::Resume).settle();
    insta::assert_snapshot!(story.tell(), @"
    env/production: paused
    env/production:   > watch, until a person answers
    env/production: resumed
    env/production:   > finish api: production.2 100%
    env/production:   > finish web: production.2 100%
    env/production: production.2 serves
    plan/p2: serves in production
    plan/p2: delivered
    ");
}

#[test]
fn a_question_blocks_neither_abort_nor_answer() {
    let mut story = shop();
    story.ship("p2", 2).settle().approve("bob").until("production", EffectKind::Watch).tell();
    story.end("production", EffectKind::Watch, How::NotEnough);
    story.ask("production", "bob", Command::Abort).settle();
    insta::assert_snapshot!(story.tell(), @r#"
    env/production: asks a person: Guard { reason: "3 requests" }
    env/production:   > watch, until a person answers
    env/production: stops: called off by bob (unverified)
    env/production: turns back: called off by bob (unverified)
    env/production:   > return web: production.1 100%, production.2 0%
    env/production:   > return api: production.1 100%, production.2 0%
    env/production:   > remove web: production.1 100%
    env/production:   > remove api: production.1 100%
    env/production: production.2 failed; production.1 serves
    plan/p2: does not serve in production: called off by bob (unverified)
    plan/p2: failed: called off by bob (unverified)
    "#);
}

#[test]
fn what_must_not_run_twice_is_stopped_first_forward_and_back() {
    let mut story = Story::new(LEDGER);
    story.ship("p1", 1).settle().tell();
    story.ship("p2", 2).end("production", EffectKind::Start, How::Badly { partly: true }).settle();
    insta::assert_snapshot!(story.tell(), @"
    plan/p2: ships change 2
    run/p2.ci: ended with success
    plan/p2: builds books
    plan/p2: has a release
    plan/p2: asks to go to production
    env/production: Ship of 00000002 is accepted
    env/production: begins production.2: stop the old books, start books, switch traffic of books, watch, drain the old books
    env/production:   > finish books: nothing runs
    env/production:   > start books: production.2 0%
    env/production: turns back: start failed
    env/production:   > remove books: nothing runs
    env/production:   > return books: production.1 100%
    env/production: production.2 failed; production.1 serves
    plan/p2: does not serve in production: start failed
    plan/p2: failed: start failed
    ");
}

#[test]
fn a_plan_called_off_while_it_builds_ends() {
    let mut story = Story::new(SHOP);
    story.ship("p1", 1);
    let test: Vec<_> = story.world.running.keys().cloned().collect();
    test.iter().for_each(|id| assert!(story.world.finish(id, How::Well)));
    story.world.hand_over();
    story.cancel("p1").settle();
    insta::assert_snapshot!(story.tell(), @"
    plan/p1: ships change 1
    run/p1.ci: ended with success
    plan/p1: builds api, web
    plan/p1: failed: called off
    ");
}

#[test]
fn nobody_approves_in_time() {
    let mut story = Story::new(SHOP);
    story.ship("p1", 1).settle().tell();
    story.world.pass(24 * 60 * 60);
    story.settle();
    insta::assert_snapshot!(story.tell(), @"
    env/production: lets go of it: nobody approved it in time
    plan/p1: does not serve in production: nobody approved it in time
    plan/p1: failed: nobody approved it in time
    ");
}
