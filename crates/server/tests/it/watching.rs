//! What is found in traffic, and what follows from it.

use shipway_core::environment::Command;
use shipway_core::guard::Traffic;
use shipway_core::plan::End;
use shipway_server::planner::Shipping;
use shipway_targets::VersionHealth;

use crate::world::{
    SHOP, World, api, app, busy, deployment, end, environment, plan_of, question, until, why,
};

/// A bake that goes on until something is found or done.
fn long(guard: &str) -> String {
    SHOP.replace("bake: 1ms", "bake: 1h").replace("no_evidence: accept", guard)
}

/// Traffic that comes once the first look is over.
async fn begin_watch(world: &World) -> (shipway_server::Engine, shipway_core::ids::PlanId) {
    let id = world.open();
    let mut engine = world.engine().await;
    until(&mut engine, |views| environment(views).is_some_and(is_watched)).await;
    let looks = world.target.attempts();
    while world.target.attempts() < looks + 2 {
        let soon = std::time::Duration::from_millis(50);
        assert!(tokio::time::timeout(soon, engine.run(|_| false)).await.is_err());
    }
    (engine, id)
}

fn is_watched(env: &shipway_core::environment::Environment) -> bool {
    use shipway_core::deployment::{Progress, Step};
    env.active.as_ref().is_some_and(|active| {
        let plan = &active.deployment.plan;
        matches!(active.deployment.progress, Progress::Forward { step } if plan.steps[step] == Step::Watch)
    })
}

