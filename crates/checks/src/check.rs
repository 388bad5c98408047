//! What a check looked at and what came of it.

use serde::Serialize;

use crate::finding::{Finding, Kind, Severity};

/// Takes findings as they are made, so that no list of them has to fit into memory.
pub trait Sink {
    /// Takes one.
    fn finding(&mut self, finding: Finding);
}

impl Sink for Vec<Finding> {
    fn finding(&mut self, finding: Finding) {
        self.push(finding);
    }
}

/// How many findings of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// That are there and critical.
    pub critical: u64,
    /// That are there and high.
    pub high: u64,
    /// That are there and medium.
    pub medium: u64,
    /// That are there and low.
    pub low: u64,
    /// That could not be analysed.
    pub undecided: u64,
    /// That somebody allowed, with a reason; not counted above.
    pub allowed: u64,
}

impl Tally {
    /// Counts one.
    pub fn add(&mut self, finding: &Finding) {
        let count = match (&finding.allowed, finding.kind, finding.severity) {
            (Some(_), ..) => &mut self.allowed,
            (None, Kind::Undecided, _) => &mut self.undecided,
            (None, Kind::Found, Severity::Critical) => &mut self.critical,
            (None, Kind::Found, Severity::High) => &mut self.high,
            (None, Kind::Found, Severity::Medium) => &mut self.medium,
            (None, Kind::Found, Severity::Low) => &mut self.low,
        };
        *count += 1;
    }

    /// Whether a gate that wants nothing of `from` or worse is shut.
    #[must_use]
    pub fn shuts(&self, from: Severity) -> bool {
        let found = [self.low, self.medium, self.high, self.critical];
        let counts = Severity::ALL.into_iter().zip(found);
        self.undecided > 0 || counts.into_iter().any(|(of, count)| of >= from && count > 0)
    }

    /// All of them, what is allowed included.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.critical + self.high + self.medium + self.low + self.undecided + self.allowed
    }
}

/// What a check looked at and what came of it: the evidence a gate is judged by.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Check {
    /// Its name, such as `migrations`.
    pub name: String,
    /// How much was looked at (files, blobs, reports). Nothing is no evidence.
    pub looked_at: u64,
    /// How many findings of each kind.
    pub tally: Tally,
    /// What was found.
    pub findings: Vec<Finding>,
    /// Figures by name, such as `coverage.total` in percent.
    pub figures: std::collections::BTreeMap<String, f64>,
}

impl Check {
    /// One that has looked at nothing yet.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

impl Sink for Check {
    fn finding(&mut self, finding: Finding) {
        self.tally.add(&finding);
        self.findings.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Span;
    use crate::rule::Rule;

    #[test]
    fn a_gate_is_shut_by_its_severity_and_by_what_was_not_analysed() {
        let mut check = Check::new("x");
        let rule = Rule::new("x", Severity::Medium, "", "", "");
        let finding = Finding::new(&rule, "a", Span::FILE, "m");
        check.finding(finding.clone());
        assert!(check.tally.shuts(Severity::Medium) && !check.tally.shuts(Severity::High));
        check.finding(finding.undecided());
        assert!(check.tally.shuts(Severity::Critical));
        assert_eq!(check.tally.total(), 2);
    }
}
