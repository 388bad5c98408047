//! Secrets that were there before and that somebody has dealt with: `FINGERPRINT RULE FILE # REASON`
//! a line. A line without a reason is an error.

use std::collections::BTreeMap;

use crate::finding::{Allowed, Finding};

/// What is known and accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// The reasons by fingerprint.
    known: BTreeMap<String, (String, usize)>,
    path: String,
}

/// A line of a baseline that says too little.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}: {what}. A line is: FINGERPRINT RULE FILE # REASON")]
pub struct BadBaseline {
    /// The baseline's file.
    pub path: String,
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl Baseline {
    /// Reads one.
    ///
    /// # Errors
    /// At the first line that is no entry, or has no reason.
    pub fn read(path: &str, text: &str) -> Result<Self, BadBaseline> {
        let mut known = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let bad = |what: &str| BadBaseline {
                path: path.to_owned(),
                line: index + 1,
                what: what.to_owned(),
            };
            let (entry, reason) =
                line.split_once(" # ").ok_or_else(|| bad("no reason is given"))?;
            let fingerprint = entry.split_whitespace().next().unwrap_or_default();
            let is_hex = fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit());
            if fingerprint.len() != 32 || !is_hex {
                return Err(bad("it does not begin with a fingerprint of 32 digits"));
            }
            if reason.trim().is_empty() {
                return Err(bad("the reason is empty"));
            }
            known.insert(fingerprint.to_owned(), (reason.trim().to_owned(), index + 1));
        }
        Ok(Self { known, path: path.to_owned() })
    }

    /// Marks the finding as allowed if it is known.
    pub fn apply(&self, finding: &mut Finding) {
        if finding.allowed.is_none()
            && let Some((reason, line)) = self.known.get(finding.fingerprint.as_str())
        {
            let by = format!("{}:{line}", self.path);
            finding.allowed = Some(Allowed { reason: reason.clone(), by });
        }
    }

    /// The line for a finding, its reason still to be written.
    #[must_use]
    pub fn line(finding: &Finding) -> String {
        let Finding { fingerprint, rule, file, .. } = finding;
        format!("{fingerprint} {rule} {file} # ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Severity, Span};
    use crate::rule::Rule;

    #[test]
    fn what_is_known_with_a_reason_is_allowed() {
        let rule = Rule::new("github-pat", Severity::Critical, "", "", "");
        let mut finding = Finding::new(&rule, "a", Span::FILE, "m");
        let text = format!("# old ones\n\n{}revoked\n", Baseline::line(&finding));
        Baseline::read("known", &text).unwrap().apply(&mut finding);
        let by = "known:3".to_owned();
        assert_eq!(finding.allowed, Some(Allowed { reason: "revoked".into(), by }));
    }

    #[test]
    fn a_line_without_a_reason_is_an_error() {
        let long = "0".repeat(32);
        for (text, what) in [
            (long.clone(), "no reason"),
            (format!("{long} a b # "), "no reason"),
            ("short a b # why".to_owned(), "fingerprint"),
        ] {
            let error = Baseline::read("known", &text).unwrap_err();
            assert!(error.to_string().contains(what), "{text}: {error}");
            assert_eq!(error.line, 1);
        }
    }
}
