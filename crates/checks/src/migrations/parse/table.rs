//! The changes of an `ALTER TABLE`.

use super::column::{column, constraint, of_type};
use super::cursor::Cursor;
use super::mysql;
use crate::migrations::statement::Change;
use crate::sql::Dialect;

/// One change: what is between two commas.
pub(super) fn change<'a>(c: &mut Cursor<'a>) -> Change<'a> {
    if c.dialect == Dialect::Mysql
        && let Some(change) = mysql::change(c)
    {
        return change;
    }
    let change = match () {
        () if c.eat("add") => add(c),
        () if c.eat("drop") => drop(c),
        () if c.eat("alter") => alter_column(c),
        () if c.eat("rename") => rename(c),
        () if c.eat("validate constraint") => {
            c.part().map_or(Change::Unrecognised, |name| Change::Validate { name })
        }
        () if c.eat("set") => set(c),
        () if c.eat("attach partition") => attach(c),
        () if c.eat("detach partition") => detach(c),
        () if c.eat("inherit") => {
            c.name().map_or(Change::Unrecognised, |parent| Change::Inherit { parent })
        }
        () if c.is_any(&["enable", "disable", "force", "no force"]) => switch(c),
        () if c.is_any(&[
            "owner to",
            "no inherit",
            "replica identity",
            "cluster on",
            "reset",
            "of",
            "not of",
            "comment",
            "depends",
            "no depends",
            "default",
            "character set",
            "auto_increment",
            "collate",
            "options",
        ]) =>
        {
            c.at = c.tokens.len();
            Change::Harmless
        }
        () => Change::Unrecognised,
    };
    if c.done() { change } else { leftover(change, c) }
}

/// More than was understood is left, except where the rest is known not to matter.
fn leftover<'a>(change: Change<'a>, c: &mut Cursor<'a>) -> Change<'a> {
    match change {
        // Collations, MySQL's positions, options of constraints.
        Change::AlterType { .. }
        | Change::ChangeColumn { .. }
        | Change::AddColumn(_)
        | Change::AddConstraint(_)
        | Change::Harmless
        | Change::AddIdentity
        | Change::Attach { .. }
        | Change::AddIndex => {
            c.at = c.tokens.len();
            change
        }
        _ => change,
    }
}

fn add<'a>(c: &mut Cursor<'a>) -> Change<'a> {
    if let Some(constraint) = constraint(c) {
        return Change::AddConstraint(constraint);
    }
    if c.dialect == Dialect::Mysql {
        if c.is_any(&["index", "key", "fulltext", "spatial"]) {
            return Change::AddIndex;
        }
        if c.eat("partition") {
            c.at = c.tokens.len();
            return Change::Harmless;
        }
    }
    c.eat("column");
    c.if_not_exists();
    // MySQL: several in parentheses; the first tells enough to look at all of them.
    if let Some(mut inner) = c.group() {
        return column(&mut inner)
            .map_or(Change::Unrecognised, |it| Change::AddColumn(Box::new(it)));
    }
    column(c).map_or(Change::Unrecognised, |column| Change::AddColumn(Box::new(column)))
}

fn drop<'a>(c: &mut Cursor<'a>) -> Change<'a> {
    let constraint = c.eat("constraint")
        || (c.dialect == Dialect::Mysql && c.eat_any(&["foreign key", "check"]));
    if c.dialect == Dialect::Mysql {
        if c.eat("primary key") {
            return Change::DropConstraint { name: "PRIMARY KEY".into(), cascade: false };
        }
        if c.eat_any(&["index", "key"]) {
            c.if_exists();
            c.part();
            return Change::DropIndex;
        }
        if c.eat("partition") {
            let column = c.words();
            c.at = c.tokens.len();
            return Change::DropColumn { column, cascade: false };
        }
    }
    if !constraint {
        c.eat("column");
    }
    c.if_exists();
    let Some(name) = c.part() else { return Change::Unrecognised };
    let cascade = c.eat("cascade");
    c.eat("restrict");
    if constraint {
        Change::DropConstraint { name, cascade }
    } else {
        Change::DropColumn { column: name, cascade }
    }
}

