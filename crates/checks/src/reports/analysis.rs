//! What an analysis found: SARIF 2.1.0 (OASIS).

use crate::finding::Finding;

/// What an analysis found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Analysis {
    /// The tools that say so.
    pub tools: Vec<String>,
    /// What they found, what they suppress with a reason included.
    pub findings: Vec<Finding>,
}
