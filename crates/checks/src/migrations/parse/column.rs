//! Definitions of columns and constraints.

use super::cursor::{Cursor, Keywords};
use super::expression;
use crate::migrations::statement::{Column, Constraint, ConstraintKind, Default, Name, Text};
use crate::sql::TokenKind;

/// Words behind which a column's type is over.
const BEHIND_TYPE: Keywords = Keywords::new(&[
    "constraint",
    "not",
    "null",
    "default",
    "primary",
    "unique",
    "check",
    "references",
    "generated",
    "collate",
    "using",
    "first",
    "after",
    "comment",
    "auto_increment",
    "autoincrement",
    "storage",
    "compression",
    "on",
    "visible",
    "invisible",
    "key",
    "as",
]);

/// `name type constraint…`; nothing if that is not what comes.
pub(super) fn column<'a>(c: &mut Cursor<'a>) -> Option<Column<'a>> {
    let name = c.part()?;
    let of_type = of_type(c);
    let numbered = matches!(
        &*of_type,
        "serial" | "bigserial" | "smallserial" | "serial4" | "serial8" | "serial2"
    );
    let mut column = Column {
        name,
        of_type,
        not_null: false,
        default: Default::Null,
        stored: false,
        numbered,
        constraints: Vec::new(),
    };
    let mut constraint_name = None;
    while !c.done() && !c.is_sign(b',') {
        if c.eat("constraint") {
            constraint_name = c.part();
        } else if c.eat("not null") {
            column.not_null = true;
        } else if c.eat("default") {
            column.default = expression::default(&value(c));
        } else if c.eat("generated") || (c.is("as") && c.sign_at(c.at + 1, b'(')) {
            generated(c, &mut column);
        } else if c.eat_any(&["auto_increment", "autoincrement"]) {
            column.numbered = true;
        } else if let Some(kind) = constraint_kind(c, &column.name) {
            let not_valid = c.eat("not valid");
            let name = constraint_name.take();
            column.constraints.push(Constraint { name, kind, not_valid, using_index: false });
        } else if c.group().is_none() {
            c.at += 1;
        }
    }
    Some(column)
}

/// A type, in lower case: `character varying(20)`, `double precision`, `text[]`.
pub(super) fn of_type<'a>(c: &mut Cursor<'a>) -> Text<'a> {
    let from = c.at;
    while let Some(token) = c.peek() {
        let ends = c.is_sign(b',') || c.is_one_of(&BEHIND_TYPE);
        let other = matches!(token.kind, TokenKind::Text { .. } | TokenKind::Dollar);
        if ends || other {
            break;
        }
        if c.group().is_none() {
            c.at += 1;
        }
    }
    Cursor { tokens: &c.tokens[..c.at], at: from, ..*c }.words()
}

/// `ALWAYS AS (…) STORED`, `BY DEFAULT AS IDENTITY`. The cursor stands behind `GENERATED`.
fn generated<'a>(c: &mut Cursor<'a>, column: &mut Column<'a>) {
    c.eat_any(&["always", "by default on null", "by default"]);
    c.eat("as");
    if c.eat("identity") {
        column.numbered = true;
        c.group();
        return;
    }
    c.group();
    column.stored = c.eat_any(&["stored", "persistent"]);
    c.eat("virtual");
}

/// The expression of a default, up to the next word that cannot be part of it.
fn value<'a>(c: &mut Cursor<'a>) -> Cursor<'a> {
    const BEHIND: Keywords = Keywords::new(&[
        "constraint",
        "not null",
        "null",
        "primary",
        "unique",
        "check",
        "references",
        "generated",
        "collate",
        "first",
        "after",
        "comment",
        "auto_increment",
        "on update",
    ]);
    let from = c.at;
    while !c.done() && !c.is_sign(b',') && (c.at == from || !c.is_one_of(&BEHIND)) {
        if c.group().is_none() {
            c.at += 1;
        }
    }
    Cursor { tokens: &c.tokens[..c.at], at: from, ..*c }
}

/// What a column's constraint wants; nothing if none comes.
fn constraint_kind<'a>(c: &mut Cursor<'a>, column: &str) -> Option<ConstraintKind<'a>> {
    if c.eat("primary key") {
        return Some(ConstraintKind::PrimaryKey);
    }
    if c.eat("unique") {
        return Some(ConstraintKind::Unique);
    }
    if c.eat("check") {
        let inner = c.group();
        let not_null = inner.and_then(|inner| not_null(&inner)).filter(|of| of == column);
        return Some(ConstraintKind::Check { not_null });
    }
    if c.eat("references") {
        return Some(ConstraintKind::ForeignKey { references: references(c) });
    }
    None
}

/// `table (columns) MATCH … ON DELETE …`.
fn references<'a>(c: &mut Cursor<'a>) -> Option<Name<'a>> {
    let table = c.name();
    c.group();
    while c.is_any(&["match", "on delete", "on update", "deferrable", "initially"])
        || c.is("not deferrable")
    {
        let words = if c.is_any(&["on", "not"]) { 2 } else { 1 };
        c.at += words;
        c.eat_any(&[
            "set null",
            "set default",
            "no action",
            "cascade",
            "restrict",
            "full",
            "simple",
            "partial",
            "deferred",
            "immediate",
        ]);
        c.group();
    }
    table
}

/// `(column IS NOT NULL)`.
fn not_null<'a>(inner: &Cursor<'a>) -> Option<Text<'a>> {
    let mut c = *inner;
    let mut deeper = c;
    if let Some(group) = deeper.group()
        && deeper.done()
    {
        return not_null(&group);
    }
    let column = c.part()?;
    (c.eat("is not null") && c.done()).then_some(column)
}

/// A constraint of a table: `[CONSTRAINT name] CHECK (…) [NOT VALID]`; nothing if none comes.
pub(super) fn constraint<'a>(c: &mut Cursor<'a>) -> Option<Constraint<'a>> {
    let mut name = None;
    if c.eat("constraint") {
        let unnamed = c.is_any(&["primary key", "unique", "foreign key", "check", "exclude"]);
        name = if unnamed { None } else { c.part() };
    }
    let kind = if c.eat("foreign key") {
        c.if_not_exists();
        // MySQL: a name between.
        if !c.is_sign(b'(') {
            c.part();
        }
        c.group();
        c.eat("references");
        ConstraintKind::ForeignKey { references: references(c) }
    } else if c.eat("check") {
        let inner = c.group();
        ConstraintKind::Check { not_null: inner.and_then(|inner| not_null(&inner)) }
    } else if c.eat("exclude") {
        ConstraintKind::Exclude
    } else if c.eat("primary key") {
        ConstraintKind::PrimaryKey
    } else if c.eat("unique") {
        c.eat_any(&["key", "index"]);
        ConstraintKind::Unique
    } else if name.is_some() && c.eat("not null") {
        ConstraintKind::NotNull
    } else {
        return None;
    };
    let (mut not_valid, mut using_index) = (false, false);
    while !c.done() && !c.is_sign(b',') {
        if c.eat("not valid") {
            not_valid = true;
        } else if c.eat("using index tablespace") {
            c.part();
        } else if c.eat("using index") {
            using_index = true;
        } else if c.group().is_none() {
            c.at += 1;
        }
    }
    Some(Constraint { name, kind, not_valid, using_index })
}