fn traffic(requests: u64, errors: u64) -> Traffic {
    Traffic { requests, errors, latency_us: vec![(1000, requests)] }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_errors_put_the_old_version_back() {
    let world = World::new(&long("error_rate: {over: 5%}"));
    let (mut engine, id) = begin_watch(&world).await;
    world.target.set_traffic(deployment(1), traffic(100, 10));
    until(&mut engine, |views| end(views, &id).is_some() && !busy(views)).await;
    engine.stop().await.unwrap();
    let end = end(&world.views(), &id).unwrap();
    assert_eq!(why(&end), "Guard: api answered 10 of 100 users' requests with an error (limit 5%)");
    let End::Failed { failure } = end else { unreachable!() };
    assert_eq!(failure.output, ["staging.1 says hello"]);
    assert_eq!(world.traffic().await, [], "the first deployment has nothing to go back to");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_for_people_asks_and_their_yes_keeps_the_version() {
    let world = World::new(&long("error_rate: {over: 5%, then: review}"));
    let (mut engine, id) = begin_watch(&world).await;
    world.target.set_traffic(deployment(1), traffic(100, 10));
    until(&mut engine, |views| question(views).is_some()).await;
    world.tell_staging(Command::Resume);
    until(&mut engine, |views| end(views, &id).is_some() && !busy(views)).await;
    engine.stop().await.unwrap();
    assert_eq!(end(&world.views(), &id), Some(End::Delivered));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_to_judge_by_asks_where_it_shall() {
    let world = World::new(&SHOP.replace("no_evidence: accept", "no_evidence: ask"));
    let id = world.open();
    let mut engine = world.engine().await;
    until(&mut engine, |views| question(views).is_some()).await;
    world.tell_staging(Command::Abort);
    until(&mut engine, |views| end(views, &id).is_some() && !busy(views)).await;
    engine.stop().await.unwrap();
    assert!(why(&end(&world.views(), &id).unwrap()).starts_with("Aborted: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_to_judge_by_is_waited_for() {
    let world = World::new(&SHOP.replace("no_evidence: accept", "no_evidence: wait"));
    let (mut engine, id) = begin_watch(&world).await;
    assert!(environment(&engine.views().clone()).is_some_and(is_watched), "the bake is over");
    world.target.set_traffic(deployment(1), traffic(20, 0));
    until(&mut engine, |views| end(views, &id).is_some() && !busy(views)).await;
    engine.stop().await.unwrap();
    assert_eq!(end(&world.views(), &id), Some(End::Delivered));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_only_told_is_told_once_with_its_last_numbers() {
    let guard = "no_evidence: accept, error_rate: {over: 5%, then: notify}";
    let config = SHOP.replace("bake: 1ms", "bake: 1s").replace("no_evidence: accept", guard);
    let world = World::new(&config);
    let (mut engine, id) = begin_watch(&world).await;
    for requests in [100, 200, 300] {
        world.target.set_traffic(deployment(1), traffic(requests, requests / 2));
        let looks = world.target.attempts();
        while world.target.attempts() < looks + 2 {
            let soon = std::time::Duration::from_millis(20);
            assert!(tokio::time::timeout(soon, engine.run(|_| false)).await.is_err());
        }
    }
    until(&mut engine, |views| end(views, &id).is_some() && !busy(views)).await;
    engine.stop().await.unwrap();
    assert_eq!(end(&world.views(), &id), Some(End::Delivered));
    let notes = world.notes();
    assert_eq!(notes, ["api answered 150 of 300 users' requests with an error (limit 5%)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_fell_back_ends_the_deployment() {
    let world = World::new(SHOP);
    world.ship().await;
    world.write("shipway.yaml", &long("no_evidence: accept"));
    world.change("2");
    let (mut engine, id) = begin_watch(&world).await;
    world.target.fall_back(app());
    until(&mut engine, |views| end(views, &id).is_some() && !busy(views)).await;
    engine.stop().await.unwrap();
    assert!(why(&end(&world.views(), &id).unwrap()).starts_with("LeaseExpired: "));
    assert_eq!(world.traffic().await, [("staging.1".to_owned(), 100)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn abort_and_rollback_during_the_watch_keep_what_served() {
    for command in [Command::Abort, Command::Rollback { to: None }] {
        let world = World::new(SHOP);
        world.ship().await;
        world.write("shipway.yaml", &long("no_evidence: accept"));
        world.change("2");
        let (mut engine, id) = begin_watch(&world).await;
        world.tell_staging(command);
        until(&mut engine, |views| end(views, &id).is_some() && !busy(views)).await;
        engine.stop().await.unwrap();
        assert_eq!(world.serving().as_deref(), Some("staging.1"));
        assert_eq!(world.traffic().await, [("staging.1".to_owned(), 100)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_in_the_watch_holds_until_it_is_resumed() {
    let world = World::new(&SHOP.replace("bake: 1ms", "bake: 300ms"));
    let (mut engine, id) = begin_watch(&world).await;
    world.tell_staging(Command::Pause);
    until(&mut engine, |views| environment(views).is_some_and(|env| env.paused)).await;
    let more = std::time::Duration::from_millis(800);
    assert!(tokio::time::timeout(more, engine.run(|_| false)).await.is_err());
    let held = |env: &shipway_core::environment::Environment| {
        env.active.as_ref().is_some_and(|active| active.deployment.holding)
    };
    assert!(environment(engine.views()).is_some_and(held), "the watch goes on");
    world.tell_staging(Command::Resume);
    until(&mut engine, |views| end(views, &id).is_some() && !busy(views)).await;
    engine.stop().await.unwrap();
    assert_eq!(end(&world.views(), &id), Some(End::Delivered));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_old_version_cannot_come_back_the_same_commit_repairs() {
    let world = World::new(SHOP);
    world.ship().await;
    world.write("shipway.yaml", &long("error_rate: {over: 5%}"));
    world.change("2");
    let (mut engine, id) = begin_watch(&world).await;
    world.target.set_health(deployment(1), VersionHealth::Failed("it is gone".to_owned()));
    world.target.set_traffic(deployment(2), traffic(100, 10));
    until(&mut engine, |views| end(views, &id).is_some() && !busy(views)).await;
    engine.stop().await.unwrap();
    assert_eq!(world.traffic().await, [("staging.2".to_owned(), 100)], "something serves");
    let views = world.views();
    assert!(environment(&views).is_some_and(|env| env.damaged.contains(&api())));
    // The journal says that the first commit serves; nobody can be sure.
    let repair = plan_of(world.shipping("HEAD~1", "main"));
    let id = world.open_plan(repair);
    assert_eq!(world.see_through(&id).await, End::Delivered);
    assert_eq!(world.traffic().await, [("staging.3".to_owned(), 100)]);
    assert!(matches!(world.shipping("HEAD~1", "main"), Ok(Shipping::AlreadyThere(_))));
}
