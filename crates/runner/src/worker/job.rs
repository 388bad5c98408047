//! One job, from its folders to its result.

mod background;
mod control;
mod units;

use std::fs;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use shipway_workflow::expr::{EvaluateError, Status, Template};
use shipway_workflow::model::Defaults;

use crate::protocol::{Event, JobResult, Level, Reason};
use crate::worker::action::catalog::Catalog;
use crate::worker::container::Wanted;
use crate::worker::contexts::View;
use crate::worker::kept_file::{EVERYBODY, overwrite};
use crate::worker::prepare::{Prepared, prepare};
use crate::worker::shared::Shared;
use crate::worker::state::State;
use crate::worker::step::{Frame, Occurrence, Recorded, from_minutes};

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

/// `defaults.run`, evaluated once, before the first step.
#[derive(Default)]
pub(crate) struct RunDefaults {
    pub(crate) shell: Option<String>,
    pub(crate) working_directory: Option<String>,
}

/// A job that is being executed.
pub(crate) struct JobRun<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) state: State,
    /// The job's own steps.
    pub(crate) frame: Arc<Frame>,
    /// What `run` gets unless a step says otherwise.
    pub(crate) defaults: RunDefaults,
    /// The actions that it uses.
    pub(crate) catalog: Catalog,
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
    let frame = Frame::of_job(&shared.message.workflow.path, &prepared.job.steps);
    let (state, defaults, catalog) = (State::new(), RunDefaults::default(), Catalog::default());
    let mut job = JobRun { shared, state, frame: Arc::new(frame), defaults, catalog };
    let time = match job_level(&mut job, &prepared) {
        Ok(time) => time,
        Err(error) => {
            let message = job.wrong(&error);
            return JobEnd::failed(Reason::Refused { message });
        }
    };
    let wanted = match Wanted::of(&job, &prepared.job).await {
        Ok(wanted) => wanted,
        Err(error) => {
            let message = job.wrong(&error);
            return JobEnd::failed(Reason::Refused { message });
        }
    };
    let grace = Duration::from_millis(shared.message.limits.cancel_ms);
    let ran = tokio::select! {
        ran = units::run(&job, wanted) => ran,
        () = shared.stop.watch(time, grace) => Ok(()),
    };
    match ran {
        Ok(()) => finish(&job, &prepared).await,
        Err(message) => {
            let message = shared.masker.mask(&message);
            JobEnd::failed(Reason::Refused { message })
        }
    }
}

impl JobRun<'_> {
    /// What a step did in the background counts from now on.
    fn reveal(&self, at: &Occurrence) {
        let Some(deferred) = at.take_deferred() else { return };
        {
            let mut state = self.state.lock();
            state.env.extend(deferred.env);
            deferred.paths.iter().for_each(|folder| state.prepend_path(folder));
        }
        if let (Some(id), Some(result)) = (&at.step.id, deferred.result) {
            let Recorded { outcome, conclusion, outputs } = result;
            self.frame.record(&id.value, outcome, conclusion, &outputs);
        }
    }

    /// From here on the job counts as cancelled, if it was stopped.
    pub(crate) fn note_stop(&self) {
        if self.shared.stop.reason().is_some() {
            self.state.lock().status = Status::Cancelled;
        }
    }

    /// What is wrong with an expression of the workflow, and where.
    fn wrong(&self, error: &EvaluateError) -> String {
        let at = error.span.start;
        format!("{}:{}:{}: {}", self.frame.file, at.line, at.column, error.message)
    }
}

/// The variables, the defaults and the time that the job has.
fn job_level(job: &mut JobRun<'_>, prepared: &Prepared) -> Result<Duration, EvaluateError> {
    job.state.lock().env.extend(job.shared.message.contexts.env.clone());
    for bindings in [&prepared.workflow.env, &prepared.job.env] {
        let found = bindings.render(&View::of_job(job))?;
        job.state.lock().env.extend(found);
    }
    job.defaults = defaults(prepared.job.defaults.or(&prepared.workflow.defaults), job)?;
    let view = View::of_job(job);
    let minutes = prepared.job.timeout_minutes.as_ref().map(|t| t.evaluate(&view)).transpose()?;
    let asked = minutes.flatten().and_then(from_minutes);
    Ok(asked.unwrap_or(Duration::from_millis(job.shared.message.limits.timeout_ms)))
}

