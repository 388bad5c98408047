//! A statement of a stream, and where it stands.

use super::token::Token;
use crate::finding::{Pos, Span};

/// Where a statement begins, and how its offsets become places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Where the statement begins.
    pub start: Pos,
}

impl Place {
    /// The place of an offset into the statement's text.
    #[must_use]
    pub fn of(&self, text: &[u8], offset: usize) -> Pos {
        after(self.start, &text[..offset.min(text.len())])
    }

    /// The stretch between two offsets.
    #[must_use]
    pub fn span(&self, text: &[u8], from: usize, to: usize) -> Span {
        Span { start: self.of(text, from), end: self.of(text, to) }
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
    pub place: Place,
}

/// Where a text ends that begins at `pos`.
pub(super) fn after(pos: Pos, text: &[u8]) -> Pos {
    let characters = |text: &[u8]| text.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    match memchr::memrchr(b'\n', text) {
        Some(last) => Pos {
            line: pos.line + 1 + memchr::memchr_iter(b'\n', &text[..last]).count(),
            column: 1 + characters(&text[last + 1..]),
        },
        // A byte order mark takes no place.
        None if text == b"\xef\xbb\xbf" => pos,
        None => Pos { line: pos.line, column: pos.column + characters(text) },
    }
}
