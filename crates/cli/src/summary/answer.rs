//! What `--json` answers about runs.

use indexmap::IndexMap;
use serde::Serialize;
use shipway_core::digest::Digest;
use shipway_core::ids::{JobKey, PlanId, RunId};
use shipway_core::plan::{End, NotRun};
use shipway_core::run::{Annotation, JobEnd, RunResult, StepEnd};
use shipway_core::view::{InstanceView, JobView, RunView};
use shipway_store::Blobs;

use crate::error::CliError;
use crate::print;
use crate::project::Project;

/// What came of a plan's runs.
#[derive(Debug, Serialize)]
pub(crate) struct Answer<'a> {
    pub(crate) plan: &'a PlanId,
    /// `success`, or how the first run that did not succeed ended.
    pub(crate) result: RunResult,
    /// Why, where it is not success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    pub(crate) runs: Vec<RunAnswer>,
    pub(crate) not_run: &'a [NotRun],
}

/// One run.
#[derive(Debug, Serialize)]
pub(crate) struct RunAnswer {
    pub(crate) run: RunId,
    /// The workflow's file.
    pub(crate) path: String,
    /// The workflow's name for people.
    pub(crate) name: String,
    pub(crate) event: String,
    /// None while it is not over.
    pub(crate) result: Option<RunResult>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
    pub(crate) ms: u64,
    pub(crate) jobs: Vec<JobAnswer>,
}

/// One job: each combination of a matrix is one.
#[derive(Debug, Serialize)]
pub(crate) struct JobAnswer {
    pub(crate) id: JobKey,
    pub(crate) index: usize,
    pub(crate) name: String,
    #[serde(skip_serializing_if = "serde_json::Value::is_null")]
    pub(crate) matrix: serde_json::Value,
    /// None while it is not over.
    pub(crate) result: Option<RunResult>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
    pub(crate) ms: u64,
    pub(crate) outputs: IndexMap<String, String>,
    pub(crate) steps: Vec<StepAnswer>,
    pub(crate) annotations: Vec<Annotation>,
    /// What its steps wrote for the summary page, Markdown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) summary: String,
    /// The file that holds what it wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) log: Option<String>,
}

/// One step.
#[derive(Debug, Serialize)]
pub(crate) struct StepAnswer {
    pub(crate) name: String,
    /// Before `continue-on-error`.
    pub(crate) outcome: RunResult,
    /// After it.
    pub(crate) conclusion: RunResult,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    pub(crate) ms: u64,
}

impl<'a> Answer<'a> {
    pub(crate) fn new(
        plan: &'a PlanId,
        end: &End,
        runs: Vec<RunAnswer>,
        not_run: &'a [NotRun],
    ) -> Self {
        let bad = runs.iter().filter_map(|run| run.result);
        let bad = bad.filter(|result| !matches!(result, RunResult::Success | RunResult::Skipped));
        let (result, message) = match end {
            End::Delivered => (RunResult::Success, None),
            End::Failed { failure } => (
                bad.into_iter().next().unwrap_or(RunResult::Failure),
                Some(failure.message.clone()),
            ),
        };
        Self { plan, result, message, runs, not_run }
    }
}

impl RunAnswer {
    /// Reads what the jobs left in the project's store.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn new(
        project: &Project,
        id: &RunId,
        name: &str,
        run: &RunView,
    ) -> Result<Self, CliError> {
        let mut jobs = Vec::new();
        for (key, job) in &run.jobs {
            match job {
                JobView::Waiting { .. } => jobs.push(JobAnswer::bare(key, None, None)),
                JobView::NotRun { result, why } => {
                    jobs.push(JobAnswer::bare(key, Some(*result), Some(why.clone())));
                }
                JobView::Expanded(instances) => {
                    for (index, instance) in instances.iter().enumerate() {
                        if instance.is_told_by_others() {
                            continue;
                        }
                        let mut job = JobAnswer::new(project.store.blobs(), key, index, instance)?;
                        let log = project.folders.job_log(id, key, index);
                        job.log = log.is_file().then(|| log.display().to_string());
                        jobs.push(job);
                    }
                }
            }
        }
        let end = run.end.as_ref();
        Ok(Self {
            run: id.clone(),
            path: run.spec.path.clone(),
            name: name.to_owned(),
            event: run.spec.trigger.event.clone(),
            result: end.map(|end| end.result),
            why: end.and_then(|end| end.why.clone()),
            ms: end.map_or(0, |end| millis(run.started, end.at)),
            jobs,
        })
    }
}

impl JobAnswer {
    fn bare(key: &JobKey, result: Option<RunResult>, why: Option<String>) -> Self {
        Self {
            id: key.clone(),
            index: 0,
            name: key.to_string(),
            matrix: serde_json::Value::Null,
            result,
            why,
            ms: 0,
            outputs: IndexMap::new(),
            steps: Vec::new(),
            annotations: Vec::new(),
            summary: String::new(),
            log: None,
        }
    }

    fn new(
        blobs: &Blobs,
        key: &JobKey,
        index: usize,
        instance: &InstanceView,
    ) -> Result<Self, CliError> {
        let (name, matrix) = (instance.what.name.clone(), instance.what.matrix.clone());
        let bare = Self { index, name, matrix, ..Self::bare(key, None, None) };
        let Some((end, at)) = &instance.end else { return Ok(bare) };
        let JobEnd { result, outputs, reason, steps, annotations, summary, .. } = end;
        Ok(Self {
            result: Some(*result),
            why: reason.clone(),
            ms: instance.started.map_or(0, |from| millis(from, *at)),
            outputs: outputs.clone(),
            steps: steps.iter().map(StepAnswer::new).collect(),
            annotations: annotations.clone(),
            summary: summary.map(|digest| text(blobs, digest)).transpose()?.unwrap_or_default(),
            ..bare
        })
    }
}

impl StepAnswer {
    fn new(step: &StepEnd) -> Self {
        Self {
            name: step.name.clone(),
            outcome: step.outcome.unwrap_or(step.result),
            conclusion: step.result,
            reason: step.reason.clone(),
            ms: u64::try_from(step.took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

fn text(blobs: &Blobs, digest: Digest) -> Result<String, CliError> {
    Ok(String::from_utf8_lossy(&blobs.read(&digest)?).into_owned())
}

fn millis(from: jiff::Timestamp, to: jiff::Timestamp) -> u64 {
    u64::try_from(print::between(from, to).as_millis()).unwrap_or(u64::MAX)
}
