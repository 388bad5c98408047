//! The named seeds of the fuzzers, among them everything they ever found.

use std::path::Path;

use shipway_workflow::expr::{Expression, Object, Scope, StatusFunctions, Value, Variables};
use shipway_workflow::lint::{Nowhere, Settings, Subject};
use shipway_workflow::model::{Action, Workflow};
use shipway_workflow::trigger::Pattern;

/// Calls `f` with each seed of a fuzzer; returns how many there are.
fn seeds(target: &str, mut f: impl FnMut(&str)) -> usize {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut seen = 0;
    for entry in std::fs::read_dir(corpus).unwrap() {
        let path = entry.unwrap().path();
        // What a fuzzer keeps on its way has no extension.
        if path.extension().is_some() {
            f(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
            seen += 1;
        }
    }
    seen
}

#[test]
fn files_are_read() {
    let seen = seeds("yaml", |text| {
        let problems = [Workflow::read("f", text).err(), Action::read("f", text).err()];
        for problem in problems.into_iter().flatten().flatten() {
            assert!(problem.span.slice(text).is_some(), "{problem}\n{text}");
            assert!(problem.span.start <= problem.span.end, "{problem}\n{text}");
        }
    });
    assert!(seen >= 4);
}

#[test]
fn files_are_examined() {
    let seen = seeds("lint", |text| {
        for subject in [Subject::workflow("f", text), Subject::action("f", text)] {
            for finding in subject.check(&Nowhere, &Settings::default(), &[]).findings {
                assert!(finding.span.slice(text).is_some(), "{finding}\n{text}");
            }
        }
    });
    assert!(seen >= 4);
}

#[test]
fn expressions_have_values_or_reasons() {
    let seen = seeds("expression", |text| {
        let (expression, contexts) = text.split_once('\n').unwrap_or((text, "{}"));
        let contexts: Object = match serde_json::from_str::<Value>(contexts) {
            Ok(Value::Object(object)) => object.as_ref().clone(),
            _ => Object::new(),
        };
        let names: Vec<&str> = contexts.iter().map(|(name, _)| name).chain(["github"]).collect();
        let scope = Scope { contexts: &names, status: StatusFunctions::OfJobs, hash_files: true };
        match Expression::parse(expression, &scope) {
            Ok(parsed) => {
                if let Err(error) = parsed.evaluate(&Variables::new(contexts)) {
                    assert!(!error.message.is_empty());
                }
            }
            Err(error) => assert!(error.offset <= expression.len(), "{error:?}"),
        }
    });
    assert!(seen >= 3);
}

#[test]
fn patterns_fit_or_not() {
    let seen = seeds("filter", |text| {
        let (pattern, names) = text.split_once('\n').unwrap_or((text, ""));
        if let Ok(pattern) = Pattern::parse(pattern) {
            names.lines().for_each(|name| assert_eq!(pattern.fits(name), pattern.fits(name)));
        }
    });
    assert!(seen >= 2);
}