/// What is written must not come to nothing.
fn defaults(written: &Defaults, job: &JobRun<'_>) -> Result<RunDefaults, EvaluateError> {
    let view = View::of_job(job);
    let evaluated = |name: &str, template: Option<&Template>| {
        let Some(template) = template else { return Ok(None) };
        match template.render(&view)? {
            text if text.is_empty() => {
                Err(template.wrong(&format!("`{name}` of `defaults` must not be empty")))
            }
            text => Ok(Some(text)),
        }
    };
    Ok(RunDefaults {
        shell: evaluated("shell", written.shell.as_ref())?,
        working_directory: evaluated("working-directory", written.working_directory.as_ref())?,
    })
}

fn create_folders(shared: &Shared) -> io::Result<()> {
    let folders = &shared.message.folders;
    let event_file = folders.event_file();
    let event_folder = event_file.parent().unwrap_or(&folders.temp);
    if !shared.is_furnished {
        for folder in [&folders.workspace, &folders.for_steps(), &folders.tools(), event_folder] {
            fs::create_dir_all(folder).map_err(|error| {
                io::Error::new(error.kind(), format!("cannot create {}: {error}", folder.display()))
            })?;
        }
    }
    let event = serde_json::to_vec(&shared.message.event)?;
    overwrite(&event_file, &event, EVERYBODY).map_err(|error| {
        io::Error::new(error.kind(), format!("cannot write {}: {error}", event_file.display()))
    })
}

/// Ends what steps left running, and evaluates the job's outputs.
async fn finish(job: &JobRun<'_>, prepared: &Prepared) -> JobEnd {
    let (running, mut readers) = {
        let mut state = job.state.lock();
        (std::mem::take(&mut state.running), std::mem::take(&mut state.readers))
    };
    for mut child in running {
        if let Err(error) = child.kill_all().await {
            let mut state = job.state.lock();
            state.reason = Some(Reason::Worker { message: error.to_string() });
            state.status = Status::Failure;
        }
    }
    // Nothing holds their pipes open any more, so they end.
    while readers.join_next().await.is_some() {}
    job.shared.leave_files();
    if let Err(error) = job.shared.containers.finish(job.shared).await {
        let mut state = job.state.lock();
        state.reason = Some(Reason::Worker { message: error.to_string() });
        state.status = Status::Failure;
    }
    let outputs = match outputs(job, prepared).await {
        Ok(outputs) => outputs,
        Err(error) => return JobEnd::failed(Reason::Worker { message: job.wrong(&error) }),
    };
    if let Err(message) = tell_environment(job, prepared).await {
        job.state.lock().fail(Reason::Worker { message });
    }
    let mut state = job.state.lock();
    let result = match state.status {
        Status::Success | Status::Skipped => JobResult::Success,
        Status::Failure => JobResult::Failure,
        Status::Cancelled => JobResult::Cancelled,
    };
    let cancelled = result == JobResult::Cancelled;
    let stopped = cancelled.then(|| job.shared.stop.reason().cloned()).flatten();
    let reason = stopped.or(state.reason.take()).filter(|_| result != JobResult::Success);
    JobEnd { result, outputs, reason }
}

/// Where the environment answers that the job deployed to. One that contains a secret is left out,
/// as on GitHub.
///
/// # Errors
/// It has no value, which fails the job; people know.
async fn tell_environment(job: &JobRun<'_>, prepared: &Prepared) -> Result<(), String> {
    let environment = prepared.job.environment.as_ref();
    let written = environment.and_then(|environment| environment.url.as_ref());
    let Some(written) = written else { return Ok(()) };
    let (shared, rendered) = (job.shared, written.render(&View::of_job(job)));
    match rendered {
        Ok(url) if url.is_empty() => {}
        Ok(url) if shared.masker.hides(&url) => {
            let message = "Skip setting environment url as it may contain secret.";
            shared.reporter.annotate(None, Level::Warning, message).await;
        }
        Ok(url) => shared.reporter.send(Event::EnvironmentUrl { url }).await,
        Err(error) => {
            let message = format!("Failed to evaluate environment url: {}", job.wrong(&error));
            shared.reporter.annotate(None, Level::Error, &message).await;
            return Err(shared.masker.mask(&message));
        }
    }
    Ok(())
}

/// The job's outputs. One that contains a secret is left out, as on GitHub.
async fn outputs(
    job: &JobRun<'_>,
    prepared: &Prepared,
) -> Result<IndexMap<String, String>, EvaluateError> {
    let shared = job.shared;
    let all = prepared.job.outputs.render(&View::of_job(job))?;
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
