//! Searches one file.

use std::ops::Range;

use memchr::{memchr, memchr_iter, memrchr};
use regex::bytes::Regex;

use crate::check::Sink;
use crate::finding::{Allowed, Finding, Fingerprint, Pos, Span};

use super::der::is_private_key;
use super::encoded;
use super::entropy::{entropy, is_made_up, is_ordinary};
use super::inline;
use super::rules::{Named, Rules, SecretRule, Shape};
use super::text::{as_text, is_in_plain};

/// The longest name before a value, and what else stands before it.
const BEFORE: usize = 80;
/// The longest secret within a line, and what stands before it.
const LINE: usize = 6_000;
/// The longest block.
const BLOCK: usize = 8_000;
/// How much of a file says whether it is text.
const SNIFFED: usize = 8_000;

/// A place where a rule matches.
struct Hit {
    rule: usize,
    secret: Range<usize>,
    /// What is the secret, where it stands in base64 with other text.
    decoded: Option<Vec<u8>>,
}

impl Hit {
    const fn overlaps(&self, other: &Range<usize>) -> bool {
        self.secret.start < other.end && other.start < self.secret.end
    }
}

impl Rules {
    /// Searches one file's content for secrets. In a binary file, what only its name tells to be
    /// one counts where it stands in plain text.
    pub fn scan(&self, file: &str, content: &[u8], sink: &mut dyn Sink) {
        if is_private_key(content) {
            return self.key_file(file, content, sink);
        }
        let text = as_text(content);
        let binary = memchr(0, &text[..text.len().min(SNIFFED)]).is_some();
        let mut kept = best(self.hits(file, &text, binary));
        for word in encoded::texts(&text) {
            // What is a secret as it stands is told so.
            if kept.iter().any(|hit| hit.overlaps(&word.place)) {
                continue;
            }
            let within = best(self.hits(file, &word.text, false)).into_iter();
            kept.extend(within.map(|hit| Hit {
                rule: hit.rule,
                secret: word.place.clone(),
                decoded: Some(word.text[hit.secret].to_vec()),
            }));
        }
        kept.sort_by_key(|hit| hit.secret.start);
        let mut lines = Lines::new(&text);
        for hit in &kept {
            sink.finding(self.finding(file, &mut lines, hit, &kept));
        }
    }

    /// A file that is a private key, and no text.
    fn key_file(&self, file: &str, content: &[u8], sink: &mut dyn Sink) {
        let Some(rule) = self.rules.iter().find(|rule| rule.id == "private-key") else { return };
        let id = rule.id.as_str();
        let mut lists = rule.allow.iter().chain(&self.allow);
        if lists.any(|list| list.allows(id, file, content, content)) {
            return;
        }
        let message = format!("this looks like {}: DER, {} bytes", rule.what, content.len());
        let mut finding = Finding::new(&rule.rule(), file, Span::FILE, message);
        finding.fingerprint = Fingerprint::of([id.as_bytes(), file.as_bytes(), content]);
        sink.finding(finding);
    }

    fn hits(&self, file: &str, text: &[u8], binary: bool) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut whole = vec![false; self.rules.len()];
        // Where each rule has looked already.
        let mut looked = vec![0; self.rules.len()];
        let mut place = Place { file, text, binary, hits: &mut hits, allow: &self.allow };
        for found in self.keywords.find_overlapping_iter(text) {
            let named = self.by_keyword.get(found.pattern().as_usize());
            for Named { rule, exact } in named.into_iter().flatten() {
                if exact.as_ref().is_some_and(|exact| text[found.range()] != **exact) {
                    continue;
                }
                let found = found.range();
                let of = &self.rules[*rule];
                if of.shape == Shape::Whole {
                    whole[*rule] = true;
                } else if let Some(window) = window(of.shape, text, &found, looked[*rule]) {
                    looked[*rule] =
                        if of.shape == Shape::Prefixed { found.end } else { window.end };
                    place.look(*rule, of, window);
                }
            }
        }
        let asked = (0..self.rules.len()).filter(|rule| whole[*rule]);
        for rule in asked.chain(self.always.iter().copied()) {
            place.look(rule, &self.rules[rule], 0..text.len());
        }
        hits
    }

    fn finding(&self, file: &str, lines: &mut Lines<'_>, hit: &Hit, all: &[Hit]) -> Finding {
        let rule = &self.rules[hit.rule];
        let secret = &lines.text[hit.secret.clone()];
        let span = Span { start: lines.pos(hit.secret.start), end: lines.pos(hit.secret.end) };
        let how = if hit.decoded.is_some() { " in base64" } else { "" };
        let message = format!("this looks like {}{how}: {}", rule.what, masked(secret));
        let mut finding = Finding::new(&rule.rule(), file, span, message);
        finding.excerpt = lines.excerpt(&hit.secret, all);
        let secret = hit.decoded.as_deref().unwrap_or(secret);
        finding.fingerprint =
            Fingerprint::of([rule.id.as_str().as_bytes(), file.as_bytes(), secret]);
        let near = lines.around(hit.secret.start);
        finding.allowed = inline::allowance(near, rule.id.as_str())
            .map(|reason| lines.without(all, hit.secret.start, reason))
            .map(|reason| Allowed { reason, by: format!("{file}:{}", span.start.line) });
        finding
    }
}

