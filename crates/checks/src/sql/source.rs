//! A statement of a stream, and where it stands.

use super::token::Token;
use crate::finding::{Pos, Span};

/// Where a statement begins: counted when somebody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// A place before it that is known.
    pub known: Pos,
    /// What stands between the two.
    pub between: &'a [u8],
}

impl Place<'_> {
    /// Where the statement begins.
    #[must_use]
    pub fn start(&self) -> Pos {
        after(self.known, self.between)
    }
}

/// A statement: its text, without its end sign, and its tokens.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// From its first token to its last.
    pub text: &'a [u8],
    /// Without comments and white space.
    pub tokens: &'a [Token],
    /// Where it stands.
    pub place: Place<'a>,
}

impl Source<'_> {
    /// From its first token to its last.
    #[must_use]
    pub fn span(&self) -> Span {
        let start = self.place.start();
        Span { start, end: after(start, self.text) }
    }
}

/// Where a text ends that begins at `pos`.
pub(crate) fn after(pos: Pos, text: &[u8]) -> Pos {
    if text.is_empty() {
        return pos;
    }
    let characters = |text: &[u8]| text.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    match memchr::memrchr(b'\n', text) {
        Some(last) => Pos {
            line: pos.line + 1 + memchr::memchr_iter(b'\n', &text[..last]).count(),
            column: 1 + characters(&text[last + 1..]),
        },
        None => Pos { line: pos.line, column: pos.column + characters(text) },
    }
}
