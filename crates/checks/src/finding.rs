//! One thing that was found: which rule, how bad, where, what to do.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::rule::{Rule, RuleId};

/// How bad it is, the mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Hurts under load or later.
    Medium,
    /// Breaks what runs.
    High,
    /// Loses data, or gives something away.
    Critical,
}

impl Severity {
    /// All of them, the mildest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is no severity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no severity: low, medium, high or critical")]
pub struct NoSeverity(String);

impl FromStr for Severity {
    type Err = NoSeverity;

    fn from_str(text: &str) -> Result<Self, NoSeverity> {
        let named = Self::ALL.into_iter().find(|severity| severity.as_str() == text);
        named.ok_or_else(|| NoSeverity(text.to_owned()))
    }
}

/// What a finding says about the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// This is there.
    Found,
    /// This could not be analysed: whatever the severity that is asked for, it keeps a gate shut.
    Undecided,
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Pos {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl Pos {
    /// Where every text begins.
    pub const START: Self = Self { line: 1, column: 1 };
}

impl fmt::Display for Pos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A stretch of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Span {
    /// Where it starts.
    pub start: Pos,
    /// Where it ends, exclusively.
    pub end: Pos,
}

impl Span {
    /// The beginning of a file: what is about all of it.
    pub const FILE: Self = Self { start: Pos::START, end: Pos::START };
}

/// What makes a finding the same one in another commit: the rule, the file and what is there,
/// without where in the file it stands. SHA-256, the first 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint {
    /// In ASCII.
    hex: [u8; 32],
}

/// The parts that fingerprints have in common, which come first: they are looked at once.
#[derive(Clone, Debug, Default)]
pub struct Stem(Sha256);

impl Stem {
    /// Of these parts.
    #[must_use]
    pub fn of<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Self {
        let mut stem = Self::default();
        parts.into_iter().for_each(|part| stem.add(part.as_ref()));
        stem
    }

    /// The fingerprint of the common parts and these.
    #[must_use]
    pub fn with<P: AsRef<[u8]>>(&self, parts: impl IntoIterator<Item = P>) -> Fingerprint {
        let mut stem = self.clone();
        parts.into_iter().for_each(|part| stem.add(part.as_ref()));
        stem.end()
    }

    fn add(&mut self, part: &[u8]) {
        // With its length, so that no two lists of parts read alike.
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    fn end(self) -> Fingerprint {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut hex = [0; 32];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(self.0.finalize()) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 15)];
        }
        Fingerprint { hex }
    }
}

impl Fingerprint {
    /// Of the parts that make it the same one.
    #[must_use]
    pub fn of<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Self {
        Stem::of(parts).end()
    }

    /// As it is written, in hex.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.hex).unwrap_or_default()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fingerprint").field(&self.as_str()).finish()
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// An allowance that was found for it: it is counted and shown, and shuts nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Allowed {
    /// Why, in the words of who allowed it. Never empty.
    pub reason: String,
    /// Where it is allowed: a line of the file, a baseline, a waiver.
    pub by: String,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Of which rule.
    pub rule: RuleId,
    /// How bad it is.
    pub severity: Severity,
    /// Whether it is there, or could not be analysed.
    pub kind: Kind,
    /// The file, from the repository's root, with `/`.
    pub file: String,
    /// Where in the file.
    pub span: Span,
    /// What is there, in one sentence without a full stop.
    pub message: String,
    /// What stands there, shortened; never a secret.
    pub excerpt: String,
    /// What makes it the same finding in another commit.
    pub fingerprint: Fingerprint,
    /// What to do, with the names that stand there.
    pub help: Option<Cow<'static, str>>,
    /// The allowance that was found for it.
    pub allowed: Option<Allowed>,
}

impl Finding {
    /// A finding about a file, with no excerpt and the rule's own help. The fingerprint is of the
    /// rule, the file and the message.
    #[must_use]
    pub fn new(
        rule: &Rule,
        file: impl Into<String>,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        let (file, message) = (file.into(), message.into());
        let fingerprint = Fingerprint::of([rule.id.as_str(), &file, &message]);
        let help = (!rule.help.is_empty()).then(|| rule.help.clone());
        Self {
            rule: rule.id.clone(),
            severity: rule.severity,
            kind: Kind::Found,
            file,
            span,
            message,
            excerpt: String::new(),
            fingerprint,
            help,
            allowed: None,
        }
    }

    /// The same, for what could not be analysed.
    #[must_use]
    pub fn undecided(mut self) -> Self {
        self.kind = Kind::Undecided;
        self
    }

    /// Whether it keeps a gate shut that wants nothing of `from` or worse.
    #[must_use]
    pub fn shuts(&self, from: Severity) -> bool {
        self.allowed.is_none() && (self.kind == Kind::Undecided || self.severity >= from)
    }
}

/// `file:line:column: severity: message [rule]`.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, span, severity, message, rule, .. } = self;
        write!(f, "{file}:{}: {severity}: {message} [{rule}]", span.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_of_the_parts_and_not_of_their_sum() {
        assert_eq!(Fingerprint::of(["a", "b"]), Fingerprint::of(["a", "b"]));
        assert_ne!(Fingerprint::of(["ab", ""]), Fingerprint::of(["a", "b"]));
        assert_eq!(Stem::of(["a"]).with(["b"]), Fingerprint::of(["a", "b"]));
        assert_eq!(Fingerprint::of([""; 0]).as_str().len(), 32);
    }

    #[test]
    fn what_could_not_be_analysed_shuts_whatever_is_asked_for() {
        let rule = Rule::new("x", Severity::Low, "", "", "");
        let found = Finding::new(&rule, "a.sql", Span::FILE, "there");
        assert!(found.shuts(Severity::Low) && !found.shuts(Severity::Medium));
        let undecided = found.undecided();
        assert!(undecided.shuts(Severity::Critical));
        let allowed = Some(Allowed { reason: "seen".into(), by: "a.sql:1".into() });
        assert!(!Finding { allowed, ..undecided }.shuts(Severity::Low));
    }
}