/// One hit for one secret: the first rule in order knows it best.
fn best(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by_key(|hit| (hit.rule, hit.secret.start));
    let mut kept: Vec<Hit> = Vec::new();
    for hit in hits {
        if !kept.iter().any(|other| other.overlaps(&hit.secret)) {
            kept.push(hit);
        }
    }
    kept
}

/// What a keyword's rules look at, if they have not yet.
fn window(shape: Shape, text: &[u8], found: &Range<usize>, looked: usize) -> Option<Range<usize>> {
    let before = |at: usize| at.checked_sub(1).map(|at| text[at]);
    let line_end = || {
        let most = (found.end + LINE).min(text.len());
        memchr(b'\n', &text[found.end..most]).map_or(most, |at| found.end + at)
    };
    let from = |most: usize| {
        let least = found.start.saturating_sub(most).max(looked.min(found.start));
        memrchr(b'\n', &text[least..found.start]).map_or(least, |at| least + at + 1)
    };
    match shape {
        Shape::Prefixed if before(found.start).is_some_and(is_word) => None,
        Shape::Prefixed => Some(found.start..(found.start + LINE).min(text.len())),
        Shape::Assigned | Shape::Generic if !is_assigned(&text[found.end..]) => None,
        Shape::Block => Some(found.start.saturating_sub(40)..(found.end + BLOCK).min(text.len())),
        Shape::Whole => Some(0..text.len()),
        _ if found.start < looked => None,
        Shape::Token => Some(from(200)..line_end()),
        Shape::Assigned | Shape::Generic => Some(from(BEFORE)..line_end()),
        Shape::Line | Shape::Placed => Some(from(LINE)..line_end()),
    }
}

/// Whether a sign of assignment follows, after the rest of the name.
fn is_assigned(rest: &[u8]) -> bool {
    let name = rest.iter().take(48).position(|byte| !is_name(*byte));
    let Some(end) = name else { return false };
    let after = rest[end..].iter().take(12);
    let mut signs = after.skip_while(|byte| matches!(byte, b'"' | b'\'' | b'`' | b' ' | b'\t'));
    matches!(signs.next(), Some(b'=' | b':' | b',' | b'(' | b'|'))
}

/// A file that is searched.
struct Place<'a, 'h> {
    file: &'a str,
    text: &'a [u8],
    binary: bool,
    hits: &'h mut Vec<Hit>,
    allow: &'a [super::gitleaks::Allowlist],
}

impl Place<'_, '_> {
    fn look(&mut self, index: usize, rule: &SecretRule, window: Range<usize>) {
        let told_by_form = matches!(rule.shape, Shape::Prefixed | Shape::Token | Shape::Block);
        if rule.path.as_ref().is_some_and(|path| !path.is_match(self.file.as_bytes())) {
            return;
        }
        let Some(regex) = rule.matcher.regex() else { return };
        for secret in self.matches(regex, rule, window) {
            // Elsewhere in a binary file, what looks like a name is chance.
            let counts = told_by_form || !self.binary || is_in_plain(self.text, &secret);
            if counts && self.is_secret(rule, &secret) {
                self.hits.push(Hit { rule: index, secret, decoded: None });
            }
        }
    }

    fn matches(&self, regex: &Regex, rule: &SecretRule, window: Range<usize>) -> Vec<Range<usize>> {
        let start = window.start;
        let groups = regex.captures_iter(&self.text[window]);
        let secrets = groups.filter_map(|found| found.get(rule.group).or_else(|| found.get(0)));
        secrets.map(|secret| start + secret.start()..start + secret.end()).collect()
    }

