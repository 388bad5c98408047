//! `gates:`: short and long forms, and which applies where.

use shipway_core::config::{Config, Level, Severity, read, show};
use shipway_core::gate::Destination;
use shipway_core::ids::EnvName;

use super::tree::{SHOP, problems, smallest};

fn config(gates: &str) -> Config {
    let text = format!(
        "project: shop\nservices: {{api: {{run: ./api}}}}\n\
         environments: {{staging: {{branch: main}}, production: {{from: staging}}}}\n\
         gates:\n{gates}"
    );
    read("shipway.yaml", &text, &SHOP).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"))
}

fn env(name: &str) -> EnvName {
    EnvName::new(name).unwrap()
}

/// Each wish that teams have of gates is one line.
#[test]
fn common_wishes_are_one_line() {
    let config = config(
        "  coverage: {total: 80%, changed_lines: 80%, services: {api: 70%}, flags: {unit: 60%}}
  tests: 100%
  vulnerabilities: {critical: 0, high: 0, medium: 5}
  images: critical
  analysis: high
  secrets: on
  migrations: {approval: {by: [dora]}}
  licences: [MIT, Apache-2.0, BSD-*]
  load: {p95: 100ms, error_rate: 0.1%, requests_per_second: 1000, users: 100}
  sonarqube: {reliability: A, security: A, maintainability: A}
  duplication: 3%
  policies: on
  rules: {small: 'coverage.total > 1'}
  checklist: {dashboards: dashboards, projection_rebuilds: {artifact: rebuild-*, level: warning}}
",
    );
    let gates = &config.gates.everywhere;
    assert_eq!(gates.coverage.as_ref().unwrap().total.unwrap().to_string(), "80%");
    let vulnerabilities = gates.vulnerabilities.as_ref().unwrap();
    assert_eq!((vulnerabilities.high, vulnerabilities.medium), (Some(0), Some(5)));
    assert_eq!((vulnerabilities.low, vulnerabilities.unknown), (None, Some(0)));
    let images = gates.images.as_ref().unwrap();
    assert_eq!((images.critical, images.high), (Some(0), None));
    assert_eq!(gates.analysis.as_ref().unwrap().from, Severity::High);
    let approval = gates.migrations.as_ref().unwrap().approval.as_ref().unwrap();
    assert_eq!(approval.label, "migration-destructive-approved");
    assert_eq!(gates.licences.as_ref().unwrap().allow.len(), 3);
    assert!(gates.sonarqube.as_ref().unwrap().quality_gate);
    assert_eq!(gates.rules["small"].level, Level::Required);
    assert_eq!(gates.checklist["dashboards"].level, Level::Required);
    assert_eq!(gates.checklist["projection_rebuilds"].artifact, "rebuild-*");
    // Written out in full, it is the same.
    let shown = show(&config).unwrap();
    let again = read("shipway.yaml", &shown, &SHOP).unwrap_or_else(|p| panic!("{p:?}\n{shown}"));
    assert_eq!(again, config);
}

#[test]
fn a_place_says_what_is_different_there() {
    let config = config(
        "  coverage: 80%
  secrets: on
  rules: {a: 'tests.failed == 0', b: 'tests.failed == 0'}
  pull_request: {coverage: {changed_lines: 90%, level: warning}}
  checklist: {dashboards: grafana, runbook: runbook}
  environments: {staging: {coverage: off, rules: {a: off}, checklist: {runbook: off}}}
",
    );
    let gates = &config.gates;
    let pull_request = gates.on_the_way_to(&Destination::PullRequest);
    assert_eq!(pull_request.coverage.as_ref().unwrap().level, Level::Warning);
    assert_eq!(pull_request.coverage.as_ref().unwrap().total, None);
    assert!(pull_request.secrets.is_some());
    let staging = gates.of(&env("staging"));
    assert!(staging.coverage.is_none() && staging.secrets.is_some());
    assert_eq!(staging.rules.keys().collect::<Vec<_>>(), ["b"]);
    assert_eq!(staging.checklist.keys().collect::<Vec<_>>(), ["dashboards"]);
    assert_eq!(gates.of(&env("production")), &gates.everywhere);
}

