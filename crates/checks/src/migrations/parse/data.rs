//! Statements that read and write rows.

use super::Out;
use super::calls::calls;
use super::cursor::Cursor;
use super::scope::{Target, limited_parts};
use crate::migrations::statement::{Name, Purpose, Scope, Text, What};
use crate::sql::{Dialect, Token, TokenKind};

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
    delete_rows(c, &[], out);
    written_in_parts(c, out);
    called_of_mysql(c, out);
}

/// The same without what is written in its parts.
fn delete_rows<'a>(c: &mut Cursor<'a>, parts: &[Text<'a>], out: &mut Out<'_, 'a>) {
    c.at += 1;
    c.eat_any(&["low_priority", "quick", "ignore"]);
    c.eat("from");
    c.eat("only");
    let Some(table) = c.name() else {
        return out.add(What::Unrecognised { why: "a DELETE without a table" });
    };
    if is_catalogue(&table, c.dialect) {
        return out.add(What::Unrecognised { why: CATALOGUE });
    }
    // What SQLite counts and estimates by, in every dump.
    if c.dialect == Dialect::Sqlite && table.name.starts_with("sqlite_s") {
        return out.add(What::Harmless);
    }
    let mut others = Vec::new();
    while c.dialect == Dialect::Mysql && c.eat_sign(b',') {
        others.extend(c.name());
    }
    let scope = Target::new(&table, c).scope(c, parts);
    // What limits one table's rows says nothing of another's.
    let of_others = if scope == Scope::All { Scope::All } else { Scope::Filtered };
    out.add(What::Delete { table, scope });
    for table in others {
        out.add(What::Delete { table, scope: of_others });
    }
}

pub(super) fn update<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    update_rows(c, &[], out);
    written_in_parts(c, out);
    called_of_mysql(c, out);
}

/// The same without what is written in its parts.
fn update_rows<'a>(c: &mut Cursor<'a>, parts: &[Text<'a>], out: &mut Out<'_, 'a>) {
    c.at += 1;
    if c.eat("or") {
        c.part();
    }
    c.eat_any(&["low_priority", "ignore", "only"]);
    let Some(table) = c.name() else {
        return out.add(What::Unrecognised { why: "an UPDATE without a table" });
    };
    if is_catalogue(&table, c.dialect) {
        return out.add(What::Unrecognised { why: CATALOGUE });
    }
    let target = Target::new(&table, c);
    let sets_another = c.dialect == Dialect::Mysql && target.is_another_set(c);
    let scope = match target.scope(c, parts) {
        Scope::Bounded if sets_another => Scope::Filtered,
        scope => scope,
    };
    out.add(What::Update { table, scope });
}

pub(super) fn insert<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    insert_rows(c, out);
    written_in_parts(c, out);
    called(c, Purpose::Value, out);
}

/// The same without what is written in its parts.
fn insert_rows<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    if c.is("merge") && (c.at..c.tokens.len()).any(|at| Cursor { at, ..*c }.is("then delete")) {
        let why = "a MERGE that deletes: what it reads from says which rows";
        return out.add(What::Unrecognised { why });
    }
    let replaces = c.is("replace");
    let merges = c.is("merge");
    c.at += 1;
    let replaces = replaces || c.is("or replace");
    if c.eat("or") {
        c.part();
    }
    c.eat_any(&["low_priority", "delayed", "high_priority", "ignore"]);
    c.eat("into");
    c.eat("only");
    let Some(table) = c.name() else {
        return out.add(What::Unrecognised { why: "an INSERT without a table" });
    };
    if is_catalogue(&table, c.dialect) {
        return out.add(What::Unrecognised { why: CATALOGUE });
    }
    let from = source_table(c);
    let others = if merges { !merges_listed(c) } else { inserts_others(c) };
    if others && (replaces || c.has_any(&["do update", "key update", "then update"])) {
        out.add(What::Update { table: table.clone(), scope: Scope::Filtered });
    }
    out.add(What::Insert { table, from });
}

/// Why what writes there is not recognised.
const CATALOGUE: &str = "the database's own catalogue is written to";

