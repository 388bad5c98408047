//! What a statement is made of.

use super::dialect::Dialect;
use super::lexer::{Lexed, Lexer};

/// What kind of token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A keyword or a plain name.
    Word,
    /// A name in quotes, backticks or brackets.
    Quoted,
    /// A string in single quotes; with backslash escapes if so.
    Text {
        /// Whether a backslash escapes what follows it.
        escapes: bool,
    },
    /// A string between dollar tags.
    Dollar,
    /// A number.
    Number,
    /// A variable of psql, a placeholder of Flyway, a parameter.
    Parameter,
    /// A number or a parameter, with letters behind it that make another token in another version.
    Junk,
    /// One character that is none of the above; `::` is one, too.
    Sign(u8),
}

/// A piece of a statement: bytes `start..end` of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it begins.
    pub start: u32,
    /// Where it ends, exclusively.
    pub end: u32,
    /// The first letter of a word, in lower case: it answers nearly every question about keywords.
    /// Zero if it is no word.
    pub letter: u8,
}

/// A letter as a bit: which ones many words begin with is one number.
pub(crate) const fn letter_bit(letter: u8) -> u32 {
    1 << (letter % 32)
}

impl Token {
    /// What stands at `start..end` of a text, which has less than 4 GiB: statements are limited.
    #[must_use]
    pub fn new(kind: TokenKind, text: &[u8], start: usize, end: usize) -> Self {
        let letter = match (kind, text.get(start)) {
            (TokenKind::Word, Some(first)) => first.to_ascii_lowercase(),
            _ => 0,
        };
        Self { kind, start: start as u32, end: end as u32, letter }
    }

    /// The token's bytes in the statement's text.
    #[must_use]
    pub fn bytes<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// The tokens of a whole text (a function's body, a string that is executed), without comments.
/// What is not terminated is left out, and told by `false`; so is what versions read otherwise.
#[must_use]
pub fn tokens_of(text: &[u8], dialect: Dialect) -> (Vec<Token>, bool) {
    let lexer = Lexer::new(dialect);
    let (mut tokens, mut at, mut whole) = (Vec::new(), 0, true);
    loop {
        match lexer.next(text, at, true) {
            Lexed::Token { kind, end } => {
                whole &= kind != TokenKind::Junk;
                tokens.push(Token::new(kind, text, at, end));
                at = end;
            }
            Lexed::Space { end } | Lexed::Comment { end } => at = end,
            Lexed::Unterminated(_) => {
                whole = false;
                at = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |line| at + line + 1);
            }
            Lexed::More | Lexed::End => return (tokens, whole),
        }
    }
}
