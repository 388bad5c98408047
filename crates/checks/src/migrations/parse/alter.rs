//! `ALTER …`.

use super::cursor::{Cursor, lossy, string};
use super::drop::object;
use super::{Out, mysql, table};
use crate::migrations::statement::{Change, Name, Object, Text, What};
use crate::sql::Dialect;

pub(super) fn alter<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.at += 1;
    // MySQL: ALTER ONLINE IGNORE TABLE.
    if c.is_any(&["online table", "offline table", "online ignore", "offline ignore"]) {
        c.at += 1;
    }
    if c.eat("ignore table") {
        return mysql::alter_ignoring(c, out);
    }
    if c.eat_any(&["table", "foreign table"]) {
        return alter_table(c, out);
    }
    if c.eat("system") {
        return out.add(What::ChangesServer { how: "sets what holds for every database of it" });
    }
    if c.dialect == Dialect::Mysql && c.is_any(&["definer", "algorithm", "sql"]) {
        while !c.done() && !c.is_any(&["view", "event", "function", "procedure"]) {
            c.at += 1;
        }
    }
    if c.dialect == Dialect::Mysql && c.is("instance") {
        return out.add(What::ChangesServer { how: "changes how the server keeps what it has" });
    }
    const LOCKS_OUT: [&str; 4] =
        ["nologin", "account lock", "password expire", "connection limit 0"];
    let locks_out = c.is_any(&["role", "user", "group"]) && c.has_any(&LOCKS_OUT);
    if locks_out || (c.is("default privileges") && c.has_any(&["revoke"])) {
        return out.add(What::Revoke { words: c.words() });
    }
    if c.dialect == Dialect::Mysql && c.is("event") {
        return mysql::event(c, out);
    }
    if c.eat_any(&[
        "default privileges",
        "large object",
        "operator",
        "collation",
        "conversion",
        "language",
        "publication",
        "subscription",
        "server",
        "tablespace",
        "text search",
        "statistics",
        "event trigger",
        "group",
        "instance",
        "event",
        "user mapping",
        "user",
        "role",
        "logfile",
    ]) {
        return if c.is("rename") || (0..c.tokens.len()).any(|at| c.word_at(at, "rename")) {
            renamed(c, Object::Other, out)
        } else {
            out.add(What::Harmless)
        };
    }
    let (object, word) = object(c);
    if word == "object" {
        return out.add(What::Unrecognised { why: "an ALTER of something that is not known" });
    }
    c.if_exists();
    let Some(name) = c.name() else {
        return out.add(What::Unrecognised { why: "an ALTER without a name" });
    };
    c.group();
    // A policy, a trigger or a rule: the table it is of.
    if c.eat("on") {
        c.name();
    }
    let what = match () {
        () if object == Object::Type => return of_type(c, name, out),
        () if c.eat("rename to") => {
            let Some(to) = c.part() else { return incomplete(out) };
            What::Rename { object, name, to }
        }
        () if c.eat("rename column") || c.eat("rename") => {
            let (from, _) = (c.part(), c.eat("to"));
            let (Some(from), Some(to)) = (from, c.part()) else { return incomplete(out) };
            What::Alter { table: name, change: Change::RenameColumn { from, to } }
        }
        () if c.eat("set schema") => {
            let Some(schema) = c.part() else { return incomplete(out) };
            What::SetSchema { object, name, schema }
        }
        () if c.eat("set tablespace") && object == Object::MaterializedView => {
            let tablespace = c.part().unwrap_or_default();
            What::Alter { table: name, change: Change::SetTablespace { tablespace } }
        }
        () => What::Harmless,
    };
    out.add(what);
}

fn incomplete(out: &mut Out<'_, '_>) {
    out.add(What::Unrecognised { why: "an ALTER that ends too early" });
}

