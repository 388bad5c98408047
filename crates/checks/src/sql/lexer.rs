//! From bytes to tokens, one at a time.
//!
//! Sources: PostgreSQL 15 manual, chapter 4.1 (lexical structure) and psql; MySQL 8.4 manual,
//! chapter 11 (language structure); SQLite, "SQL As Understood By SQLite", tokenize.c.

use super::dialect::Dialect;
use super::token::TokenKind;

/// What begins somewhere and never ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A string.
    Text,
    /// A quoted name.
    Name,
    /// A string between dollar tags.
    Dollar,
    /// A comment.
    Comment,
}

impl Problem {
    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Name => "quoted name",
            Self::Dollar => "dollar-quoted string",
            Self::Comment => "comment",
        }
    }
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lexed {
    /// White space.
    Space {
        /// Where it ends.
        end: usize,
    },
    /// A comment, with its signs.
    Comment {
        /// Where it ends.
        end: usize,
    },
    /// A token.
    Token {
        /// What it is.
        kind: TokenKind,
        /// Where it ends.
        end: usize,
    },
    /// The text at hand does not say: more of it is needed.
    More,
    /// The text ends within it.
    Unterminated(Problem),
    /// There is nothing more.
    End,
}

/// White space, in the encoding that files have.
pub(super) const BYTE_ORDER_MARK: &[u8; 3] = b"\xef\xbb\xbf";

/// Knows a dialect's tokens.
#[derive(Clone, Copy, Debug)]
pub struct Lexer {
    dialect: Dialect,
    /// Whether a backslash escapes in plain strings.
    escapes: bool,
}

impl Lexer {
    /// For a dialect, as it is by default.
    #[must_use]
    pub const fn new(dialect: Dialect) -> Self {
        Self { dialect, escapes: matches!(dialect, Dialect::Mysql) }
    }

    /// Says whether a backslash escapes in plain strings: `standard_conforming_strings = off`,
    /// or without `NO_BACKSLASH_ESCAPES`.
    pub fn set_escapes(&mut self, escapes: bool) {
        self.escapes = escapes;
    }

    /// Its dialect.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What begins at `at`. `complete` says that no more text follows.
    #[must_use]
    #[inline]
    pub fn next(&self, text: &[u8], at: usize, complete: bool) -> Lexed {
        match plain_word(text, at) {
            Some(end) => token(TokenKind::Word, end),
            None => self.other(text, at, complete),
        }
    }

    /// What begins at `at` if it is not a plain word.
    fn other(&self, text: &[u8], at: usize, complete: bool) -> Lexed {
        let lexed = self.at(text, at);
        if !complete && self.needs_more(text, at, lexed) { Lexed::More } else { lexed }
    }

    /// Whether what follows the text may change what was read.
    fn needs_more(&self, text: &[u8], at: usize, lexed: Lexed) -> bool {
        match lexed {
            Lexed::More => false,
            // White space is as good in two pieces; the sign of a comment that is run is not.
            Lexed::Space { end } => text[at] == b'/' && end >= text.len(),
            // Another string on the next line may belong to it.
            Lexed::Token { kind: TokenKind::Text { escapes: true }, end }
                if self.dialect == Dialect::Postgres =>
            {
                skip_space_and_comments(text, end) >= text.len()
            }
            // The name of a variable may go on, to the sign that closes it.
            Lexed::Token { kind: TokenKind::Sign(b':' | b'$'), end } => {
                variable_end(text, (end + 1).min(text.len())) >= text.len()
            }
            Lexed::Token { end, .. } if text[at..].starts_with(b"\"{{") => {
                end >= text.len() || is_cut(&text[at..])
            }
            // Whether it is a comment of MySQL's, or a template, is said by the whole line.
            Lexed::Token { kind: TokenKind::Sign(sign @ (b'-' | b'{')), end } => {
                let may_be = sign == b'{' || self.dialect == Dialect::Mysql;
                let doubled = text.get(end).is_none_or(|next| *next == sign);
                end >= text.len() || (may_be && doubled && is_cut(&text[end..]))
            }
            // Letters behind a parameter's number may go on to a sign.
            Lexed::Token { kind: TokenKind::Parameter, end } if text[at] == b'$' => {
                word_end(text, end) >= text.len()
            }
            // `U&"…"`: the quote is behind the next sign.
            Lexed::Token { kind: TokenKind::Word, end } => end + 1 >= text.len(),
            Lexed::Comment { end } | Lexed::Token { end, .. } => end >= text.len(),
            Lexed::Unterminated(_) | Lexed::End => true,
        }
    }

