//! From a verdict to a finding: where it stands, and whether it is allowed.

use std::cell::{OnceCell, RefCell};

use super::file::is_undecided;
use super::rules::{self, BAD_ALLOW, UNUSED_ALLOW, Verdict};
use crate::finding::{Allowed, Finding, Kind, Pos, Span, Stem};
use crate::sql::{Allow, Source, after};

/// An excerpt has no more characters.
const EXCERPT: usize = 240;
/// An excerpt has no more lines.
const EXCERPT_LINES: usize = 4;

/// As many bytes are looked at again for a place, at most.
const STRIDE: usize = 4096;

/// What was found out about a text, kept for the next finding in it: a block may be a megabyte of
/// statements.
#[derive(Debug, Default)]
pub(super) struct Memo {
    /// What fingerprints of what is in it begin with.
    stem: OnceCell<Stem>,
    /// Where the statement begins.
    start: OnceCell<Pos>,
    /// The places of its bytes 0, [`STRIDE`], twice that, …, as far as one was asked for.
    places: RefCell<Vec<Pos>>,
}

/// Where a part of a statement stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    source: Source<'a>,
    memo: &'a Memo,
    /// The part, in the statement's text.
    start: usize,
    end: usize,
    /// What is inside, where it is not written as such in the statement's text.
    inner: Option<Inner<'a>>,
}

/// A part of a body that a statement runs and that is written elsewhere.
#[derive(Clone, Copy, Debug)]
struct Inner<'a> {
    body: &'a [u8],
    part: &'a [u8],
    /// What runs it.
    outer: &'a At<'a>,
}

/// A body that a statement runs.
#[derive(Debug)]
pub(super) struct Body<'b> {
    body: &'b [u8],
    at: &'b At<'b>,
    /// Where it is written in the statement, if it is.
    written: Option<usize>,
    memo: Memo,
}

impl Body<'_> {
    /// A part of it: its own place if the body is written in the statement, else the
    /// statement's, with the part as excerpt.
    pub(super) fn part(&self, start: usize, end: usize) -> At<'_> {
        let Self { body, at, written, memo } = self;
        match written {
            Some(from) => At { start: from + start, end: from + end, ..**at },
            None => {
                let part = body.get(start..end).unwrap_or_default();
                At { inner: Some(Inner { body, part, outer: at }), memo, ..**at }
            }
        }
    }
}

impl<'a> At<'a> {
    pub(super) const fn new(source: &Source<'a>, memo: &'a Memo, start: usize, end: usize) -> Self {
        Self { source: *source, memo, start, end, inner: None }
    }

    /// A body that this statement runs.
    pub(super) fn body<'b>(&'b self, body: &'b [u8]) -> Body<'b> {
        let written = memchr::memmem::find(self.source.text, body).filter(|_| !body.is_empty());
        Body { body, at: self, written, memo: Memo::default() }
    }

    pub(super) fn span(&self) -> Span {
        Span { start: self.place_of(self.start), end: self.place_of(self.end) }
    }

    /// The place of an offset, counted from the last known place before it.
    fn place_of(&self, offset: usize) -> Pos {
        let Source { text, place, .. } = self.source;
        let start = *self.memo.start.get_or_init(|| place.start());
        let offset = offset.min(text.len());
        if offset < STRIDE {
            return after(start, &text[..offset]);
        }
        let mut places = self.memo.places.borrow_mut();
        if places.is_empty() {
            places.push(start);
        }
        let stride = offset / STRIDE;
        while places.len() <= stride {
            let from = (places.len() - 1) * STRIDE;
            let next = after(places[places.len() - 1], &text[from..from + STRIDE]);
            places.push(next);
        }
        after(places[stride], &text[stride * STRIDE..offset])
    }

    fn excerpt(&self) -> String {
        let part = || self.source.text.get(self.start..self.end).unwrap_or_default();
        excerpt(self.inner.map_or_else(part, |inner| inner.part))
    }

