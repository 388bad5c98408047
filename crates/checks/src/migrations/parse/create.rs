//! `CREATE …`.

use super::body::language_at;
use super::column::{column, constraint};
use super::cursor::{Cursor, Keywords};
use super::{Out, data, mysql};
use crate::migrations::statement::{
    Action, ConstraintKind, CreateTable, Fires, Name, Object, Text, What,
};
use crate::sql::Dialect;

pub(super) fn create<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.at += 1;
    let replaces = c.eat("or replace");
    // MySQL: DEFINER = user@host, ALGORITHM = …, SQL SECURITY …
    if c.dialect == Dialect::Mysql {
        const MADE: Keywords = Keywords::new(&[
            "table",
            "view",
            "function",
            "procedure",
            "trigger",
            "event",
            "index",
            "unique",
            "aggregate",
        ]);
        if c.is("function") && c.has_any(&["soname"]) {
            return out.add(What::ChangesServer { how: "loads a library" });
        }
        if c.is_any(&["definer", "algorithm", "sql", "online", "offline"]) {
            while !c.done() && !c.is_one_of(&MADE) {
                c.at += 1;
            }
        }
    }
    let temporary = c.eat_any(&["global temporary", "local temporary", "temporary", "temp"]);
    c.eat_any(&["unlogged", "foreign", "recursive", "trusted", "default", "constraint"]);
    match () {
        () if c.eat("table") => create_table(c, temporary, replaces, out),
        () if c.is_any(&["unique", "index", "fulltext", "spatial", "virtual"]) => index(c, out),
        () if c.eat_any(&["function", "procedure", "aggregate"]) => function(c, out),
        () if replaces && c.dialect == Dialect::Mysql && c.is_any(&["database", "schema"]) => {
            mysql::replace_database(c, out);
        }
        () if c.eat("schema") => schema(c, out),
        () if c.eat("database") => {
            if c.dialect == Dialect::Postgres {
                out.add(What::OutsideTransaction { words: "CREATE DATABASE" })
            } else {
                out.add(What::Harmless)
            }
        }
        () if c.eat("tablespace") => {
            out.add(What::OutsideTransaction { words: "CREATE TABLESPACE" })
        }
        () if c.eat_any(&["trigger", "rule", "policy"]) => on_table(c, out),
        () if c.eat("materialized view") => view(c, true, out),
        () if c.eat("view") => view(c, false, out),
        () if c.dialect == Dialect::Mysql && c.is("event") => mysql::event(c, out),
        () if c.eat_any(&[
            "sequence",
            "type",
            "domain",
            "extension",
            "role",
            "user",
            "group",
            "event",
            "operator",
            "cast",
            "collation",
            "conversion",
            "language",
            "publication",
            "subscription",
            "server",
            "data wrapper",
            "statistics",
            "text search",
            "access method",
            "transform",
            "procedural",
        ]) =>
        {
            out.add(What::Harmless)
        }
        () => out.add(What::Unrecognised { why: "a CREATE of something that is not known" }),
    }
}

fn create_table<'a>(c: &mut Cursor<'a>, temporary: bool, replaces: bool, out: &mut Out<'_, 'a>) {
    let if_not_exists = c.if_not_exists();
    let Some(name) = c.name() else {
        return out.add(What::Unrecognised { why: "a CREATE TABLE without a name" });
    };
    // MariaDB drops what was there.
    let replaced = replaces.then(|| name.clone());
    let mut table = CreateTable {
        name,
        if_not_exists,
        temporary,
        until_commit: temporary && c.has_any(&["on commit drop"]),
        columns: Vec::new(),
        references: Vec::new(),
        parents: Vec::new(),
    };
    if c.eat("partition of") {
        table.parents.extend(c.name());
    }
    if let Some(mut inner) = c.group() {
        while !inner.done() {
            definition(&mut inner.item(), &mut table);
        }
    }
    if c.eat("inherits")
        && let Some(mut parents) = c.group()
    {
        table.parents = parents.names();
    }
    if let Some(name) = replaced {
        let drop = What::Drop {
            object: Object::Table,
            word: "table",
            names: vec![name],
            cascade: false,
            concurrently: false,
            on: None,
        };
        out.add(drop);
    }
    out.add(What::CreateTable(table));
    // CREATE TABLE … AS SELECT f(), with whatever options before; MySQL's needs no AS.
    while !c.done() {
        if c.eat("as") || c.is("select") {
            return data::read(c, out);
        }
        if c.group().is_none() {
            c.at += 1;
        }
    }
}