/// Whether a table is one in which the database keeps what it knows of the others.
fn is_catalogue(table: &Name<'_>, dialect: Dialect) -> bool {
    const POSTGRES: [&str; 24] = [
        "pg_attrdef",
        "pg_attribute",
        "pg_auth_members",
        "pg_authid",
        "pg_cast",
        "pg_class",
        "pg_constraint",
        "pg_database",
        "pg_db_role_setting",
        "pg_depend",
        "pg_enum",
        "pg_index",
        "pg_inherits",
        "pg_largeobject",
        "pg_namespace",
        "pg_operator",
        "pg_policy",
        "pg_proc",
        "pg_rewrite",
        "pg_sequence",
        "pg_settings",
        "pg_shdepend",
        "pg_trigger",
        "pg_type",
    ];
    let name = &*table.name;
    match (dialect, table.schema.as_deref()) {
        (Dialect::Postgres, Some("pg_catalog" | "information_schema")) => true,
        (Dialect::Postgres, None) => POSTGRES.contains(&name),
        (Dialect::Mysql, Some("mysql" | "information_schema" | "sys")) => true,
        (Dialect::Sqlite, _) => ["sqlite_master", "sqlite_schema"].contains(&name),
        _ => false,
    }
}

/// Whether the rows come from elsewhere: a query that reads, `TABLE t`.
fn inserts_others(c: &Cursor<'_>) -> bool {
    let mut c = *c;
    c.eat("as");
    if !c.is_any(&["value", "values", "default", "set", "select", "table", "overriding"]) {
        c.part();
    }
    c.group();
    !c.is_any(&["value", "values", "default values", "set"]) && c.has_any(&["from", "table"])
}

/// `USING (VALUES …) AS v ON a.id = v.id`: a MERGE of rows that are listed, each with its own.
fn merges_listed(c: &Cursor<'_>) -> bool {
    let mut c = *c;
    while !c.done() && !c.eat("using") {
        c.at += 1;
    }
    let listed = c.group().is_some_and(|rows| !rows.has_any(&["from", "table"]));
    while !c.done() && !c.eat("on") {
        c.at += 1;
    }
    let names = (c.at..c.tokens.len()).take_while(|at| !c.word_at(*at, "when"));
    let compares = names.filter(|at| c.sign_at(*at, b'=')).any(|at| {
        let is_name = |at: usize| matches!(c.tokens.get(at), Some(token) if token.letter != 0);
        // `a.id = a.id` holds for every row.
        let tables = (c.bytes_at(at.wrapping_sub(3)), c.bytes_at(at + 1));
        is_name(at - 1) && is_name(at + 1) && !tables.0.eq_ignore_ascii_case(tables.1)
    });
    listed && compares
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

/// `CALL procedure(…)`; MySQL's needs no parentheses.
pub(super) fn call<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.eat("call");
    let procedure = Cursor { ..*c }.name();
    let mut functions = calls(c);
    match procedure {
        Some(name) if functions.is_empty() => functions.push(name.name),
        Some(_) => {}
        None => return out.add(What::Unrecognised { why: "a CALL without a procedure" }),
    }
    out.add(What::Calls { functions, purpose: Purpose::Call });
}

/// Queries: what is written in their parts, and the functions that they run.
pub(super) fn query<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    let begun = out.count;
    if c.dialect == Dialect::Mysql && c.has_any(&["into outfile", "into dumpfile"]) {
        out.add(What::Server { does: "writes a file" });
    }
    written_in_parts(c, out);
    let settings = |token: &Token| {
        let text = token.bytes(c.text);
        matches!(token.kind, TokenKind::Text { .. })
            && memchr::memmem::find(text, b"standard_conforming_strings").is_some()
    };
    if c.has_any(&["set_config"]) && c.tokens.iter().any(settings) {
        return out.add(What::Unrecognised { why: super::maintain::READ_OTHERWISE });
    }
    let writes = c.is("with") && behind_with(c, out);
    called(c, if writes { Purpose::Value } else { Purpose::Effect }, out);
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
    called(c, Purpose::Value, out);
}

