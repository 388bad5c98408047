//! Lines on a terminal: colours, folded groups, and what runs in the tree
//! below.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use shipway_core::run::JobSpec;
use shipway_runner::protocol::{Event, Outcome};

use super::cut::Cut;
use super::group::{Ended, Group};
use super::paint::{self, DIM, paint};
use super::{Detail, JobId, Tree, Write, ended};

/// Shows what jobs write on a terminal.
pub(crate) struct Terminal {
    detail: Detail,
    write: Write,
    tree: Arc<Tree>,
    jobs: Mutex<HashMap<JobId, Shown>>,
}

/// What of a job is on its way to the terminal.
#[derive(Default)]
struct Shown {
    cut: Cut,
    group: Option<Group>,
    step: String,
}

impl Terminal {
    pub(crate) fn new(detail: Detail, tree: Arc<Tree>, write: Write) -> Self {
        Self { detail, write, tree, jobs: Mutex::default() }
    }

    /// Shows what `job` reports.
    pub(super) fn take(&self, job: &JobSpec, event: &Event) {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = jobs.entry(JobId::of(job)).or_default();
        let mut lines = Vec::new();
        match event {
            Event::Output { data, .. } => {
                let mut room = Vec::new();
                let text = shown.cut.push(super::written(data, &mut room)).unwrap_or_default();
                for line in text.lines() {
                    self.line(shown, line, &mut lines);
                }
                let said = |line: &&str| !line.starts_with("##[");
                if let Some(last) = text.lines().rev().find(said) {
                    self.tree.wrote(&JobId::of(job), last);
                }
            }
            Event::StepStarted { name, .. } => {
                shown.step.clone_from(name);
                self.tree.began(&JobId::of(job), name);
                lines.push(paint(DIM, format_args!("▶ {name}")));
            }
            Event::StepEnded(report) => {
                for line in shown.cut.all().unwrap_or_default().lines() {
                    self.line(shown, line, &mut lines);
                }
                if let Some(group) = shown.group.take() {
                    fold(group.end(report.outcome == Outcome::Failure), &shown.step, &mut lines);
                }
                self.tree.ended(&JobId::of(job), report);
                lines.push(paint::marked(&ended(report)));
            }
            Event::JobEnded { .. } => {
                for line in shown.cut.all().unwrap_or_default().lines() {
                    self.line(shown, line, &mut lines);
                }
                self.tree.over(&JobId::of(job));
                jobs.remove(&JobId::of(job));
            }
            _ => {}
        }
        drop(jobs);
        self.show(job, &lines);
    }

    fn line(&self, shown: &mut Shown, line: &str, lines: &mut Vec<String>) {
        let folds = self.detail != Detail::All;
        if let Some(title) = line.strip_prefix("##[group]") {
            // As on GitHub, groups do not nest: the next one ends the last.
            if let Some(group) = shown.group.take() {
                fold(group.end(false), &shown.step, lines);
            }
            if folds {
                shown.group = Some(Group::new(title));
            } else {
                lines.push(paint(DIM, format_args!("▾ {title}")));
            }
        } else if line == "##[endgroup]" {
            if let Some(group) = shown.group.take() {
                fold(group.end(false), &shown.step, lines);
            }
        } else if let Some(group) = &mut shown.group {
            group.push(line);
        } else {
            lines.push(paint::line(line));
        }
    }

    fn show(&self, job: &JobSpec, lines: &[String]) {
        if lines.is_empty() || self.detail == Detail::Results {
            return;
        }
        let mut text = String::new();
        for line in lines {
            text.push_str(&format!("{} {line}\n", paint(DIM, format_args!("{} │", job.name))));
        }
        (self.write)(&text);
    }
}

fn fold(group: Ended, step: &str, lines: &mut Vec<String>) {
    match group {
        // Each step begins with its script in a group: its name stands there
        // already.
        Ended::Folded { title, .. } if title == step => {}
        Ended::Folded { title, lines: 0 } => lines.push(paint(DIM, format_args!("▸ {title}"))),
        Ended::Folded { title, lines: count } => {
            let count = crate::print::counted(count, "line");
            lines.push(paint(DIM, format_args!("▸ {title}  ({count})")));
        }
        Ended::Shown { title, left_out, lines: shown } => {
            lines.push(paint(DIM, format_args!("▾ {title}")));
            if left_out > 0 {
                let count = crate::print::counted(left_out, "line");
                lines.push(paint(DIM, format_args!("… {count} before, in `shipway logs`")));
            }
            lines.extend(shown.iter().map(|line| paint::line(line)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{job, job_ended, output, step_ended};
    use super::*;

    fn shown(detail: Detail, events: &[Event]) -> String {
        let seen = Arc::new(Mutex::new(String::new()));
        let writes = Arc::clone(&seen);
        let write = Box::new(move |text: &str| writes.lock().unwrap().push_str(text));
        let terminal = Terminal::new(detail, Arc::default(), write);
        events.iter().for_each(|event| terminal.take(&job("a"), event));
        let text = seen.lock().unwrap().clone();
        anstream::adapter::strip_str(&text).to_string()
    }

    fn began(name: &str) -> Event {
        Event::StepStarted { step: 0, name: name.to_owned() }
    }

    const STEP: &str = "##[group]Run make\nmake\n##[endgroup]\n##[group]Install\none\ntwo\n\
                        ##[endgroup]\nbuilt\n";

    #[test]
    fn a_group_that_went_well_is_one_line() {
        let events = [
            began("Run make"),
            output(STEP),
            step_ended("Run make", Outcome::Success),
            job_ended(),
        ];
        insta::assert_snapshot!(shown(Detail::Output, &events), @r"
        a │ ▶ Run make
        a │ ▸ Install  (2 lines)
        a │ built
        a │ ✓ Run make (5 ms)
        ");
        assert!(shown(Detail::All, &events).contains("a │ one\n"));
        assert_eq!(shown(Detail::Results, &events), "");
    }

    #[test]
    fn a_group_in_which_a_step_failed_is_shown() {
        let events = [
            began("Run make"),
            output("##[group]Compile\nwrong\n##[error]no"),
            step_ended("Run make", Outcome::Failure),
        ];
        insta::assert_snapshot!(shown(Detail::Output, &events), @r"
        a │ ▶ Run make
        a │ ▾ Compile
        a │ wrong
        a │ error: no
        a │ ✗ Run make (5 ms)
        ");
    }
}
