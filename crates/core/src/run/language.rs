//! What the workflow's own text says about a job: whether it runs, as what
//! instances, and what it is told about the jobs it needs.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::{Map, json};
use shipway_workflow::expr::{Context, EvaluateError, Object, Status, Value};
use shipway_workflow::matrix::Combination;
use shipway_workflow::model::{self, JobKind, StepsJob, Strategy, Workflow};

use crate::ids::JobKey;

use super::github::github_context_of;
use super::{Expanded, Job, JobState, RunResult, RunSpec, UnderWay};

/// What becomes of a job whose needs are done.
pub(super) enum Judgement {
    Run { instances: Vec<Expanded>, fail_fast: bool, max_parallel: Option<usize> },
    Skip { why: String },
    Fail { why: String },
}

/// The workflow's jobs and what each needs, in the file's order; only one and
/// what it needs, if the run is restricted to it.
///
/// # Errors
/// Everything that is wrong with the text, rendered for people.
pub(super) fn jobs(spec: &RunSpec) -> Result<IndexMap<JobKey, Vec<JobKey>>, String> {
    let workflow = read(spec)?;
    let key = |id: &str| JobKey::new(id).map_err(|error| error.to_string());
    let mut jobs = IndexMap::new();
    for job in workflow.jobs.values() {
        let needs: Result<Vec<_>, _> = job.needs.iter().map(|need| key(need)).collect();
        jobs.insert(key(&job.id)?, needs?);
    }
    let Some(only) = &spec.only_job else { return Ok(jobs) };
    let Some(only) = jobs.keys().find(|key| key.as_str() == only).cloned() else {
        let known: Vec<&str> = jobs.keys().map(JobKey::as_str).collect();
        return Err(format!(
            "{} has no job `{only}`; its jobs are: {}",
            spec.path,
            known.join(", ")
        ));
    };
    let mut wanted = ancestors(&only, |key| jobs.get(key).map_or(&[], Vec::as_slice));
    wanted.insert(only);
    jobs.retain(|key, _| wanted.contains(key));
    Ok(jobs)
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
        Some((need.to_string(), json!({ "result": result.as_str(), "outputs": outputs })))
    };
    serde_json::Value::Object(needed.iter().filter_map(one).collect())
}

fn read(spec: &RunSpec) -> Result<Workflow, String> {
    Workflow::read(&spec.path, &spec.text).map_err(|problems| {
        let rendered: Vec<_> = problems.iter().map(|p| p.render(&spec.text)).collect();
        rendered.join("\n")
    })
}

fn judged(run: &UnderWay, key: &JobKey) -> Result<Judgement, String> {
    let workflow = read(&run.spec)?;
    let Some(job) = workflow.jobs.get(key.as_str()) else {
        return Err(format!("{} has no job `{key}` any more", run.spec.path));
    };
    let wrong = |error: EvaluateError| located(&run.spec, &error);
    let world = World::of(run, key, &workflow);
    if !job.condition.evaluate(&world).map_err(wrong)? {
        return Ok(Judgement::Skip { why: why_skipped(run, key, &world) });
    }
    let steps = match &job.kind {
        JobKind::Steps(steps) => steps,
        JobKind::Call(call) => {
            let at = call.uses.span.start;
            return Err(format!(
                "{}:{}:{}: job `{key}` calls another workflow (`uses`), which is not supported \
                 yet; write its steps into this file",
                run.spec.path, at.line, at.column
            ));
        }
    };
    let plan = job.strategy.as_ref().map(|strategy| strategy.evaluate(&world)).transpose();
    let plan = plan.map_err(wrong)?.unwrap_or_default();
    let instances = instances(job, steps, &plan, &world).map_err(wrong)?;
    let (fail_fast, max_parallel) = (plan.fail_fast, plan.max_parallel);
    Ok(Judgement::Run { instances, fail_fast, max_parallel })
}

fn located(spec: &RunSpec, error: &EvaluateError) -> String {
    let EvaluateError { message, expression, span } = error;
    format!("{}:{}:{}: `{expression}`: {message}", spec.path, span.start.line, span.start.column)
}

fn why_skipped(run: &UnderWay, key: &JobKey, world: &World<'_>) -> String {
    if run.cancelling {
        return "the run was called off".to_owned();
    }
    let in_the_way = run.jobs.iter().find_map(|(other, job)| match job.result()? {
        RunResult::Success => None,
        result if world.before(key).contains(other) => Some((other, result)),
        _ => None,
    });
    match in_the_way {
        Some((other, result)) => format!("job `{other}`, which it needs, ended with {result}"),
        None => "its `if` does not hold".to_owned(),
    }
}