/// MySQL has no extensions whose functions anybody could mean.
fn called_of_mysql<'a>(c: &Cursor<'a>, out: &mut Out<'_, 'a>) {
    if c.dialect == Dialect::Mysql {
        called(c, Purpose::Value, out);
    }
}

fn called<'a>(c: &Cursor<'a>, purpose: Purpose, out: &mut Out<'_, 'a>) {
    let functions = calls(c);
    if !functions.is_empty() {
        out.add(What::Calls { functions, purpose });
    }
}

/// The statement itself, behind its parts; whether it writes.
fn behind_with<'a>(c: &Cursor<'a>, out: &mut Out<'_, 'a>) -> bool {
    let with = *c;
    let mut c = *c;
    while !c.done() {
        // A part may be called as a verb is.
        if c.eat_any(&["with", "recursive"]) || c.eat_sign(b',') {
            c.part();
            continue;
        }
        if c.is("delete") {
            delete_rows(&mut c.along(&c.tokens[c.at..]), &limited_parts(&with), out);
            return true;
        }
        if c.is("update") && !c.word_at(c.at.saturating_sub(1), "for") {
            update_rows(&mut c.along(&c.tokens[c.at..]), &limited_parts(&with), out);
            return true;
        }
        if c.is_any(&["insert", "merge", "replace"]) {
            insert_rows(&mut c.along(&c.tokens[c.at..]), out);
            return true;
        }
        if c.is("select") {
            return false;
        }
        if c.group().is_none() {
            c.at += 1;
        }
    }
    false
}

/// What is written in the parts of a `WITH`: `name AS (DELETE …)`.
fn written_in_parts<'a>(c: &Cursor<'a>, out: &mut Out<'_, 'a>) {
    let mut parts: Option<Vec<Text<'a>>> = None;
    for at in c.at..c.tokens.len() {
        if !c.sign_at(at, b'(') {
            continue;
        }
        let mut part = Cursor { at, ..*c };
        let writes = Cursor { at: at + 1, ..*c }.is_any(&[
            "delete from",
            "update",
            "insert into",
            "merge into",
            "with",
        ]);
        let Some(mut inner) = writes.then(|| part.group()).flatten() else { continue };
        match () {
            () if inner.is("delete") => {
                delete_rows(&mut inner, parts.get_or_insert_with(|| limited_parts(c)), out);
            }
            () if inner.is("update") => {
                update_rows(&mut inner, parts.get_or_insert_with(|| limited_parts(c)), out);
            }
            () if inner.is("with") => {
                behind_with(&inner, out);
            }
            () => insert_rows(&mut inner, out),
        }
    }
}

pub(super) fn copy<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.eat("copy");
    c.eat("binary");
    if (c.at..c.tokens.len()).any(|at| c.word_at(at, "program")) {
        return out.add(What::Server { does: "runs a program" });
    }
    if c.is_sign(b'(') {
        let Some(mut inner) = c.group() else { return };
        query(&mut inner, out);
        return to_file(c, out);
    }
    match c.name() {
        Some(table) => {
            c.group();
            if c.eat("from") {
                out.add(What::Insert { table, from: None });
            } else {
                out.add(What::Harmless);
                to_file(c, out);
            }
        }
        None => out.add(What::Unrecognised { why: "a COPY without a table" }),
    }
}

/// `COPY … TO 'file'`: the file is the server's.
fn to_file<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    let is_text = |token: Token| matches!(token.kind, TokenKind::Text { .. });
    if c.eat("to") && c.peek().is_some_and(is_text) {
        out.add(What::Server { does: "writes a file" });
    }
}

/// MySQL's `LOAD DATA … INTO TABLE t`; PostgreSQL's `LOAD 'library'`.
pub(super) fn load<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    while !c.done() {
        let replaces = c.eat("replace");
        if c.eat("into table") {
            let Some(table) = c.name() else { break };
            if replaces {
                out.add(What::Update { table: table.clone(), scope: Scope::Filtered });
            }
            return out.add(What::Insert { table, from: None });
        }
        c.at += 1;
    }
    out.add(What::Harmless)
}
