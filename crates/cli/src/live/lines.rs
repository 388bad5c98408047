//! Plain lines, `job │ line`: for a pipe, a file, or a terminal that is none.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use shipway_core::run::JobSpec;
use shipway_runner::protocol::Event;

use super::cut::Cut;
use super::{JobId, Write, ended};

/// Shows what jobs write as it is, each line with its job's name before it.
pub(crate) struct Lines {
    write: Write,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    begun: HashMap<JobId, Cut>,
    /// What is written next: much is written piece by piece.
    page: String,
    /// Where pieces are unpacked.
    room: Vec<u8>,
}

impl Lines {
    pub(crate) fn new(write: Write) -> Self {
        Self { write, seen: Mutex::default() }
    }

    /// Shows what `job` reports.
    pub(super) fn take(&self, job: &JobSpec, event: &Event) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Seen { begun, page, room } = &mut *seen;
        let cut = begun.entry(JobId::of(job)).or_default();
        page.clear();
        let mut show = |text: &str| add(page, &job.name, text);
        match event {
            Event::Output { data, .. } => {
                if let Some(text) = cut.push(super::written(data, room)) {
                    show(&text);
                }
            }
            Event::StepStarted { name, .. } => show(&format!("▶ {name}\n")),
            Event::StepEnded(report) => {
                show(&cut.all().unwrap_or_default());
                show(&format!("{}\n", ended(report)));
            }
            Event::JobEnded { .. } => {
                show(&cut.all().unwrap_or_default());
                begun.remove(&JobId::of(job));
            }
            _ => {}
        }
        if !page.is_empty() {
            (self.write)(page);
        }
    }
}

/// Adds whole lines of a job to a page.
pub(crate) fn add(page: &mut String, job: &str, text: &str) {
    page.reserve(text.len() + text.len() / 8);
    let mut rest = text;
    while let Some(end) = memchr::memchr(b'\n', rest.as_bytes()) {
        let (line, others) = rest.split_at(end + 1);
        page.extend([job, " │ "]);
        match line.strip_suffix("\r\n") {
            Some(line) => page.extend([line, "\n"]),
            None => page.push_str(line),
        }
        rest = others;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::samples::{job, job_ended, output, step_ended};
    use super::*;
    use shipway_runner::protocol::Outcome;

    #[test]
    fn lines_of_jobs_do_not_mix() {
        let seen = Arc::new(Mutex::new(String::new()));
        let writes = Arc::clone(&seen);
        let lines = Lines::new(Box::new(move |text| writes.lock().unwrap().push_str(text)));
        lines.take(&job("a"), &output("one\ntw"));
        lines.take(&job("b"), &output("three\n"));
        lines.take(&job("a"), &output("o\nend"));
        lines.take(&job("a"), &step_ended("Run it", Outcome::Success));
        lines.take(&job("a"), &job_ended());
        assert_eq!(
            *seen.lock().unwrap(),
            "a │ one\nb │ three\na │ two\na │ end\na │ ✓ Run it (5 ms)\n"
        );
    }
}
