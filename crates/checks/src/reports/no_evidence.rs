//! A report that says nothing: it is no evidence, and a gate that needs it stays shut.

use crate::finding::Pos;

/// Why a report is no evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: no evidence: {why}", place(*at))]
pub struct NoEvidence {
    /// The report, as it was named.
    pub file: String,
    /// Where in it, if the place is known.
    pub at: Option<Pos>,
    /// Why.
    pub why: Why,
}

fn place(at: Option<Pos>) -> String {
    at.map_or_else(String::new, |at| format!(":{at}"))
}

/// Why a report is no evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Why {
    /// Nothing stands in it, or nothing was measured.
    #[error("{0}")]
    Empty(String),
    /// No format that is known.
    #[error("it is of no format that is known here")]
    Unknown,
    /// It does not follow its format, or ends in the middle.
    #[error("{0}")]
    Malformed(String),
    /// It asks for what a report has no use for: entities, a DTD, deep nesting, a bomb.
    #[error("{0}")]
    Hostile(String),
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}