/// `ALTER [COLUMN] name …`.
fn alter_column<'a>(c: &mut Cursor<'a>) -> Change<'a> {
    if c.eat_any(&["constraint", "index"]) {
        c.at = c.tokens.len();
        return Change::Harmless;
    }
    c.eat("column");
    let Some(column) = c.part() else { return Change::Unrecognised };
    if c.eat_any(&["type", "set data type"]) {
        let to = of_type(c);
        // COLLATE and USING.
        c.at = c.tokens.len();
        return Change::AlterType { column, to };
    }
    if c.eat("set not null") {
        return Change::SetNotNull { column };
    }
    if c.eat("drop not null") {
        return Change::DropNotNull { column };
    }
    if c.eat("set expression") {
        c.at = c.tokens.len();
        return Change::SetExpression { column };
    }
    if c.eat("add generated") {
        return Change::AddIdentity;
    }
    let known = c.is_any(&[
        "set default",
        "drop default",
        "set statistics",
        "set storage",
        "set compression",
        "set generated",
        "drop identity",
        "drop expression",
        "restart",
        "set start",
        "set increment",
        "set visible",
        "set invisible",
        "options",
    ]) || c.is("set") && c.sign_at(c.at + 1, b'(')
        || c.is("reset");
    c.at = c.tokens.len();
    if known { Change::Harmless } else { Change::Unrecognised }
}

fn rename<'a>(c: &mut Cursor<'a>) -> Change<'a> {
    if c.eat_any(&["constraint", "index", "key"]) {
        c.at = c.tokens.len();
        return Change::Harmless;
    }
    if c.eat_any(&["to", "as"]) {
        return c.name().map_or(Change::Unrecognised, |to| Change::RenameTable { to: to.name });
    }
    c.eat("column");
    c.if_exists();
    let from = c.part();
    c.eat("to");
    match (from, c.part()) {
        (Some(from), Some(to)) => Change::RenameColumn { from, to },
        // MySQL: RENAME new_name.
        (Some(to), None) => Change::RenameTable { to },
        _ => Change::Unrecognised,
    }
}

fn set<'a>(c: &mut Cursor<'a>) -> Change<'a> {
    if c.eat("schema") {
        return c.part().map_or(Change::Unrecognised, |schema| Change::SetSchema { schema });
    }
    if c.eat("tablespace") {
        let tablespace = c.part();
        c.eat("nowait");
        return tablespace
            .map_or(Change::Unrecognised, |tablespace| Change::SetTablespace { tablespace });
    }
    if c.eat("logged") {
        return Change::SetLogged { logged: true };
    }
    if c.eat("unlogged") {
        return Change::SetLogged { logged: false };
    }
    if c.eat("access method") {
        c.part();
        return Change::SetAccessMethod;
    }
    let known = c.is_sign(b'(') || c.is_any(&["without cluster", "without oids"]);
    c.at = c.tokens.len();
    if known { Change::Harmless } else { Change::Unrecognised }
}

fn attach<'a>(c: &mut Cursor<'a>) -> Change<'a> {
    let Some(partition) = c.name() else { return Change::Unrecognised };
    c.at = c.tokens.len();
    Change::Attach { partition }
}

fn detach<'a>(c: &mut Cursor<'a>) -> Change<'a> {
    let Some(partition) = c.name() else { return Change::Unrecognised };
    let concurrently = c.eat_any(&["concurrently", "finalize"]);
    Change::Detach { partition, concurrently }
}

/// `ENABLE`, `DISABLE`, `FORCE` of triggers, rules and row security.
fn switch<'a>(c: &mut Cursor<'a>) -> Change<'a> {
    const ROW_SECURITY: &[(&str, &str)] = &[
        ("enable row level security", "ENABLE"),
        ("disable row level security", "DISABLE"),
        ("force row level security", "FORCE"),
        ("no force row level security", "NO FORCE"),
    ];
    if let Some((_, how)) = ROW_SECURITY.iter().find(|(words, _)| c.eat(words)) {
        return Change::RowSecurity { how };
    }
    if c.eat_any(&["disable trigger", "disable rule"]) {
        return c.part().map_or(Change::Unrecognised, |trigger| Change::DisableTrigger { trigger });
    }
    if c.eat_any(&[
        "enable replica trigger",
        "enable always trigger",
        "enable trigger",
        "enable replica rule",
        "enable always rule",
        "enable rule",
        "disable keys",
        "enable keys",
    ]) {
        c.part();
        return Change::Harmless;
    }
    Change::Unrecognised
}
