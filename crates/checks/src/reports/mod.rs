//! Reports of other tools: what they say, in one shape for each kind of report.
//!
//! The format is recognised by the content, never by the name alone. What is empty, cut off,
//! hostile or unknown is [`NoEvidence`], never a good report.

pub mod analysis;
pub mod coverage;
pub mod duplication;
pub mod load;
pub mod no_evidence;
pub mod quality;
pub mod sbom;
pub mod tests;
pub mod vulnerabilities;

pub use no_evidence::{NoEvidence, Why};

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
    /// How fast it answered under load.
    Load(load::Load),
    /// What a quality server says of it.
    Quality(quality::Quality),
    /// How much of it stands twice.
    Duplication(duplication::Duplication),
}
