//! Statements that read and write rows.

use super::Out;
use super::cursor::Cursor;
use super::expression::{calls, scope};
use crate::migrations::statement::{Name, Scope, What};

pub(super) fn truncate<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.at += 1;
    c.eat("table");
    let mut tables = c.names();
    c.eat_any(&["restart identity", "continue identity"]);
    let cascade = c.eat("cascade");
    c.eat("restrict");
    let known = !tables.is_empty();
    if !known {
        tables.push(Name::plain("?"));
    }
    out.add(What::Truncate { tables, cascade });
    if !known || !c.done() {
        out.add(What::Unrecognised { why: "something follows that is not understood" });
    }
}

pub(super) fn delete<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.at += 1;
    c.eat_any(&["low_priority", "quick", "ignore"]);
    c.eat("from");
    c.eat("only");
    let Some(table) = c.name() else {
        return out.add(What::Unrecognised { why: "a DELETE without a table" });
    };
    out.add(What::Delete { table, scope: scope_of(c) });
    written_in_parts(c, out);
}

pub(super) fn update<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.at += 1;
    if c.eat("or") {
        c.part();
    }
    c.eat_any(&["low_priority", "ignore", "only"]);
    let Some(table) = c.name() else {
        return out.add(What::Unrecognised { why: "an UPDATE without a table" });
    };
    out.add(What::Update { table, scope: scope_of(c) });
    written_in_parts(c, out);
}

/// Which rows: by the `WHERE` that is in no parentheses.
fn scope_of(c: &Cursor<'_>) -> Scope {
    let mut c = *c;
    let mut limited = false;
    while !c.done() {
        if c.eat("where") {
            let mut end = c;
            while !end.done() && !end.is("returning") {
                end.at += 1;
            }
            return scope(&Cursor { tokens: &c.tokens[..end.at], ..c });
        }
        limited |= c.is("limit");
        if c.group().is_none() {
            c.at += 1;
        }
    }
    if limited { Scope::Bounded } else { Scope::All }
}

pub(super) fn insert<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    if c.is("merge") && (c.at..c.tokens.len()).any(|at| Cursor { at, ..*c }.is("then delete")) {
        let why = "a MERGE that deletes: what it reads from says which rows";
        return out.add(What::Unrecognised { why });
    }
    c.at += 1;
    if c.eat("or") {
        c.part();
    }
    c.eat_any(&["low_priority", "delayed", "high_priority", "ignore"]);
    c.eat("into");
    c.eat("only");
    let Some(table) = c.name() else {
        return out.add(What::Unrecognised { why: "an INSERT without a table" });
    };
    out.add(What::Insert { table, from: source_table(c) });
    written_in_parts(c, out);
    called(c, out);
}

/// The table behind the first `FROM`.
fn source_table<'a>(c: &Cursor<'a>) -> Option<Name<'a>> {
    // Rows that are listed come from no table.
    let mut c = *c;
    while !c.done() {
        if c.is("values") {
            return None;
        }
        if c.eat("from") {
            return c.name();
        }
        c.at += 1;
    }
    None
}

/// Queries: what is written in their parts, and the functions that they run.
pub(super) fn query<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    let begun = out.count;
    read(c, out);
    if out.count == begun {
        out.add(What::Harmless);
    }
}

/// The same, of a query that is part of something else.
pub(super) fn read<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    written_in_parts(c, out);
    // `WITH … DELETE FROM`: the statement itself comes behind the parts.
    if c.is("with") {
        behind_with(c, out);
    }
    called(c, out);
}

fn called<'a>(c: &Cursor<'a>, out: &mut Out<'_, 'a>) {
    let functions = calls(c);
    // CALL without parentheses is MySQL's.
    if !functions.is_empty() {
        out.add(What::Calls { functions });
    }
}

fn behind_with<'a>(c: &Cursor<'a>, out: &mut Out<'_, 'a>) {
    let mut c = *c;
    while !c.done() {
        // A part may be called as a verb is.
        if c.eat_any(&["with", "recursive"]) || c.eat_sign(b',') {
            c.part();
            continue;
        }
        if c.is("delete") {
            return delete(&mut c.along(&c.tokens[c.at..]), out);
        }
        if c.is("update") && !c.word_at(c.at.saturating_sub(1), "for") {
            return update(&mut c.along(&c.tokens[c.at..]), out);
        }
        if c.is_any(&["insert", "merge", "replace"]) {
            return insert(&mut c.along(&c.tokens[c.at..]), out);
        }
        if c.is("select") {
            return;
        }
        if c.group().is_none() {
            c.at += 1;
        }
    }
}

/// What is written in the parts of a `WITH`: `name AS (DELETE …)`.
fn written_in_parts<'a>(c: &Cursor<'a>, out: &mut Out<'_, 'a>) {
    for at in c.at..c.tokens.len() {
        if !c.sign_at(at, b'(') {
            continue;
        }
        let mut part = Cursor { at, ..*c };
        let writes = Cursor { at: at + 1, ..*c }.is_any(&["delete from", "update", "insert into"]);
        let Some(mut inner) = writes.then(|| part.group()).flatten() else { continue };
        match () {
            () if inner.is("delete") => delete(&mut inner, out),
            () if inner.is("update") => update(&mut inner, out),
            () => insert(&mut inner, out),
        }
    }
}

pub(super) fn copy<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.eat("copy");
    c.eat("binary");
    if (c.at..c.tokens.len()).any(|at| c.word_at(at, "program")) {
        return out.add(What::Program);
    }
    if c.is_sign(b'(') {
        let Some(mut inner) = c.group() else { return };
        return query(&mut inner, out);
    }
    match c.name() {
        Some(table) => {
            c.group();
            if c.eat("from") {
                out.add(What::Insert { table, from: None })
            } else {
                out.add(What::Harmless)
            }
        }
        None => out.add(What::Unrecognised { why: "a COPY without a table" }),
    }
}

/// MySQL's `LOAD DATA … INTO TABLE t`; PostgreSQL's `LOAD 'library'`.
pub(super) fn load<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    while !c.done() {
        if c.eat("into table") {
            if let Some(table) = c.name() {
                out.add(What::Insert { table, from: None });
            }
            return;
        }
        c.at += 1;
    }
    out.add(What::Harmless)
}
