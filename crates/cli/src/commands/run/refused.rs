//! What of a plan this machine cannot run, told before it begins.

use std::collections::HashSet;
use std::env;
use std::io;

use shipway_core::plan::Plan;
use shipway_runner::actions::check::{Machine, Refusal, check};
use shipway_runner::actions::lock::{FILE, Lock};
use shipway_runner::actions::walk::Tree;
use shipway_runner::actions::{Settings, Store};
use shipway_runner::docker;
use shipway_server::git::Repository;
use shipway_workflow::model::{Job, Workflow};

use crate::error::CliError;

/// A workflow without any of these words needs nothing of the machine.
const NEEDS: [&str; 4] = ["uses", "container", "services", "snapshot"];

/// What cannot be run here, with its place. Actions that are not on this
/// machine yet are fetched.
pub(super) async fn refused(
    plan: &Plan,
    repository: &Repository,
    settings: &Settings,
) -> Result<Vec<Refusal>, CliError> {
    let runs = plan.runs.iter().filter(|run| run.passed.is_none());
    let runs: Vec<_> =
        runs.filter(|run| NEEDS.iter().any(|word| run.text.contains(word))).collect();
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let lock = repository.text(&plan.commit.id, FILE)?;
    let lock = lock.map(|text| {
        Lock::read(&text).map_err(|problems| {
            let problems: Vec<String> = problems.iter().map(|p| p.render(&text)).collect();
            CliError::usage(problems.join("\n"))
        })
    });
    let store = Store::new(settings.clone(), lock.transpose()?);
    let machine_env: Vec<_> = env::vars_os().collect();
    let no_containers = docker::is_there().await.err().map(|error| error.to_string());
    let machine = Machine { env: &machine_env, no_containers: no_containers.as_deref() };
    let read = |path: &str| repository.text(&plan.commit.id, path).map_err(io::Error::other);
    let name = plan.trigger.payload["repository"]["full_name"].as_str();
    let tree = Tree { name, read: &read };
    let mut refused = Vec::new();
    for run in runs {
        let workflow = run.text.read(&run.path).map_err(|problems| {
            CliError::usage(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        })?;
        let chosen = run.only_job.as_deref().map(|job| with_needs(&workflow, job));
        let wanted = |job: &Job| chosen.as_ref().is_none_or(|names| names.contains(&job.id.value));
        refused.extend(check(&store, &workflow, wanted, tree, machine).await);
    }
    Ok(refused)
}

/// A job and those that it needs, directly or not.
fn with_needs(workflow: &Workflow, job: &str) -> HashSet<String> {
    let mut names = HashSet::new();
    let mut todo = vec![job.to_owned()];
    while let Some(name) = todo.pop() {
        let needs = workflow.jobs.get(&name).map(|job| job.needs.as_slice()).unwrap_or_default();
        todo.extend(needs.iter().map(|need| need.value.clone()).filter(|n| !names.contains(n)));
        names.insert(name);
    }
    names
}
