//! Calls of workflows: what goes in, and what comes back.
//!
//! Source: "Reusing workflows" and the reference of `jobs.<job_id>.with`.

use indexmap::IndexMap;
use serde_json::json;
use shipway_workflow::expr::{EvaluateError, Value};
use shipway_workflow::model::CallJob;

use crate::concurrency::Concurrency;
use crate::ids::JobKey;
use crate::run::jobs::rank;
use crate::run::{Call, CallFrame, CalledWorkflow, JobEnd, JobState, RunResult, UnderWay, inputs};

use super::world::World;
use super::{concurrency, located};

/// The call of a job, and the concurrency group of the workflow that it calls.
pub(super) fn of(
    called: &CallJob,
    index: Option<usize>,
    world: &World<'_>,
) -> Result<(Call, Option<Concurrency>), String> {
    let Some((_, key)) = world.job else { return Err("only jobs call workflows".to_owned()) };
    let file = &world.workflow.file;
    let here = world.caller().and_then(|caller| caller.what.call.as_ref());
    let here = here.and_then(|call| world.spec.called.get(&call.workflow));
    let from = here.and_then(|here| here.from.as_ref());
    let target = CalledWorkflow::key(from, &called.uses);
    let at = called.uses.span.start;
    let not_known = |why: String| format!("{file}:{}:{}: {why}", at.line, at.column);
    let workflow = world.spec.called_workflow(&target).map_err(not_known)?;
    let Some(takes) = workflow.on.call() else {
        return Err(not_known(format!("`{target}` is not started by `workflow_call`")));
    };
    let given = called.with.evaluate(world).map_err(|error| located(file, &error))?;
    let callee = World::of_run(world.spec, &workflow);
    let inputs = inputs::of_call(takes, &given, &callee).map_err(not_known)?;
    let callee = callee.with([("inputs", serde_json::Value::Object(inputs.clone()).into())]);
    let group = workflow.concurrency.as_ref().map(|written| concurrency(written, &callee));
    let group = group.transpose().map_err(|error| located(&workflow.file, &error))?;
    let jobs = super::jobs(&workflow, |own| key.called(index, own))?;
    Ok((Call { workflow: target, inputs, jobs }, group))
}

/// How a call ended, all of whose jobs have: its result, and the outputs that
/// its workflow declares.
pub(in crate::run) fn end_of_call(
    run: &UnderWay,
    key: &JobKey,
    index: usize,
) -> Result<JobEnd, String> {
    let call = run.instance(key, index).and_then(|instance| instance.what.call.as_ref());
    let call = call.ok_or_else(|| format!("job `{key}` calls no workflow"))?;
    let workflow = run.spec.called_workflow(&call.workflow)?;
    let (mut result, mut why) = (RunResult::Skipped, None);
    let mut jobs = serde_json::Map::new();
    for (key, job) in run.called_by(key, index) {
        let JobState::Done { result: of, outputs, why: because } = &job.state else { continue };
        jobs.insert(key.own().to_owned(), json!({ "result": of.as_str(), "outputs": outputs }));
        if rank(*of) > rank(result) {
            (result, why) = (*of, because.clone());
        }
    }
    let inputs = serde_json::Value::Object(call.inputs.clone());
    let jobs = Value::from(serde_json::Value::Object(jobs));
    let world =
        World::of_run(&run.spec, &workflow).with([("inputs", Value::from(inputs)), ("jobs", jobs)]);
    let mut outputs = IndexMap::new();
    for (name, output) in workflow.on.call().into_iter().flat_map(|call| &call.outputs) {
        let wrong = |error: EvaluateError| located(&workflow.file, &error);
        outputs.insert(name.clone(), output.value.render(&world).map_err(wrong)?);
    }
    Ok(JobEnd { outputs, ..JobEnd::bare(result, why.filter(|_| result != RunResult::Success)) })
}

/// The calls that a job is in, the outermost first.
pub(in crate::run) fn frames(run: &UnderWay, key: &JobKey) -> Vec<CallFrame> {
    let callers = run.callers(key).into_iter().rev();
    let frame = |(job, index, instance): (JobKey, usize, &crate::run::Instance)| {
        let call = instance.what.call.as_ref()?;
        let (fail_fast, max, total) = match &run.jobs.get(&job)?.state {
            JobState::Running { instances, fail_fast, max_parallel, .. } => {
                (*fail_fast, *max_parallel, instances.len())
            }
            JobState::Waiting | JobState::Done { .. } => return None,
        };
        let strategy = json!({
            "fail-fast": fail_fast,
            "job-index": index,
            "job-total": total,
            "max-parallel": max.unwrap_or(total),
        });
        Some(CallFrame {
            needs: super::needs(run, &job),
            job,
            workflow: call.workflow.clone(),
            inputs: call.inputs.clone(),
            matrix: instance.what.matrix.clone(),
            strategy,
        })
    };
    callers.filter_map(frame).collect()
}