fn renamed<'a>(c: &mut Cursor<'a>, object: Object, out: &mut Out<'_, 'a>) {
    let name = c.name();
    while !c.done() && !c.eat("rename to") {
        c.at += 1;
    }
    match (name, c.part()) {
        (Some(name), Some(to)) => out.add(What::Rename { object, name, to }),
        _ => incomplete(out),
    }
}

pub(super) fn alter_table<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    if c.eat("all in tablespace") {
        return out.add(What::Unrecognised { why: "changes every table of a tablespace" });
    }
    c.if_exists();
    c.eat("only");
    let Some(table) = c.name() else {
        return out.add(What::Unrecognised { why: "an ALTER TABLE without a table" });
    };
    c.eat_sign(b'*');
    // MySQL: NOWAIT, WAIT n.
    c.eat("nowait");
    if c.done() {
        return incomplete(out);
    }
    let mut first = true;
    let mut table = Some(table);
    while let Some(of) = table.take() {
        let item = c.item();
        let mut inner = item;
        let change = if item.done() { Change::Unrecognised } else { table::change(&mut inner) };
        let left = !inner.done() && change != Change::Unrecognised;
        // The first part stands for its statement, the others for themselves.
        let place = if first {
            Cursor { tokens: &c.tokens[..c.at.saturating_sub(usize::from(!c.done()))], at: 0, ..*c }
        } else {
            item
        };
        table = (!c.done()).then(|| of.clone());
        out.add_at(&place, What::Alter { table: of, change });
        if left {
            let why = "something follows that is not understood";
            out.add_at(&inner, What::Unrecognised { why });
        }
        first = false;
    }
}

/// `ALTER TYPE`, `ALTER DOMAIN`.
fn of_type<'a>(c: &mut Cursor<'a>, name: Name<'a>, out: &mut Out<'_, 'a>) {
    let of = name.clone();
    let what = match () {
        () if c.eat("rename value") => {
            let from = text(c);
            c.eat("to");
            What::RenameEnumValue { name, from, to: text(c) }
        }
        () if c.eat("add value") => What::AddEnumValue,
        () if c.eat("rename to") => match c.part() {
            Some(to) => What::Rename { object: Object::Type, name, to },
            None => return incomplete(out),
        },
        () if c.eat("rename attribute") => What::AlterAttribute { name, how: "RENAME ATTRIBUTE" },
        () if c.eat("drop attribute") => What::AlterAttribute { name, how: "DROP ATTRIBUTE" },
        () if c.eat("alter attribute") => What::AlterAttribute { name, how: "ALTER ATTRIBUTE" },
        () if c.eat("drop constraint") => {
            let constraint = c.part().unwrap_or_default();
            let change = Change::DropConstraint { name: constraint, cascade: c.eat("cascade") };
            What::Alter { table: name, change }
        }
        () if c.eat("set schema") => match c.part() {
            Some(schema) => What::SetSchema { object: Object::Type, name, schema },
            None => return incomplete(out),
        },
        () if c.eat("set not null") => What::AlterAttribute { name, how: "SET NOT NULL" },
        () if c.eat("add") => match super::column::constraint(c) {
            Some(constraint) => {
                What::Alter { table: name, change: Change::AddConstraint(constraint) }
            }
            None => What::Harmless,
        },
        () => What::Harmless,
    };
    out.add(what);
    // `ADD ATTRIBUTE a int, DROP ATTRIBUTE b`.
    while !c.done() {
        let dropped = c.is("drop attribute") && c.sign_at(c.at.wrapping_sub(1), b',');
        if dropped {
            let how = "DROP ATTRIBUTE";
            out.add(What::AlterAttribute { name: of.clone(), how });
        }
        if c.group().is_none() {
            c.at += 1;
        }
    }
}

fn text<'a>(c: &mut Cursor<'a>) -> Text<'a> {
    let text = c.peek().and_then(|token| string(token, c.text)).unwrap_or_default();
    c.at += 1;
    lossy(text)
}
