//! Which tests passed: JUnit in its dialects, TRX, TAP, `cargo test` and nextest.

mod cargo;
mod go;
mod junit;
mod libtest;
mod tap;
mod trx;

use std::time::Duration;

use super::Report;
use super::format::Format;
use super::no_evidence::Fault;

pub(super) const FORMATS: &[Format] =
    &[junit::FORMAT, trx::FORMAT, tap::FORMAT, libtest::FORMAT, cargo::FORMAT, go::FORMAT];

/// How tests ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tests {
    /// That passed.
    pub passed: u64,
    /// That were not run.
    pub skipped: u64,
    /// That failed, or broke.
    pub failed: Vec<Failed>,
    /// That failed first and passed when they were run again, by name. They are among the passed.
    pub flaky: Vec<String>,
    /// How long they took together, where the report says it.
    pub took: Option<Duration>,
}

impl Tests {
    /// All that were run, or meant to be.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.passed.saturating_add(self.skipped).saturating_add(self.failed.len() as u64)
    }
}

/// A test that failed, or broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Its name, with what it is in.
    pub name: String,
    /// What it said, shortened.
    pub message: String,
}

/// How much of what a failed test said is kept, in characters.
const MESSAGE: usize = 2_000;

impl Tests {
    /// One that failed, or broke. Of what it said, the beginning is kept.
    fn fail(&mut self, name: String, message: &str) {
        let message = message.trim();
        let message = match message.char_indices().nth(MESSAGE) {
            Some((end, _)) => format!("{}…", &message[..end]),
            None => message.to_owned(),
        };
        self.failed.push(Failed { name, message });
    }
}

/// What a reader found; a report without a test is no evidence.
fn report(tests: Tests) -> Result<Report, Fault> {
    if tests.total() == 0 {
        return Err(Fault::empty("no test is in it"));
    }
    Ok(Report::Tests(tests))
}
