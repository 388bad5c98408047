//! A release made of what a workflow uploaded.

use shipway_sim::repo::Repo;
use shipway_sim::sandbox::Sandbox;

const CONFIG: &str = "
project: made
services:
  worker:
    artifact: program
    run: ./bin/worker
    port: false
    smoke: test -x bin/worker && ./bin/worker --version
environments:
  production: {branch: main, target: host, rollout: {blue_green: {bake: 300ms}}}
";

const WORKFLOW: &str = "
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: |
          mkdir -p dist/bin
          printf '#!/bin/sh\\n[ \"$1\" = --version ] && exit 0\\nexec sleep 1000000\\n' > dist/bin/worker
          chmod 755 dist/bin/worker
      - uses: actions/upload-artifact@v4
        with: {name: program, path: dist}
";

#[test]
fn a_release_is_what_a_workflow_uploaded_and_its_programs_run() {
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_shipway")).unwrap();
    let repo = Repo::empty(sandbox.path().join("made")).unwrap();
    repo.write("shipway.yaml", CONFIG).unwrap();
    repo.write(".github/workflows/ci.yml", WORKFLOW).unwrap();
    repo.commit("First version").unwrap();
    let shipped = sandbox.run(repo.path(), &["ship"]).unwrap();
    shipped.assert_code(0);
    // What is younger than its time is kept, also by an eager hand.
    let collected = sandbox.run(repo.path(), &["gc", "--days", "0", "--json"]).unwrap();
    collected.assert_code(0);
    let answer: serde_json::Value = serde_json::from_str(&collected.stdout).unwrap();
    assert_eq!(answer["results"]["artifacts"], 0, "{answer}");

    repo.write("shipway.yaml", &CONFIG.replace("artifact: program", "artifact: other")).unwrap();
    repo.commit("Another artifact").unwrap();
    let missing = sandbox.run(repo.path(), &["ship"]).unwrap();
    missing.assert_code(1);
    let why = "no workflow of this commit uploaded an artifact `other`";
    assert!(missing.output().contains(why), "{missing}");
}
