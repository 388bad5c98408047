//! What an action is given: `with`, and the defaults of what is not.

use indexmap::IndexMap;
use shipway_workflow::model::{Action, Bindings, Runs};

use crate::protocol::Level;
use crate::worker::step::{Body, Stage};

/// What a docker action takes beside its own inputs.
const OF_CONTAINERS: [&str; 2] = ["entryPoint", "args"];

/// The inputs: those that the step gives, then the defaults of the others.
/// Once, in `main`, people are told about those that the action does not know
/// or does not want any more, in the words of GitHub's runner.
///
/// # Errors
/// An expression without a value, and where it is.
pub(super) async fn evaluate(
    body: &Body<'_>,
    action: &Action,
    with: &Bindings,
) -> Result<IndexMap<String, String>, String> {
    let mut inputs = with.render(&body.view()).map_err(|error| body.wrong(&error))?;
    if body.run.stage == Stage::Main {
        warn(body, action, &inputs).await;
    }
    let mut defaults = IndexMap::new();
    {
        let view = body.view();
        for (name, input) in &action.inputs {
            if inputs.keys().any(|given| given.eq_ignore_ascii_case(name)) {
                continue;
            }
            let default = match &input.default {
                Some(default) => default.render(&view).map_err(|error| {
                    let at = error.span.start;
                    format!("{}:{}:{}: {}", action.file, at.line, at.column, error.message)
                })?,
                None => String::new(),
            };
            defaults.insert(name.clone(), default);
        }
    }
    inputs.extend(defaults);
    Ok(inputs)
}

async fn warn(body: &Body<'_>, action: &Action, given: &IndexMap<String, String>) {
    let (step, reporter) = (Some(body.index), &body.shared.reporter);
    let known =
        |given: &str| action.inputs.iter().find(|(name, _)| name.eq_ignore_ascii_case(given));
    for name in given.keys() {
        if let Some(message) = known(name).and_then(|(_, input)| input.deprecation.as_ref()) {
            let message = format!("Input '{name}' has been deprecated with message: {message}");
            reporter.annotate(step, Level::Warning, &message).await;
        }
    }
    let mut valid: Vec<&str> = match action.runs {
        Runs::Docker(_) => OF_CONTAINERS.to_vec(),
        Runs::JavaScript(_) | Runs::Composite(_) => Vec::new(),
    };
    valid.extend(action.inputs.keys().map(String::as_str));
    let unexpected: Vec<&str> = given
        .keys()
        .map(String::as_str)
        .filter(|given| !valid.iter().any(|name| name.eq_ignore_ascii_case(given)))
        .collect();
    if !unexpected.is_empty() {
        let (unexpected, valid) = (unexpected.join("', '"), valid.join("', '"));
        let message = format!("Unexpected input(s) '{unexpected}', valid inputs are ['{valid}']");
        reporter.annotate(step, Level::Warning, &message).await;
    }
}

/// The variables by which a program finds its inputs, and what it saved in
/// its earlier stages.
pub(super) fn variables(
    body: &Body<'_>,
    inputs: &IndexMap<String, String>,
) -> Vec<(String, String)> {
    let inputs = inputs.iter().map(|(name, value)| {
        (format!("INPUT_{}", name.replace(' ', "_").to_uppercase()), value.clone())
    });
    let saved = body.run.at.saved().into_iter();
    inputs.chain(saved.map(|(name, value)| (format!("STATE_{name}"), value))).collect()
}

/// Shows what is run and with what, as GitHub does.
pub(super) async fn show(body: &Body<'_>, inputs: &IndexMap<String, String>) {
    let name = crate::worker::step::name::fixed_action(&body.run.at.step);
    let mut text = match body.run.stage {
        Stage::Post => "Post job cleanup.\n".to_owned(),
        Stage::Pre | Stage::Main => String::new(),
    };
    text.push_str(&format!("##[group]Run {name}"));
    let given: Vec<(&String, &String)> =
        inputs.iter().filter(|(_, value)| !value.is_empty()).collect();
    for (heading, pairs) in [("with:", given), ("env:", body.env.iter().collect())] {
        if pairs.is_empty() {
            continue;
        }
        text.push_str(&format!("\n{heading}"));
        for (name, value) in pairs {
            text.push_str(&format!("\n  {name}: {}", value.replace('\n', "\n    ")));
        }
    }
    text.push_str("\n##[endgroup]");
    body.shared.reporter.say(Some(body.index), &text).await;
}
