//! Findings as people and programs read them.
//!
//! A [`Report`] writes each finding as it comes, so that a hundred thousand of them need no
//! memory.

mod github;
mod json;
mod sarif;
mod text;

use std::io::{self, Write};

use crate::check::{Sink, Tally};
use crate::finding::Finding;
use crate::rule::Rule;

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// SARIF 2.1.0 (OASIS), as code scanning reads it.
    Sarif,
    /// Workflow commands that GitHub shows beside the lines of a pull request.
    Github,
}

/// Who says so.
#[derive(Clone, Copy, Debug)]
pub struct Tool<'a> {
    /// The name of the check, such as `shipway check migrations`.
    pub name: &'a str,
    /// The version of the program.
    pub version: &'a str,
    /// Every rule that a finding may be of.
    pub rules: &'a [&'a Rule],
}

/// Findings, written as they come.
#[derive(Debug)]
pub struct Report<W> {
    out: W,
    format: Format,
    tally: Tally,
    /// The first failure to write: nothing is written after it.
    failed: Option<io::Error>,
}

impl<W: Write> Report<W> {
    /// Begins a report.
    #[must_use]
    pub fn new(mut out: W, format: Format, tool: &Tool<'_>) -> Self {
        let begun = match format {
            Format::Text | Format::Github => Ok(()),
            Format::Json => json::begin(&mut out),
            Format::Sarif => sarif::begin(&mut out, tool),
        };
        Self { out, format, tally: Tally::default(), failed: begun.err() }
    }

    /// What was written so far.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// Ends the report. `looked_at` says what was looked at, such as `12 files, 80 statements`.
    ///
    /// # Errors
    /// The first failure to write any of it.
    pub fn finish(mut self, looked_at: &str) -> io::Result<Tally> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        match self.format {
            Format::Text => text::end(&mut self.out, &self.tally, looked_at)?,
            Format::Json => json::end(&mut self.out, &self.tally, looked_at)?,
            Format::Sarif => sarif::end(&mut self.out)?,
            Format::Github => {}
        }
        self.out.flush()?;
        Ok(self.tally)
    }
}

impl<W: Write> Sink for Report<W> {
    fn finding(&mut self, finding: Finding) {
        let first = self.tally.total() == 0;
        self.tally.add(&finding);
        if self.failed.is_some() {
            return;
        }
        let written = match self.format {
            Format::Text => text::finding(&mut self.out, &finding),
            Format::Json => json::finding(&mut self.out, &finding, first),
            Format::Sarif => sarif::finding(&mut self.out, &finding, first),
            Format::Github => github::finding(&mut self.out, &finding),
        };
        self.failed = written.err();
    }
}
