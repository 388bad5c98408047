//! A report that says nothing: it is no evidence, and a gate that needs it stays shut.

use super::Kind;
use crate::finding::Pos;

/// Why a report is no evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: no evidence: {why}", place(*at))]
pub struct NoEvidence {
    /// The report, as it was named.
    pub file: String,
    /// What it is about, if its format was recognised.
    pub kind: Option<Kind>,
    /// Where in it, if the place is known.
    pub at: Option<Pos>,
    /// Why.
    pub why: Why,
}

impl NoEvidence {
    /// A report that cannot be opened.
    #[must_use]
    pub fn unreadable(file: &str, error: &std::io::Error) -> Self {
        let why = Why::Unreadable(error.to_string());
        Self { file: file.to_owned(), kind: None, at: None, why }
    }

    /// Whether it may be of a kind: what nobody knows the kind of may be of any, and a list of
    /// packages that cannot be read to its end may have had an audit in it.
    #[must_use]
    pub fn concerns(&self, kind: Kind) -> bool {
        match self.kind {
            Some(Kind::Sbom) if kind == Kind::Vulnerabilities => !matches!(self.why, Why::Empty(_)),
            of => of.is_none_or(|of| of == kind),
        }
    }
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

/// Why a reader stopped: a [`NoEvidence`] that does not know its file yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: Option<Pos>,
    pub(super) why: Why,
}

impl Fault {
    /// Nothing stands in it, or nothing was measured.
    pub(super) fn empty(what: impl Into<String>) -> Self {
        Self { at: None, why: Why::Empty(shown(what)) }
    }

    /// It does not follow its format.
    pub(super) fn malformed(what: impl Into<String>) -> Self {
        Self { at: None, why: Why::Malformed(shown(what)) }
    }

    /// It asks for what a report has no use for.
    pub(super) fn hostile(what: impl Into<String>) -> Self {
        Self { at: None, why: Why::Hostile(shown(what)) }
    }

    /// The same, at a place.
    pub(super) fn at(mut self, at: Pos) -> Self {
        self.at = Some(at);
        self
    }

    /// The same, in a file.
    pub(super) fn of(self, file: &str, kind: Option<Kind>) -> NoEvidence {
        NoEvidence { file: file.to_owned(), kind, at: self.at, why: self.why }
    }
}

/// A message as a terminal may show it. It may quote the report, which may have anything in it.
fn shown(what: impl Into<String>) -> String {
    /// Readers quote less; what their parsers quote has no end.
    const MOST: usize = 300;
    let what = what.into();
    if what.len() <= MOST && !what.contains(char::is_control) {
        return what;
    }
    let mut shown = String::new();
    for c in what.chars().take(MOST) {
        match c.is_control() {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    if what.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::read;

    #[test]
    fn a_broken_list_of_packages_may_have_had_an_audit_in_it() {
        let of = |text: &str| {
            let error = read("r", &mut text.as_bytes()).unwrap_err();
            [Kind::Sbom, Kind::Vulnerabilities, Kind::Tests].map(|kind| error.concerns(kind))
        };
        assert_eq!(of("{\"bomFormat\": \"CycloneDX\", \"components\": [{"), [true, true, false]);
        assert_eq!(of("{\"bomFormat\": \"CycloneDX\", \"components\": []}"), [true, false, false]);
        assert_eq!(of("<testsuite>"), [false, false, true]);
        assert_eq!(of("of no kind"), [true, true, true]);
    }

    #[test]
    fn what_it_quotes_is_short_and_harmless() {
        assert_eq!(shown("a `é`"), "a `é`");
        assert_eq!(shown("a\r\u{1b}[2Jb"), "a\\r\\u{1b}[2Jb");
        let report = format!("<coverage line-rate=\"1\"></{}\r\0>", "x".repeat(5_000));
        let message = read("c.xml", &mut report.as_bytes()).unwrap_err().to_string();
        assert!(message.contains("`</xxx") && message.chars().count() < 400, "{message}");
        assert!(!message.contains(char::is_control), "{message}");
    }
}
