//! What the workflow's own text says about a run and its jobs: whether they run,
//! as what instances, and what they are told about each other.

mod call;
mod instances;
mod world;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::json;
use shipway_workflow::expr::{EvaluateError, Status};
use shipway_workflow::model::Workflow;

use crate::concurrency::{Concurrency, Queue};
use crate::ids::JobKey;

use super::{Expanded, JobState, RunResult, RunSpec, UnderWay};

pub(super) use call::{end_of_call, frames};
use world::World;

/// The workflow that a job of the run stands in.
fn workflow_of(run: &UnderWay, key: &JobKey) -> Result<Arc<Workflow>, String> {
    let callers = run.callers(key);
    match callers.first().and_then(|(_, _, caller)| caller.what.call.as_ref()) {
        Some(call) => run.spec.called_workflow(&call.workflow),
        None => run.spec.workflow(),
    }
}

/// What a run begins with.
pub(super) struct Begun {
    /// Its jobs and what each needs, in the file's order.
    pub(super) jobs: IndexMap<JobKey, Vec<JobKey>>,
    /// `run-name`.
    pub(super) name: Option<String>,
    /// `concurrency`.
    pub(super) concurrency: Option<Concurrency>,
}

/// What becomes of a job whose needs are done.
pub(super) enum Judgement {
    Run { instances: Vec<Expanded>, fail_fast: bool, max_parallel: Option<usize> },
    Skip { why: String },
    Fail { why: String },
}

/// The workflow's jobs and what the whole run is told; only one job and what it
/// needs, if the run is restricted to it.
///
/// # Errors
/// Everything that is wrong with the text, rendered for people.
pub(super) fn begin(spec: &RunSpec) -> Result<Begun, String> {
    let workflow = spec.workflow()?;
    if let Some(why) = spec.called.values().find_map(|called| called.missing.as_ref()) {
        return Err(why.clone());
    }
    let mut jobs = jobs(&workflow, |own| JobKey::new(own))?;
    if let Some(only) = &spec.only_job {
        restrict(&mut jobs, only, &spec.path)?;
    }
    let world = World::of_run(spec, &workflow);
    let wrong = |error: EvaluateError| located(&workflow.file, &error);
    let name = workflow.run_name.as_ref().map(|name| name.render(&world)).transpose();
    let concurrency = workflow.concurrency.as_ref().map(|c| concurrency(c, &world)).transpose();
    let name = name.map_err(wrong)?.filter(|name| !name.trim().is_empty());
    Ok(Begun { jobs, name, concurrency: concurrency.map_err(wrong)? })
}

/// The jobs of a workflow and what each needs, by the keys that the run knows
/// them by.
fn jobs<E: std::fmt::Display>(
    workflow: &Workflow,
    key: impl Fn(&str) -> Result<JobKey, E>,
) -> Result<IndexMap<JobKey, Vec<JobKey>>, String> {
    let key = |id: &str| key(id).map_err(|error| error.to_string());
    let mut jobs = IndexMap::new();
    for job in workflow.jobs.values() {
        let needs: Result<Vec<_>, _> = job.needs.iter().map(|need| key(need)).collect();
        jobs.insert(key(&job.id)?, needs?);
    }
    Ok(jobs)
}

fn restrict(
    jobs: &mut IndexMap<JobKey, Vec<JobKey>>,
    only: &str,
    path: &str,
) -> Result<(), String> {
    let Some(only) = jobs.keys().find(|key| key.as_str() == only).cloned() else {
        let known: Vec<&str> = jobs.keys().map(JobKey::as_str).collect();
        return Err(format!("{path} has no job `{only}`; its jobs are: {}", known.join(", ")));
    };
    let before = ancestors(&only, |key| jobs.get(key).map_or(&[], Vec::as_slice));
    let mut wanted: HashSet<JobKey> = before.into_iter().cloned().collect();
    wanted.insert(only);
    jobs.retain(|key, _| wanted.contains(key));
    Ok(())
}

/// What `key` needs, directly or not.
fn ancestors<'a>(key: &JobKey, needs: impl Fn(&JobKey) -> &'a [JobKey]) -> BTreeSet<&'a JobKey> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&JobKey> = needs(key).iter().collect();
    while let Some(key) = open.pop() {
        if found.insert(key) {
            open.extend(needs(key));
        }
    }
    found
}

