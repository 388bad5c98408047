//! `CREATE …`.

use super::column::{column, constraint};
use super::cursor::{Cursor, string};
use super::data;
use crate::migrations::statement::{Action, ConstraintKind, CreateTable, Name, Object, What};
use crate::sql::Dialect;

pub(super) fn create(c: &mut Cursor<'_>, actions: &mut Vec<Action>) -> Vec<What> {
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
        () if c.eat("table") => create_table(c, temporary, replaces),
        () if c.is_any(&["unique", "index", "fulltext", "spatial", "virtual"]) => index(c),
        () if c.eat_any(&["function", "procedure", "aggregate"]) => function(c),
        () if c.eat("schema") => schema(c, actions),
        () if c.eat("database") => {
            if c.dialect == Dialect::Postgres {
                vec![What::OutsideTransaction { words: "CREATE DATABASE" }]
            } else {
                vec![What::Harmless]
            }
        }
        () if c.eat("tablespace") => vec![What::OutsideTransaction { words: "CREATE TABLESPACE" }],
        () if c.eat_any(&["trigger", "rule", "policy"]) => on_table(c),
        () if c.eat_any(&["materialized view", "view"]) => view(c),
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
            vec![What::Harmless]
        }
        () => vec![What::Unrecognised { why: "a CREATE of something that is not known" }],
    }
}

fn create_table(c: &mut Cursor<'_>, temporary: bool, replaces: bool) -> Vec<What> {
    let if_not_exists = c.if_not_exists();
    let Some(name) = c.name() else {
        return vec![What::Unrecognised { why: "a CREATE TABLE without a name" }];
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
    let mut whats = Vec::new();
    if let Some(name) = replaced {
        let drop = What::Drop {
            object: Object::Table,
            word: "table".into(),
            names: vec![name],
            cascade: false,
            concurrently: false,
            on: None,
        };
        whats.push(drop);
    }
    whats.push(What::CreateTable(table));
    // CREATE TABLE … AS SELECT f()
    if c.is("as") || c.is_any(&["select", "with"]) {
        c.eat("as");
        whats.extend(data::query(c).into_iter().filter(|what| *what != What::Harmless));
    }
    whats
}

/// A column or a constraint between the parentheses of a table.
fn definition(item: &mut Cursor<'_>, table: &mut CreateTable) {
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

fn index(c: &mut Cursor<'_>) -> Vec<What> {
    let unique = c.eat("unique");
    if c.eat("virtual table") {
        return vec![What::Harmless];
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
        return vec![What::Unrecognised { why: "a CREATE INDEX without a table" }];
    };
    vec![What::CreateIndex { name, table, of: c.words(), concurrently, unique }]
}

fn function(c: &mut Cursor<'_>) -> Vec<What> {
    c.if_not_exists();
    let Some(name) = c.name() else {
        return vec![What::Unrecognised { why: "a CREATE FUNCTION without a name" }];
    };
    c.group();
    let (mut body, mut language) = (None, String::from("sql"));
    while !c.done() {
        if c.eat("language") {
            language = match c.peek().and_then(|token| string(token, c.text)) {
                Some(text) => String::from_utf8_lossy(&text).to_lowercase(),
                None => c.part().unwrap_or_default(),
            };
        } else if c.eat("as") {
            body = body.or_else(|| c.peek().and_then(|token| string(token, c.text)));
        } else if c.is_any(&["begin", "return"]) {
            // A body that is no string: BEGIN ATOMIC, or MySQL's.
            let (from, to) = c.extent();
            body = body.or_else(|| c.text.get(from..to).map(<[u8]>::to_vec));
            break;
        } else if c.group().is_none() {
            c.at += 1;
        }
    }
    vec![What::CreateFunction { name, body, language }]
}

/// `CREATE SCHEMA s CREATE TABLE …`: what is in it is new.
fn schema(c: &mut Cursor<'_>, _actions: &mut Vec<Action>) -> Vec<What> {
    c.at = c.tokens.len();
    vec![What::Harmless]
}

/// A trigger, a rule or a policy; the table stands behind `ON`, a rule's behind `TO`.
fn on_table(c: &mut Cursor<'_>) -> Vec<What> {
    let policy = c.word_at(c.at.saturating_sub(1), "policy");
    let rule = c.word_at(c.at.saturating_sub(1), "rule");
    c.if_not_exists();
    c.name();
    let mut on: Option<Name> = None;
    while !c.done() && on.is_none() {
        let found = c.eat(if rule { "to" } else { "on" });
        if found {
            on = c.name();
        } else {
            c.at += 1;
        }
    }
    let object = if policy { Object::Policy } else { Object::Trigger };
    vec![What::Create { object, on }]
}

fn view(c: &mut Cursor<'_>) -> Vec<What> {
    while !c.done() && !c.eat("as") {
        if c.group().is_none() {
            c.at += 1;
        }
    }
    let mut whats = vec![What::Create { object: Object::View, on: None }];
    whats.extend(data::query(c).into_iter().filter(|what| matches!(what, What::Delete { .. })));
    whats
}
