//! What jobs report while they run, for a person who looks on.

mod cut;
mod group;
mod lines;
mod paint;
mod terminal;
mod tree;

use shipway_core::ids::{JobKey, RunId};
use shipway_core::run::JobSpec;
use shipway_runner::protocol::{Chunk, Event, Outcome, StepReport};

pub(crate) use lines::{Lines, add};
pub(crate) use terminal::Terminal;
pub(crate) use tree::{Tree, elapsed};

/// How much a person wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// How jobs ended, and what went wrong.
    Results,
    /// What jobs write; groups that went well are folded on a terminal.
    Output,
    /// Everything.
    All,
}

/// One instance of a job.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct JobId {
    run: RunId,
    job: JobKey,
    index: usize,
}

impl JobId {
    pub(crate) fn of(job: &JobSpec) -> Self {
        Self { run: job.run.clone(), job: job.job.clone(), index: job.index }
    }
}

/// Shows what jobs report.
pub(crate) enum Live {
    /// As plain lines.
    Lines(Lines),
    /// With colours and folded groups, above the tree.
    Terminal(Terminal),
}

/// Gets whole lines, several at once.
pub(crate) type Write = Box<dyn Fn(&str) + Send + Sync>;

impl Live {
    /// Shows what `job` reports.
    pub(crate) fn take(&self, job: &JobSpec, event: &Event) {
        match self {
            Self::Lines(lines) => lines.take(job, event),
            Self::Terminal(terminal) => terminal.take(job, event),
        }
    }
}

/// What was written; of what cannot be unpacked, that.
fn written<'d>(data: &'d Chunk, room: &'d mut Vec<u8>) -> &'d [u8] {
    data.read(room).unwrap_or_else(|error| {
        tracing::error!(%error, "output is not shown");
        b"(output that cannot be shown)\n"
    })
}

/// The line that ends a step.
fn ended(report: &StepReport) -> String {
    let took = crate::print::took(std::time::Duration::from_millis(report.duration_ms));
    let why = report.reason.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    format!("{} {} ({took}){why}", mark(report.conclusion), report.name)
}

const fn mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "✓",
        Outcome::Failure => "✗",
        Outcome::Cancelled => "■",
        Outcome::Skipped => "–",
    }
}

#[cfg(test)]
mod samples {
    use shipway_runner::protocol::Stream;

    use super::*;

    pub(super) fn job(name: &str) -> JobSpec {
        let spec = serde_json::json!({
            "run": "r", "job": name, "index": 0, "total": 1, "name": name, "matrix": null,
            "needs": {}, "fail_fast": true, "max_parallel": null,
        });
        serde_json::from_value(spec).unwrap()
    }

    pub(super) fn output(text: &str) -> Event {
        let data = Chunk::new(text.as_bytes().to_vec());
        Event::Output { step: Some(0), stream: Stream::Stdout, data }
    }

    pub(super) fn step_ended(name: &str, outcome: Outcome) -> Event {
        Event::StepEnded(StepReport {
            step: 0,
            name: name.to_owned(),
            outcome,
            conclusion: outcome,
            reason: None,
            outputs: indexmap::IndexMap::new(),
            duration_ms: 5,
        })
    }

    pub(super) fn job_ended() -> Event {
        let result = shipway_runner::protocol::JobResult::Success;
        Event::JobEnded { result, outputs: indexmap::IndexMap::new(), reason: None }
    }
}
