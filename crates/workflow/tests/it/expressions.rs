//! GitHub's own cases for expressions.

use serde::Deserialize;
use shipway_workflow::expr::{
    Context, EvaluateError, Expression, Object, Scope, StatusFunctions, SyntaxError, Value,
};

use crate::corpus;

#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) expr: String,
    #[serde(default)]
    pub(crate) contexts: serde_json::Map<String, serde_json::Value>,
    pub(crate) result: Option<Expected>,
    pub(crate) err: Option<Failure>,
    #[serde(default)]
    pub(crate) options: Options,
}

#[derive(Deserialize)]
pub(crate) struct Expected {
    pub(crate) kind: String,
    pub(crate) value: serde_json::Value,
}

#[derive(Deserialize)]
pub(crate) struct Failure {
    pub(crate) kind: String,
    pub(crate) value: String,
}

#[derive(Default, Deserialize)]
pub(crate) struct Options {
    /// The implementations that the case is not for; none of them is the runner.
    #[serde(default)]
    pub(crate) skip: Vec<String>,
}

/// Every case with the name of its file; nothing where the corpus is not at hand.
pub(crate) fn cases() -> Option<Vec<(String, Case)>> {
    let folder = corpus::folder("expressions")?;
    let mut all = Vec::new();
    for (file, text) in corpus::files(&folder, "json").unwrap() {
        let groups: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&text).unwrap();
        for cases in groups.into_iter().map(|(_, cases)| cases) {
            let cases: Vec<Case> = serde_json::from_value(cases).unwrap();
            all.extend(cases.into_iter().map(|case| (file.clone(), case)));
        }
    }
    Some(all)
}

/// The cases expect one megabyte as the limit.
struct Contexts(Object);

impl Context for Contexts {
    fn get(&self, name: &str) -> Option<Value> {
        self.0.get(name).cloned()
    }

    fn max_memory(&self) -> usize {
        1 << 20
    }
}

#[derive(Debug)]
enum Problem {
    Syntax(SyntaxError),
    Evaluation(EvaluateError),
}

fn run(case: &Case) -> Result<Value, Problem> {
    let names: Vec<&str> = case.contexts.keys().map(String::as_str).collect();
    let scope = Scope { contexts: &names, status: StatusFunctions::None, hash_files: false };
    let contexts = Contexts(case.contexts.clone().into_iter().collect());
    let expression = Expression::parse(&case.expr, &scope).map_err(Problem::Syntax)?;
    expression.evaluate(&contexts).map_err(Problem::Evaluation)
}

/// What is wrong with a case's outcome, if anything.
fn judge(case: &Case) -> Result<(), String> {
    let got = run(case);
    if let Some(expected) = &case.result {
        let value = got.map_err(|problem| format!("{problem:?}"))?;
        return judge_value(expected, &value);
    }
    let failure = case.err.as_ref().ok_or("a case without an outcome")?;
    let (kinds, message): (&[&str], String) = match got {
        Ok(value) => return Err(format!("a value, {value:?}, not {}", failure.value)),
        Err(Problem::Syntax(error)) => (&["lexing", "parsing"], error.message),
        Err(Problem::Evaluation(error)) => (&["evaluation"], error.message),
    };
    if kinds.contains(&failure.kind.as_str()) && message.starts_with(&failure.value) {
        Ok(())
    } else {
        Err(format!("{message}\n  wanted {}: {}", failure.kind, failure.value))
    }
}

fn judge_value(expected: &Expected, value: &Value) -> Result<(), String> {
    let kind = match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(_) => "Number",
        Value::String(_) => "String",
        Value::Array(_) => "Array",
        Value::Object(_) => "Object",
    };
    if kind == expected.kind && *value == Value::from(expected.value.clone()) {
        Ok(())
    } else {
        Err(format!("{kind} {value:?}, wanted {} {}", expected.kind, expected.value))
    }
}

/// Every case applies: those that skip the TypeScript library are about the runner.
#[test]
fn all_of_githubs_cases_hold() {
    let Some(cases) = cases() else { return };
    let judged = cases.iter().filter_map(|(file, case)| {
        let why = judge(case).err()?;
        Some(format!("{file}: {}\n  {why}", case.expr))
    });
    let wrong: Vec<String> = judged.collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert_eq!(cases.len(), 1020);
}