    fn at(&self, text: &[u8], at: usize) -> Lexed {
        let Some(&first) = text.get(at) else { return Lexed::End };
        let next = text.get(at + 1).copied().unwrap_or(0);
        let mysql = self.dialect == Dialect::Mysql;
        match first {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => {
                Lexed::Space { end: skip_space(text, at) }
            }
            // A byte order mark, wherever files were joined.
            0xef if text[at..].starts_with(BYTE_ORDER_MARK) => Lexed::Space { end: at + 3 },
            b'-' if next == b'-' && self.is_dash_comment(text, at) => self.line_comment(text, at),
            b'#' if mysql => self.line_comment(text, at),
            b'/' if next == b'*' => self.block_comment(text, at),
            b'*' if next == b'/' && mysql => Lexed::Space { end: at + 2 },
            b'\'' => self.text(text, at, self.escapes),
            b'"' if text[at + 1..].starts_with(b"{{") => quoted_template(text, at, mysql),
            b'"' => quoted(text, at, b'"', mysql),
            b'`' if self.dialect != Dialect::Postgres => quoted(text, at, b'`', false),
            b'[' if self.dialect == Dialect::Sqlite => quoted(text, at, b']', false),
            b'$' => self.dollar(text, at),
            b'0'..=b'9' => self.number(text, at),
            b'.' if next.is_ascii_digit() => self.number(text, at),
            b':' if next == b':' => token(TokenKind::Sign(b':'), at + 2),
            b':' | b'@' => parameter(text, at),
            b'{' if next == b'{' => template(text, at),
            _ if is_word_start(first) => self.word(text, at),
            _ => token(TokenKind::Sign(first), at + 1),
        }
    }

    /// PostgreSQL ends it with a carriage return as well (scan.l, `non_newline`).
    fn line_comment(&self, text: &[u8], at: usize) -> Lexed {
        let rest = &text[at..];
        let line = match self.dialect {
            Dialect::Postgres => memchr::memchr2(b'\n', b'\r', rest),
            Dialect::Mysql | Dialect::Sqlite => memchr::memchr(b'\n', rest),
        };
        Lexed::Comment { end: line.map_or(text.len(), |line| at + line) }
    }

