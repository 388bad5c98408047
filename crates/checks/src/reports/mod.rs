//! Reports of other tools: what they say, in one shape for each kind of report.
//!
//! The format is recognised by the content, never by the name alone. What is empty, cut off,
//! hostile or unknown is [`NoEvidence`], never a good report.
//!
//! A format is a file in the folder of its kind (`coverage/lcov.rs`) with a `FORMAT` that says how
//! it is recognised and read, and a line in the kind's list `FORMATS`.

pub mod analysis;
mod beginning;
pub mod coverage;
pub mod duplication;
mod format;
mod json;
pub mod load;
pub mod no_evidence;
mod outline;
pub mod policy_results;
pub mod quality;
pub mod said;
pub mod sbom;
mod source;
pub mod tests;
pub mod vulnerabilities;
pub mod waivers;
mod xml;

use std::io::BufRead;

pub use no_evidence::{NoEvidence, Why};

use beginning::Beginning;
use source::Source;

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Which lines ran.
    Coverage,
    /// Which tests passed.
    Tests,
    /// What an analysis found.
    Analysis,
    /// Which dependencies have known vulnerabilities.
    Vulnerabilities,
    /// What is in it, and under which licences.
    Sbom,
    /// What policies of another engine say.
    Policies,
    /// How fast it answered under load.
    Load,
    /// What a quality server says of it.
    Quality,
    /// How much of it stands twice.
    Duplication,
}

/// What one report says.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// Which lines ran.
    Coverage(coverage::Coverage),
    /// Which tests passed.
    Tests(tests::Tests),
    /// What an analysis found (SARIF).
    Analysis(analysis::Analysis),
    /// Which dependencies have known vulnerabilities.
    Vulnerabilities(vulnerabilities::Audit),
    /// What is in it, and under which licences.
    Sbom(sbom::Sbom),
    /// What policies of another engine say.
    PolicyResults(policy_results::PolicyResults),
    /// How fast it answered under load.
    Load(load::Load),
    /// What a quality server says of it.
    Quality(quality::Quality),
    /// How much of it stands twice.
    Duplication(duplication::Duplication),
}

/// A report that was recognised and read.
#[derive(Clone, Debug, PartialEq)]
pub struct Recognised {
    /// What its format is called, such as `lcov`.
    pub format: &'static str,
    /// What it says.
    pub report: Report,
}

/// Reads a report from its first byte to its last, in memory that grows with what it says and not
/// with its size. `file` is what errors call it.
///
/// # Errors
/// When it is empty, of no known format, broken, cut off, hostile, or cannot be read.
pub fn read(file: &str, source: &mut dyn BufRead) -> Result<Recognised, NoEvidence> {
    let begun = Source::new(source).and_then(|source| {
        let (kind, format) = format::of(&Beginning::of(source.beginning())?)?;
        Ok((source, kind, format))
    });
    let (mut source, kind, format) = begun.map_err(|fault| fault.of(file, None))?;
    let mut report = (format.read)(&mut source).map_err(|fault| fault.of(file, Some(kind)))?;
    report.at_home(file);
    Ok(Recognised { format: format.name, report })
}

impl Report {
    /// What it says of known vulnerabilities, where it does: an audit, or a list of packages that is
    /// one as well.
    #[must_use]
    pub const fn audit(&self) -> Option<&vulnerabilities::Audit> {
        match self {
            Self::Vulnerabilities(audit) => Some(audit),
            Self::Sbom(sbom) => sbom.audit.as_ref(),
            _ => None,
        }
    }

    /// A finding that is about no file is about the report.
    fn at_home(&mut self, file: &str) {
        let findings = match self {
            Self::Analysis(analysis) => &mut analysis.findings,
            Self::Vulnerabilities(audit) => &mut audit.also,
            Self::PolicyResults(results) => &mut results.findings,
            _ => return,
        };
        for finding in findings.iter_mut().filter(|finding| finding.file.is_empty()) {
            file.clone_into(&mut finding.file);
        }
    }
}

/// The first characters of what a report says, for an error that quotes it.
fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
