//! What an analysis found: SARIF 2.1.0 (OASIS), which CodeQL, Semgrep, Trivy, Snyk, SonarQube,
//! zizmor and most others write.

mod sarif;

use super::format::Format;
use crate::finding::Finding;
pub use sarif::rules;

pub(super) const FORMATS: &[Format] = &[sarif::FORMAT];

/// What an analysis found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Analysis {
    /// The tools that say so.
    pub tools: Vec<String>,
    /// What they found, what they suppress with a reason included.
    pub findings: Vec<Finding>,
}
