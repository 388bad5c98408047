//! Statements that read and write rows.

use super::cursor::Cursor;
use super::expression::{calls, scope};
use crate::migrations::statement::{Name, Scope, What};

pub(super) fn truncate(c: &mut Cursor<'_>) -> Vec<What> {
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
    let mut whats = vec![What::Truncate { tables, cascade }];
    if !known || !c.done() {
        whats.push(What::Unrecognised { why: "something follows that is not understood" });
    }
    whats
}

pub(super) fn delete(c: &mut Cursor<'_>) -> Vec<What> {
    c.at += 1;
    c.eat_any(&["low_priority", "quick", "ignore"]);
    c.eat("from");
    c.eat("only");
    let Some(table) = c.name() else {
        return vec![What::Unrecognised { why: "a DELETE without a table" }];
    };
    let mut whats = vec![What::Delete { table, scope: scope_of(c) }];
    whats.extend(written_in_parts(c));
    whats
}

pub(super) fn update(c: &mut Cursor<'_>) -> Vec<What> {
    c.at += 1;
    if c.eat("or") {
        c.part();
    }
    c.eat_any(&["low_priority", "ignore", "only"]);
    let Some(table) = c.name() else {
        return vec![What::Unrecognised { why: "an UPDATE without a table" }];
    };
    let mut whats = vec![What::Update { table, scope: scope_of(c) }];
    whats.extend(written_in_parts(c));
    whats
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

pub(super) fn insert(c: &mut Cursor<'_>) -> Vec<What> {
    c.at += 1;
    if c.eat("or") {
        c.part();
    }
    c.eat_any(&["low_priority", "delayed", "high_priority", "ignore"]);
    c.eat("into");
    c.eat("only");
    let Some(table) = c.name() else {
        return vec![What::Unrecognised { why: "an INSERT without a table" }];
    };
    let mut whats = vec![What::Insert { table, from: source_table(c) }];
    whats.extend(written_in_parts(c));
    whats.extend(called(c));
    whats
}

/// The table behind the first `FROM`.
fn source_table(c: &Cursor<'_>) -> Option<Name> {
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
pub(super) fn query(c: &mut Cursor<'_>) -> Vec<What> {
    let mut whats = written_in_parts(c);
    // `WITH … DELETE FROM`: the statement itself comes behind the parts.
    if c.is("with") {
        whats.extend(behind_with(c));
    }
    whats.extend(called(c));
    if whats.is_empty() { vec![What::Harmless] } else { whats }
}

fn called(c: &Cursor<'_>) -> Option<What> {
    let functions = calls(c);
    // CALL without parentheses is MySQL's.
    (!functions.is_empty()).then_some(What::Calls { functions })
}

fn behind_with(c: &Cursor<'_>) -> Vec<What> {
    let mut c = *c;
    while !c.done() {
        if c.is("delete") {
            return delete(&mut Cursor { tokens: &c.tokens[c.at..], at: 0, ..c });
        }
        if c.is("update") && !c.word_at(c.at.saturating_sub(1), "for") {
            return update(&mut Cursor { tokens: &c.tokens[c.at..], at: 0, ..c });
        }
        if c.is_any(&["insert", "merge", "replace"]) {
            return insert(&mut Cursor { tokens: &c.tokens[c.at..], at: 0, ..c });
        }
        if c.is("select") {
            return Vec::new();
        }
        if c.group().is_none() {
            c.at += 1;
        }
    }
    Vec::new()
}

/// What is written in the parts of a `WITH`: `name AS (DELETE …)`.
fn written_in_parts(c: &Cursor<'_>) -> Vec<What> {
    let mut whats = Vec::new();
    for at in c.at..c.tokens.len() {
        if !c.sign_at(at, b'(') {
            continue;
        }
        let mut part = Cursor { at, ..*c };
        let writes = Cursor { at: at + 1, ..*c }.is_any(&["delete from", "update", "insert into"]);
        let Some(mut inner) = writes.then(|| part.group()).flatten() else { continue };
        whats.extend(match () {
            () if inner.is("delete") => delete(&mut inner),
            () if inner.is("update") => update(&mut inner),
            () => insert(&mut inner),
        });
    }
    whats
}

pub(super) fn copy(c: &mut Cursor<'_>) -> Vec<What> {
    c.eat("copy");
    c.eat("binary");
    if (c.at..c.tokens.len()).any(|at| c.word_at(at, "program")) {
        return vec![What::Program];
    }
    if c.is_sign(b'(') {
        let Some(mut inner) = c.group() else { return Vec::new() };
        return query(&mut inner);
    }
    match c.name() {
        Some(table) => {
            c.group();
            if c.eat("from") {
                vec![What::Insert { table, from: None }]
            } else {
                vec![What::Harmless]
            }
        }
        None => vec![What::Unrecognised { why: "a COPY without a table" }],
    }
}

/// MySQL's `LOAD DATA … INTO TABLE t`; PostgreSQL's `LOAD 'library'`.
pub(super) fn load(c: &mut Cursor<'_>) -> Vec<What> {
    while !c.done() {
        if c.eat("into table") {
            let table = c.name();
            return table.map_or(Vec::new(), |table| vec![What::Insert { table, from: None }]);
        }
        c.at += 1;
    }
    vec![What::Harmless]
}
