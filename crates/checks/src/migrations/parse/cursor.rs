//! Goes along the tokens of a statement.

use std::borrow::Cow;

use crate::migrations::statement::{Name, Text};
use crate::sql::{Dialect, Token, TokenKind, letter_bit};

/// Many keywords, and the letters that they begin with: most words begin like none of them.
#[derive(Debug)]
pub(super) struct Keywords {
    words: &'static [&'static str],
    /// Bit `letter % 32` for each.
    letters: u32,
}

impl Keywords {
    pub(super) const fn new(words: &'static [&'static str]) -> Self {
        let (mut letters, mut at) = (0, 0);
        while at < words.len() {
            letters |= letter_bit(words[at].as_bytes()[0]);
            at += 1;
        }
        Self { words, letters }
    }
}

/// Goes along the tokens of a statement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    pub(super) text: &'a [u8],
    /// The same as text; empty if it is not UTF-8.
    pub(super) written: &'a str,
    pub(super) tokens: &'a [Token],
    pub(super) at: usize,
    pub(super) dialect: Dialect,
    /// In the body of a block or a function, which may have variables.
    pub(super) in_body: bool,
}

impl<'a> Cursor<'a> {
    /// At the beginning of a text, all of which is looked at: what else goes along parts of it
    /// is made of this one.
    pub(super) fn new(text: &'a [u8], tokens: &'a [Token], dialect: Dialect) -> Self {
        let written = std::str::from_utf8(text).unwrap_or_default();
        Self { text, written, tokens, at: 0, dialect, in_body: false }
    }

    /// At the beginning of some of the tokens.
    pub(super) const fn along(&self, tokens: &'a [Token]) -> Self {
        Self { tokens, at: 0, ..*self }
    }

