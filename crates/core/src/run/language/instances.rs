//! The instances that a job becomes, and what each of them needs to begin.

use serde_json::json;
use shipway_workflow::expr::{EvaluateError, Value};
use shipway_workflow::matrix::Combination;
use shipway_workflow::model::{self, CallJob, JobKind, Plan, StepsJob};

use crate::config::{DeployedBy, Follows};
use crate::ids::EnvName;
use crate::run::machine_labels::serves;
use crate::run::{CacheMode, Expanded, Gate, github};

use super::world::World;
use super::{call, concurrency, located};
use crate::run::permissions::Granted;

pub(super) fn of(
    job: &model::Job,
    plan: &Plan,
    world: &World<'_>,
) -> Result<Vec<Expanded>, String> {
    let has_matrix = plan.has_matrix();
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
        let matrix = matrix.map_or(serde_json::Value::Null, |matrix| json!(matrix));
        let index = has_matrix.then_some(index);
        instance(job, combination, (index, matrix), &world)
    };
    let wishes = &world.spec.rules.wishes;
    let wanted = |(_, combination): &(usize, &Combination)| wishes.wants(combination);
    let instances = plan.combinations.iter().enumerate().filter(wanted).map(one);
    let instances = instances.collect::<Result<Vec<_>, _>>()?;
    if instances.is_empty() {
        let all: Vec<String> = plan.combinations.iter().map(Combination::label).collect();
        return Err(format!("no combination is wanted; there are: {}", all.join("; ")));
    }
    Ok(instances)
}

fn instance(
    job: &model::Job,
    combination: &Combination,
    (index, matrix): (Option<usize>, serde_json::Value),
    world: &World<'_>,
) -> Result<Expanded, String> {
    let wrong = |error: EvaluateError| located(&world.workflow.file, &error);
    let name = name(job, combination, world).map_err(wrong)?;
    let group = job.concurrency.as_ref().map(|written| concurrency(written, world));
    let group = group.transpose().map_err(wrong)?;
    let plain = Expanded {
        name,
        matrix,
        continue_on_error: false,
        gates: group.map(Gate::Concurrency).into_iter().collect(),
        call: None,
        permissions: permissions(job, world),
        cache_mode: cache_mode(job, world)?,
        environment: None,
        cannot: None,
    };
    match &job.kind {
        JobKind::Steps(steps) => with_steps(plain, steps, world).map_err(wrong),
        JobKind::Call(called) => with_call(plain, called, index, world),
    }
}

fn with_steps(
    mut instance: Expanded,
    steps: &StepsJob,
    world: &World<'_>,
) -> Result<Expanded, EvaluateError> {
    let may_fail = steps.continue_on_error.as_ref().map(|value| value.evaluate(world));
    instance.continue_on_error = may_fail.transpose()?.unwrap_or(false);
    let runner = steps.runs_on.evaluate(world)?;
    instance.cannot = serves(world.spec.rules.labels.as_deref(), &runner).err();
    let Some(environment) = &steps.environment else { return Ok(instance) };
    let name = environment.name.render(world)?;
    if name.is_empty() {
        return Ok(instance);
    }
    let record = environment.deployment.as_ref().map(|value| value.evaluate(world));
    let record = record.transpose()?.unwrap_or(true);
    match gate_of(world, &name, record) {
        Ok(gate) => instance.gates.extend(gate),
        Err(why) => instance.cannot = Some(why),
    }
    instance.environment = Some(name);
    Ok(instance)
}

/// The gate of an environment; none in a project without a configuration, where
/// every name stands for a place without rules.
fn gate_of(world: &World<'_>, name: &str, record: bool) -> Result<Option<Gate>, String> {
    let Some(known) = &world.spec.rules.environments else { return Ok(None) };
    let found = EnvName::new(name).ok().and_then(|name| known.get_key_value(&name));
    let Some((name, rules)) = found else {
        return Err(format!(
            "shipway.yaml has no environment `{name}`; add it under `environments` with \
             `deployed_by: workflow`"
        ));
    };
    if rules.deployed_by != DeployedBy::Workflow {
        return Err(format!(
            "`{name}` is deployed by Shipway itself, and never by a workflow as well; write \
             `deployed_by: workflow` in shipway.yaml if jobs deploy there"
        ));
    }
    let git_ref = &world.spec.trigger.git_ref;
    match &rules.follows {
        Follows::Branch(branch) if *git_ref != format!("refs/heads/{branch}") => Err(format!(
            "`{name}` takes the branch `{branch}` only, and this run is for `{git_ref}`"
        )),
        Follows::Branch(_) | Follows::From(_) | Follows::Manual => {
            Ok(Some(Gate::Environment { name: name.clone(), record }))
        }
    }
}

fn with_call(
    mut instance: Expanded,
    called: &CallJob,
    index: Option<usize>,
    world: &World<'_>,
) -> Result<Expanded, String> {
    let (call, group) = call::of(called, index, world)?;
    instance.gates.extend(group.map(Gate::Concurrency));
    instance.call = Some(Box::new(call));
    Ok(instance)
}

/// What the job's token may do: what it or its workflow says, no more than the
/// caller has, and only reading for a fork.
fn permissions(job: &model::Job, world: &World<'_>) -> Granted {
    let caller = world.caller().map(|caller| &caller.what.permissions);
    let written = job.permissions.as_ref().or(world.workflow.permissions.as_ref());
    let granted = match (written, caller) {
        (Some(written), Some(caller)) => Granted::written(written).within(caller),
        (Some(written), None) => Granted::written(written),
        (None, Some(caller)) => caller.clone(),
        (None, None) => Granted::by_default(world.spec.rules.permissions),
    };
    if github::is_from_fork(&world.spec.trigger) { granted.reading() } else { granted }
}

/// What the job may do with caches: what it or its workflow says, no more than
/// the caller may, and never saving for a fork.
fn cache_mode(job: &model::Job, world: &World<'_>) -> Result<CacheMode, String> {
    let trigger = &world.spec.trigger;
    let caller = world.caller().map(|caller| caller.what.cache_mode);
    let usual = caller.unwrap_or_else(|| CacheMode::by_default(trigger));
    let written = job.cache_mode.as_ref().or(world.workflow.cache_mode.as_ref());
    let mode = match written {
        None => usual,
        Some(written) => {
            let place = |why: &dyn std::fmt::Display| {
                let at = written.span.start;
                format!("{}:{}:{}: {why}", world.workflow.file, at.line, at.column)
            };
            let text = written.render(world).map_err(|error| place(&error.message))?;
            let mode: CacheMode = text.parse().map_err(|error| place(&error))?;
            mode.within(caller.unwrap_or(mode))
        }
    };
    let from_fork = github::is_from_fork(trigger);
    Ok(if from_fork { mode.within(CacheMode::Read) } else { mode })
}

/// A name without an expression is the same for every combination: then the
/// combination's values follow it, as on GitHub. The calls that it is in stand
/// before it.
fn name(
    job: &model::Job,
    combination: &Combination,
    world: &World<'_>,
) -> Result<String, EvaluateError> {
    let own = job.display_name(combination, world)?;
    Ok(match world.caller() {
        Some(caller) => format!("{} / {own}", caller.what.name),
        None => own,
    })
}
