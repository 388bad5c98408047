//! The project that is shipped while its engine is killed.

use std::path::Path;

/// What a command does: notes that it ran, as what, and stays if it is told
/// to, so that an engine dies in the middle of it. It also notes if anything
/// of the one before still lives: that would hold the lock.
fn command(control: &Path, what: &str, id: &str) -> String {
    let control = control.display();
    format!(
        "exec 9>{control}/lock-{what}; flock -n 9 || echo \"{OVERLAP} {what}\" >> {control}/ran; \
         echo \"{what} {id}\" >> {control}/ran; \
         if test -e {control}/stay-{what}; then sleep 300; fi"
    )
}

/// Begins the note that two of a kind ran at once.
pub(crate) const OVERLAP: &str = "overlap";

/// What is different from one version to the next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// The migration's and the smoke test's `on_lost`.
    pub(crate) on_lost: &'static str,
    /// The guard refuses what is slow.
    pub(crate) refuse_slow: bool,
}

/// `shipway.yaml` with everything that has an effect of its own.
pub(crate) fn config(program: &Path, control: &Path, rules: Rules) -> String {
    let Rules { on_lost, refuse_slow } = rules;
    let latency = if refuse_slow { "{p95: 100ms, at_least: 5}" } else { "off" };
    let program = program.display();
    let build = command(control, "build", "$SHIPWAY_COMMIT");
    let smoke = command(control, "smoke", "$SHIPWAY_EFFECT");
    let migrate = command(control, "migrate", "$SHIPWAY_EFFECT");
    format!(
        "\
project: crash
services:
  web:
    build: |
      {build}
    run: {program}
    health: {{path: /health, interval: 50ms, start: 20s}}
    smoke:
      run: |
        {smoke}
      on_lost: {on_lost}
    migrations:
      dir: migrations
      apply: |
        {migrate}
      on_lost: {on_lost}
    drain: 1s
environments:
  production:
    branch: main
    rollout:
      blue_green: {{bake: 200ms}}
    lease: {{ttl: 30s}}
    guard:
      error_rate: {{over: 5%, at_least: 5}}
      latency: {latency}
      probe: {{path: /echo, interval: 20ms}}
gates: {{secrets: on}}
"
    )
}

/// One job, which is asked to stay as well.
pub(crate) fn workflow(control: &Path) -> String {
    let run = command(control, "run_job", "$GITHUB_RUN_ID");
    format!(
        "\
name: CI
on:
  push:
    branches: [main]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          {run}
"
    )
}
