//! How much of it stands twice.

mod jscpd;
mod pmd_cpd;

use super::format::Format;
use crate::finding::{Finding, Fingerprint, Pos, Severity, Span};
use crate::rule::Rule;

pub(super) const FORMATS: &[Format] = &[jscpd::FORMAT, pmd_cpd::FORMAT];

/// Code that stands twice.
pub const DUPLICATED: Rule = Rule::new(
    "duplicated-code",
    Severity::Low,
    "code that stands twice",
    "What is mended in one place stays wrong in the other.",
    "say it once, and use it in both places",
);

/// How much of it stands twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Duplication {
    /// How much code was looked at.
    pub of: u64,
    /// How much of it stands elsewhere, too.
    pub duplicated: u64,
    /// What both are counted in.
    pub unit: Unit,
    /// The places.
    pub places: Vec<Finding>,
}

/// What code is counted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Lines.
    #[default]
    Lines,
    /// Words and signs of the language (PMD CPD).
    Tokens,
}

impl Unit {
    /// In one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Tokens => "tokens",
        }
    }
}

impl Duplication {
    /// The share that stands elsewhere, too, in percent; nothing where there is no code.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "exact to 2^53 lines")]
    pub fn percent(&self) -> Option<f64> {
        (self.of > 0).then(|| self.duplicated as f64 * 100.0 / self.of as f64)
    }
}

/// Lines of a file, from 1, both included.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) from: u32,
    pub(crate) to: u32,
}

/// A place whose code stands in another, too.
pub(crate) struct Twice {
    pub(crate) place: Place,
    pub(crate) other: Place,
    pub(crate) lines: u64,
}

impl Twice {
    pub(crate) fn finding(self) -> Finding {
        let Self { place, other, lines } = self;
        let pos = |line: u32| Pos { line: line as usize, column: 1 };
        let span = Span { start: pos(place.from), end: pos(place.to.saturating_add(1)) };
        let message =
            format!("{lines} lines stand in {}:{}-{}, too", other.file, other.from, other.to);
        // The same pair of files has it, wherever in them.
        let fingerprint = Fingerprint::of([DUPLICATED.id.as_str(), &place.file, &other.file]);
        Finding { fingerprint, ..Finding::new(&DUPLICATED, place.file, span, message) }
    }
}
