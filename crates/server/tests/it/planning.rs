//! What follows from a commit.

use shipway_core::plan::{End, PlannedService};
use shipway_server::planner::{PlanError, Shipping};

use crate::world::{SHOP, World, plan_of, why};

const TWO: &str = "\
project: shop
services:
  api: {path: api, run: ./api, build: 'true'}
  web: {path: web, run: ./web, build: 'true', uses: [shared]}
workflows: {required: []}
environments:
  staging: {branch: main, rollout: {blue_green: {bake: 1ms}}, guard: {no_evidence: accept}}
  production: {from: staging, rollout: {blue_green: {bake: 1ms}}, guard: {no_evidence: accept}}
  preview: {branch: feature, rollout: {blue_green: {bake: 1ms}}, guard: {no_evidence: accept}}
";

fn two() -> World {
    let world = World::new(TWO);
    for file in ["api/a", "web/w", "shared/s"] {
        world.write(file, "1");
    }
    world.commit("services");
    world
}

fn stages(plan: &shipway_core::plan::Plan) -> Vec<&str> {
    plan.stages.iter().map(|stage| stage.env.as_str()).collect()
}

/// What becomes of each service: why it is built, or `reused`.
fn services(plan: &shipway_core::plan::Plan) -> Vec<(&str, &str)> {
    let what = |planned: &'_ PlannedService| match planned {
        PlannedService::Build { why } => why.clone().leak() as &str,
        PlannedService::Reuse { .. } => "reused",
    };
    plan.services.iter().map(|(name, planned)| (name.as_str(), what(planned))).collect()
}