#[test]
fn a_change_adds_to_what_it_is_judged_by_and_takes_nothing_away() {
    let before =
        config("  coverage: 80%\n  rules: {a: 'tests.failed == 0'}\n  checklist: {d: mine}\n");
    let after = config(
        "  coverage: 10%\n  secrets: on\n  rules: {a: 'true', b: 'true'}\n  checklist: {d: other}\n",
    );
    let judged = before.gates.everywhere.with_added(&after.gates.everywhere);
    assert_eq!(judged.coverage, before.gates.everywhere.coverage);
    assert!(judged.secrets.is_some());
    assert_eq!(judged.rules["a"].open_if, "tests.failed == 0");
    assert!(judged.rules.contains_key("b"));
    assert_eq!(judged.checklist["d"].artifact, "mine");
}

#[test]
fn what_is_wrong_with_gates() {
    let gates = "\
gates:
  coverage: 80
  tests: {pass_rate: 100%, at_least: 0}
  vulnerabilities: hihg
  migrations: {approval: {by: []}}
  load: {}
  reports: [{files: '*.xml', service: apy}]
  environments: {prd: {secrets: on}}
";
    let text = format!("{}{gates}", smallest("path: .", "env: {}"));
    insta::assert_snapshot!(problems(&text), @"
    error[SW0504]: `80` is not a percentage
      --> shipway.yaml:11:13
       |
    11 |   coverage: 80
       |             ^^
       = help: write it like `5%` or `0.5%`

    error[SW0504]: expected a number from 1 to 1000000000
      --> shipway.yaml:12:38
       |
    12 |   tests: {pass_rate: 100%, at_least: 0}
       |                                      ^

    error[SW0504]: `hihg` means nothing here
      --> shipway.yaml:13:20
       |
    13 |   vulnerabilities: hihg
       |                    ^^^^
       = help: did you mean `high`?

    error[SW0512]: nobody is named, so nobody can approve
      --> shipway.yaml:14:31
       |
    14 |   migrations: {approval: {by: []}}
       |                               ^^

    error[SW0503]: `load` asks for nothing: it needs one of `p95`, `p99`, `error_rate`, `requests_per_second`, `users`
      --> shipway.yaml:15:3
       |
    15 |   load: {}
       |   ^^^^

    error[SW0503]: a source of reports needs `artifact`
      --> shipway.yaml:16:13
       |
    16 |   reports: [{files: '*.xml', service: apy}]
       |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    error[SW0506]: there is no service `apy`
      --> shipway.yaml:16:39
       |
    16 |   reports: [{files: '*.xml', service: apy}]
       |                                       ^^^
       = help: did you mean `api`?

    error[SW0507]: there is no environment `prd`
      --> shipway.yaml:17:18
       |
    17 |   environments: {prd: {secrets: on}}
       |                  ^^^
       = help: did you mean `prod`?
    ");
}

/// An override names a gate: it has to be clear which.
#[test]
fn no_two_gates_are_called_alike() {
    let gates = "\
gates:
  rules: {tests: 'true', a: 'true', policy: off}
  checklist: {load: load, a: a, b: b}
  environments: {prod: {rules: {b: 'true'}}}
";
    let text = format!("{}{gates}", smallest("path: .", "env: {}"));
    insta::assert_snapshot!(problems(&text), @"
    error[SW0510]: `tests` is what a built-in gate is called
      --> shipway.yaml:11:11
       |
    11 |   rules: {tests: 'true', a: 'true', policy: off}
       |           ^^^^^
       = help: give it a name that no gate has

    error[SW0510]: `policy` is what a built-in gate is called
      --> shipway.yaml:11:37
       |
    11 |   rules: {tests: 'true', a: 'true', policy: off}
       |                                     ^^^^^^
       = help: give it a name that no gate has

    error[SW0510]: `load` is what a built-in gate is called
      --> shipway.yaml:12:15
       |
    12 |   checklist: {load: load, a: a, b: b}
       |               ^^^^
       = help: give it a name that no gate has

    error[SW0510]: a rule and an item of the checklist are both called `a`
      --> shipway.yaml:12:27
       |
    12 |   checklist: {load: load, a: a, b: b}
       |                           ^
       |
    11 |   rules: {tests: 'true', a: 'true', policy: off}
       |                          - the other one

    error[SW0510]: a rule and an item of the checklist are both called `b`
      --> shipway.yaml:13:33
       |
    13 |   environments: {prod: {rules: {b: 'true'}}}
       |                                 ^
    ");
}
