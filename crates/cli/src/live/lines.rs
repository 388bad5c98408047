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
    begun: Mutex<HashMap<JobId, Cut>>,
}

impl Lines {
    pub(crate) fn new(write: Write) -> Self {
        Self { write, begun: Mutex::default() }
    }

    /// Shows what `job` reports.
    pub(super) fn take(&self, job: &JobSpec, event: &Event) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let cut = begun.entry(JobId::of(job)).or_default();
        match event {
            Event::Output { data, .. } => self.show(job, cut.push(data.as_bytes()).as_deref()),
            Event::StepStarted { name, .. } => self.show(job, Some(&format!("▶ {name}\n"))),
            Event::StepEnded(report) => {
                self.show(job, cut.all().as_deref());
                self.show(job, Some(&format!("{}\n", ended(report))));
            }
            Event::JobEnded { .. } => {
                self.show(job, cut.all().as_deref());
                begun.remove(&JobId::of(job));
            }
            _ => {}
        }
    }

    /// Whole lines.
    fn show(&self, job: &JobSpec, text: Option<&str>) {
        let Some(text) = text else { return };
        let before = format!("{} │ ", job.name);
        let mut lines = String::with_capacity(text.len() + text.len() / 4);
        for line in text.split_inclusive('\n') {
            lines.push_str(&before);
            match line.strip_suffix("\r\n") {
                Some(line) => lines.extend([line, "\n"]),
                None => lines.push_str(line),
            }
        }
        (self.write)(&lines);
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
