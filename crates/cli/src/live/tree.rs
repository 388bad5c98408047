//! The jobs that run, with their steps, below the lines on a terminal.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use shipway_runner::protocol::StepReport;

use super::paint::{self, DIM, paint};
use super::{JobId, ended};
use crate::print;

/// How far each job is.
#[derive(Default)]
pub(crate) struct Tree {
    jobs: Mutex<HashMap<JobId, Progress>>,
}

#[derive(Default)]
struct Progress {
    /// Steps that ended, as they are shown.
    done: Vec<String>,
    /// The step that runs, since when.
    step: Option<(String, Instant)>,
    /// What it wrote last.
    last: String,
}

impl Tree {
    pub(super) fn began(&self, job: &JobId, step: &str) {
        self.with(job, |progress| {
            progress.step = Some((step.to_owned(), Instant::now()));
            progress.last.clear();
        });
    }

    pub(super) fn wrote(&self, job: &JobId, line: &str) {
        self.with(job, |progress| progress.last = line.to_owned());
    }

    pub(super) fn ended(&self, job: &JobId, report: &StepReport) {
        self.with(job, |progress| {
            progress.done.push(ended(report));
            progress.step = None;
            progress.last.clear();
        });
    }

    pub(super) fn over(&self, job: &JobId) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).remove(job);
    }

    fn with(&self, job: &JobId, change: impl FnOnce(&mut Progress)) {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        change(jobs.entry(job.clone()).or_default());
    }

    /// The lines below a job, `rows` at the most: what runs comes before what
    /// is done.
    pub(crate) fn below(&self, job: &JobId, rows: usize) -> Vec<String> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(progress) = jobs.get(job) else { return Vec::new() };
        let mut lines: Vec<String> =
            progress.done.iter().map(|line| format!("    {}", paint::marked(line))).collect();
        if let Some((name, since)) = &progress.step {
            lines.push(format!("    ▶ {name}  {}", paint(DIM, elapsed(since.elapsed()))));
            if !progress.last.is_empty() {
                lines.push(format!("      {}", paint(DIM, &progress.last)));
            }
        }
        lines.split_off(lines.len().saturating_sub(rows))
    }
}

/// Whole seconds: milliseconds of what still runs say nothing.
pub(crate) fn elapsed(since: Duration) -> String {
    match since.as_secs() {
        0 => String::new(),
        seconds @ 1..60 => format!("{seconds} s"),
        _ => print::took(since),
    }
}

#[cfg(test)]
mod tests {
    use shipway_runner::protocol::{Event, Outcome};

    use super::super::samples::{job, step_ended};
    use super::*;

    #[test]
    fn what_runs_is_kept_when_there_is_little_room() {
        let (tree, id) = (Tree::default(), JobId::of(&job("a")));
        tree.began(&id, "One");
        let Event::StepEnded(report) = step_ended("One", Outcome::Success) else { panic!() };
        tree.ended(&id, &report);
        tree.began(&id, "Two");
        tree.wrote(&id, "compiling");
        let plain =
            |rows| anstream::adapter::strip_str(&tree.below(&id, rows).join("\n")).to_string();
        assert_eq!(plain(9), "    ✓ One (5 ms)\n    ▶ Two  \n      compiling");
        assert_eq!(plain(2), "    ▶ Two  \n      compiling");
        tree.over(&id);
        assert_eq!(plain(9), "");
    }
}
