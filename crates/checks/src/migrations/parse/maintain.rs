//! Statements about the state of tables, locks, settings and transactions.

use super::cursor::Cursor;
use super::{Out, data, mysql};
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
    if c.dialect == Dialect::Mysql {
        mysql::set(c, out);
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
    let hides = match (&*name, c.dialect) {
        ("standard_conforming_strings", Dialect::Postgres) => {
            !["on", "true", "1", "yes", "default"].iter().any(|on| is_value(value, on))
        }
        (_, Dialect::Mysql) => sets_mode(c),
        _ => false,
    };
    if hides {
        out.add(What::Unrecognised { why: READ_OTHERWISE });
    }
    // `SET @x = f()`.
    if c.dialect == Dialect::Mysql && c.tokens.iter().any(|of| of.kind == TokenKind::Sign(b'(')) {
        data::read(c, out);
    }
    out.add(What::Set { name, zero })
}

/// Why what changes how text is read is not recognised.
pub(super) const READ_OTHERWISE: &str = "strings and names are read otherwise from here on";

/// Whether one of the settings is MySQL's `sql_mode`, and may change how strings are read.
fn sets_mode(c: &Cursor<'_>) -> bool {
    let has = |bytes: &[u8], words: &[&[u8]]| {
        let lower = bytes.to_ascii_lowercase();
        words.iter().any(|word| memchr::memmem::find(&lower, word).is_some())
    };
    let tokens = || c.tokens.iter().map(|token| (token.kind, token.bytes(c.text)));
    let is_named = |(kind, bytes): (TokenKind, &[u8])| {
        matches!(kind, TokenKind::Word | TokenKind::Parameter) && has(bytes, &[b"sql_mode"])
    };
    let hides = |(kind, bytes): (TokenKind, &[u8])| match kind {
        TokenKind::Text { .. } | TokenKind::Quoted => has(
            bytes,
            &[b"backslash", b"ansi", b"oracle", b"db2", b"mssql", b"maxdb", b"postgresql"],
        ),
        // It is put together.
        kind => kind == TokenKind::Sign(b'('),
    };
    tokens().any(is_named) && tokens().any(hides)
}

/// Whether a setting's value is this word, in quotes or not.
fn is_value(value: &[u8], word: &str) -> bool {
    let bare = value.strip_prefix(b"'").and_then(|value| value.strip_suffix(b"'"));
    bare.unwrap_or(value).eq_ignore_ascii_case(word.as_bytes())
}

/// `COMMIT`, `ROLLBACK` and their kind; `ROLLBACK TO` a savepoint ends nothing.
pub(super) fn end<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    let undone = c.is_any(&["rollback", "abort"]);
    c.at += 1;
    c.eat_any(&["work", "transaction"]);
    out.add(match () {
        () if c.is("to") => What::Harmless,
        () if c.is("prepared") => {
            What::Unrecognised { why: "ends a transaction that is not written here" }
        }
        () if undone => What::Rollback,
        () => What::End,
    });
}

/// SQLite's `PRAGMA`: nearly all of them are settings.
pub(super) fn pragma<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    if (c.at..c.tokens.len()).any(|at| c.word_at(at, "writable_schema")) {
        return out.add(What::Unrecognised { why: "the catalogue is written to from here on" });
    }
    out.add(What::Harmless)
}