    /// MySQL wants a space after the dashes.
    fn is_dash_comment(&self, text: &[u8], at: usize) -> bool {
        let after = text.get(at + 2);
        self.dialect != Dialect::Mysql
            || after.is_none_or(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
            || is_mark_of_tool(text, at)
    }

    fn block_comment(&self, text: &[u8], at: usize) -> Lexed {
        if self.dialect == Dialect::Mysql
            && let Some(end) = executed_comment(text, at)
        {
            // What is inside is run: only its signs are left out.
            return Lexed::Space { end };
        }
        let nests = self.dialect == Dialect::Postgres;
        let (mut depth, mut from) = (1_usize, at + 2);
        while let Some(found) = memchr::memchr2(b'*', b'/', &text[from.min(text.len())..]) {
            let here = from + found;
            match (text[here], text.get(here + 1)) {
                (b'*', Some(b'/')) => {
                    depth -= 1;
                    from = here + 2;
                    if depth == 0 {
                        return Lexed::Comment { end: from };
                    }
                }
                (b'/', Some(b'*')) if nests => {
                    depth += 1;
                    from = here + 2;
                }
                _ => from = here + 1,
            }
        }
        // SQLite takes the end of the file for the end of the comment.
        if self.dialect == Dialect::Sqlite {
            return Lexed::Comment { end: text.len() };
        }
        Lexed::Unterminated(Problem::Comment)
    }

    /// A string; `at` is where its quote is.
    fn text(&self, text: &[u8], at: usize, escapes: bool) -> Lexed {
        let Some(mut end) = string_end(text, at, escapes) else {
            return Lexed::Unterminated(Problem::Text);
        };
        // `E'a'` and `'b'` on the next line are one string, escapes and all.
        let joins = escapes && self.dialect == Dialect::Postgres;
        if !joins {
            return token(TokenKind::Text { escapes }, end);
        }
        loop {
            let more = skip_space_and_comments(text, end);
            let breaks = text[end..more].iter().any(|byte| matches!(byte, b'\n' | b'\r'));
            if text.get(more) != Some(&b'\'') || !breaks {
                break;
            }
            match string_end(text, more, escapes) {
                Some(further) => end = further,
                None => return Lexed::Unterminated(Problem::Text),
            }
        }
        token(TokenKind::Text { escapes }, end)
    }

    fn word(&self, text: &[u8], at: usize) -> Lexed {
        let end = word_end(text, at);
        if text.get(end) == Some(&b'\'') {
            match (&text[at..end], self.dialect) {
                ([b'e' | b'E'], Dialect::Postgres) => return self.text(text, end, true),
                ([b'b' | b'B' | b'x' | b'X' | b'n' | b'N'], _) => {
                    return self.text(text, end, self.escapes);
                }
                ([b'_', ..], Dialect::Mysql) => return self.text(text, end, true),
                _ => {}
            }
        }
        // U&'…' and U&"…"
        if self.dialect == Dialect::Postgres
            && matches!(text[at..end], [b'u' | b'U'])
            && text.get(end) == Some(&b'&')
        {
            match text.get(end + 1) {
                Some(b'\'') => return self.text(text, end + 1, false),
                Some(b'"') => return quoted(text, end + 1, b'"', false),
                _ => {}
            }
        }
        token(TokenKind::Word, end)
    }

    fn number(&self, text: &[u8], at: usize) -> Lexed {
        let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
        let length = text[at..].iter().position(|byte| !part(byte));
        let end = length.map_or(text.len(), |length| at + length);
        token(self.behind_digits(text, at, end, TokenKind::Number), end)
    }

    /// `1a$$`, `1e'\''`, `$1a$$`: up to 14, PostgreSQL reads a name or another string from the
    /// letters on; later versions (scan.l, `integer_junk`) refuse the statement, and psql reads on
    /// behind the letters.
    fn behind_digits(&self, text: &[u8], from: usize, end: usize, kind: TokenKind) -> TokenKind {
        let goes_on = matches!(text.get(end), Some(b'$' | b'\'' | b'"'));
        let letters = goes_on
            && self.dialect == Dialect::Postgres
            && text[from..end].iter().any(|byte| is_word_start(*byte));
        if letters { TokenKind::Junk } else { kind }
    }

    /// `$$…$$`, `$tag$…$tag$`, `$1`, `${name}`.
    fn dollar(&self, text: &[u8], at: usize) -> Lexed {
        match text.get(at + 1) {
            Some(b'{') => return parameter(text, at),
            Some(digit) if digit.is_ascii_digit() => {
                let digits = text[at + 1..].iter().take_while(|byte| byte.is_ascii_digit());
                let end = at + 1 + digits.count();
                let letters = text[end..].iter().take_while(|byte| is_word_start(**byte)).count();
                let kind = self.behind_digits(text, end, end + letters, TokenKind::Parameter);
                return token(kind, end);
            }
            _ => {}
        }
        if self.dialect != Dialect::Postgres {
            return token(TokenKind::Sign(b'$'), at + 1);
        }
        let tag = at + 1;
        let close = text[tag..]
            .iter()
            .position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80));
        let Some(close) = close.map(|length| tag + length) else {
            return Lexed::Unterminated(Problem::Dollar);
        };
        if text[close] != b'$' {
            return token(TokenKind::Sign(b'$'), at + 1);
        }
        let sign = &text[at..=close];
        match memchr::memmem::find(&text[close + 1..], sign) {
            Some(found) => token(TokenKind::Dollar, close + 1 + found + sign.len()),
            None => Lexed::Unterminated(Problem::Dollar),
        }
    }
}

const fn token(kind: TokenKind, end: usize) -> Lexed {
    Lexed::Token { kind, end }
}

fn skip_space(text: &[u8], at: usize) -> usize {
    let space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    text[at..].iter().position(|byte| !space(byte)).map_or(text.len(), |length| at + length)
}

/// So much of a line is looked at for what ends in it.
const LINE: usize = 512;

/// The rest of a line, as far as it is looked at.
fn line(text: &[u8]) -> &[u8] {
    let text = &text[..text.len().min(LINE)];
    &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())]
}

/// Whether a line may go on behind the text.
fn is_cut(text: &[u8]) -> bool {
    text.len() < LINE && memchr::memchr(b'\n', text).is_none()
}

/// Whether a line begins with the `--word` of a migration tool, which takes it out of MySQL's
/// files, or is a line of dashes.
fn is_mark_of_tool(text: &[u8], at: usize) -> bool {
    const WORDS: [&[u8]; 13] = [
        b"liquibase",
        b"changeset",
        b"rollback",
        b"comment",
        b"precondition",
        b"validchecksum",
        b"ignorelines",
        b"property",
        b"include",
        b"logicalfilepath",
        b"+goose",
        b"migrate:",
        b"> statement-breakpoint",
    ];
    // In the middle of a statement it is MySQL's minus, twice.
    let mut before = text[..at].iter().filter(|byte| !byte.is_ascii_whitespace());
    let line = line(&text[at + 2..]);
    let is = |word: &&[u8]| line.get(..word.len()).is_some_and(|is| is.eq_ignore_ascii_case(word));
    before.next().is_none()
        && (WORDS.iter().any(is) || line.trim_ascii().iter().all(|byte| *byte == b'-'))
}