/// What becomes of the job `key` of `run`, now that what it needs is done.
pub(super) fn judge(run: &UnderWay, key: &JobKey) -> Judgement {
    judged(run, key).unwrap_or_else(|why| Judgement::Fail { why })
}

/// `needs`: how each job that `key` needs ended, and its outputs.
pub(super) fn needs(run: &UnderWay, key: &JobKey) -> serde_json::Value {
    let needed = run.jobs.get(key).map_or(&[][..], |job| &job.needs);
    let one = |need: &JobKey| {
        let state = &run.jobs.get(need)?.state;
        let JobState::Done { result, outputs, .. } = state else { return None };
        let told = json!({ "result": result.as_str(), "outputs": outputs });
        Some((need.own().to_owned(), told))
    };
    serde_json::Value::Object(needed.iter().filter_map(one).collect())
}

/// Whether a job is carried on although its run is called off: its `if` holds
/// also then.
pub(super) fn goes_on_when_cancelled(run: &UnderWay, key: &JobKey) -> bool {
    // What was not judged yet is judged later, and a call has no end of its own.
    let instances = run.jobs.get(key).map_or(&[][..], |job| job.instances());
    if instances.iter().any(|instance| instance.what.call.is_some()) {
        return true;
    }
    let Ok(workflow) = workflow_of(run, key) else { return false };
    let Some(job) = workflow.jobs.get(key.own()) else { return false };
    let world = World::of(run, key, &workflow).in_state(Status::Cancelled);
    job.condition.evaluate(&world).unwrap_or(false)
}

fn judged(run: &UnderWay, key: &JobKey) -> Result<Judgement, String> {
    let workflow = workflow_of(run, key)?;
    let Some(job) = workflow.jobs.get(key.own()) else {
        return Err(format!("{} has no job `{key}` any more", workflow.file));
    };
    let wrong = |error: EvaluateError| located(&workflow.file, &error);
    let world = World::of(run, key, &workflow);
    if !job.condition.evaluate(&world).map_err(wrong)? {
        return Ok(Judgement::Skip { why: why_skipped(run, key, &world) });
    }
    let plan = job.strategy.as_ref().map(|strategy| strategy.evaluate(&world)).transpose();
    let plan = plan.map_err(wrong)?.unwrap_or_default();
    let instances = instances::of(job, &plan, &world)?;
    let (fail_fast, max_parallel) = (plan.fail_fast, plan.max_parallel);
    Ok(Judgement::Run { instances, fail_fast, max_parallel })
}

fn located(file: &str, error: &EvaluateError) -> String {
    let EvaluateError { message, expression, span } = error;
    format!("{file}:{}:{}: `{expression}`: {message}", span.start.line, span.start.column)
}

/// The longest name of a group that GitHub takes, in UTF-16 units.
const MAX_GROUP: usize = 400;

/// `concurrency`, evaluated. As on GitHub, the name must not be empty.
fn concurrency(
    written: &shipway_workflow::model::Concurrency,
    world: &World<'_>,
) -> Result<Concurrency, EvaluateError> {
    use shipway_workflow::model::Queue as Written;
    let group = written.group.render(world)?;
    if group.is_empty() {
        return Err(written.group.wrong("the name of a concurrency group must not be empty"));
    }
    if group.encode_utf16().count() > MAX_GROUP {
        let message =
            format!("the name of a concurrency group has {MAX_GROUP} characters at the most");
        return Err(written.group.wrong(&message));
    }
    let cancel = written.cancel_in_progress.as_ref().map(|value| value.evaluate(world));
    let cancel_in_progress = cancel.transpose()?.unwrap_or(false);
    let queue = match written.queue {
        Written::Single => Queue::Single,
        Written::Max => Queue::Max,
    };
    Ok(Concurrency { group, cancel_in_progress, queue })
}

fn why_skipped(run: &UnderWay, key: &JobKey, world: &World<'_>) -> String {
    if run.is_cancelling(key) {
        return "the run was called off".to_owned();
    }
    let before = run.jobs.iter().zip(world.before(key)).filter(|(_, before)| *before);
    let mut results = before.filter_map(|((other, job), _)| Some((other, job.result()?)));
    let in_the_way = results.find(|(_, result)| *result != RunResult::Success);
    match in_the_way {
        Some((other, result)) => format!("job `{other}`, which it needs, ended with {result}"),
        None => "its `if` does not hold".to_owned(),
    }
}