    fn is_secret(&self, rule: &SecretRule, at: &Range<usize>) -> bool {
        let secret = &self.text[at.clone()];
        let before = at.start.checked_sub(1).map(|at| self.text[at]);
        let after = self.text.get(at.end).copied();
        let alone = match rule.shape {
            Shape::Prefixed | Shape::Token => {
                !before.is_some_and(is_word) && !after.is_some_and(is_word)
            }
            _ => true,
        };
        let ordinary = match rule.shape {
            Shape::Generic | Shape::Placed => is_ordinary(secret),
            _ => false,
        };
        let made_up = rule.shape != Shape::Whole && is_made_up(secret);
        if !alone || made_up || ordinary || entropy(secret) < rule.entropy {
            return false;
        }
        let line = Lines::new(self.text).line_at(at.start);
        let mut lists = rule.allow.iter().chain(self.allow);
        !lists.any(|list| list.allows(rule.id.as_str(), self.file, secret, line))
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_name(byte: u8) -> bool {
    is_word(byte) || matches!(byte, b'.' | b'-')
}

/// The secret as it may be shown: its first and last characters, if enough stays hidden, and how
/// long it is.
fn masked(secret: &[u8]) -> String {
    let text = String::from_utf8_lossy(secret);
    let first_line = text.lines().next().unwrap_or_default();
    let count = text.chars().count();
    let (first, last) = match count {
        ..12 => (0, 0),
        12..20 => (2, 0),
        _ => (4, 2),
    };
    let first: String = first_line.chars().take(first).collect();
    let skip = first_line.chars().count().saturating_sub(last);
    let last: String = first_line.chars().skip(skip).collect();
    format!("{first}…{last} ({count} characters)")
}

/// A text by lines.
struct Lines<'t> {
    text: &'t [u8],
    /// Counted up to here: offset, and lines before it.
    counted: (usize, usize),
}

impl<'t> Lines<'t> {
    const fn new(text: &'t [u8]) -> Self {
        Self { text, counted: (0, 0) }
    }

    fn start_of(&self, at: usize) -> usize {
        memrchr(b'\n', &self.text[..at]).map_or(0, |newline| newline + 1)
    }

    fn line_at(&self, at: usize) -> &'t [u8] {
        let end = memchr(b'\n', &self.text[at..]).map_or(self.text.len(), |newline| at + newline);
        &self.text[self.start_of(at)..end]
    }

    /// The line and the one before.
    fn around(&self, at: usize) -> [&'t [u8]; 2] {
        let start = self.start_of(at);
        let before = start.checked_sub(1).map_or(&b""[..], |end| self.line_at(end));
        [self.line_at(at), before]
    }

    fn pos(&mut self, at: usize) -> Pos {
        let (from, before) = if at >= self.counted.0 { self.counted } else { (0, 0) };
        let line = before + memchr_iter(b'\n', &self.text[from..at]).count();
        self.counted = (at, line);
        let start = self.start_of(at);
        let column = String::from_utf8_lossy(&self.text[start..at]).chars().count() + 1;
        Pos { line: line + 1, column }
    }

    /// What stands in the line or the one before, with their secrets hidden.
    fn without(&self, all: &[Hit], at: usize, said: String) -> String {
        let start = self.start_of(self.start_of(at).saturating_sub(1));
        let end = self.start_of(at) + self.line_at(at).len();
        let first = all.partition_point(|hit| hit.secret.end <= start);
        let near = all[first..].iter().map(|hit| &hit.secret);
        near.take_while(|secret| secret.start < end).fold(said, |said, secret| {
            let secret = &self.text[secret.clone()];
            said.replace(&*String::from_utf8_lossy(secret), &masked(secret))
        })
    }

    /// The line with its secrets hidden, shortened.
    fn excerpt(&self, secret: &Range<usize>, all: &[Hit]) -> String {
        const AROUND: usize = 60;
        let start = self.start_of(secret.start).max(secret.start.saturating_sub(AROUND));
        let rest = self.line_at(secret.end.saturating_sub(1));
        let end = self.start_of(secret.end.saturating_sub(1)) + rest.len();
        let end = end.min(secret.end + AROUND).max(secret.end);
        let (mut text, mut at) = (String::new(), start);
        // They stand in order, and none in another.
        let first = all.partition_point(|hit| hit.secret.end <= start);
        let near = all[first..].iter().map(|hit| &hit.secret);
        for hidden in near.take_while(|hidden| hidden.start < end) {
            // Several may stand in one word.
            if hidden.end <= at {
                continue;
            }
            text += &String::from_utf8_lossy(&self.text[at..hidden.start.max(at)]);
            let is_this = hidden == secret;
            text += &if is_this { masked(&self.text[secret.clone()]) } else { "…".to_owned() };
            at = hidden.end;
        }
        text += &String::from_utf8_lossy(&self.text[at.min(end)..end]);
        text.trim().chars().filter(|c| !c.is_control()).collect()
    }
}
