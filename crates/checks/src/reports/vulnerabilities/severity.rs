//! How bad it is, in the words that audits use.

use crate::finding::Severity;

/// What a tool's word means; `None`: it does not know either.
///
/// npm says `moderate`, Red Hat `important`, Debian and Grype `negligible`. What is bad in no way
/// (`none`, `info`) is still a finding, and low.
pub(in crate::reports) fn word(word: &str) -> Option<Severity> {
    const WORDS: &[(&str, Severity)] = &[
        ("critical", Severity::Critical),
        ("high", Severity::High),
        ("important", Severity::High),
        ("medium", Severity::Medium),
        ("moderate", Severity::Medium),
        ("low", Severity::Low),
        ("negligible", Severity::Low),
        ("info", Severity::Low),
        ("none", Severity::Low),
    ];
    let of = WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word.trim()));
    of.map(|(_, severity)| *severity)
}
