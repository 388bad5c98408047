//! `CREATE …`.

use super::column::{column, constraint};
use super::cursor::{Cursor, string};
use super::{Out, data};
use crate::migrations::statement::{Action, ConstraintKind, CreateTable, Name, Object, Text, What};
use crate::sql::Dialect;

pub(super) fn create<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.at += 1;
    let replaces = c.eat("or replace");
    // MySQL: DEFINER = user@host, ALGORITHM = …, SQL SECURITY …
    if c.dialect == Dialect::Mysql {
        while !c.done() && c.is_any(&["definer", "algorithm", "sql", "online", "offline"]) {
            while !c.done()
                && !c.is_any(&[
                    "table",
                    "view",
                    "function",
                    "procedure",
                    "trigger",
                    "event",
                    "index",
                    "unique",
                    "sql",
                ])
            {
                c.at += 1;
            }
            c.eat("sql");
        }
    }
    let temporary = c.eat_any(&["global temporary", "local temporary", "temporary", "temp"]);
    c.eat_any(&["unlogged", "foreign", "recursive", "trusted", "default", "constraint"]);
    match () {
        () if c.eat("table") => create_table(c, temporary, replaces, out),
        () if c.is_any(&["unique", "index", "fulltext", "spatial", "virtual"]) => index(c, out),
        () if c.eat_any(&["function", "procedure", "aggregate"]) => function(c, out),
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
        () if c.eat_any(&["materialized view", "view"]) => view(c, out),
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
    let mut table =
        CreateTable { name, if_not_exists, temporary, columns: Vec::new(), references: Vec::new() };
    if c.eat("partition of") {
        c.name();
    }
    if let Some(mut inner) = c.group() {
        while !inner.done() {
            definition(&mut inner.item(), &mut table);
        }
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
    // CREATE TABLE … AS SELECT f()
    if c.is("as") || c.is_any(&["select", "with"]) {
        c.eat("as");
        data::read(c, out);
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
            language = match c.peek().and_then(|token| string(token, c.text)) {
                Some(text) => String::from_utf8_lossy(&text).to_lowercase().into(),
                None => c.part().unwrap_or_default(),
            };
        } else if c.eat("as") {
            body = body.or_else(|| c.peek().and_then(|token| string(token, c.text)));
        } else if c.is_any(&["begin", "return"]) {
            // A body that is no string: BEGIN ATOMIC, or MySQL's.
            let (from, to) = c.extent();
            body = body.or_else(|| c.text.get(from..to).map(Into::into));
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
    c.name();
    let mut on: Option<Name<'_>> = None;
    while !c.done() && on.is_none() {
        let found = c.eat(if rule { "to" } else { "on" });
        if found {
            on = c.name();
        } else {
            c.at += 1;
        }
    }
    let object = if policy { Object::Policy } else { Object::Trigger };
    out.add(What::Create { object, on })
}

fn view<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    while !c.done() && !c.eat("as") {
        if c.group().is_none() {
            c.at += 1;
        }
    }
    out.add(What::Create { object: Object::View, on: None });
    let mut deletes = |action: Action<'a>| {
        if matches!(action.what, What::Delete { .. }) {
            (out.take)(action);
        }
    };
    data::read(c, &mut Out { take: &mut deletes, extent: out.extent, count: 0 });
}
