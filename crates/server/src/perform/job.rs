//! One job of a workflow, in a worker process.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use shipway_core::effect::{Done, EffectId, EffectKind, Failure, FailureCode, Outcome};
use shipway_core::run::{JobEnd, JobSpec, RunResult, RunSpec, StepEnd, github_context};
use shipway_runner::client::{JobOutcome, run_job};
use shipway_runner::protocol::{
    Contexts, Event, Folders, JobMessage, JobResult, Limits, PROTOCOL, Secret, Source, StepReport,
    WorkflowFile,
};
use tokio::sync::mpsc;
use tokio::task::block_in_place;
use tokio_util::sync::CancellationToken;

use crate::bundle;
use crate::failpoint::{self, Point};
use crate::material::secret;

use super::Performer;
use super::output::Output;
use super::shell::storage;

/// Longer lines are shown in parts while they are written.
const LONGEST_SHOWN: usize = 16 * 1024;
/// Events of a job on their way; a full channel slows the job down.
const EVENTS: usize = 256;

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
        let work = self.folders.work(&format!("{}-{}-{}", spec.run, spec.job, spec.index));
        let outcome = self.run_job_in(work.clone(), id, spec, run, cancel).await;
        if let Err(error) = block_in_place(|| bundle::remove(&work)) {
            tracing::warn!(%error, dir = %work.display(), "a workspace cannot be removed");
        }
        outcome.unwrap_or_else(|outcome| outcome)
    }

    async fn run_job_in(
        &self,
        work: PathBuf,
        id: &EffectId,
        spec: &JobSpec,
        run: &RunSpec,
        cancel: CancellationToken,
    ) -> Result<Outcome, Outcome> {
        block_in_place(|| bundle::remove(&work)).map_err(|error| storage(&error))?;
        let message = self.message(&work, id, spec, run)?;
        let mut log = JobLog::open(self, spec)?;
        let (send, mut events) = mpsc::channel(EVENTS);
        let job = run_job(&self.worker, message, send, cancel);
        let listening = async {
            while let Some(event) = events.recv().await {
                failpoint::hit(Point::During, EffectKind::RunJob);
                log.take(&event);
            }
        };
        let (outcome, ()) = tokio::join!(job, listening);
        log.end(outcome)
    }

    fn message(
        &self,
        work: &std::path::Path,
        id: &EffectId,
        spec: &JobSpec,
        run: &RunSpec,
    ) -> Result<JobMessage, Outcome> {
        let branch = run.trigger.git_ref.strip_prefix("refs/heads/").map(str::to_owned);
        Ok(JobMessage {
            protocol: PROTOCOL,
            effect: self.process_name(id),
            run: spec.run.clone(),
            job: spec.job.clone(),
            attempt: 1,
            name: spec.name.clone(),
            workflow: WorkflowFile { path: run.path.clone(), text: run.text.clone() },
            matrix: object(&spec.matrix),
            strategy: strategy(spec),
            contexts: Contexts {
                github: github_context(run).into_iter().collect(),
                vars: run.vars.clone(),
                secrets: self.job_secrets(run)?,
                needs: object(&spec.needs),
                inputs: run.inputs.clone().into_iter().collect(),
                env: IndexMap::new(),
            },
            event: run.trigger.payload.clone(),
            source: Source {
                repository: PathBuf::from(&run.repository),
                commit: run.commit.id.clone(),
                branch,
            },
            folders: Folders {
                workspace: work.join("workspace"),
                temp: work.join("temp"),
                artifacts: self.folders.artifacts(&spec.run),
            },
            limits: Limits::default(),
        })
    }

    fn job_secrets(&self, run: &RunSpec) -> Result<BTreeMap<String, Secret>, Outcome> {
        let mut secrets = BTreeMap::new();
        let given = |name: &str| self.secrets.contains_key(name);
        for (name, source) in run.secrets.iter().filter(|(name, _)| !given(name)) {
            let value = secret(name, source).map_err(|error| storage(&error))?;
            secrets.insert(name.clone(), Secret::new(value.reveal()));
        }
        for (name, value) in &self.secrets {
            secrets.insert(name.clone(), Secret::new(value.reveal()));
        }
        Ok(secrets)
    }
}

fn object(value: &Value) -> IndexMap<String, Value> {
    let map = value.as_object().cloned().unwrap_or_else(Map::new);
    map.into_iter().collect()
}

