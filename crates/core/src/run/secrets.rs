//! The secrets of a job in a called workflow: what each call on the way hands
//! on.

use indexmap::IndexMap;
use serde_json::json;
use shipway_workflow::expr::{Object, Value, Variables};
use shipway_workflow::model::{JobKind, Secrets};

use super::{JobSpec, RunSpec, WorkflowText, github_context};

/// The secrets that a job gets, of those that its run has. Every call on the
/// way hands on those that it names, or with `inherit` all. Secrets are values
/// of the moment, so this is asked when the job begins.
///
/// # Errors
/// Why an expression has no value, or a required secret is missing, for people.
pub fn called_secrets(
    run: &RunSpec,
    job: &JobSpec,
    secrets: IndexMap<String, String>,
) -> Result<IndexMap<String, String>, String> {
    let (mut secrets, mut inputs) = (secrets, run.inputs.clone());
    let (mut path, mut text) = (&run.path, &run.text);
    for frame in &job.calls {
        let read = |path: &str, text: &WorkflowText| {
            text.read(path).map_err(|_| format!("{path} cannot be read"))
        };
        let caller = read(path, text)?;
        let called = run.called.get(&frame.workflow);
        let called = called.ok_or_else(|| format!("no workflow `{}`", frame.workflow))?;
        let calling = caller.jobs.get(frame.job.own()).map(|job| &job.kind);
        let Some(JobKind::Call(call)) = calling else {
            return Err(format!("{path} has no job `{}` that calls a workflow", frame.job));
        };
        let mut named_empty = Vec::new();
        if let Secrets::Named(named) = &call.secrets {
            let github = serde_json::Value::Object(github_context(run));
            let contexts = Object::from_iter([
                ("github", Value::from(github)),
                ("vars", json!(run.vars).into()),
                ("inputs", serde_json::Value::Object(inputs).into()),
                ("needs", frame.needs.clone().into()),
                ("matrix", frame.matrix.clone().into()),
                ("strategy", frame.strategy.clone().into()),
                ("secrets", json!(secrets).into()),
            ]);
            let given = named.render(&Variables::new(contexts)).map_err(|error| {
                let at = error.span.start;
                format!("{path}:{}:{}: {}", at.line, at.column, error.message)
            })?;
            let (empty, some): (Vec<_>, Vec<_>) =
                given.into_iter().partition(|(_, value)| value.is_empty());
            // As on GitHub, what is required has to be named, whatever its value.
            named_empty.extend(empty.into_iter().map(|(name, _)| name));
            secrets = some.into_iter().collect();
        }
        let callee = read(&called.path, &called.text)?;
        let takes = callee.on.call().map(|call| &call.secrets);
        let has = |name: &str| {
            secrets.keys().chain(&named_empty).any(|key| key.eq_ignore_ascii_case(name))
        };
        for (name, _) in takes.into_iter().flatten().filter(|(_, secret)| secret.required) {
            if !has(name) {
                return Err(format!("secret `{name}` is required by {}", called.path));
            }
        }
        (path, text) = (&called.path, &called.text);
        inputs = frame.inputs.clone();
    }
    Ok(secrets)
}