/// Where what may stand between the parts of a string ends (scan.l, `quotecontinue`).
fn skip_space_and_comments(text: &[u8], at: usize) -> usize {
    let mut at = skip_space(text, at);
    while text[at..].starts_with(b"--") {
        let rest = &text[at..];
        at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        at = skip_space(text, at);
    }
    at
}

/// What may stand inside a word.
pub(crate) const IN_WORD: [bool; 256] = {
    let (mut table, mut byte) = ([false; 256], 0);
    while byte < 256 {
        let of = byte as u8;
        table[byte] = is_word_start(of) || of.is_ascii_digit() || of == b'$';
        byte += 1;
    }
    table
};

/// Behind `/*!40101` or `/*M!100100`, what MySQL or MariaDB runs.
fn executed_comment(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at + 2..];
    let mark = if rest.starts_with(b"!") { 1 } else { 2 * usize::from(rest.starts_with(b"M!")) };
    let digits = rest.get(mark..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // No version runs what its dump says first: `/*M!999999\- enable the sandbox mode */`.
    let none = rest[mark..].starts_with(b"999999");
    (mark > 0 && !none).then_some(at + 2 + mark + digits)
}

/// Where the string ends whose quote is at `at`.
fn string_end(text: &[u8], at: usize, escapes: bool) -> Option<usize> {
    let mut from = at + 1;
    loop {
        let rest = text.get(from..)?;
        let found = if escapes {
            memchr::memchr2(b'\'', b'\\', rest)?
        } else {
            memchr::memchr(b'\'', rest)?
        };
        let here = from + found;
        if text[here] == b'\\' || text.get(here + 1) == Some(&b'\'') {
            from = here + 2;
        } else {
            return Some(here + 1);
        }
    }
}

fn quoted(text: &[u8], at: usize, close: u8, escapes: bool) -> Lexed {
    let mut from = at + 1;
    while let Some(rest) = text.get(from..) {
        let found =
            if escapes { memchr::memchr2(close, b'\\', rest) } else { memchr::memchr(close, rest) };
        let Some(here) = found.map(|found| from + found) else { break };
        let doubled = close != b']' && text.get(here + 1) == Some(&close);
        if (escapes && text[here] == b'\\') || doubled {
            from = here + 2;
        } else {
            return token(TokenKind::Quoted, here + 1);
        }
    }
    Lexed::Unterminated(Problem::Name)
}

/// `:name`, `:'name'`, `:"name"`, `:{name}`, `${name}`, `@name`, `@@name`: a name and nothing else
/// is between the signs, so that no statement hides there.
fn parameter(text: &[u8], at: usize) -> Lexed {
    let close = match (text[at], text.get(at + 1)) {
        (b':', Some(quote @ (b'\'' | b'"'))) => *quote,
        (b':' | b'$', Some(b'{')) => b'}',
        (b'@', Some(b'@')) => return token(TokenKind::Parameter, word_end(text, at + 2)),
        // Names of variables have no `$`.
        (_, Some(next)) if is_word_start(*next) => {
            let end = word_end(text, at + 1);
            let dollar = memchr::memchr(b'$', &text[at..end]).map_or(end, |found| at + found);
            return token(TokenKind::Parameter, dollar);
        }
        _ => return token(TokenKind::Sign(text[at]), at + 1),
    };
    let end = variable_end(text, at + 2);
    if text.get(end) == Some(&close) {
        return token(TokenKind::Parameter, end + 1);
    }
    token(TokenKind::Sign(text[at]), at + 1)
}

/// `{{ … }}`, which a template engine fills in (Go's, Jinja's): one name or value, as far as its
/// text shows.
fn template(text: &[u8], at: usize) -> Lexed {
    let line = line(&text[at + 2..]);
    match memchr::memmem::find(line, b"}}") {
        Some(found) if !line[..found].contains(&b';') => {
            token(TokenKind::Parameter, at + 2 + found + 2)
        }
        _ => token(TokenKind::Sign(b'{'), at + 1),
    }
}

