//! Random expressions, beside GitHub's own TypeScript evaluator.
//!
//! It needs Node and `npm ci` in `tests/oracle` (or `SHIPWAY_NODE_MODULES`), and is skipped
//! where these are missing, except in CI. `SHIPWAY_ORACLE_CASES` says how many expressions.

mod differences;
mod generate;
mod judge;

use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};
use shipway_workflow::expr::{Expression, Object, Scope, StatusFunctions, Value, Variables};

use generate::{CONTEXTS, Random};
use judge::{Ours, Verdict};

const CASES: usize = 20_000;
const SEED: u64 = 20_260_101;

/// The folder with the library; nothing, said in one line, where it is not at hand.
#[expect(clippy::print_stdout, reason = "a test that did not look says so")]
fn library() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle");
    let modules = std::env::var_os("SHIPWAY_NODE_MODULES")
        .map_or_else(|| here.join("node_modules"), PathBuf::from);
    let node = Command::new("node").arg("--version").output().is_ok_and(|o| o.status.success());
    if node && modules.join("@actions/expressions").is_dir() {
        return Some(modules);
    }
    assert!(std::env::var_os("CI").is_none(), "in CI, scripts/setup installs the library");
    println!("skipped: `npm ci` in {} brings the library to compare with", here.display());
    None
}

fn cases(count: usize) -> Vec<(String, bool)> {
    let mut random = Random(SEED);
    (0..count)
        .map(|index| match index % 5 {
            0 => (generate::broken(&mut random), false),
            1 => (generate::expression(&mut random, true), true),
            _ => (generate::expression(&mut random, false), false),
        })
        .collect()
}

/// What the library says, one answer a case.
fn theirs<'a>(modules: &Path, cases: impl Iterator<Item = (&'a str, &'a Json)>) -> Vec<Json> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/evaluate.mjs");
    let mut input = tempfile::tempfile().unwrap();
    for (expression, contexts) in cases {
        writeln!(input, "{}", json!({"expression": expression, "contexts": contexts})).unwrap();
    }
    input.rewind().unwrap();
    let output = Command::new("node")
        .arg(script)
        .arg(modules)
        .stdin(input)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn ours(expression: &str, contexts: &Object) -> Ours {
    let names: Vec<&str> = contexts.iter().map(|(name, _)| name).collect();
    let scope = Scope { contexts: &names, status: StatusFunctions::None, hash_files: false };
    match Expression::parse(expression, &scope) {
        Err(_) => Ours::Syntax,
        Ok(parsed) => match parsed.evaluate(&Variables::new(contexts.clone())) {
            Err(_) => Ours::Evaluation,
            Ok(value) => Ours::Value(value),
        },
    }
}

#[test]
fn random_expressions_have_the_values_that_github_gives_them() {
    let Some(modules) = library() else { return };
    let count = std::env::var("SHIPWAY_ORACLE_CASES").map_or(CASES, |n| n.parse().unwrap());
    let contexts: Json = serde_json::from_str(CONTEXTS).unwrap();
    let object = match serde_json::from_str::<Value>(CONTEXTS).unwrap() {
        Value::Object(object) => object.as_ref().clone(),
        other => panic!("{other:?}"),
    };
    let cases = cases(count);
    let given = cases.iter().map(|(expression, _)| (expression.as_str(), &contexts));
    let theirs = theirs(&modules, given);
    assert_eq!(theirs.len(), cases.len());
    let mut explained = std::collections::BTreeMap::new();
    let mut wrong = Vec::new();
    let mut values = 0;
    for ((expression, wild), theirs) in cases.iter().zip(&theirs) {
        let ours = ours(expression, &object);
        values += usize::from(matches!(ours, Ours::Value(_)));
        match judge::judge(expression, *wild, &ours, theirs) {
            Verdict::Same => {}
            Verdict::Explained(rule) => *explained.entry(rule).or_insert(0) += 1,
            Verdict::Different => {
                wrong.push(format!("{expression}\n  ours: {ours:?}\n  theirs: {theirs}"))
            }
        }
    }
    println!("{count} expressions, {values} with a value; explained: {explained:?}");
    let shown = wrong.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} of {count} differ:\n{shown}", wrong.len());
    assert!(values * 4 > count, "too few expressions have a value: {values} of {count}");
}
