//! The schema and the reader know the same keys.

use std::collections::BTreeSet;

use serde_json::Value;
use shipway_core::config::{code, read, schema};

use super::tree::SHOP;

/// A file with an unknown key in every mapping that has known ones.
const EVERY_MAPPING: &str = "\
'?': root
project: shop
services:
  api:
    '?': Service
    run: ./api
    build: {run: make, '?': Build}
    health: {'?': Health}
    smoke: {run: make, '?': Smoke}
    migrations: {dir: services, apply: make, '?': Migrations}
    secrets: {A: {env: B, '?': SecretSource}}
    resources: {'?': Resources}
    stop: {'?': Stop}
environments:
  prod:
    '?': Environment
    approval: {unverified: true, '?': Approval}
    rollout: {blue_green: {'?': bake}, '?': Rollout}
    guard:
      '?': Guard
      error_rate: {over: 5%, '?': ErrorRate}
      latency: {p95: 1s, '?': Latency}
      restarts: {over: 0, '?': Restarts}
      probe: {'?': Probe}
    lease: {'?': Lease}
    services: {api: {'?': Placement}}
workflows: {token: {env: B, '?': TokenSource}, '?': Workflows}
limits: {'?': Limits}
gates:
  '?': Gates
  pull_request: {'?': GateSet}
  reports: [{artifact: a, '?': ReportSource}]
  changes: {'?': People}
  coverage: {total: 1%, '?': Coverage}
  tests: {'?': Tests}
  vulnerabilities: {due: {'?': Due}, '?': Vulnerabilities}
  analysis: {'?': Analysis}
  secrets: {'?': Secrets}
  migrations:
    '?': MigrationSafety
    approval: {by: [d], '?': StatementApproval}
  licences: {allow: [MIT], '?': Licences}
  load: {p95: 1s, '?': Load}
  sonarqube: {'?': SonarQube}
  duplication: {at_most: 3%, '?': Duplication}
  policies: {'?': Policies}
  rules: {a: {open_if: 'true', '?': Rule}}
  checklist: {c: {artifact: b, '?': ChecklistItem}}
";

/// The reader's keys: those that it offers instead of the unknown one, whose
/// value says which mapping it is in.
fn known_to_the_reader() -> Vec<(String, BTreeSet<String>)> {
    let problems = read("shipway.yaml", EVERY_MAPPING, &SHOP).expect_err("unknown keys");
    problems
        .iter()
        .map(|problem| {
            assert_eq!(problem.code, code::UNKNOWN_KEY, "{problem}");
            let line = EVERY_MAPPING.lines().nth(problem.span.start.line - 1).unwrap();
            let after = &line[problem.span.end.column - 1..];
            let mapping = after.trim_start_matches(": ");
            let end = mapping.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(mapping.len());
            let help = problem.help.as_deref().unwrap();
            let keys = help.strip_prefix("known here: ").unwrap().split(", ");
            let keys = keys.map(|key| key.trim_matches('`').to_owned()).collect();
            (mapping[..end].to_owned(), keys)
        })
        .collect()
}

/// The keys of every mapping in a schema, of all its alternatives together.
fn keys_in(schema: &Value, keys: &mut BTreeSet<String>) {
    if let Some(Value::Object(properties)) = schema.get("properties") {
        keys.extend(properties.keys().cloned());
    }
    for alternatives in ["anyOf", "oneOf", "allOf"] {
        if let Some(Value::Array(schemas)) = schema.get(alternatives) {
            schemas.iter().for_each(|schema| keys_in(schema, keys));
        }
    }
}

#[test]
fn the_schema_and_the_reader_know_the_same_keys() {
    let schema = serde_json::to_value(schema()).unwrap();
    let mut of_the_schema: Vec<(String, BTreeSet<String>)> = Vec::new();
    let definitions = schema["$defs"].as_object().unwrap();
    let root = ("root".to_owned(), &schema);
    let all = definitions.iter().map(|(name, schema)| (name.clone(), schema));
    for (name, schema) in std::iter::once(root).chain(all) {
        let mut keys = BTreeSet::new();
        keys_in(schema, &mut keys);
        if !keys.is_empty() {
            of_the_schema.push((name, keys));
        }
    }
    of_the_schema.push(("bake".to_owned(), BTreeSet::from(["bake".to_owned()])));
    of_the_schema.sort();
    let mut of_the_reader = known_to_the_reader();
    of_the_reader.sort();
    assert_eq!(of_the_reader, of_the_schema);
}
