//! What an expression does, as far as that can be seen.

use super::cursor::Cursor;
use crate::migrations::statement::{Default, Text};
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
