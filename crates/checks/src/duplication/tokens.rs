//! A text as tokens: words, numbers, strings and signs, each as a number and its line.

use crate::source_file::Syntax;

/// A token: what it is, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// A hash of what stands there.
    pub(super) what: u64,
    /// Its line, from 1; of a string, where it ends.
    pub(super) line: u32,
}

/// The tokens of a text.
pub(super) fn tokens(text: &[u8], syntax: Syntax) -> Vec<Token> {
    let mut reader = Reader { text, at: 0, line: 1, tokens: Vec::with_capacity(text.len() / 5) };
    while let Some(first) = text.get(reader.at).copied() {
        reader.next(first, syntax);
    }
    reader.tokens
}

struct Reader<'r> {
    text: &'r [u8],
    at: usize,
    line: u32,
    tokens: Vec<Token>,
}

impl Reader<'_> {
    fn next(&mut self, first: u8, syntax: Syntax) {
        if first.is_ascii_whitespace() {
            return self.pass(1);
        }
        if is_word(first) {
            let rest = self.rest();
            let length = rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len());
            return self.token(length);
        }
        for (start, end) in syntax.block {
            if self.rest().starts_with(start.as_bytes()) {
                let length = self.until(start.len(), end, false);
                return self.pass(length);
            }
        }
        if syntax.line.iter().any(|start| self.rest().starts_with(start.as_bytes())) {
            let rest = self.rest();
            return self.pass(memchr::memchr(b'\n', rest).unwrap_or(rest.len()));
        }
        for quote in syntax.quotes {
            if self.rest().starts_with(quote.as_bytes()) {
                let length = self.string(quote);
                return self.token(length);
            }
        }
        self.token(1);
    }

    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The length of what ends with `end`, which is searched from `from` on; all that is left if
    /// it does not end.
    fn until(&self, from: usize, end: &str, escapes: bool) -> usize {
        let rest = self.rest();
        let mut at = from;
        while let Some(byte) = rest.get(at) {
            if escapes && *byte == b'\\' {
                at += 2;
            } else if rest.get(at..).is_some_and(|rest| rest.starts_with(end.as_bytes())) {
                return at + end.len();
            } else {
                at += 1;
            }
        }
        rest.len()
    }

    /// The length of a string. A quote of one sign that does not end on its line is a sign: an
    /// apostrophe in text, a lifetime.
    fn string(&self, quote: &str) -> usize {
        let length = self.until(quote.len(), quote, true);
        let lines = quote.len() > 1 || quote == "`";
        let text = self.rest().get(..length).unwrap_or_default();
        if !lines && memchr::memchr(b'\n', text).is_some() { 1 } else { length }
    }

    /// Passes over what is no token.
    fn pass(&mut self, length: usize) {
        let passed = self.rest().get(..length).unwrap_or_default();
        let lines = memchr::memchr_iter(b'\n', passed).count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.at += length.max(1);
    }

    fn token(&mut self, length: usize) {
        // FNV-1a, 64 bits.
        let bytes = self.rest().get(..length).unwrap_or_default();
        let what = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        self.pass(length);
        self.tokens.push(Token { what, line: self.line });
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source_file::syntax;

    fn lines(file: &str, text: &str) -> Vec<u32> {
        tokens(text.as_bytes(), syntax(file).unwrap()).iter().map(|token| token.line).collect()
    }

    #[test]
    fn layout_and_comments_are_no_tokens() {
        let one = tokens(b"a = b(1) /* x\n*/ + \"s // t\"; // c\n", syntax("a.js").unwrap());
        let other = tokens(b"a=b( 1 )\n  +\"s // t\";", syntax("a.js").unwrap());
        let what = |tokens: &[Token]| tokens.iter().map(|token| token.what).collect::<Vec<_>>();
        assert_eq!(what(&one), what(&other));
        assert_eq!(one.len(), 9);
    }

    #[test]
    fn lines_are_kept() {
        assert_eq!(lines("a.py", "a\n# b\n'''x\ny'''\nc"), [1, 4, 5]);
        assert_eq!(lines("a.rs", "<'a>\nb"), [1, 1, 1, 1, 2]);
        assert_eq!(lines("a.c", "don't\n\"open\n/* open"), [1, 1, 1, 2, 2]);
    }
}
