//! One job, from its folders to its result.

use std::fs;
use std::io;
use std::time::Duration;

use indexmap::IndexMap;
use shipway_workflow::expr::{EvaluateError, Status};

use crate::protocol::{Event, JobResult, Level, Reason};
use crate::worker::contexts::View;
use crate::worker::prepare::{Prepared, prepare};
use crate::worker::shared::Shared;
use crate::worker::state::JobState;
use crate::worker::step::{StepRun, from_minutes, static_name};

/// How a job ended.
pub(crate) struct JobEnd {
    pub(crate) result: JobResult,
    pub(crate) outputs: IndexMap<String, String>,
    pub(crate) reason: Option<Reason>,
}

impl JobEnd {
    fn failed(reason: Reason) -> Self {
        Self { result: JobResult::Failure, outputs: IndexMap::new(), reason: Some(reason) }
    }
}

/// Executes the job; nothing of it runs any more when this returns.
pub(crate) async fn execute(shared: &Shared) -> JobEnd {
    let prepared = match prepare(&shared.message) {
        Ok(prepared) => prepared,
        // It may quote the workflow, in which somebody may have written a secret.
        Err(message) => {
            let message = shared.masker.mask(&message);
            return JobEnd::failed(Reason::Refused { message });
        }
    };
    if let Err(error) = create_folders(shared) {
        return JobEnd::failed(Reason::Worker { message: error.to_string() });
    }
    let mut state = JobState::new();
    let time = match job_level(shared, &prepared, &mut state) {
        Ok(time) => time,
        Err(error) => {
            let at = error.span.start;
            let path = &shared.message.workflow.path;
            let message = format!("{path}:{}:{}: {}", at.line, at.column, error.message);
            return JobEnd::failed(Reason::Refused { message });
        }
    };
    let steps = prepared.job.steps.iter().map(|s| shared.masker.mask(&static_name(s))).collect();
    shared.reporter.send(Event::Started { pid: std::process::id(), steps }).await;
    let grace = Duration::from_millis(shared.message.limits.cancel_ms);
    tokio::select! {
        () = run_steps(shared, &prepared, &mut state) => {}
        () = shared.stop.watch(time, grace) => {}
    }
    finish(shared, &prepared, state).await
}

async fn run_steps(shared: &Shared, prepared: &Prepared, state: &mut JobState) {
    let defaults = [&prepared.job.defaults, &prepared.workflow.defaults];
    for (index, step) in prepared.job.steps.iter().enumerate() {
        if shared.stop.reason().is_some() {
            state.status = Status::Cancelled;
        }
        if shared.stop.is_overdue() {
            return;
        }
        StepRun { shared, index, step, defaults }.run(state).await;
    }
    if shared.stop.reason().is_some() {
        state.status = Status::Cancelled;
    }
}

/// The variables and the time that the job has.
fn job_level(
    shared: &Shared,
    prepared: &Prepared,
    state: &mut JobState,
) -> Result<Duration, EvaluateError> {
    let none = IndexMap::new();
    state.env.extend(shared.message.contexts.env.clone());
    for bindings in [&prepared.workflow.env, &prepared.job.env] {
        let found = bindings.render(&View::new(shared, state, "", &none))?;
        state.env.extend(found);
    }
    let view = View::new(shared, state, "", &none);
    let minutes = prepared.job.timeout_minutes.as_ref().map(|t| t.evaluate(&view)).transpose()?;
    let asked = minutes.filter(|minutes| *minutes > 0.0).and_then(from_minutes);
    Ok(asked.unwrap_or(Duration::from_millis(shared.message.limits.timeout_ms)))
}

fn create_folders(shared: &Shared) -> io::Result<()> {
    let folders = &shared.message.folders;
    let event_file = shared.event_file();
    let event_folder = event_file.parent().unwrap_or(&folders.temp).to_owned();
    let tools = folders.temp.join("_tool");
    for folder in [&folders.workspace, &folders.artifacts, &shared.temp(), &tools, &event_folder] {
        fs::create_dir_all(folder).map_err(|error| {
            io::Error::new(error.kind(), format!("cannot create {}: {error}", folder.display()))
        })?;
    }
    fs::write(&event_file, serde_json::to_vec(&shared.message.event)?).map_err(|error| {
        io::Error::new(error.kind(), format!("cannot write {}: {error}", event_file.display()))
    })
}

/// Ends what steps left running, and evaluates the job's outputs.
async fn finish(shared: &Shared, prepared: &Prepared, mut state: JobState) -> JobEnd {
    let mut reason = state.reason.take();
    for mut child in std::mem::take(&mut state.running) {
        if let Err(error) = child.kill_all().await {
            reason = Some(Reason::Worker { message: error.to_string() });
            state.status = Status::Failure;
        }
    }
    // Nothing holds their pipes open any more, so they end.
    while state.readers.join_next().await.is_some() {}
    let outputs = match outputs(shared, prepared, &state).await {
        Ok(outputs) => outputs,
        Err(error) => {
            let at = error.span.start;
            let path = &shared.message.workflow.path;
            let message = format!("{path}:{}:{}: {}", at.line, at.column, error.message);
            return JobEnd::failed(Reason::Worker { message });
        }
    };
    let result = match state.status {
        Status::Success | Status::Skipped => JobResult::Success,
        Status::Failure => JobResult::Failure,
        Status::Cancelled => JobResult::Cancelled,
    };
    let stopped = (result == JobResult::Cancelled).then(|| shared.stop.reason().cloned()).flatten();
    let reason = stopped.or(reason).filter(|_| result != JobResult::Success);
    JobEnd { result, outputs, reason }
}

/// The job's outputs. One that contains a secret is left out, as on GitHub.
async fn outputs(
    shared: &Shared,
    prepared: &Prepared,
    state: &JobState,
) -> Result<IndexMap<String, String>, EvaluateError> {
    let all = {
        let view = View::new(shared, state, "", &IndexMap::new());
        prepared.job.outputs.render(&view)?
    };
    let mut outputs = IndexMap::new();
    for (name, value) in all {
        if value.is_empty() {
            continue;
        }
        if shared.masker.hides(&value) {
            let message = format!("Skip output '{name}' since it may contain secret.");
            shared.reporter.annotate(None, Level::Warning, &message).await;
            continue;
        }
        outputs.insert(name, value);
    }
    Ok(outputs)
}
