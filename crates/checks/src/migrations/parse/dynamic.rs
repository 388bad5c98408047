//! SQL that is put together while it runs: as much of it as can be read.

use std::borrow::Cow;

use super::cursor::{Cursor, string};
use crate::migrations::statement::{Draft, Text, What};
use crate::sql::{Dialect, Token, TokenKind};

/// Stands for a name that is not known.
const NAME: &[u8] = b"_";
/// Stands for anything.
const ANYTHING: &[u8] = b" _ ";
/// Stands for what a string says that is not known.
pub(super) const UNKNOWN_TEXT: u8 = 1;

/// What is known of a text that is put together.
#[derive(Default)]
struct Assembled {
    sql: Vec<u8>,
    /// Something may stand in it that makes another statement of it.
    open: bool,
    /// Something of it is written here.
    written: bool,
    /// As many operands were looked at.
    operands: usize,
    /// MySQL's variables, by where they belong; nothing if they are not followed.
    variables: Option<Vec<(usize, String)>>,
}

/// A text of more parts, some of them within each other many times, may be anything.
const MOST_OPERANDS: usize = 10_000;

/// What is known of a statement that is put together: `'…'`, `format('…', …)`, `'…' || x`.
pub(super) fn dynamic<'a>(c: &Cursor<'a>) -> What<'a> {
    let end = (c.at..c.tokens.len())
        .find(|at| ["using", "into", "loop"].iter().any(|word| c.word_at(*at, word)));
    let expression = c.along(&c.tokens[c.at.min(c.tokens.len())..end.unwrap_or(c.tokens.len())]);
    let mut text = Assembled::default();
    text.expression(&expression);
    let sql = text.written.then_some(text.sql.into());
    What::Dynamic { whole: !text.open && sql.is_some(), sql }
}

impl Assembled {
    /// `a || b || c`.
    fn expression(&mut self, c: &Cursor<'_>) {
        let mut c = *c;
        while !c.done() {
            let from = c.at;
            while !c.done() && !c.is_sign(b'|') {
                if c.group().is_none() {
                    c.at += 1;
                }
            }
            self.operand(&c.along(&c.tokens[from..c.at]));
            while c.eat_sign(b'|') {}
        }
    }

    fn operand(&mut self, c: &Cursor<'_>) {
        self.operands += 1;
        if self.operands > MOST_OPERANDS {
            self.open = true;
            return;
        }
        let mut c = c.along(without_cast(c));
        if self.strings(&c) {
            return;
        }
        let first = c.peek();
        if c.tokens.len() == 1 && first.is_some_and(|token| token.kind == TokenKind::Number) {
            return self.sql.extend_from_slice(c.bytes_at(0));
        }
        if let Some(variables) = &mut self.variables
            && c.tokens.len() == 1
            && let Some(variable) = variable(&c)
        {
            variables.push((self.sql.len(), variable.into_owned()));
            self.written = true;
            return;
        }
        let name = if c.is_sign(b'(') { None } else { c.part() };
        let arguments = c.group().filter(|_| c.done());
        match (name.as_deref(), arguments) {
            (None, Some(inner)) => self.expression(&inner),
            (Some("format"), Some(inner)) => self.format(inner),
            (Some("concat"), Some(mut inner)) => {
                while !inner.done() {
                    self.operand(&inner.item());
                }
            }
            // Digits, and the letters of its pattern.
            (Some("to_char"), Some(_)) => self.sql.extend_from_slice(NAME),
            (Some("quote_ident"), Some(_)) => self.sql.extend_from_slice(NAME),
            (Some("quote_literal" | "quote_nullable"), Some(_)) => self.literal(None),
            _ if is_name(&c) => self.sql.extend_from_slice(NAME),
            _ => self.anything(),
        }
    }

