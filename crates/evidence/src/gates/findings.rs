//! Findings, counted for a gate.

use shipway_checks::policy::shown::Findings;
use shipway_checks::{Finding, Kind, Severity, Tally};

/// As many are shown.
const SHOWN: usize = 10;

/// Counts them, and keeps for people the worst of those that are of severity `from` or worse.
pub(super) fn counted<'f>(all: impl IntoIterator<Item = &'f Finding>, from: Severity) -> Findings {
    let mut tally = Tally::default();
    let mut open: Vec<&Finding> = Vec::new();
    for finding in all {
        tally.add(finding);
        if finding.shuts(from) {
            open.push(finding);
        }
    }
    // What could not be analysed first: it may be anything.
    open.sort_by_key(|finding| {
        (finding.kind != Kind::Undecided, std::cmp::Reverse(finding.severity))
    });
    let Tally { critical, high, medium, low, undecided, allowed } = tally;
    let shown = open.iter().take(SHOWN).map(|finding| told(finding)).collect();
    Findings { critical, high, medium, low, undecided, allowed, shown }
}

/// `file:line: message`.
pub(super) fn told(finding: &Finding) -> String {
    format!("{}:{}: {}", finding.file, finding.span.start.line, finding.message)
}
