//! What of a plan this machine cannot run, told before it begins.

use std::collections::{HashMap, HashSet};
use std::env;
use std::io;

use indexmap::IndexMap;
use shipway_core::ids::JobKey;
use shipway_core::plan::{Plan, PlannedRun};
use shipway_core::run::{Fate, Outlined};
use shipway_runner::actions::check::{Machine, asks_nothing, check};
use shipway_runner::actions::lock::{FILE, Lock};
use shipway_runner::actions::walk::Tree;
use shipway_runner::actions::{Settings, Store};
use shipway_runner::docker;
use shipway_server::git::Repository;
use shipway_server::parallel;
use shipway_workflow::model::{Job, Workflow};

use crate::error::CliError;

use super::look::Seen;

/// A workflow without any of these words needs nothing of the machine.
const NEEDS: [&str; 4] = ["uses", "container", "services", "snapshot"];

/// As many workflows are read at once: what stands in them takes much memory.
const AT_ONCE: usize = 16;

/// Whether a workflow may need something of the machine.
pub(super) fn needs_something(text: &str) -> bool {
    NEEDS.iter().any(|word| text.contains(word))
}

/// The runs of a plan that need something of the machine, by their places.
pub(super) type Asking = Vec<usize>;

/// What cannot be run here, a line each, with its place: jobs without a runner,
/// actions that cannot be had, containers without Docker. Actions that are not
/// on this machine yet are fetched. Of the runs that `may_ask` those that do ask are left.
pub(super) async fn refused(
    plan: &Plan,
    seen: &[Seen],
    may_ask: &mut Asking,
    repository: &Repository,
    settings: &Settings,
) -> Result<Vec<String>, CliError> {
    let mut refused = at_sight(seen);
    if !may_ask.is_empty() {
        refused.extend(of_machine(plan, seen, may_ask, repository, settings).await?);
    }
    Ok(refused)
}

/// What cannot be run here whatever the machine has.
pub(super) fn at_sight(seen: &[Seen]) -> Vec<String> {
    seen.iter().flat_map(|seen| seen.refused.clone()).collect()
}

/// The runs that may need something of the machine.
pub(super) fn may_ask(seen: &[Seen]) -> Asking {
    let places = seen.iter().enumerate();
    places.filter(|(_, seen)| seen.left_out.is_some()).map(|(place, _)| place).collect()
}

/// The jobs that nothing here can run.
pub(super) fn without_runner(run: &PlannedRun, jobs: &IndexMap<JobKey, Outlined>) -> Vec<String> {
    let instances = jobs.values().flat_map(|job| match &job.what {
        Fate::Runs(instances) => instances.as_slice(),
        Fate::Skipped { .. } | Fate::Unknown { .. } => &[],
    });
    let cannot = instances.filter_map(|instance| Some((&instance.name, instance.cannot.as_ref()?)));
    cannot.map(|(name, why)| format!("{}: {name}: {why}", run.path)).collect()
}

/// Jobs by the file of their workflow and their id there.
pub(super) type Jobs = HashSet<(String, String)>;

/// The jobs that do not run whatever happens: they are not asked for, or their
/// `if` does not hold.
pub(super) fn left_out(run: &PlannedRun, jobs: &IndexMap<JobKey, Outlined>) -> Jobs {
    let mut runs: HashMap<(String, String), bool> = HashMap::new();
    for (key, job) in jobs {
        let Some(file) = file_of(key, run, jobs) else { continue };
        let here = !matches!(job.what, Fate::Skipped { .. });
        *runs.entry((file, key.own().to_owned())).or_default() |= here;
    }
    if let Some(chosen) = &run.only_job
        && let Ok(workflow) = Workflow::read(&run.path, &run.text)
    {
        let wanted = with_needs(&workflow, chosen);
        let others = workflow.jobs.keys().filter(|id| !wanted.contains(*id));
        runs.extend(others.map(|id| ((run.path.clone(), id.clone()), false)));
    }
    runs.into_iter().filter(|(_, runs)| !runs).map(|(job, _)| job).collect()
}

/// The file of the workflow that a job is in.
fn file_of(key: &JobKey, run: &PlannedRun, jobs: &IndexMap<JobKey, Outlined>) -> Option<String> {
    let Some((caller, index)) = key.caller() else { return Some(run.path.clone()) };
    let Fate::Runs(instances) = &jobs.get(&caller)?.what else { return None };
    instances.get(index)?.call.as_ref().map(|call| call.workflow.clone())
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

/// What actions and containers ask of the machine, and it does not have.
async fn of_machine(
    plan: &Plan,
    seen: &[Seen],
    asking: &mut Asking,
    repository: &Repository,
    settings: &Settings,
) -> Result<Vec<String>, CliError> {
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
    let name = plan.trigger.payload["repository"]["full_name"].as_str();
    let mut refused = Vec::new();
    let with_run = |place: usize| Some((place, plan.runs.get(place)?, seen.get(place)?));
    let runs: Vec<_> = std::mem::take(asking).into_iter().filter_map(with_run).collect();
    let read = |(_, run, _): &(usize, &PlannedRun, _)| Workflow::read(&run.path, &run.text);
    let workflows = runs.chunks(AT_ONCE).flat_map(|runs| parallel::map(runs, read));
    for ((place, run, seen), workflow) in runs.iter().zip(workflows) {
        let commit = &run.commit(plan).id;
        let read = |path: &str| repository.text(commit, path).map_err(io::Error::other);
        let tree = Tree { name, read: &read };
        let workflow = workflow.map_err(|problems| {
            CliError::usage(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        })?;
        let wanted = |workflow: &Workflow, job: &Job| {
            let job = (workflow.file.clone(), job.id.value.clone());
            seen.left_out.as_ref().is_none_or(|left_out| !left_out.contains(&job))
        };
        if asks_nothing(settings, &workflow, &wanted, name) {
            continue;
        }
        asking.push(*place);
        let found = check(&store, &workflow, &wanted, tree, machine).await;
        refused.extend(found.iter().map(ToString::to_string));
    }
    Ok(refused)
}
