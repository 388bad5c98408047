//! Runs as their entries tell them: every job with its steps, also of a run
//! that is over.

use indexmap::IndexMap;
use jiff::Timestamp;

use crate::ids::{JobKey, RunId};
use crate::journal::{Entry, StreamId};
use crate::run::{Call, Event, Expanded, JobEnd, RunResult, RunSpec};
use crate::stream::Record;

/// Runs, in the order in which they were started.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunsView {
    /// By name.
    pub runs: IndexMap<RunId, RunView>,
}

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunView {
    /// What it executes.
    pub spec: RunSpec,
    /// Its name, if the workflow gives runs one (`run-name`).
    pub name: Option<String>,
    /// When it began.
    pub started: Timestamp,
    /// Its end, once it is over.
    pub end: Option<RunEnd>,
    /// Its jobs, in the file's order.
    pub jobs: IndexMap<JobKey, JobView>,
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// How.
    pub result: RunResult,
    /// Why, where it is not success.
    pub why: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// One job of a run.
#[derive(Debug, Clone, PartialEq)]
pub enum JobView {
    /// What it needs is not done.
    Waiting {
        /// What it needs.
        needs: Vec<JobKey>,
    },
    /// It was not to run, or could not begin.
    NotRun {
        /// `Skipped` or `Failure`.
        result: RunResult,
        /// Why.
        why: String,
    },
    /// Its instances: one, or each combination of its matrix.
    Expanded(Vec<InstanceView>),
}

/// One instance of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceView {
    /// Its name and matrix combination.
    pub what: Expanded,
    /// When it was begun.
    pub started: Option<Timestamp>,
    /// How and when it ended.
    pub end: Option<(JobEnd, Timestamp)>,
}

impl InstanceView {
    /// It calls a workflow whose jobs were begun: they tell what came of it.
    pub const fn is_told_by_others(&self) -> bool {
        self.what.call.is_some() && self.started.is_some()
    }
}

impl RunsView {
    /// Folds an entry; those of other streams change nothing.
    pub fn apply(&mut self, entry: &Entry, record: &Record) {
        let (StreamId::Run(id), Record::Run(event)) = (&entry.stream, record) else { return };
        if let Event::Started { spec, jobs, name, .. } = event {
            let (spec, name) = ((**spec).clone(), name.clone());
            let jobs = waiting(jobs).collect();
            let run = RunView { spec, name, started: entry.at, end: None, jobs };
            self.runs.insert(id.clone(), run);
        } else if let Some(run) = self.runs.get_mut(id) {
            run.apply(event, entry.at);
        }
    }
}

fn waiting(jobs: &IndexMap<JobKey, Vec<JobKey>>) -> impl Iterator<Item = (JobKey, JobView)> + '_ {
    jobs.iter().map(|(key, needs)| (key.clone(), JobView::Waiting { needs: needs.clone() }))
}

impl RunView {
    fn apply(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::JobExpanded { job, instances, .. } => {
                let waiting =
                    |what: &Expanded| InstanceView { what: what.clone(), started: None, end: None };
                let instances = instances.iter().map(waiting).collect();
                self.jobs.insert(job.clone(), JobView::Expanded(instances));
            }
            Event::JobSkipped { job, why } => self.not_run(job, RunResult::Skipped, why),
            Event::JobFailed { job, why } => self.not_run(job, RunResult::Failure, why),
            Event::InstanceStarted { job, index } => {
                let instance = self.instance(job, *index);
                let call = instance.and_then(|instance| {
                    instance.started = Some(at);
                    instance.what.call.clone()
                });
                if let Some(call) = call {
                    self.add_called(job, &call);
                }
            }
            Event::InstanceEnded { job, index, end } => {
                if let Some(instance) = self.instance(job, *index) {
                    instance.end = Some(((**end).clone(), at));
                }
            }
            Event::Ended { result, why } => {
                self.end = Some(RunEnd { result: *result, why: why.clone(), at });
            }
            Event::Started { .. }
            | Event::Admitted
            | Event::Cancelling
            | Event::InstanceAsks { .. }
            | Event::InstancePassed { .. }
            | Event::InstanceLost { .. }
            | Event::InstanceCancelling { .. } => {}
        }
    }

    /// The jobs of a called workflow stand behind the job that calls it.
    fn add_called(&mut self, job: &JobKey, call: &Call) {
        let last = self.jobs.keys().rposition(|key| key == job || key.is_called_by(job));
        let at = last.map_or(self.jobs.len(), |last| last + 1);
        for (place, (key, view)) in (at..).zip(waiting(&call.jobs)) {
            self.jobs.shift_insert(place, key, view);
        }
    }

    fn not_run(&mut self, job: &JobKey, result: RunResult, why: &str) {
        self.jobs.insert(job.clone(), JobView::NotRun { result, why: why.to_owned() });
    }

    fn instance(&mut self, job: &JobKey, index: usize) -> Option<&mut InstanceView> {
        match self.jobs.get_mut(job)? {
            JobView::Expanded(instances) => instances.get_mut(index),
            JobView::Waiting { .. } | JobView::NotRun { .. } => None,
        }
    }
}
