//! A format of reports, and all that are known.

use super::beginning::Beginning;
use super::no_evidence::{Fault, Why};
use super::source::Source;
use super::{
    Report, analysis, coverage, duplication, load, policy_results, quality, sbom, tests,
    vulnerabilities,
};

/// A format of reports: how it is recognised and read.
pub(super) struct Format {
    /// What it is called.
    pub(super) name: &'static str,
    /// Whether a report that begins like this is of it. No two formats say so of one beginning.
    pub(super) recognise: fn(&Beginning) -> bool,
    /// Reads a report of it, from its first byte.
    pub(super) read: fn(&mut Source<'_>) -> Result<Report, Fault>,
}

/// All formats, by kind of report. A new format is a line in the list of its kind.
const KINDS: &[&[Format]] = &[
    coverage::FORMATS,
    tests::FORMATS,
    analysis::FORMATS,
    vulnerabilities::FORMATS,
    sbom::FORMATS,
    policy_results::FORMATS,
    load::FORMATS,
    quality::FORMATS,
    duplication::FORMATS,
];

pub(super) fn all() -> impl Iterator<Item = &'static Format> {
    KINDS.iter().copied().flatten()
}

/// The format of a report that begins like this.
pub(super) fn of(beginning: &Beginning) -> Result<&'static Format, Fault> {
    let found = all().find(|format| (format.recognise)(beginning));
    found.ok_or(Fault { at: None, why: Why::Unknown })
}
