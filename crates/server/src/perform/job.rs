//! One job of a workflow, in a worker process.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use shipway_core::effect::{Done, EffectId, EffectKind, Failure, FailureCode, Outcome};
use shipway_core::run::{Annotation, JobEnd, JobSpec, RunResult, RunSpec, StepEnd};
use shipway_runner::client::{JobOutcome, Listen, Orders, run_job};
use shipway_runner::protocol::{
    Chunk, Event, Folders, JobResult, Outcome as StepOutcome, StepReport,
};
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::failpoint::{self, Point};

use super::Performer;
use super::output::Output;
use super::shell::storage;

impl Performer {
    pub(super) async fn run_job(
        &self,
        id: &EffectId,
        spec: &JobSpec,
        run: Option<&RunSpec>,
        cancel: CancellationToken,
    ) -> Outcome {
        let Some(run) = run else {
            let message = format!("the run {} is not known", spec.run);
            return Outcome::Failed { failure: Failure::new(FailureCode::Run, message) };
        };
        let work = match self.workspaces.take(&spec.run, &self.run_work(&spec.run)) {
            Ok(work) => work,
            Err(error) => return storage(&error),
        };
        let outcome = self.run_job_in(work.folders(), id, spec, run, cancel).await;
        self.workspaces.give_back(&spec.run, work);
        outcome.unwrap_or_else(|outcome| outcome)
    }

    async fn run_job_in(
        &self,
        folders: Folders,
        id: &EffectId,
        spec: &JobSpec,
        run: &RunSpec,
        cancel: CancellationToken,
    ) -> Result<Outcome, Outcome> {
        let mut message = self.message(folders, id, spec, run).await?;
        let admission = self.admit(&mut message, spec, run).await?;
        let log = JobLog::open(self, spec)?;
        let orders = Orders { cancel, ..Orders::default() };
        let mut listener = Listener { log, orders: orders.clone(), looking: Vec::new() };
        let outcome = run_job(&self.workers, message, &mut listener, orders).await;
        drop(admission);
        for looking in listener.looking {
            looking.await.flatten().map_err(|error| storage(&error))?;
        }
        listener.log.end(outcome)
    }
}

/// Hears what a job reports.
struct Listener<'a> {
    log: JobLog<'a>,
    orders: Orders,
    /// People look around where steps have failed.
    looking: Vec<JoinHandle<Result<(), JoinError>>>,
}

impl Listener<'_> {
    /// Gives a person the time to look around where a step has failed, and lets the
    /// job go on then. What it reports meanwhile is heard.
    fn look_around(&mut self, step: String, script: PathBuf) {
        let JobLog { performer, spec, .. } = &self.log;
        let (on_failure, spec) = (performer.on_failure.clone(), (*spec).clone());
        let go_on = Arc::clone(&self.orders.go_on);
        self.looking.push(tokio::spawn(async move {
            let look = move || on_failure.iter().for_each(|look| look(&spec, &step, &script));
            let looked = tokio::task::spawn_blocking(look).await;
            go_on.notify_one();
            looked
        }));
    }
}

impl Listen for Listener<'_> {
    async fn hear(&mut self, event: Event) {
        failpoint::hit(Point::During, EffectKind::RunJob);
        self.log.take(&event);
        if let Event::Held { name, script, .. } = event {
            self.look_around(name, script);
        }
    }
}

/// What a job writes: a blob, and while it runs a file by the job's name.
struct JobLog<'a> {
    performer: &'a Performer,
    spec: &'a JobSpec,
    output: Output,
    steps: Vec<StepEnd>,
    annotations: Vec<Annotation>,
    summary: String,
    url: Option<String>,
}