#[test]
fn a_branch_leads_to_what_follows_it() {
    let world = two();
    assert_eq!(stages(&plan_of(world.shipping("HEAD", "main"))), ["staging", "production"]);
    assert_eq!(stages(&plan_of(world.shipping("HEAD", "feature"))), ["preview"]);
    let nowhere = world.shipping("HEAD", "other").unwrap_err();
    assert!(matches!(nowhere, PlanError::NothingFollows { .. }), "{nowhere}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_change_is_not_built_again() {
    let world = two();
    let first = plan_of(world.shipping("HEAD", "main"));
    let reason = "nothing was released before";
    assert_eq!(services(&first), [("api", reason), ("web", reason)]);
    assert_eq!(world.ship().await, End::Delivered);
    world.write("api/a", "2");
    world.commit("api");
    let second = plan_of(world.shipping("HEAD", "main"));
    assert_eq!(services(&second), [("api", "api/a changed"), ("web", "reused")]);
    world.write("shared/s", "2");
    world.commit("shared");
    let third = plan_of(world.shipping("HEAD", "main"));
    assert_eq!(services(&third)[1].1, "shared/s changed, which it uses");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_built_where_the_last_release_is_gone_from_history() {
    let world = two();
    assert_eq!(world.ship().await, End::Delivered);
    let gone = world.git(&["rev-parse", "--short=8", "HEAD"]);
    world.git(&["checkout", "--quiet", "--orphan", "anew"]);
    world.commit("a new history");
    world.git(&["branch", "--quiet", "-D", "main"]);
    world.git(&["branch", "--quiet", "-m", "main"]);
    world.git(&["reflog", "expire", "--expire=now", "--all"]);
    world.git(&["gc", "--quiet", "--prune=now"]);
    let plan = plan_of(world.shipping("HEAD", "main"));
    let reason = format!("the last release's commit {gone} is gone");
    assert_eq!(services(&plan), [("api", reason.as_str()), ("web", reason.as_str())]);
    assert_eq!(world.ship().await, End::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_commit_is_refused_and_a_sibling_is_not() {
    let world = two();
    world.write("api/a", "2");
    world.commit("newer");
    assert_eq!(world.ship().await, End::Delivered);
    let refused = world.shipping("HEAD~1", "main").unwrap_err();
    assert!(matches!(refused, PlanError::Older { .. }), "{refused}");
    plan_of(world.shipping("HEAD~1", "feature"));
    world.git(&["checkout", "--quiet", "-b", "sibling", "HEAD~1"]);
    world.write("api/a", "3");
    world.commit("sibling");
    plan_of(world.shipping("HEAD", "main"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_commit_is_refused_while_the_newer_is_on_its_way() {
    let world = two();
    world.write("api/a", "2");
    world.commit("newer");
    world.open();
    let mut engine = world.engine().await;
    crate::world::until(&mut engine, |views| views.live.open_plans().next().is_some()).await;
    assert!(matches!(world.shipping("HEAD~1", "main"), Err(PlanError::Older { .. })));
    assert!(matches!(world.shipping("HEAD", "main"), Ok(Shipping::UnderWay(_))));
    engine.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_commit_under_two_branches_goes_to_both_and_is_built_once() {
    let world = two();
    assert_eq!(world.ship().await, End::Delivered);
    let second = plan_of(world.shipping("HEAD", "feature"));
    assert_eq!(stages(&second), ["preview"]);
    assert_eq!(services(&second), [("api", "reused"), ("web", "reused")]);
    let id = world.open_plan(second);
    assert_eq!(world.see_through(&id).await, End::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_failed_is_tried_again_with_what_it_had_built() {
    let world = World::new(SHOP);
    let failing = SHOP.replace("smoke: echo", "smoke: test -e /dev/null/x; exit $?; echo");
    world.write("shipway.yaml", &failing);
    world.commit("failing");
    let first = world.plan();
    assert!(why(&world.ship().await).starts_with("Smoke: "));
    let again = world.plan();
    assert_ne!(again.id, first.id, "a plan of its own");
    assert_eq!(services(&again), [("api", "reused")]);
    assert!(why(&world.ship().await).starts_with("Smoke: "));
}

#[test]
fn workflows_are_required_as_the_configuration_says() {
    let workflow = "on: push\njobs: {test: {runs-on: x, steps: [{run: 'true'}]}}\n";
    for (required, expected) in [("[]", [false, false]), ("[a.yml]", [true, false])] {
        let world = two();
        world.write("shipway.yaml", &TWO.replace("required: []", &format!("required: {required}")));
        world.write(".github/workflows/a.yml", workflow);
        world.write(".github/workflows/b.yaml", workflow);
        world
            .write(".github/workflows/c.yml", &workflow.replace("push", "{push: {branches: [x]}}"));
        world.commit("workflows");
        let plan = plan_of(world.shipping("HEAD", "main"));
        let runs: Vec<_> = plan.runs.iter().map(|run| run.required).collect();
        assert_eq!(runs, expected);
        assert_eq!(plan.not_run.len(), 1, "{:?}", plan.not_run);
    }
}

#[test]
fn a_commit_that_asks_for_no_runs_is_not_released_where_some_are_required() {
    let world = two();
    let workflow = "on: push\njobs: {test: {runs-on: x, steps: [{run: 'true'}]}}\n";
    world.write(".github/workflows/a.yml", workflow);
    world.commit("services [skip ci]");
    let plan = plan_of(world.shipping("HEAD", "main"));
    assert!(plan.runs.is_empty(), "{:?}", plan.runs);
    assert_eq!(plan.not_run[0].why, "the commit's message has `[skip ci]`");

    world.write("shipway.yaml", &TWO.replace("required: []", "required: [a.yml]"));
    world.commit("required [ci skip]");
    let refused = world.shipping("HEAD", "main").unwrap_err();
    let said = refused.to_string();
    assert!(matches!(refused, PlanError::SkipsRequired { .. }), "{said}");
    assert!(said.contains("`[ci skip]`") && said.contains(".github/workflows/a.yml"), "{said}");
}

#[test]
fn a_workflow_that_cannot_be_read_stops_everything() {
    let world = two();
    world.write(".github/workflows/bad.yml", "on: push\njobs: [\n");
    world.commit("bad");
    let said = world.shipping("HEAD", "main").unwrap_err().to_string();
    assert!(said.contains(".github/workflows/bad.yml"), "{said}");
}

#[test]
fn no_configuration_says_how_to_begin() {
    let world = two();
    world.git(&["rm", "--quiet", "shipway.yaml"]);
    world.commit("without");
    let said = world.shipping("HEAD", "main").unwrap_err().to_string();
    assert!(said.contains("`shipway init`"), "{said}");
}
