//! A small shop: what its configuration says, and the plans of its commits.

use indexmap::IndexMap;
use jiff::Timestamp;
use shipway_core::config::{Config, Facts, PathKind, read};
use shipway_core::ids::{CommitId, EnvName, PlanId, RunId, ServiceName};
use shipway_core::journal::{Actor, StreamId};
use shipway_core::plan::{Commit, Plan, PlannedRun, PlannedService, PlannedStage, Trigger};
use shipway_core::run::{Attempt, Rules};

/// Two services; staging takes all, production asks somebody first.
pub(super) const SHOP: &str = "\
project: shop
services:
  api:
    run: ./api
    build: make
    smoke: make smoke
    migrations: {dir: db, apply: make migrate}
  web: {run: ./web, build: make}
environments:
  staging: {branch: main}
  production:
    from: staging
    approval: {required: 1, unverified: true}
    rollout: {blue_green: {bake: 1m}}
    guard: {no_evidence: ask, error_rate: {over: 5%, then: rollback}}
";

/// One service of which two must never run.
pub(super) const LEDGER: &str = "\
project: ledger
services:
  books: {run: ./books, build: make}
environments:
  production:
    branch: main
    rollout: {recreate: {bake: 1m}}
";

pub(super) const WORKFLOW: &str = "\
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: make test
";

struct Everything;

impl Facts for Everything {
    fn at(&self, _: &str) -> Option<PathKind> {
        Some(PathKind::Folder)
    }

    fn expression(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn names_in(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

pub(super) fn config(text: &str) -> Config {
    read("shipway.yaml", text, &Everything).unwrap_or_else(|problems| {
        let rendered: Vec<String> = problems.iter().map(|problem| problem.render(text)).collect();
        panic!("{}", rendered.join("\n"))
    })
}

/// Commit number `n`.
pub(super) fn commit(n: u64) -> CommitId {
    CommitId::new(format!("{n:08}{n:032}")).unwrap()
}

pub(super) fn person(user: &str) -> Actor {
    Actor::Unverified { user: user.to_owned() }
}

pub(super) fn env(name: &str) -> EnvName {
    EnvName::new(name).unwrap()
}

pub(super) fn env_stream(name: &str) -> StreamId {
    StreamId::Env(env(name))
}

pub(super) fn plan_stream(id: &str) -> StreamId {
    StreamId::Plan(PlanId::new(id).unwrap())
}

/// Plan `id` that ships commit `n`: a workflow, then every service to every
/// environment of the configuration.
pub(super) fn plan(id: &str, n: u64, config: &Config, by: &str) -> Plan {
    let run = PlannedRun {
        id: RunId::new(format!("{id}.ci")).unwrap(),
        path: ".github/workflows/ci.yml".to_owned(),
        text: WORKFLOW.to_owned().into(),
        name: "ci".to_owned(),
        why: "push".to_owned(),
        required: true,
        passed: None,
        only_job: None,
        vars: IndexMap::new(),
        inputs: serde_json::Map::new(),
        secrets: IndexMap::new(),
        called: IndexMap::new(),
        number: 1,
        attempt: Attempt::default(),
        rules: Rules::default(),
        chained: None,
    };
    let build =
        |name: &ServiceName| (name.clone(), PlannedService::Build { why: "it changed".to_owned() });
    let stage =
        |env: &EnvName| PlannedStage { env: env.clone(), why: "follows".to_owned(), gated: true };
    Plan {
        id: PlanId::new(id).unwrap(),
        trigger: trigger(),
        commit: told(n),
        repository: "/srv/git/shop".to_owned(),
        config: Some(Box::new(config.clone())),
        runs: vec![run],
        not_run: Vec::new(),
        services: config.services.keys().map(build).collect(),
        stages: config.environments.keys().map(stage).collect(),
        by: person(by),
    }
}

pub(super) fn trigger() -> Trigger {
    Trigger {
        event: "push".to_owned(),
        git_ref: "refs/heads/main".to_owned(),
        payload: serde_json::json!({}),
    }
}

pub(super) fn told(n: u64) -> Commit {
    Commit {
        id: commit(n),
        subject: format!("change {n}"),
        author: "ann".to_owned(),
        at: Timestamp::UNIX_EPOCH,
    }
}
