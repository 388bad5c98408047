//! Inputs with their types: of called workflows, and of `workflow_dispatch`.
//!
//! Source: "Workflow syntax", `on.workflow_call.inputs` and
//! `on.workflow_dispatch.inputs`.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};
use shipway_workflow::diagnostic::nearest;
use shipway_workflow::expr::{Context, Object, Value};
use shipway_workflow::model::{Call, Input, InputKind};

/// `inputs` of a called workflow: what was given, else the default, else the
/// empty value of the type. A value of another type is refused, as on GitHub, and null is none of a
/// boolean or a number: it is what an input comes to of an event that has none.
///
/// # Errors
/// What is wrong with them, for people.
pub(super) fn of_call(
    takes: &Call,
    given: &Object,
    defaults: &dyn Context,
) -> Result<Map<String, Json>, String> {
    let known = |name: &str| takes.inputs.keys().any(|key| key.eq_ignore_ascii_case(name));
    if let Some((name, _)) = given.iter().find(|(name, _)| !known(name)) {
        let names = takes.inputs.keys().map(String::as_str);
        return Err(unknown(name, names, "the called workflow"));
    }
    let mut inputs = Map::new();
    for (name, input) in &takes.inputs {
        let of = |key: &str| key.eq_ignore_ascii_case(name);
        let value = match given.iter().find(|(key, _)| of(key)) {
            Some((_, value)) => Some(value.clone()),
            None if input.required => {
                return Err(format!("input `{name}` is required by the called workflow"));
            }
            None => {
                let default = input.default.as_ref().map(|default| default.evaluate(defaults));
                default
                    .transpose()
                    .map_err(|error| format!("the default of input `{name}`: {}", error.message))?
            }
        };
        inputs.insert(name.clone(), typed(name, &input.kind, value)?);
    }
    Ok(inputs)
}

fn typed(name: &str, kind: &InputKind, value: Option<Value>) -> Result<Json, String> {
    let refuse = |wanted: &str, value: &Value| {
        Err(format!("input `{name}` has to be {wanted}, not {}", value.describe()))
    };
    match (kind, value) {
        (InputKind::Boolean, None) => Ok(json!(false)),
        (InputKind::Number, None) => Ok(json!(0)),
        (_, None) => Ok(json!("")),
        (InputKind::Boolean, Some(value @ Value::Bool(_)))
        | (InputKind::Number, Some(value @ Value::Number(_))) => Ok(json!(value)),
        (InputKind::Boolean, Some(value)) => refuse("true or false", &value),
        (InputKind::Number, Some(value)) => refuse("a number", &value),
        (_, Some(value)) if value.is_primitive() => Ok(json!(value.to_text())),
        (_, Some(value)) => refuse("text", &value),
    }
}

/// `inputs` of `workflow_dispatch`: texts that a person gave, as values of the
/// declared types; what was not given is the default. `environments` are those
/// that an input of that type may name; `None`: any.
///
/// # Errors
/// All that is wrong with them, for people.
pub fn of_dispatch(
    takes: &IndexMap<String, Input>,
    given: &IndexMap<String, String>,
    environments: Option<&[&str]>,
) -> Result<Map<String, Json>, Vec<String>> {
    let (mut inputs, mut problems) = (Map::new(), Vec::new());
    for name in given.keys().filter(|name| !takes.contains_key(*name)) {
        problems.push(unknown(name, takes.keys().map(String::as_str), "the workflow"));
    }
    for (name, input) in takes {
        let default = input.default.as_ref().map(|default| default.text().to_owned());
        let text = given.get(name).cloned().or(default);
        match text {
            None if input.required => problems.push(format!("input `{name}` is required")),
            Some(text) if text.is_empty() && input.required => {
                problems.push(format!("input `{name}` is required, and empty"));
            }
            text => match of_text(name, &input.kind, text, environments) {
                Ok(value) => drop(inputs.insert(name.clone(), value)),
                Err(why) => problems.push(why),
            },
        }
    }
    if problems.is_empty() { Ok(inputs) } else { Err(problems) }
}

fn of_text(
    name: &str,
    kind: &InputKind,
    text: Option<String>,
    environments: Option<&[&str]>,
) -> Result<Json, String> {
    let one_of = |text: String, all: &[&str], what: &str| {
        if text.is_empty() || all.contains(&text.as_str()) {
            return Ok(json!(text));
        }
        Err(format!("input `{name}` has to be {what}: {}; it is `{text}`", all.join(", ")))
    };
    match (kind, text) {
        (InputKind::Boolean, None) => Ok(json!(false)),
        (InputKind::Boolean, Some(text)) => match text.as_str() {
            "true" => Ok(json!(true)),
            "false" | "" => Ok(json!(false)),
            _ => Err(format!("input `{name}` has to be true or false, not `{text}`")),
        },
        (InputKind::Number, Some(text)) if !text.is_empty() => match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(json!(Value::Number(number))),
            _ => Err(format!("input `{name}` has to be a number, not `{text}`")),
        },
        (InputKind::Choice(options), None) => {
            // The first option is what GitHub's form shows.
            Ok(json!(options.first().map(|option| option.as_str()).unwrap_or_default()))
        }
        (InputKind::Choice(options), Some(text)) => {
            let options: Vec<&str> = options.iter().map(|option| option.as_str()).collect();
            one_of(text, &options, "one of its options")
        }
        (InputKind::Environment, Some(text)) => match environments {
            Some(known) => one_of(text, known, "an environment of shipway.yaml"),
            None => Ok(json!(text)),
        },
        (_, text) => Ok(json!(text.unwrap_or_default())),
    }
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone, what: &str) -> String {
    let hint = match nearest(name, known.clone()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None if known.clone().next().is_none() => "; it takes none".to_owned(),
        None => format!("; it takes: {}", known.collect::<Vec<_>>().join(", ")),
    };
    format!("{what} has no input `{name}`{hint}")
}