    /// The statement, and every body on the way from it to here.
    fn texts(&self) -> impl Iterator<Item = &'a [u8]> {
        let inner = std::iter::successors(self.inner, |inner| inner.outer.inner);
        std::iter::once(self.source.text).chain(inner.map(|inner| inner.body))
    }
}

/// The text, shortened.
fn excerpt(text: &[u8]) -> String {
    let mut end = text.len().min(EXCERPT);
    if let Some(newline) = memchr::memchr_iter(b'\n', &text[..end]).nth(EXCERPT_LINES - 1) {
        end = newline;
    }
    let mut shown = match std::str::from_utf8(&text[..end]) {
        Ok(shown) => shown.to_owned(),
        Err(_) => String::from_utf8_lossy(&text[..end]).into_owned(),
    };
    if memchr::memchr(b'\r', shown.as_bytes()).is_some() {
        shown.retain(|c| c != '\r');
    }
    if end < text.len() {
        // A character may have been cut.
        while shown.ends_with('\u{fffd}') {
            shown.pop();
        }
        shown.push_str(" …");
    }
    shown
}

/// What is said before a statement about it.
#[derive(Debug, Default)]
pub(super) struct Allows(Vec<(Allow, Pos, bool)>);

impl Allows {
    /// Takes an allowance; a finding if it does not count.
    pub(super) fn add(&mut self, allow: Allow, pos: Pos, file: &str) -> Option<Finding> {
        let span = Span { start: pos, end: pos };
        let unknown = allow
            .rules
            .iter()
            .find(|rule| !rules::all().iter().any(|known| known.rule.id == rule.as_str()));
        let problem = if allow.reason.is_empty() {
            "an allowance without a reason does not count".to_owned()
        } else if let Some(unknown) = unknown {
            format!("there is no rule `{unknown}`: the allowance does not count")
        } else if allow.rules.is_empty() {
            "an allowance without a rule does not count".to_owned()
        } else {
            self.0.push((allow, pos, false));
            return None;
        };
        Some(Finding::new(&BAD_ALLOW.rule, file, span, problem))
    }

    /// A comment to us that is not understood.
    pub(super) fn not_understood(text: &str, pos: Pos, file: &str) -> Finding {
        let span = Span { start: pos, end: pos };
        Finding::new(&BAD_ALLOW.rule, file, span, format!("`shipway: {text}` is not understood"))
    }

    fn find(&mut self, rule: &str) -> Option<Allowed> {
        let found =
            self.0.iter_mut().find(|(allow, ..)| allow.rules.iter().any(|of| of == rule))?;
        found.2 = true;
        Some(Allowed { reason: found.0.reason.clone(), by: format!("line {}", found.1.line) })
    }

    /// Those that nothing needed; all are forgotten.
    pub(super) fn unused(&mut self, file: &str) -> Vec<Finding> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let unused = self.0.drain(..).filter(|(.., used)| !used);
        let told = unused.map(|(allow, pos, _)| {
            let span = Span { start: pos, end: pos };
            let message = format!("nothing here needs `allow {}`", allow.rules.join(", "));
            Finding::new(&UNUSED_ALLOW.rule, file, span, message)
        });
        told.collect()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The finding that a verdict is.
pub(super) fn finding_of(
    verdict: Verdict,
    file: &str,
    at: &At<'_>,
    allows: &mut Allows,
) -> Finding {
    let rule = &verdict.rule.rule;
    let undecided = is_undecided(verdict.rule);
    Finding {
        rule: rule.id.clone(),
        severity: rule.severity,
        kind: if undecided { Kind::Undecided } else { Kind::Found },
        file: file.to_owned(),
        span: at.span(),
        fingerprint: at.memo.stem.get_or_init(|| Stem::of(at.texts())).with([
            rule.id.as_str(),
            file,
            &verdict.message,
        ]),
        message: verdict.message,
        excerpt: at.excerpt(),
        help: (!verdict.help.is_empty()).then_some(verdict.help),
        allowed: allows.find(rule.id.as_str()),
    }
}