    /// One string, or several that go on from line to line; whether it is that.
    fn strings(&mut self, c: &Cursor<'_>) -> bool {
        let texts: Option<Vec<_>> = c.tokens.iter().map(|token| text_of(*token, c)).collect();
        let Some(texts) = texts.filter(|texts| !texts.is_empty()) else { return false };
        texts.iter().for_each(|text| self.sql.extend_from_slice(text));
        self.written = true;
        true
    }

    fn anything(&mut self) {
        self.sql.extend_from_slice(ANYTHING);
        self.open = true;
    }

    /// A string in the statement: what it says, if that is known.
    fn literal(&mut self, text: Option<&[u8]>) {
        self.sql.push(b'\'');
        match text {
            Some(text) => {
                let quotes = |byte: &u8| if *byte == b'\'' { 2 } else { 1 };
                self.sql
                    .extend(text.iter().flat_map(|byte| std::iter::repeat_n(*byte, quotes(byte))));
            }
            None => self.sql.push(UNKNOWN_TEXT),
        }
        self.sql.push(b'\'');
    }

    /// `format(pattern, …)`: `%I` is a name, `%L` a string, `%s` whatever its argument is.
    fn format(&mut self, mut arguments: Cursor<'_>) {
        let pattern = arguments.item();
        let literal = pattern.peek().and_then(|token| string(token, pattern.text));
        let Some(literal) = literal.filter(|_| pattern.tokens.len() == 1) else {
            return self.anything();
        };
        let mut values = Vec::new();
        while !arguments.done() {
            values.push(arguments.item());
        }
        self.written = true;
        let (mut rest, mut next) = (&literal[..], 0);
        while let Some(at) = memchr::memchr(b'%', rest) {
            self.sql.extend_from_slice(&rest[..at]);
            let behind = &rest[at + 1..];
            let end = behind.iter().position(|byte| byte.is_ascii_alphabetic() || *byte == b'%');
            let Some(end) = end else { return self.anything() };
            let (spec, kind) = (&behind[..end], behind[end]);
            rest = &behind[end + 1..];
            if kind == b'%' {
                self.sql.push(b'%');
                continue;
            }
            let value = match position(spec) {
                Some(position) => position.checked_sub(1),
                None => Some(next),
            };
            next = value.map_or(next, |value| value + 1);
            self.value(kind, value.and_then(|value| values.get(value)));
        }
        self.sql.extend_from_slice(rest);
    }

    fn value(&mut self, kind: u8, value: Option<&Cursor<'_>>) {
        let text = value.filter(|value| value.tokens.len() == 1);
        let text = text.and_then(|value| string(*value.tokens.first()?, value.text));
        match (kind, value) {
            (b'I', _) => match text.as_deref().filter(|text| is_plain(text)) {
                Some(text) => self.sql.extend_from_slice(text),
                None => self.sql.extend_from_slice(NAME),
            },
            (b'L', _) => self.literal(text.as_deref()),
            (b's', Some(value)) => self.operand(value),
            _ => self.anything(),
        }
    }
}

/// What a string says. MySQL's may be in double quotes; those with signs to be undone in them are
/// left out.
fn text_of<'a>(token: Token, c: &Cursor<'a>) -> Option<Cow<'a, [u8]>> {
    let bytes = token.bytes(c.text);
    match (token.kind, c.dialect) {
        (TokenKind::Quoted, Dialect::Mysql) => {
            let inner = bytes.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
            memchr::memchr2(b'\\', b'"', inner).is_none().then_some(inner.into())
        }
        _ => string(token, c.text),
    }
}

/// MySQL's `@name` at the cursor.
pub(super) fn variable<'a>(c: &Cursor<'a>) -> Option<Text<'a>> {
    let own = c.dialect == Dialect::Mysql
        && matches!(c.bytes_at(c.at), [b'@', next, ..] if *next != b'@');
    own.then(|| Cursor { ..*c }.part()).flatten().map(|name| name.to_lowercase().into())
}