    pub(super) fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    pub(super) fn done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(super) fn bytes_at(&self, at: usize) -> &'a [u8] {
        self.tokens.get(at).map_or(&[], |token| token.bytes(self.text))
    }

    /// Whether the token at an index is this keyword.
    pub(super) fn word_at(&self, at: usize, word: &str) -> bool {
        self.begins_like(at, word) && self.matched(at, word) == Some(1)
    }

    /// Whether a token has the first letter of these keywords: it answers nearly every question
    /// about them.
    #[inline]
    fn begins_like(&self, at: usize, words: &str) -> bool {
        let letter = words.as_bytes().first();
        self.tokens.get(at).is_some_and(|token| Some(&token.letter) == letter)
    }

    /// How many tokens these keywords are, if they stand at an index.
    fn matched(&self, from: usize, words: &str) -> Option<usize> {
        let (mut at, mut words) = (from, words.as_bytes());
        loop {
            let token = self.tokens.get(at).filter(|token| token.letter != 0)?;
            let bytes = token.bytes(self.text);
            let (word, rest) = words.split_at_checked(bytes.len())?;
            let more = match rest {
                [] => &[],
                [b' ', more @ ..] => more,
                _ => return None,
            };
            if !is_alike(bytes, word) {
                return None;
            }
            at += 1;
            if more.is_empty() {
                return Some(at - from);
            }
            words = more;
        }
    }

    /// Whether these keywords come next.
    #[inline]
    pub(super) fn is(&self, words: &str) -> bool {
        self.begins_like(self.at, words) && self.matched(self.at, words).is_some()
    }

    #[inline]
    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|words| self.is(words))
    }

    /// The same for many.
    #[inline]
    pub(super) fn is_one_of(&self, keywords: &Keywords) -> bool {
        let letter = self.tokens.get(self.at).map_or(0, |token| token.letter);
        keywords.letters & letter_bit(letter) != 0 && self.is_any(keywords.words)
    }

    /// Passes these keywords, if they come next.
    #[inline]
    pub(super) fn eat(&mut self, words: &str) -> bool {
        if !self.begins_like(self.at, words) {
            return false;
        }
        let eaten = self.matched(self.at, words);
        self.at += eaten.unwrap_or(0);
        eaten.is_some()
    }

    #[inline]
    pub(super) fn eat_any(&mut self, words: &[&str]) -> bool {
        words.iter().any(|words| self.eat(words))
    }

    pub(super) fn is_sign(&self, sign: u8) -> bool {
        self.sign_at(self.at, sign)
    }

    pub(super) fn sign_at(&self, at: usize, sign: u8) -> bool {
        // `::` is one token with the same kind.
        matches!(self.tokens.get(at), Some(token)
            if token.kind == TokenKind::Sign(sign) && token.end - token.start == 1)
    }

    pub(super) fn eat_sign(&mut self, sign: u8) -> bool {
        let eaten = self.is_sign(sign);
        self.at += usize::from(eaten);
        eaten
    }

    pub(super) fn if_exists(&mut self) -> bool {
        self.eat("if exists")
    }

    pub(super) fn if_not_exists(&mut self) -> bool {
        self.eat("if not exists")
    }

    /// One part of a name; unquoted ones are folded to lower case.
    pub(super) fn part(&mut self) -> Option<Text<'a>> {
        let token = self.peek()?;
        let mut part = self.unquoted(token)?;
        self.at += 1;
        // `${prefix}_users` is one name in several pieces.
        let mut last = token;
        while let Some(next) = self.peek() {
            let joined = last.kind == TokenKind::Parameter || next.kind == TokenKind::Parameter;
            if !joined || next.start != last.end {
                break;
            }
            let Some(more) = self.unquoted(next) else { break };
            part.to_mut().push_str(&more);
            last = next;
            self.at += 1;
        }
        Some(part)
    }

    /// `name`, `schema.name`, `database.schema.name`.
    pub(super) fn name(&mut self) -> Option<Name<'a>> {
        let mut name = Name::plain(self.part()?);
        while self.is_sign(b'.') {
            let before = self.at;
            self.at += 1;
            let Some(part) = self.part() else {
                self.at = before;
                break;
            };
            name = Name { schema: Some(name.name), name: part };
        }
        Some(name)
    }

    /// Names with commas between; `ONLY` and `*` are passed.
    pub(super) fn names(&mut self) -> Vec<Name<'a>> {
        let mut names = Vec::new();
        loop {
            self.eat("only");
            let Some(name) = self.name() else { return names };
            names.push(name);
            self.eat_sign(b'*');
            if !self.eat_sign(b',') {
                return names;
            }
        }
    }

    /// Whether one of these keywords stands anywhere in what is left.
    pub(super) fn has_any(&self, words: &[&str]) -> bool {
        (self.at..self.tokens.len()).any(|at| Self { at, ..*self }.is_any(words))
    }

    /// The same, in no parentheses.
    pub(super) fn is_any_at_top(&self, words: &[&str]) -> bool {
        let mut c = *self;
        while !c.done() && !c.is_any(words) {
            if c.group().is_none() {
                c.at += 1;
            }
        }
        !c.done()
    }

    /// Passes a string, and those on the next lines that go on with it; what they say.
    pub(super) fn strings(&mut self) -> Option<Cow<'a, [u8]>> {
        let mut text = string(self.peek()?, self.text)?;
        self.at += 1;
        while let Some(more) = self.peek().and_then(|token| string(token, self.text)) {
            text.to_mut().extend_from_slice(&more);
            self.at += 1;
        }
        Some(text)
    }

    /// Passes a group in parentheses, if one is open here; what is between its signs.
    pub(super) fn group(&mut self) -> Option<Self> {
        if !self.is_sign(b'(') {
            return None;
        }
        let from = self.at + 1;
        let mut depth = 0_usize;
        while self.at < self.tokens.len() {
            if self.is_sign(b'(') {
                depth += 1;
            } else if self.is_sign(b')') {
                depth -= 1;
            }
            self.at += 1;
            if depth == 0 {
                let inner = &self.tokens[from..self.at - 1];
                return Some(Self { tokens: inner, at: 0, ..*self });
            }
        }
        Some(Self { tokens: &self.tokens[from..], at: 0, ..*self })
    }

    /// What is before the next comma that is in no parentheses; the comma is passed.
    pub(super) fn item(&mut self) -> Self {
        let from = self.at;
        while !self.done() && !self.is_sign(b',') {
            if self.group().is_none() {
                self.at += 1;
            }
        }
        let item = Self { tokens: &self.tokens[from..self.at], at: 0, ..*self };
        self.eat_sign(b',');
        item
    }

    /// What is left, as it was written, in lower case and with single spaces.
    pub(super) fn words(&self) -> Text<'a> {
        let (start, end) = self.extent();
        if let Some(written) = self.as_compared(start, end)
            && self.has_single_spaces()
        {
            return Text::Borrowed(written);
        }
        let mut words = String::with_capacity(end - start);
        for at in self.at..self.tokens.len() {
            let apart = at > self.at && self.tokens[at].start > self.tokens[at - 1].end;
            if apart {
                words.push(' ');
            }
            words.push_str(&self.lower(self.tokens[at]));
        }
        Text::Owned(words)
    }

    /// Whether there is nothing or one space between all tokens that are left.
    fn has_single_spaces(&self) -> bool {
        let left = self.tokens.get(self.at..).unwrap_or_default();
        left.windows(2).all(|pair| {
            let (before, behind) = (pair[0].end as usize, pair[1].start as usize);
            matches!(self.text.get(before..behind), Some(b"" | b" "))
        })
    }

    /// Where the first token that is left begins, and where the last one ends.
    pub(super) fn extent(&self) -> (usize, usize) {
        let first = self.tokens.get(self.at).or(self.tokens.last());
        let start = first.map_or(0, |token| token.start as usize);
        let end = self.tokens.last().map_or(start, |token| token.end as usize);
        (start, end.max(start))
    }

    /// What is left, as it is written.
    pub(super) fn bytes_left(&self) -> &'a [u8] {
        let (start, end) = self.extent();
        self.text.get(start..end).unwrap_or_default()
    }

    /// The name that a token is, without quotes.
    fn unquoted(&self, token: Token) -> Option<Text<'a>> {
        let bytes = token.bytes(self.text);
        match token.kind {
            TokenKind::Word => Some(self.lower(token)),
            TokenKind::Parameter => Some(String::from_utf8_lossy(bytes)),
            TokenKind::Quoted => {
                let from = bytes.iter().position(|byte| matches!(byte, b'"' | b'`' | b'['))?;
                let inner = bytes.get(from + 1..bytes.len().checked_sub(1)?)?;
                let quote = char::from(bytes[from]);
                let (inner, doubled) = (String::from_utf8_lossy(inner), format!("{quote}{quote}"));
                if !inner.contains(&doubled) {
                    return Some(inner);
                }
                Some(inner.replace(&doubled, &quote.to_string()).into())
            }
            _ => None,
        }
    }

    /// A token in lower case.
    fn lower(&self, token: Token) -> Text<'a> {
        match self.as_compared(token.start as usize, token.end as usize) {
            Some(written) => Text::Borrowed(written),
            None => Text::Owned(lossy(token.bytes(self.text).into()).to_lowercase()),
        }
    }

    /// What is in lower case as it was written; nearly always that is a matter of ASCII.
    fn as_compared(&self, start: usize, end: usize) -> Option<&'a str> {
        let written = self.written.get(start..end)?;
        let same = written.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
        same.then_some(written)
    }
}