/// `strategy`, as GitHub has it: also of a job without a matrix.
fn strategy(spec: &JobSpec) -> IndexMap<String, Value> {
    let max = spec.max_parallel.unwrap_or(spec.total);
    IndexMap::from([
        ("fail-fast".to_owned(), json!(spec.fail_fast)),
        ("job-index".to_owned(), json!(spec.index)),
        ("job-total".to_owned(), json!(spec.total)),
        ("max-parallel".to_owned(), json!(max)),
    ])
}

/// What a job writes: to a file while it runs, to a blob for good.
struct JobLog<'a> {
    performer: &'a Performer,
    name: String,
    live: File,
    output: Output,
    steps: Vec<StepEnd>,
    line: Vec<u8>,
}

impl<'a> JobLog<'a> {
    fn open(performer: &'a Performer, spec: &JobSpec) -> Result<Self, Outcome> {
        let path = performer.folders.job_log(&spec.run, &spec.job, spec.index);
        let parent = path.parent().map_or(Ok(()), fs::create_dir_all);
        let live = parent.and_then(|()| File::create(&path)).map_err(|e| storage(&e))?;
        // The worker has masked everything already.
        let masker = shipway_runner::mask::Masker::default();
        let output = Output::new(performer.store.blobs(), masker).map_err(|e| storage(&e))?;
        let (name, steps, line) = (spec.name.clone(), Vec::new(), Vec::new());
        Ok(Self { performer, name, live, output, steps, line })
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::Output { data, .. } => self.write(data.as_bytes()),
            Event::StepStarted { name, .. } => self.write(format!("▶ {name}\n").as_bytes()),
            Event::StepEnded(report) => self.step_ended(report),
            Event::Annotation(note) => {
                let place = note.file.as_ref().map_or_else(String::new, |file| {
                    note.line.map_or_else(|| format!("{file}: "), |line| format!("{file}:{line}: "))
                });
                self.write(format!("{:?}: {place}{}\n", note.level, note.message).as_bytes());
            }
            Event::Started { .. }
            | Event::Summary { .. }
            | Event::Heartbeat
            | Event::JobEnded { .. } => {}
        }
    }

    fn step_ended(&mut self, report: &StepReport) {
        let result = match report.conclusion.as_str() {
            "success" => RunResult::Success,
            "skipped" => RunResult::Skipped,
            "cancelled" => RunResult::Cancelled,
            _ => RunResult::Failure,
        };
        let why = report.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        let (mark, took) = (mark(result), Duration::from_millis(report.duration_ms));
        self.write(format!("{mark} {} ({took:.1?}){why}\n", report.name).as_bytes());
        self.steps.push(StepEnd { name: report.name.clone(), result, took });
    }

    fn write(&mut self, bytes: &[u8]) {
        let seen = self.output.write(bytes);
        // The file is for whoever looks on; the blob is what is kept.
        if let Err(error) = self.live.write_all(&seen) {
            tracing::warn!(%error, job = self.name, "a job's log cannot be written");
        }
        let Some(tell) = &self.performer.live_output else { return };
        for byte in seen {
            if byte != b'\n' {
                self.line.push(byte);
            }
            // Who looks on need not wait for the end of a line without end.
            if byte == b'\n' || self.line.len() == LONGEST_SHOWN {
                tell(&self.name, &String::from_utf8_lossy(&self.line));
                self.line.clear();
            }
        }
    }

    fn end(self, outcome: JobOutcome) -> Result<Outcome, Outcome> {
        if let Some(tell) = &self.performer.live_output
            && !self.line.is_empty()
        {
            tell(&self.name, &String::from_utf8_lossy(&self.line));
        }
        let (tail, log) = self.output.finish();
        let log = Some(log.map_err(|error| storage(&error))?);
        let end = match outcome {
            JobOutcome::Ended { result, outputs, reason } => {
                let result = match result {
                    JobResult::Success => RunResult::Success,
                    JobResult::Failure => RunResult::Failure,
                    JobResult::Cancelled => RunResult::Cancelled,
                };
                let reason = reason.map(|reason| reason.to_string());
                let tail = if result == RunResult::Failure { tail } else { Vec::new() };
                JobEnd { result, outputs, reason, log, tail, steps: self.steps }
            }
            JobOutcome::Lost { reason } => JobEnd {
                result: RunResult::Failure,
                outputs: IndexMap::new(),
                reason: Some(reason),
                log,
                tail,
                steps: self.steps,
            },
        };
        Ok(Outcome::Done { result: Done::Job(Box::new(end)) })
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
