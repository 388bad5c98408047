//! What would run, for a person: workflows with their jobs, and why not the
//! others.

use std::cell::Cell;

use indexmap::IndexMap;
use serde_json::Value as Json;
use shipway_core::ids::JobKey;
use shipway_core::plan::{Plan, PlannedRun};
use shipway_core::run::{Fate, Granted, Outlined, RunSpec, github_context};
use shipway_workflow::expr::{Context, Status, Value};
use shipway_workflow::matrix::Combination;
use shipway_workflow::model::{Job, JobKind, Strategy, WorkflowUses};

use super::look::Seen;

/// As many combinations of a matrix are named.
const NAMED: usize = 8;

pub(super) fn describe<Text>(plan: &Plan<Text>, seen: &[Seen]) -> Vec<String> {
    let commit = &plan.commit;
    let place = plan.trigger.git_ref.trim_start_matches("refs/heads/");
    let mut lines = vec![format!(
        "{} of {} {:?} by {} on {place}",
        plan.trigger.event,
        commit.id.short(),
        commit.subject,
        commit.author
    )];
    lines.extend(seen.iter().flat_map(|seen| seen.lines.iter().cloned()));
    if !plan.not_run.is_empty() {
        lines.extend([String::new(), "does not run".to_owned()]);
        lines.extend(plan.not_run.iter().map(|run| format!("  {}: {}", run.path, run.why)));
    }
    lines
}

/// A run with its jobs; what is wrong with it is said among what cannot be run.
pub(super) fn describe_run(
    run: &PlannedRun,
    spec: &RunSpec,
    outlined: Option<&IndexMap<JobKey, Outlined>>,
) -> Vec<String> {
    let mut lines = vec![String::new(), format!("{}  {}", run.path, run.name)];
    lines.push(format!("  runs: {}", run.why));
    lines.extend(jobs(spec));
    lines.extend(outlined.into_iter().flat_map(of_outline));
    lines
}

fn jobs(spec: &RunSpec) -> Vec<String> {
    // It was read when the plan was made.
    let Ok(workflow) = spec.workflow() else { return Vec::new() };
    let known = Known::of(spec);
    let width = workflow.jobs.keys().map(|id| id.chars().count()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for job in workflow.jobs.values() {
        let id = &job.id.value;
        lines.push(format!("  job {id:width$}  {}", about(job, &known)).trim_end().to_owned());
    }
    lines
}

/// What the run would come to if all went well: the jobs of called workflows,
/// and what tokens may do.
fn of_outline(jobs: &IndexMap<JobKey, Outlined>) -> Vec<String> {
    let (mut lines, mut tokens) = (Vec::new(), IndexMap::<String, Vec<&str>>::new());
    for (key, job) in jobs {
        let Fate::Runs(instances) = &job.what else { continue };
        for instance in instances {
            if key.caller().is_some() {
                lines.push(format!("  calls for {}", instance.name));
            }
            if instance.call.is_none() {
                let token = token(&instance.permissions);
                tokens.entry(token).or_default().push(instance.name.as_str());
            }
        }
    }
    let alone = tokens.len() == 1;
    lines.extend(tokens.into_iter().map(|(token, names)| match alone {
        true => format!("  token: {token}"),
        false => format!("  token of {}: {token}", names.join(", ")),
    }));
    lines
}

fn token(permissions: &Granted) -> String {
    let scopes =
        permissions.0.iter().map(|(scope, access)| format!("{scope}: {}", access.as_str()));
    let scopes: Vec<String> = scopes.collect();
    if scopes.is_empty() { "none".to_owned() } else { scopes.join(", ") }
}

fn about(job: &Job, known: &Known) -> String {
    let mut parts = Vec::new();
    if !job.needs.is_empty() {
        let needs: Vec<&str> = job.needs.iter().map(|need| need.value.as_str()).collect();
        parts.push(format!("needs {}", needs.join(", ")));
    }
    parts.extend(condition(job, known));
    parts.extend(combinations(job, known));
    match &job.kind {
        JobKind::Call(call) => parts.push(format!("calls {}", name(&call.uses.value))),
        JobKind::Steps(steps) => {
            let environment = steps.environment.as_ref();
            parts.extend(environment.map(|env| format!("environment {}", env.name.text())));
            parts.extend(steps.container.as_ref().map(|_| "in a container".to_owned()));
        }
    }
    parts.join(" · ")
}

/// Whether the job's `if` holds, where that is known already.
fn condition(job: &Job, known: &Known) -> Option<String> {
    if !job.condition.is_written() {
        return None;
    }
    let held = known.ask(|known| job.condition.evaluate(known));
    let Some(held) = held else {
        return Some("its `if` is judged when what it needs is done".to_owned());
    };
    match held {
        Ok(true) => None,
        Ok(false) => Some("is skipped: its `if` does not hold".to_owned()),
        Err(error) => Some(format!("its `if` is wrong: {}", error.message)),
    }
}

fn combinations(job: &Job, known: &Known) -> Option<String> {
    let strategy = job.strategy.as_ref()?;
    if matches!(strategy, Strategy::Written { matrix: None, .. }) {
        return None;
    }
    let Some(expanded) = known.ask(|known| strategy.evaluate(known)) else {
        return Some("its matrix comes from what it needs".to_owned());
    };
    match expanded {
        Ok(plan) => {
            let all = plan.combinations;
            let label = |combination: &Combination| format!("({})", combination.label());
            let named = all.iter().take(NAMED).map(label).collect::<Vec<_>>();
            let more = if all.len() > NAMED { ", …" } else { "" };
            Some(format!("{} combinations: {}{more}", all.len(), named.join(", ")))
        }
        Err(error) => Some(format!("its matrix is wrong: {}", error.message)),
    }
}

/// What is known before anything has run.
struct Known {
    contexts: Vec<(&'static str, Value)>,
    /// Something else was asked for.
    lacked: Cell<bool>,
}

impl Known {
    fn of(spec: &RunSpec) -> Self {
        Self {
            lacked: Cell::new(false),
            contexts: vec![
                ("github", Json::Object(github_context(spec)).into()),
                ("vars", serde_json::json!(spec.vars).into()),
                ("inputs", Json::Object(spec.inputs.clone()).into()),
            ],
        }
    }

    /// What an expression comes to; `None` if it asks for what only jobs tell.
    fn ask<T>(&self, question: impl FnOnce(&Self) -> T) -> Option<T> {
        self.lacked.set(false);
        let answer = question(self);
        (!self.lacked.get()).then_some(answer)
    }
}

impl Context for Known {
    fn get(&self, name: &str) -> Option<Value> {
        let found = self.contexts.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        if found.is_none() {
            self.lacked.set(true);
        }
        found.map(|(_, value)| value.clone())
    }

    /// As long as nothing has failed.
    fn status(&self, _jobs: &[String]) -> Status {
        Status::Success
    }
}

fn name(uses: &WorkflowUses) -> String {
    match uses {
        WorkflowUses::Local { path } => format!("./{path}"),
        WorkflowUses::Repository { owner, name, path, reference } => {
            format!("{owner}/{name}/{path}@{reference}")
        }
    }
}
