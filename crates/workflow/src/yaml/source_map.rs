//! From a place in a scalar's text back to the place in the file.

use super::scalar::Style;
use crate::span::{Pos, Span};

/// Walks a scalar's text and its source side by side.
///
/// Quotes, escapes, indentation and folded lines make the two differ; they agree in the order
/// of their visible characters, and that is what is followed. Most scalars are written as they
/// are, and need not be followed. Asked from left to right.
pub(crate) struct SourceMap<'a> {
    text: &'a str,
    source: &'a str,
    escapes: bool,
    text_at: usize,
    source_at: Pos,
    end: usize,
    /// The text stands in the source letter by letter.
    verbatim: bool,
}

impl<'a> SourceMap<'a> {
    /// A map for the scalar with this `text`, written at `span` of `source`.
    pub(crate) fn new(text: &'a str, style: Style, span: Span, source: &'a str) -> Self {
        let end = span.end.offset.min(source.len());
        let mut map = Self {
            text,
            source,
            escapes: style == Style::DoubleQuoted,
            text_at: 0,
            source_at: span.start,
            end,
            verbatim: false,
        };
        match style {
            Style::SingleQuoted | Style::DoubleQuoted => map.skip_one(),
            // A block's span starts at its content, behind the `|` or `>`.
            Style::Plain | Style::Block => {}
        }
        let written = source.get(map.source_at.offset..end).unwrap_or_default();
        map.verbatim = written.starts_with(text) && !(map.escapes && text.contains('\\'));
        map
    }

    /// Where the character at `offset` bytes of the text is written. Offsets never decrease
    /// from call to call.
    pub(crate) fn locate(&mut self, offset: usize) -> Pos {
        if self.verbatim {
            if let Some(passed) = self.text.get(self.text_at..offset.min(self.text.len())) {
                self.source_at = self.source_at.after(passed);
                self.text_at += passed.len();
            }
            return self.source_at;
        }
        while self.text_at < offset.min(self.text.len()) {
            let Some(c) = self.text.get(self.text_at..).and_then(|rest| rest.chars().next()) else {
                break;
            };
            self.text_at += c.len_utf8();
            if !c.is_whitespace() {
                self.find(c);
                self.skip_one();
            } else if self.peek() == Some(c) {
                self.skip_one();
            }
        }
        if let Some(c) = self.text.get(self.text_at..).and_then(|rest| rest.chars().next())
            && !c.is_whitespace()
        {
            self.find(c);
        }
        self.source_at
    }

    /// Goes on to the next `c`; stays when there is none.
    fn find(&mut self, c: char) {
        let start = self.source_at;
        while let Some(next) = self.peek() {
            if next == c && !(self.escapes && c == '\\') {
                return;
            }
            self.skip_one();
            if self.escapes && next == '\\' {
                match self.peek() {
                    Some(escaped) if escaped == c && !escaped.is_alphanumeric() => return,
                    Some(_) => self.skip_one(),
                    None => {}
                }
            }
        }
        self.source_at = start;
    }

    fn peek(&self) -> Option<char> {
        self.source.get(self.source_at.offset..self.end)?.chars().next()
    }

    fn skip_one(&mut self) {
        if let Some(c) = self.peek() {
            self.source_at = self.source_at.past(c);
        }
    }
}
