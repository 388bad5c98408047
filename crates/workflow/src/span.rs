//! Places in a source text.

use std::ops::Deref;

use serde::Serialize;

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Pos {
    /// Bytes from the start of the text.
    pub offset: usize,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
}

impl Pos {
    /// The first character of a text.
    pub const START: Self = Self { offset: 0, line: 1, column: 1 };

    /// The place that follows after `text`, when `text` starts here.
    #[must_use]
    pub fn after(self, text: &str) -> Self {
        text.chars().fold(self, |at, c| at.past(c))
    }

    /// The place behind one character.
    #[must_use]
    pub(crate) fn past(self, c: char) -> Self {
        let offset = self.offset + c.len_utf8();
        if c == '\n' {
            Self { offset, line: self.line + 1, column: 1 }
        } else {
            Self { offset, line: self.line, column: self.column + 1 }
        }
    }
}

impl Default for Pos {
    fn default() -> Self {
        Self::START
    }
}

/// A stretch of a text; `end` is the place behind its last character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Span {
    /// Where it starts.
    pub start: Pos,
    /// Where it ends, exclusively.
    pub end: Pos,
}

impl Span {
    /// From one place to another.
    #[must_use]
    pub const fn new(start: Pos, end: Pos) -> Self {
        Self { start, end }
    }

    /// The place itself, with no extent.
    #[must_use]
    pub const fn at(pos: Pos) -> Self {
        Self { start: pos, end: pos }
    }

    /// The stretch of `source` that this names, or nothing when it is of another text.
    #[must_use]
    pub fn slice<'a>(&self, source: &'a str) -> Option<&'a str> {
        source.get(self.start.offset..self.end.offset)
    }
}

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// A value written at `span`.
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
