//! How much of it stands twice.

use crate::finding::Finding;

/// How much of it stands twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Duplication {
    /// Lines of code that were looked at.
    pub lines: u64,
    /// Lines that stand elsewhere, too.
    pub duplicated: u64,
    /// The places.
    pub places: Vec<Finding>,
}