/// Everything that a text of MySQL's may be: `IF(…, a, b)`, `CASE … END`, `(SELECT …)`, or one.
pub(super) fn drafts(c: &Cursor<'_>, depth: usize, into: &mut Vec<Draft>) {
    let mut rest = *c;
    let inner = rest.group().filter(|_| rest.done());
    let mut behind = *c;
    let chosen = behind.eat_any(&["if", "ifnull", "coalesce"]);
    let choices = behind.group().filter(|_| chosen && behind.done());
    match (inner, choices) {
        _ if depth > MOST_CHOICES || into.len() > MOST_CHOICES => into.push(Draft::default()),
        (Some(mut inner), _) => {
            // A query that reads from somewhere gives what is there.
            let reads =
                inner.eat("select") && inner.is_any_at_top(&["from", "into", "union", "as"]);
            if reads { into.push(Draft::default()) } else { drafts(&inner, depth + 1, into) }
        }
        (None, Some(mut choices)) => {
            if c.is("if") {
                choices.item();
            }
            while !choices.done() {
                drafts(&choices.item(), depth + 1, into);
            }
        }
        (None, None) if c.is("case") => cases(c, depth, into),
        (None, None) => into.push(draft(c)),
    }
}

/// As many texts are told apart, and as many choices within each other.
const MOST_CHOICES: usize = 16;

/// `CASE WHEN … THEN a WHEN … THEN b ELSE c END`.
fn cases(c: &Cursor<'_>, depth: usize, into: &mut Vec<Draft>) {
    let mut c = *c;
    c.eat("case");
    let mut complete = false;
    while !c.done() {
        if c.is("case") {
            break;
        }
        let (result, otherwise) = (c.eat("then"), c.is("else"));
        if !(result || (otherwise && c.eat("else"))) {
            if c.group().is_none() {
                c.at += 1;
            }
            continue;
        }
        complete |= otherwise;
        let from = c.at;
        while !c.done() && !c.is_any(&["when", "else", "end", "case"]) {
            if c.group().is_none() {
                c.at += 1;
            }
        }
        drafts(&c.along(&c.tokens[from..c.at]), depth + 1, into);
    }
    // One within another, or nothing in the other cases, which cannot be prepared.
    if !c.done() || !complete {
        into.push(Draft::default());
    }
}

fn draft(c: &Cursor<'_>) -> Draft {
    let mut text = Assembled { variables: Some(Vec::new()), ..Assembled::default() };
    text.expression(c);
    let whole = text.written && !text.open;
    Draft { sql: text.sql, whole, variables: text.variables.unwrap_or_default() }
}

/// What needs no quotes as a name.
fn is_plain(name: &[u8]) -> bool {
    let mut bytes = name.iter();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase() || *first == b'_')
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_')
}

/// Which argument `%2$s` means.
fn position(spec: &[u8]) -> Option<usize> {
    let (number, _) = std::str::from_utf8(spec).ok()?.split_once('$')?;
    number.parse().ok()
}

fn cast(c: &Cursor<'_>) -> Option<usize> {
    c.tokens.iter().rposition(|token| token.bytes(c.text) == b"::")
}

/// What is cast to a text is the same text.
fn without_cast<'a>(c: &Cursor<'a>) -> &'a [crate::sql::Token] {
    match cast(c) {
        Some(at) if ["text", "varchar"].iter().any(|of| c.word_at(at + 1, of)) => &c.tokens[..at],
        _ => c.tokens,
    }
}

/// What is cast to one of these types is printed as a name or a number, in quotes where it has to.
fn is_name(c: &Cursor<'_>) -> bool {
    const TYPES: [&str; 12] = [
        "regclass",
        "regtype",
        "regproc",
        "regprocedure",
        "regnamespace",
        "regrole",
        "int",
        "integer",
        "bigint",
        "smallint",
        "numeric",
        "uuid",
    ];
    cast(c)
        .is_some_and(|at| TYPES.iter().any(|of| c.word_at(at + 1, of)) && at + 2 == c.tokens.len())
}
