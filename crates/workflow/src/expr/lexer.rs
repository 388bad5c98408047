//! From text to tokens.

use super::parser::MAX_LENGTH;
use super::{code, number};
use crate::diagnostic::Diagnostic;
use crate::span::{Pos, Span};

/// Why a text is no expression. `message` says what and where in words; `offset` is the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// Bytes from the start of the expression to the place.
    pub offset: usize,
    /// How many bytes there are meant.
    pub length: usize,
    /// What to do about it, if that is known.
    pub help: Option<String>,
}

impl SyntaxError {
    /// `what: 'lexeme'. Located at position 3 within expression: …`, as GitHub says it.
    pub(super) fn located(what: &str, lexeme: &str, offset: usize, expression: &str) -> Self {
        let before = expression.get(..offset).unwrap_or(expression);
        let position = before.encode_utf16().count() + 1;
        let message = format!(
            "{what}: '{lexeme}'. Located at position {position} within expression: {expression}"
        );
        Self { message, offset, length: lexeme.len(), help: None }
    }

    /// An error at one place without a lexeme.
    pub(super) fn at(offset: usize, message: impl Into<String>) -> Self {
        Self { message: message.into(), offset, length: 0, help: None }
    }

    /// The problem in a file, at the place that `locate` finds for the error's.
    pub(super) fn diagnostic(self, file: &str, mut locate: impl FnMut(usize) -> Pos) -> Diagnostic {
        let from = locate(self.offset);
        let to = locate(self.offset + self.length);
        let span = Span::new(from, to.max(from));
        let problem = Diagnostic::error(code::SYNTAX, file, span, self.message);
        match self.help {
            Some(help) => problem.with_help(help),
            None => problem,
        }
    }

    fn unexpected(lexeme: &str, offset: usize, expression: &str) -> Self {
        Self::located("Unexpected symbol", lexeme, offset, expression)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    OpenParen,
    CloseParen,
    OpenBracket,
    CloseBracket,
    Comma,
    Dot,
    Star,
    Not,
    NotEqual,
    Equal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    And,
    Or,
    Null,
    Bool(bool),
    Number(f64),
    String(String),
    Name,
}

#[derive(Clone, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    pub(super) lexeme: &'a str,
    pub(super) offset: usize,
}

pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, SyntaxError> {
    if text.encode_utf16().count() > MAX_LENGTH {
        let message = format!("Exceeded max expression length {MAX_LENGTH}");
        return Err(SyntaxError { message, offset: 0, length: text.len(), help: None });
    }
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new() };
    while lexer.token()? {}
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token<'a>>,
}

impl<'a> Lexer<'a> {
    /// Reads one token; false at the end.
    fn token(&mut self) -> Result<bool, SyntaxError> {
        let rest = self.text[self.at..].trim_start();
        self.at = self.text.len() - rest.len();
        let Some(first) = rest.chars().next() else { return Ok(false) };
        let two = |second: char| rest.chars().nth(1) == Some(second);
        let (kind, length) = match first {
            '(' => (TokenKind::OpenParen, 1),
            ')' => (TokenKind::CloseParen, 1),
            '[' => (TokenKind::OpenBracket, 1),
            ']' => (TokenKind::CloseBracket, 1),
            ',' => (TokenKind::Comma, 1),
            '*' => (TokenKind::Star, 1),
            '!' if two('=') => (TokenKind::NotEqual, 2),
            '!' => (TokenKind::Not, 1),
            '<' if two('=') => (TokenKind::LessEqual, 2),
            '<' => (TokenKind::Less, 1),
            '>' if two('=') => (TokenKind::GreaterEqual, 2),
            '>' => (TokenKind::Greater, 1),
            '=' if two('=') => (TokenKind::Equal, 2),
            '&' if two('&') => (TokenKind::And, 2),
            '|' if two('|') => (TokenKind::Or, 2),
            '.' if self.may_dereference() => (TokenKind::Dot, 1),
            '.' | '+' | '-' | '0'..='9' => self.number(rest)?,
            '\'' => self.string(rest)?,
            _ => self.word(rest)?,
        };
        self.tokens.push(Token { kind, lexeme: &rest[..length], offset: self.at });
        self.at += length;
        Ok(true)
    }

    /// Whether a dot here follows something that has members; else it begins a number.
    fn may_dereference(&self) -> bool {
        matches!(
            self.tokens.last().map(|token| &token.kind),
            Some(
                TokenKind::Name | TokenKind::CloseBracket | TokenKind::CloseParen | TokenKind::Star
            )
        )
    }

    fn number(&self, rest: &str) -> Result<(TokenKind, usize), SyntaxError> {
        let length = rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| is_boundary(*c) && *c != '.')
            .map_or(rest.len(), |(i, _)| i);
        let value = number::parse(&rest[..length]);
        if value.is_nan() {
            return Err(SyntaxError::unexpected(&rest[..length], self.at, self.text));
        }
        Ok((TokenKind::Number(value), length))
    }

    fn string(&self, rest: &str) -> Result<(TokenKind, usize), SyntaxError> {
        let mut value = String::new();
        let mut chars = rest.char_indices().skip(1).peekable();
        while let Some((i, c)) = chars.next() {
            if c != '\'' {
                value.push(c);
            } else if chars.next_if(|(_, next)| *next == '\'').is_some() {
                value.push('\'');
            } else {
                return Ok((TokenKind::String(value), i + 1));
            }
        }
        Err(SyntaxError::unexpected(rest, self.at, self.text))
    }

    fn word(&self, rest: &str) -> Result<(TokenKind, usize), SyntaxError> {
        let length = rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| is_boundary(*c))
            .map_or(rest.len(), |(i, _)| i);
        let word = &rest[..length];
        let after_dot = self.tokens.last().is_some_and(|token| token.kind == TokenKind::Dot);
        let kind = match word {
            _ if after_dot => TokenKind::Name,
            "null" => TokenKind::Null,
            "true" => TokenKind::Bool(true),
            "false" => TokenKind::Bool(false),
            "NaN" => TokenKind::Number(f64::NAN),
            "Infinity" => TokenKind::Number(f64::INFINITY),
            _ => TokenKind::Name,
        };
        let starts_well = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if !starts_well || !word.chars().all(legal) {
            return Err(SyntaxError::unexpected(word, self.at, self.text));
        }
        Ok((kind, length))
    }
}

fn is_boundary(c: char) -> bool {
    matches!(c, '(' | '[' | ')' | ']' | ',' | '.' | '!' | '>' | '<' | '=' | '&' | '|')
        || c.is_whitespace()
}