fn instances(
    job: &model::Job,
    steps: &StepsJob,
    plan: &model::Plan,
    world: &World<'_>,
) -> Result<Vec<Expanded>, EvaluateError> {
    let has_matrix = match &job.strategy {
        Some(Strategy::Written { matrix, .. }) => matrix.is_some(),
        Some(Strategy::Computed(_)) => plan.combinations != model::Plan::default().combinations,
        None => false,
    };
    let total = plan.combinations.len();
    let one = |(index, combination): (usize, &Combination)| {
        let matrix = has_matrix.then(|| Value::from(combination.values.clone()));
        let strategy = json!({
            "fail-fast": plan.fail_fast,
            "job-index": index,
            "job-total": total,
            "max-parallel": plan.max_parallel.unwrap_or(total),
        });
        let world = world
            .with([("matrix", matrix.clone().unwrap_or_default()), ("strategy", strategy.into())]);
        let may_fail = steps.continue_on_error.as_ref().map(|value| value.evaluate(&world));
        Ok(Expanded {
            name: name(job, combination, &world)?,
            matrix: matrix.map_or(serde_json::Value::Null, |matrix| json!(matrix)),
            continue_on_error: may_fail.transpose()?.unwrap_or(false),
        })
    };
    plan.combinations.iter().enumerate().map(one).collect()
}

/// A name without an expression is the same for every combination: then the
/// combination's values follow it, as on GitHub.
fn name(
    job: &model::Job,
    combination: &Combination,
    world: &World<'_>,
) -> Result<String, EvaluateError> {
    match &job.name {
        None => Ok(combination.display_name(&job.id)),
        Some(name) if name.is_literal() => Ok(combination.display_name(name.text())),
        Some(name) => name.render(world),
    }
}

/// What the expressions of a job see.
#[derive(Clone)]
struct World<'a> {
    run: &'a UnderWay,
    key: &'a JobKey,
    contexts: Object,
}

impl<'a> World<'a> {
    fn of(run: &'a UnderWay, key: &'a JobKey, workflow: &Workflow) -> Self {
        let github: Map<_, _> = github_context_of(&run.spec, workflow.title());
        let inputs = serde_json::Value::Object(run.spec.inputs.clone());
        let contexts = Object::from_iter([
            ("github", Value::from(serde_json::Value::Object(github))),
            ("needs", needs(run, key).into()),
            ("vars", json!(run.spec.vars).into()),
            ("inputs", inputs.into()),
        ]);
        Self { run, key, contexts }
    }

    fn with(&self, more: [(&str, Value); 2]) -> Self {
        let mut world = self.clone();
        world.contexts.extend(more);
        world
    }

    /// Every job that has to be done before `key`, however far away.
    fn before(&self, key: &JobKey) -> BTreeSet<JobKey> {
        let needs = |key: &JobKey| -> &'a [JobKey] {
            self.run.jobs.get(key).map_or(&[], |job: &Job| job.needs.as_slice())
        };
        ancestors(key, needs)
    }
}

impl Context for World<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        self.contexts.get(name).cloned()
    }

    /// A job that was skipped or called off is no success, and no failure
    /// either: what needs it is skipped, unless its `if` says otherwise.
    fn status(&self, jobs: &[String]) -> Status {
        if self.run.cancelling {
            return Status::Cancelled;
        }
        let before = self.before(self.key);
        let asked = |key: &JobKey| {
            jobs.is_empty() || jobs.iter().any(|name| name.eq_ignore_ascii_case(key.as_str()))
        };
        let results = before.iter().filter(|key| asked(key));
        let results = results.filter_map(|key| self.run.jobs.get(key)?.result());
        results.fold(Status::Success, |status, result| match (result, status) {
            (RunResult::Failure, _) | (_, Status::Failure) => Status::Failure,
            (RunResult::Cancelled | RunResult::Skipped, _) => Status::Skipped,
            (RunResult::Success, status) => status,
        })
    }
}

/// What `key` needs, directly or not.
fn ancestors<'a>(key: &JobKey, needs: impl Fn(&JobKey) -> &'a [JobKey]) -> BTreeSet<JobKey> {
    let mut found = BTreeSet::new();
    let mut open: Vec<JobKey> = needs(key).to_vec();
    while let Some(key) = open.pop() {
        if found.insert(key.clone()) {
            open.extend_from_slice(needs(&key));
        }
    }
    found
}
