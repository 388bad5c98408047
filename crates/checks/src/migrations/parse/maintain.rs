//! Statements about the state of tables, locks, settings and transactions.

use super::Out;
use super::cursor::Cursor;
use crate::migrations::statement::{Text, What};
use crate::sql::{Dialect, TokenKind};

pub(super) fn reindex<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.eat("reindex");
    let mut concurrently = false;
    if let Some(options) = c.group() {
        concurrently = (0..options.tokens.len()).any(|at| options.word_at(at, "concurrently"));
    }
    let what = c.part().unwrap_or_default();
    concurrently |= c.eat("concurrently");
    let name = c.name().map_or_else(Text::default, |name| name.to_string().into());
    if c.dialect == Dialect::Sqlite {
        return out.add(What::Harmless);
    }
    out.add(What::Reindex { what, name, concurrently })
}

pub(super) fn vacuum<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.eat("vacuum");
    let mut full = false;
    if let Some(options) = c.group() {
        let named = (0..options.tokens.len()).find(|at| options.word_at(*at, "full"));
        full = named.is_some_and(|at| {
            !["off", "false", "0"]
                .iter()
                .any(|off| options.bytes_at(at + 1).eq_ignore_ascii_case(off.as_bytes()))
        });
    }
    while c.is_any(&["full", "freeze", "verbose", "analyze"]) {
        full |= c.is("full");
        c.at += 1;
    }
    // SQLite's writes the whole file anew.
    full |= c.dialect == Dialect::Sqlite;
    out.add(What::Vacuum { full, table: c.name() })
}

pub(super) fn cluster<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.eat("cluster");
    c.group();
    c.eat("verbose");
    out.add(What::Cluster { table: c.name() })
}

pub(super) fn refresh<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.eat("refresh");
    if !c.eat("materialized view") {
        return out.add(What::Harmless);
    }
    let concurrently = c.eat("concurrently");
    match c.name() {
        Some(view) => out.add(What::Refresh { view, concurrently }),
        None => out.add(What::Unrecognised { why: "a REFRESH without a view" }),
    }
}

/// MySQL's `OPTIMIZE TABLE` writes the table anew.
pub(super) fn optimize<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.at += 1;
    c.eat_any(&["no_write_to_binlog", "local"]);
    c.eat("table");
    out.add(What::Vacuum { full: true, table: c.name() })
}

pub(super) fn lock<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.eat("lock");
    if c.eat_any(&["instance", "for"]) {
        return out.add(What::Harmless);
    }
    c.eat_any(&["tables", "table"]);
    out.add(What::LockTable { tables: c.names() })
}

pub(super) fn set<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    if c.eat("reset") {
        return out.add(What::Set { name: c.part().unwrap_or_default(), zero: true });
    }
    c.eat("set");
    c.eat_any(&["session", "local", "global"]);
    let name = c.part().unwrap_or_default();
    let name = match name.trim_start_matches("@@").trim_start_matches("session.") {
        bare if bare.len() < name.len() => Text::Owned(bare.to_owned()),
        _ => name,
    };
    if !c.eat_sign(b'=') {
        c.eat("to");
    }
    let value = c.bytes_at(c.at);
    let mut digits = value.iter().filter(|byte| byte.is_ascii_digit()).peekable();
    let number = c
        .peek()
        .is_some_and(|token| matches!(token.kind, TokenKind::Number | TokenKind::Text { .. }));
    let zero = (number && digits.peek().is_some() && digits.all(|digit| *digit == b'0'))
        || c.is("default");
    out.add(What::Set { name, zero })
}

/// `COMMIT`, `ROLLBACK` and their kind; `ROLLBACK TO` a savepoint ends nothing.
pub(super) fn end<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.at += 1;
    c.eat_any(&["work", "transaction"]);
    if c.is("to") || c.is("prepared") { out.add(What::Harmless) } else { out.add(What::End) }
}