/// A column or a constraint between the parentheses of a table.
fn definition<'a>(item: &mut Cursor<'a>, table: &mut CreateTable<'a>) {
    if item.is_any(&["like", "period", "index", "key", "fulltext", "spatial"])
        && !item.word_at(item.at + 1, "text")
    {
        return;
    }
    if let Some(constraint) = constraint(item) {
        if let ConstraintKind::ForeignKey { references: Some(to) } = constraint.kind {
            table.references.push(to);
        }
        return;
    }
    if let Some(column) = column(item) {
        for constraint in &column.constraints {
            if let ConstraintKind::ForeignKey { references: Some(to) } = &constraint.kind {
                table.references.push(to.clone());
            }
        }
        table.columns.push(column);
    }
}

fn index<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    let unique = c.eat("unique");
    if c.eat("virtual table") {
        return out.add(What::Harmless);
    }
    c.eat_any(&["fulltext", "spatial"]);
    c.eat("index");
    let concurrently = c.eat("concurrently");
    c.if_not_exists();
    let name = if c.is("on") { None } else { c.name() };
    // MySQL: USING BTREE before ON.
    if c.eat("using") {
        c.part();
    }
    c.eat("on");
    c.eat("only");
    let Some(table) = c.name() else {
        return out.add(What::Unrecognised { why: "a CREATE INDEX without a table" });
    };
    out.add(What::CreateIndex { name, table, of: c.words(), concurrently, unique })
}

fn function<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.if_not_exists();
    let Some(name) = c.name() else {
        return out.add(What::Unrecognised { why: "a CREATE FUNCTION without a name" });
    };
    c.group();
    let (mut body, mut language) = (None, Text::from("sql"));
    while !c.done() {
        if c.eat("language") {
            language = language_at(c);
        } else if c.eat("as") {
            body = body.or_else(|| c.strings());
        } else if c.is_any(&["begin atomic", "return"])
            || (c.dialect != Dialect::Postgres && c.is("begin"))
        {
            // A body that is no string: BEGIN ATOMIC, or MySQL's.
            body = body.or_else(|| Some(c.bytes_left().into()));
            break;
        } else if c.group().is_none() {
            c.at += 1;
        }
    }
    out.add(What::CreateFunction { name, body, language })
}

/// `CREATE SCHEMA s CREATE TABLE …`: what is in it is new.
fn schema<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.at = c.tokens.len();
    out.add(What::Harmless)
}

/// A trigger, a rule or a policy; the table stands behind `ON`, a rule's behind `TO`.
fn on_table<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    let policy = c.word_at(c.at.saturating_sub(1), "policy");
    let rule = c.word_at(c.at.saturating_sub(1), "rule");
    c.if_not_exists();
    let name = c.name();
    let mut on: Option<Name<'_>> = None;
    while !c.done() && on.is_none() {
        let found = c.eat(if rule { "to" } else { "on" });
        if found {
            on = c.name();
        } else {
            c.at += 1;
        }
    }
    if policy {
        return out.add(What::Create { object: Object::Policy, on });
    }
    let fires = if rule { commands_of_rule(c) } else { fires(c) };
    out.add(What::CreateTrigger { name: name.map(|name| name.name), on, fires })
}

/// What a trigger runs: PostgreSQL's calls a function, elsewhere it has a body.
fn fires<'a>(c: &mut Cursor<'a>) -> Option<Fires<'a>> {
    while !c.done() {
        if c.eat_any(&["execute function", "execute procedure"]) {
            return Some(Fires::Function(c.name()?.name));
        }
        let body = c.dialect != Dialect::Postgres && (c.eat("for each row") || c.is("begin"));
        if body {
            return Some(Fires::Body(c.bytes_left().into()));
        }
        c.at += 1;
    }
    None
}

/// What a rule runs: `DO [ALSO | INSTEAD] command`, or several in parentheses.
fn commands_of_rule<'a>(c: &mut Cursor<'a>) -> Option<Fires<'a>> {
    while !c.done() && !c.eat("do") {
        c.at += 1;
    }
    c.eat_any(&["also", "instead"]);
    Some(Fires::Body(c.group().unwrap_or(*c).bytes_left().into()))
}

fn view<'a>(c: &mut Cursor<'a>, runs: bool, out: &mut Out<'_, 'a>) {
    while !c.done() && !c.eat("as") {
        if c.group().is_none() {
            c.at += 1;
        }
    }
    out.add(What::Create { object: Object::View, on: None });
    let mut deletes = |action: Action<'a>| {
        if runs || matches!(action.what, What::Delete { .. }) {
            (out.take)(action);
        }
    };
    data::read(c, &mut Out { take: &mut deletes, extent: out.extent, count: 0 });
}