/// `"{{ … }}"`: the template may have quotes of its own.
fn quoted_template(text: &[u8], at: usize, escapes: bool) -> Lexed {
    match template(text, at + 1) {
        Lexed::Token { kind: TokenKind::Parameter, end }
            if text.get(end) == Some(&b'"') && has_plain_texts(&text[at + 1..end]) =>
        {
            token(TokenKind::Parameter, end + 1)
        }
        _ => quoted(text, at, b'"', escapes),
    }
}

/// Whether what is in the quotes of a template are words: to the database they are in none.
fn has_plain_texts(template: &[u8]) -> bool {
    let plain = |text: &[u8]| text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let mut pieces = template.split(|byte| *byte == b'"').skip(1).step_by(2);
    pieces.all(plain)
}

/// Where the name of a variable or a placeholder ends.
fn variable_end(text: &[u8], at: usize) -> usize {
    let part = |byte: &u8| is_word_start(*byte) || byte.is_ascii_digit() || b".-?:".contains(byte);
    let rest = text.get(at..).unwrap_or_default();
    rest.iter().position(|byte| !part(byte)).map_or(text.len(), |length| at + length)
}

/// Where a word ends that cannot be anything else, nor longer than it is: most of what there is.
#[inline]
pub(super) fn plain_word(text: &[u8], at: usize) -> Option<usize> {
    if !text.get(at)?.is_ascii_alphabetic() {
        return None;
    }
    let end = word_end(text, at + 1);
    // A quote may belong to it, and one behind `&` too.
    let behind = text.get(end..end + 2)?;
    (!matches!(behind, [b'\'' | b'&', _])).then_some(end)
}

fn word_end(text: &[u8], at: usize) -> usize {
    let mut end = at;
    while end < text.len() && IN_WORD[usize::from(text[end])] {
        end += 1;
    }
    end
}

const fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::super::token::tokens_of;
    use super::*;

    fn lexed(text: &str, dialect: Dialect) -> Vec<&str> {
        let (tokens, _) = tokens_of(text.as_bytes(), dialect);
        tokens.iter().map(|token| &text[token.start as usize..token.end as usize]).collect()
    }

    #[test]
    fn strings_and_comments_of_each_dialect() {
        let postgres = |text| lexed(text, Dialect::Postgres);
        assert_eq!(postgres("a /* b /* c */ d */ e"), ["a", "e"]);
        assert_eq!(postgres("a -- b\rc -- d\r\ne"), ["a", "c", "e"]);
        assert_eq!(postgres(r"'a\' b"), [r"'a\'", "b"]);
        assert_eq!(postgres(r"E'a\' b' c"), [r"E'a\' b'", "c"]);
        assert_eq!(postgres("E'a'\n '\\' b' c"), ["E'a'\n '\\' b'", "c"]);
        assert_eq!(postgres("$x$ $$ ' $x$ b"), ["$x$ $$ ' $x$", "b"]);
        assert_eq!(postgres("a$1 $1 x::int"), ["a$1", "$1", "x", "::", "int"]);
        assert_eq!(postgres("U&\"a\"\"b\" 'it''s'"), ["U&\"a\"\"b\"", "'it''s'"]);
        assert_eq!(postgres(":\"t\" ${schema}.x"), [":\"t\"", "${schema}", ".", "x"]);
        let mysql = |text| lexed(text, Dialect::Mysql);
        assert_eq!(mysql("a # b\nc -- d\n5--3"), ["a", "c", "5", "-", "-", "3"]);
        assert_eq!(mysql(r"'a\' b' `c``d`"), [r"'a\' b'", "`c``d`"]);
        assert_eq!(mysql("/*!40101 SET a */ /* b /* c */ d"), ["SET", "a", "d"]);
        let sqlite = |text| lexed(text, Dialect::Sqlite);
        assert_eq!(sqlite("[a b] `c` \"d\" 'e'"), ["[a b]", "`c`", "\"d\"", "'e'"]);
        assert_eq!(sqlite("a /* never ends"), ["a"]);
    }

    #[test]
    fn what_touches_the_end_waits_for_more() {
        let lexer = Lexer::new(Dialect::Postgres);
        assert_eq!(lexer.next(b"dro", 0, false), Lexed::More);
        assert_eq!(lexer.next(b"'a'", 0, false), Lexed::More);
        assert_eq!(lexer.next(b"-- a", 0, false), Lexed::More);
        assert_eq!(lexer.next(b"'a", 0, true), Lexed::Unterminated(Problem::Text));
        assert_eq!(lexer.next(b"", 0, true), Lexed::End);
    }
}
