//! Plain lines, `job │ line`: for a pipe, a file, or a terminal that is none.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use shipway_core::ids::{JobKey, RunId};
use shipway_core::run::JobSpec;
use shipway_runner::protocol::{Event, Outcome};

/// A longer line is shown in parts: who looks on need not wait for the end of a
/// line without end.
const LONGEST: usize = 16 * 1024;

/// Cuts what jobs write into lines, each with its job's name before it.
pub(crate) struct Lines<W> {
    write: W,
    /// What each job has begun and not ended.
    begun: Mutex<HashMap<(RunId, JobKey, usize), Vec<u8>>>,
}

impl<W: Fn(&str)> Lines<W> {
    /// `write` gets whole lines, several at once.
    pub(crate) fn new(write: W) -> Self {
        Self { write, begun: Mutex::default() }
    }

    /// Shows what `job` reports.
    pub(crate) fn take(&self, job: &JobSpec, event: &Event) {
        match event {
            Event::Output { data, .. } => self.output(job, data.as_bytes()),
            Event::StepStarted { name, .. } => self.output(job, format!("▶ {name}\n").as_bytes()),
            Event::StepEnded(report) => {
                let mark = match report.conclusion {
                    Outcome::Success => "✓",
                    Outcome::Failure => "✗",
                    Outcome::Cancelled => "■",
                    Outcome::Skipped => "–",
                };
                let took = crate::print::took(std::time::Duration::from_millis(report.duration_ms));
                let why = report.reason.as_ref().map_or_else(String::new, |why| format!(": {why}"));
                self.end_line(job);
                self.output(job, format!("{mark} {} ({took}){why}\n", report.name).as_bytes());
            }
            Event::JobEnded { .. } => {
                self.end_line(job);
                self.lock().remove(&key(job));
            }
            _ => {}
        }
    }

    fn output(&self, job: &JobSpec, bytes: &[u8]) {
        let mut begun = self.lock();
        let begun = begun.entry(key(job)).or_default();
        begun.extend_from_slice(bytes);
        let whole = begun.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let whole = if begun.len() - whole > LONGEST { begun.len() } else { whole };
        if whole == 0 {
            return;
        }
        let text = String::from_utf8_lossy(&begun[..whole]);
        let mut lines = String::with_capacity(text.len() * 2);
        for line in text.lines() {
            lines.push_str(&job.name);
            lines.push_str(" │ ");
            lines.push_str(line);
            lines.push('\n');
        }
        (self.write)(&lines);
        begun.drain(..whole);
    }

    /// What stands there without a line feed is a line, too.
    fn end_line(&self, job: &JobSpec) {
        let open = self.lock().get(&key(job)).is_some_and(|begun| !begun.is_empty());
        if open {
            self.output(job, b"\n");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(RunId, JobKey, usize), Vec<u8>>> {
        // What a panic left behind is still whole lines.
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(job: &JobSpec) -> (RunId, JobKey, usize) {
    (job.run.clone(), job.job.clone(), job.index)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use shipway_runner::protocol::{Chunk, Stream};

    use super::*;

    fn job(name: &str) -> JobSpec {
        JobSpec {
            run: RunId::new("r").unwrap(),
            job: JobKey::new(name).unwrap(),
            index: 0,
            total: 1,
            name: name.to_owned(),
            matrix: serde_json::Value::Null,
            needs: serde_json::Value::Null,
            fail_fast: true,
            max_parallel: None,
        }
    }

    fn output(text: &str) -> Event {
        let data = Chunk::new(text.as_bytes().to_vec());
        Event::Output { step: Some(0), stream: Stream::Stdout, data }
    }

    #[test]
    fn lines_of_jobs_do_not_mix() {
        let seen = RefCell::new(String::new());
        let lines = Lines::new(|text: &str| seen.borrow_mut().push_str(text));
        lines.take(&job("a"), &output("one\ntw"));
        lines.take(&job("b"), &output("three\n"));
        lines.take(&job("a"), &output("o\nend"));
        let outputs = indexmap::IndexMap::new();
        let ended = Event::JobEnded {
            result: shipway_runner::protocol::JobResult::Success,
            outputs,
            reason: None,
        };
        lines.take(&job("a"), &ended);
        assert_eq!(*seen.borrow(), "a │ one\nb │ three\na │ two\na │ end\n");
    }

    #[test]
    fn a_line_without_end_is_shown_in_parts() {
        let seen = RefCell::new(String::new());
        let lines = Lines::new(|text: &str| seen.borrow_mut().push_str(text));
        lines.take(&job("a"), &output(&"x".repeat(LONGEST + 1)));
        assert_eq!(seen.borrow().len(), LONGEST + 1 + "a │ \n".len());
    }
}
