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

impl Duplication {
    /// The share of lines that stand elsewhere, too, in percent; nothing where there are no lines.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "exact to 2^53 lines")]
    pub fn percent(&self) -> Option<f64> {
        (self.lines > 0).then(|| self.duplicated as f64 * 100.0 / self.lines as f64)
    }
}
