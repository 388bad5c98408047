//! What an expression does, as far as that can be seen.

use super::cursor::Cursor;
use crate::migrations::statement::{Default, Scope, Text};
use crate::sql::TokenKind;

/// Functions that give every row of one statement the same, or depend on their arguments alone
/// (`pg_proc.provolatile` is not `v`).
const STEADY: &[&str] = &[
    "now",
    "current_timestamp",
    "current_date",
    "current_time",
    "localtimestamp",
    "localtime",
    "transaction_timestamp",
    "statement_timestamp",
    "current_user",
    "session_user",
    "current_setting",
    "current_database",
    "current_schema",
    "timezone",
    "date_trunc",
    "date_part",
    "extract",
    "age",
    "make_date",
    "make_interval",
    "make_timestamp",
    "to_timestamp",
    "to_date",
    "to_char",
    "to_number",
    "to_json",
    "to_jsonb",
    "json_build_object",
    "jsonb_build_object",
    "json_build_array",
    "jsonb_build_array",
    "json_object",
    "jsonb_object",
    "array",
    "row",
    "coalesce",
    "nullif",
    "greatest",
    "least",
    "lower",
    "upper",
    "concat",
    "concat_ws",
    "md5",
    "sha256",
    "encode",
    "decode",
    "length",
    "substr",
    "substring",
    "replace",
    "trim",
    "btrim",
    "lpad",
    "rpad",
    "repeat",
    "abs",
    "ceil",
    "floor",
    "round",
    "trunc",
    "power",
    "sqrt",
    "mod",
    "cast",
    "int4range",
    "int8range",
    "numrange",
    "tsrange",
    "tstzrange",
    "daterange",
    "point",
    "polygon",
    "box",
    "circle",
    "inet",
    "numeric",
    "decimal",
    "varchar",
    "char",
    "character",
    "bit",
    "float",
    "varbit",
    "timestamp",
    "timestamptz",
    "time",
    "timetz",
    "interval",
    "hstore",
    "st_geomfromtext",
    "to_tsvector",
    "array_fill",
    "string_to_array",
    "uuid_nil",
    "format",
    "unix_timestamp",
    "curdate",
    "date",
    "datetime",
    "strftime",
    "json",
    "jsonb",
];

/// What a default is: a constant, or something else for every row.
pub(super) fn default<'a>(expression: &Cursor<'a>) -> Default<'a> {
    if expression.is("null") && expression.tokens.len() == expression.at + 1 {
        return Default::Null;
    }
    match volatile_call(expression) {
        Some(function) => Default::Volatile(function),
        None => Default::Stable,
    }
}

/// The first function that is called and not known to be steady.
fn volatile_call<'a>(c: &Cursor<'a>) -> Option<Text<'a>> {
    let calls = (c.at..c.tokens.len()).filter(|at| {
        matches!(c.tokens[*at].kind, TokenKind::Word | TokenKind::Quoted) && c.sign_at(at + 1, b'(')
    });
    let functions = calls.map(|at| Cursor { at, ..*c }.part().unwrap_or_default());
    functions.into_iter().find(|function| !STEADY.contains(&&**function))
}

/// The functions that a statement calls.
pub(super) fn calls<'a>(c: &Cursor<'a>) -> Vec<Text<'a>> {
    let mut functions = Vec::new();
    for at in c.at..c.tokens.len() {
        let name = matches!(c.tokens[at].kind, TokenKind::Word | TokenKind::Quoted);
        if name && c.sign_at(at + 1, b'(') {
            let name = Cursor { at, ..*c }.part().unwrap_or_default();
            if !functions.contains(&name) {
                functions.push(name);
            }
        }
    }
    functions
}

/// Which rows a condition leaves. The cursor stands behind `WHERE`.
pub(super) fn scope(c: &Cursor<'_>) -> Scope {
    if always_holds(c) {
        return Scope::All;
    }
    let any = |words: &[&str]| {
        (c.at..c.tokens.len()).any(|at| words.iter().any(|word| c.word_at(at, word)))
    };
    if any(&["between", "limit", "ctid", "fetch", "current"]) {
        return Scope::Bounded;
    }
    // `a OR b` is as wide as its widest part.
    if any(&["or"]) {
        return Scope::Filtered;
    }
    if has_key(c) { Scope::Bounded } else { Scope::Filtered }
}

/// Whether a key has to be a constant: not within another query, nor the opposite, nor compared on.
fn has_key(c: &Cursor<'_>) -> bool {
    let mut c = *c;
    while !c.done() {
        let at = c.at;
        if c.is_sign(b'(') && (c.word_at(at + 1, "select") || c.word_at(at + 1, "with")) {
            c.group();
            continue;
        }
        let before = at.saturating_sub(1 + usize::from(c.sign_at(at.saturating_sub(1), b'(')));
        let opposite = at > 0 && c.word_at(before, "not");
        if compares(&c, at + 1) && is_key(&c, at) && !opposite && !c.word_at(at + 3, "is") {
            return true;
        }
        c.at += 1;
    }
    false
}

/// `TRUE`, `1`, `1 = 1`, `'a' = 'a'`.
fn always_holds(c: &Cursor<'_>) -> bool {
    let mut c = *c;
    let mut rest: Vec<&[u8]> = Vec::new();
    while let Some(token) = c.peek() {
        if !matches!(token.kind, TokenKind::Sign(b'(' | b')' | b';')) {
            rest.push(token.bytes(c.text));
        }
        if rest.len() > 3 {
            return false;
        }
        c.at += 1;
    }
    match rest[..] {
        [] => true,
        [only] => only.eq_ignore_ascii_case(b"true") || only == b"1",
        [left, b"=", right] => left == right,
        _ => false,
    }
}

/// A column that is likely to be a key.
fn is_key(c: &Cursor<'_>, at: usize) -> bool {
    const KEYS: &[&str] =
        &["id", "uuid", "key", "code", "slug", "name", "email", "version", "rowid"];
    let Some(name) = (Cursor { at, ..*c }).part() else { return false };
    KEYS.iter().any(|key| {
        name.strip_suffix(key).is_some_and(|before| before.is_empty() || before.ends_with('_'))
    })
}

/// `= literal`, `IN (literal, …)`.
fn compares(c: &Cursor<'_>, at: usize) -> bool {
    let constant = |at: usize| {
        matches!(
            c.tokens.get(at).map(|token| token.kind),
            Some(
                TokenKind::Text { .. }
                    | TokenKind::Number
                    | TokenKind::Parameter
                    | TokenKind::Dollar
            )
        )
    };
    let old = |at: usize| c.word_at(at, "old") || c.word_at(at, "new");
    (c.sign_at(at, b'=') && (constant(at + 1) || old(at + 1)))
        || (c.word_at(at, "in") && c.sign_at(at + 1, b'(') && constant(at + 2))
}