impl<'a> JobLog<'a> {
    fn open(performer: &'a Performer, spec: &'a JobSpec) -> Result<Self, Outcome> {
        let path = performer.folders.job_log(&spec.run, &spec.job, spec.index);
        // The worker has masked everything already.
        let masker = shipway_runner::mask::Masker::default();
        let output = Output::new(performer.store.blobs(), masker).map_err(|e| storage(&e))?;
        link(output.file(), &path).map_err(|e| storage(&e))?;
        let (steps, annotations, summary) = (Vec::new(), Vec::new(), String::new());
        Ok(Self { performer, spec, output, steps, annotations, summary, url: None })
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::Output { data, .. } => self.output.keep(data),
            Event::StepStarted { name, .. } => self.write(format!("▶ {name}\n")),
            Event::StepEnded(report) => self.step_ended(report),
            // It stands in the output as well.
            Event::Annotation(note) => self.annotations.push(note.clone()),
            Event::Summary { markdown, .. } => self.add_to_summary(markdown),
            Event::EnvironmentUrl { url } => self.url = Some(url.clone()),
            Event::Started { .. }
            | Event::Held { .. }
            | Event::Heartbeat
            | Event::JobEnded { .. } => {}
        }
        if let Some(tell) = &self.performer.live_output {
            tell(self.spec, event);
        }
    }

    fn add_to_summary(&mut self, markdown: &str) {
        self.summary.push_str(markdown);
        if !self.summary.ends_with('\n') {
            self.summary.push('\n');
        }
    }

    fn step_ended(&mut self, report: &StepReport) {
        let (result, outcome) = (result_of(report.conclusion), result_of(report.outcome));
        let why = report.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        if !self.output.is_at_line_start() {
            self.write("\n".to_owned());
        }
        let (mark, took) = (mark(result), Duration::from_millis(report.duration_ms));
        self.write(format!("{mark} {} ({took:.1?}){why}\n", report.name));
        let outcome = (outcome != result).then_some(outcome);
        let (name, reason) = (report.name.clone(), report.reason.clone());
        self.steps.push(StepEnd { name, result, outcome, reason, took });
    }

    fn write(&mut self, text: String) {
        self.output.keep(&Chunk::new(text));
    }

    fn end(self, outcome: JobOutcome) -> Result<Outcome, Outcome> {
        let (result, outputs, reason) = match outcome {
            JobOutcome::Ended { result, outputs, reason } => {
                let result = match result {
                    JobResult::Success => RunResult::Success,
                    JobResult::Failure => RunResult::Failure,
                    JobResult::Cancelled => RunResult::Cancelled,
                };
                (result, outputs, reason.map(|reason| reason.to_string()))
            }
            JobOutcome::Lost { reason } => (RunResult::Failure, IndexMap::new(), Some(reason)),
        };
        let (tail, log) = self.output.finish(result == RunResult::Failure);
        let log = Some(log.map_err(|error| storage(&error))?);
        let blobs = self.performer.store.blobs();
        let summary = match self.summary.as_str() {
            "" => None,
            text => Some(blobs.put(text.as_bytes()).map_err(|error| storage(&error))?.digest),
        };
        let (steps, annotations, url) = (self.steps, self.annotations, self.url);
        let end = JobEnd { result, outputs, reason, log, tail, steps, annotations, summary, url };
        Ok(Outcome::Done { result: Done::Job(Box::new(end)) })
    }
}

/// Makes `name` another name of the file at `path`, in a folder that may have to
/// be made first. What `name` was before is gone, and stays what it is under
/// other names.
fn link(path: &Path, name: &Path) -> io::Result<()> {
    let Err(error) = fs::hard_link(path, name) else { return Ok(()) };
    match error.kind() {
        io::ErrorKind::AlreadyExists => fs::remove_file(name)?,
        io::ErrorKind::NotFound => name.parent().map_or(Ok(()), fs::create_dir_all)?,
        _ => return Err(error),
    }
    fs::hard_link(path, name)
}

const fn result_of(outcome: StepOutcome) -> RunResult {
    match outcome {
        StepOutcome::Success => RunResult::Success,
        StepOutcome::Failure => RunResult::Failure,
        StepOutcome::Cancelled => RunResult::Cancelled,
        StepOutcome::Skipped => RunResult::Skipped,
    }
}

const fn mark(result: RunResult) -> &'static str {
    match result {
        RunResult::Success => "✓",
        RunResult::Failure => "✗",
        RunResult::Cancelled => "■",
        RunResult::Skipped => "–",
    }
}