/// Whether a word is this keyword, which is as long and in lower case. Up to 16 letters are looked
/// at in two steps, from the beginning and from the end, which may overlap.
#[inline]
fn is_alike(word: &[u8], keyword: &[u8]) -> bool {
    // Of what may stand in a word, only a letter becomes a keyword's by this bit.
    const CASE: u8 = 0x20;
    macro_rules! ends {
        ($int:ty) => {{
            const SIZE: usize = size_of::<$int>();
            let case = <$int>::from_ne_bytes([CASE; SIZE]);
            let of = |some: Option<&[u8; SIZE]>| some.map(|it| <$int>::from_ne_bytes(*it) | case);
            of(word.first_chunk()) == of(keyword.first_chunk())
                && of(word.last_chunk()) == of(keyword.last_chunk())
        }};
    }
    match word.len() {
        8..=16 => ends!(u64),
        4..8 => ends!(u32),
        2..4 => ends!(u16),
        _ => word.eq_ignore_ascii_case(keyword),
    }
}

/// Bytes as a text, with signs for what is none.
pub(super) fn lossy(bytes: Cow<'_, [u8]>) -> Text<'_> {
    match bytes {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Text::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// What a string says; nothing if the token is none. Escapes other than doubled quotes are left
/// as they are: what is looked for has none.
pub(super) fn string(token: Token, text: &[u8]) -> Option<Cow<'_, [u8]>> {
    let bytes = token.bytes(text);
    match token.kind {
        TokenKind::Text { escapes } => {
            let from = memchr::memchr(b'\'', bytes)? + 1;
            let inner = bytes.get(from..bytes.len().checked_sub(1)?)?;
            // `U&'…'`: a backslash begins a character by its number, unless UESCAPE says otherwise.
            let numbered = matches!(bytes, [b'u' | b'U', b'&', ..]);
            Some(if numbered { HIDDEN.into() } else { unescaped(inner, escapes) })
        }
        TokenKind::Dollar => {
            let tag = memchr::memchr(b'$', bytes.get(1..)?)? + 2;
            Some(bytes.get(tag..bytes.len().checked_sub(tag)?)?.into())
        }
        _ => None,
    }
}

/// What stands for characters that are written by their numbers.
pub(super) const HIDDEN: &[u8] = &[0];

fn unescaped(inner: &[u8], escapes: bool) -> Cow<'_, [u8]> {
    if memchr::memchr2(b'\'', b'\\', inner).is_none() {
        return inner.into();
    }
    let mut plain = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\'' => {
                // The second of two.
                bytes.next();
                plain.push(b'\'');
            }
            b'\\' if escapes => match bytes.next() {
                Some(b'n' | b'r' | b't') => plain.push(b'\n'),
                // Characters by number hide words: what has them is not recognised.
                Some(b'x' | b'u' | b'U' | b'0'..=b'7') => plain.push(0),
                Some(other) => plain.push(other),
                None => {}
            },
            _ => plain.push(byte),
        }
    }
    plain.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::IN_WORD;

    #[test]
    fn a_word_is_like_a_keyword_but_for_its_case() {
        let long = "no_write_to_binlog";
        for length in 0..=long.len() {
            let keyword = &long[..length];
            assert!(is_alike(keyword.as_bytes(), keyword.as_bytes()));
            assert!(is_alike(keyword.to_uppercase().as_bytes(), keyword.as_bytes()));
            for at in 0..length {
                for other in (0..=u8::MAX).filter(|byte| IN_WORD[usize::from(*byte)]) {
                    let mut word = keyword.to_uppercase().into_bytes();
                    word[at] = other;
                    let expected = word.eq_ignore_ascii_case(keyword.as_bytes());
                    assert_eq!(is_alike(&word, keyword.as_bytes()), expected, "{word:?}");
                }
            }
        }
    }
}
