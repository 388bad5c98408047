//! What only MySQL and MariaDB say.

use super::cursor::{Cursor, lossy};
use super::{Out, alter, column, dynamic};
use crate::migrations::statement::{Change, Draft, Name, Object, Scope, Text, What};
use crate::sql::Dialect;

/// MariaDB's `BEGIN NOT ATOMIC … END` is a block that runs at once.
pub(super) fn block<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    out.add(What::Block { body: c.bytes_left().into(), language: "sql".into() })
}

/// `CREATE EVENT … DO statement` may be due at once; so may what `ALTER EVENT` puts in its place.
pub(super) fn event<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    let renames = c.has_any(&["rename to"]);
    c.eat("event");
    c.if_exists();
    let name = Cursor { ..*c }.name();
    while !c.done() && !c.eat("do") {
        if renames && c.eat("rename to") {
            if let (Some(name), Some(to)) = (name.clone(), (Cursor { ..*c }).part()) {
                out.add(What::Rename { object: Object::Other, name, to });
            }
        } else {
            c.at += 1;
        }
    }
    if c.done() { out.add(What::Harmless) } else { block(c, out) }
}

/// MariaDB's `CREATE OR REPLACE DATABASE` drops the one that was there.
pub(super) fn replace_database<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    let (object, word) =
        if c.eat("schema") { (Object::Schema, "schema") } else { (Object::Database, "database") };
    c.eat("database");
    let names = c.name().into_iter().collect();
    let (cascade, concurrently) = (false, false);
    out.add(What::Drop { object, word, names, cascade, concurrently, on: None });
}

/// `ALTER IGNORE TABLE t …`: of rows that a new key would refuse, all but one are deleted.
pub(super) fn alter_ignoring<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    if let Some(table) = (Cursor { ..*c }).name() {
        out.add(What::Delete { table, scope: Scope::Filtered });
    }
    alter::alter_table(c, out);
}

/// `RESET MASTER`, `RESET BINARY LOGS AND GTIDS`, `RESET REPLICA`, `PURGE BINARY LOGS`: what
/// replicas and restoring need is gone.
pub(super) fn reset<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.at += 1;
    let cached = c.is("query");
    out.add(match () {
        () if cached => What::Harmless,
        () if c.is_any(&["master", "binary", "replica", "slave"]) => {
            What::ChangesServer { how: "removes what replicas or restoring need" }
        }
        () if c.eat("persist") => What::ChangesServer { how: SETS },
        () => What::Unrecognised { why: "a RESET or PURGE of something that is not known" },
    });
}

/// What a setting does that holds for everybody.
const SETS: &str = "sets what holds for everybody";

/// What `SET` says of the server, and of variables.
pub(super) fn set<'a>(c: &Cursor<'a>, out: &mut Out<'_, 'a>) {
    if sets_server(c) {
        out.add(What::ChangesServer { how: SETS });
    }
    let mut rest = *c;
    rest.eat("set");
    if dynamic::variable(&rest).is_none() {
        return;
    }
    let mut texts = Vec::new();
    while !rest.done() {
        let mut item = rest.item();
        let variable = dynamic::variable(&item);
        item.at += 1;
        item.eat_sign(b':');
        let assigns = item.eat_sign(b'=');
        let again = (item.at..item.tokens.len()).any(|at| item.sign_at(at, b':'));
        // Another variable is set on the way, or settings stand beside it.
        let Some(variable) = variable.filter(|_| assigns && !again) else {
            texts.clear();
            break;
        };
        let mut drafts = Vec::new();
        dynamic::drafts(&item.along(&item.tokens[item.at..]), 0, &mut drafts);
        texts.push((variable, drafts));
    }
    // Which of them is set first is not said.
    let refers = |drafts: &Vec<Draft>| drafts.iter().any(|of| !of.variables.is_empty());
    if texts.len() > 1 && texts.iter().any(|(_, drafts)| refers(drafts)) {
        texts.clear();
    }
    out.add(What::SetTexts(texts));
}

/// Whether one of several settings is the server's. What every dump of a server with replicas sets
/// (`GTID_PURGED`) is none that anybody chose.
fn sets_server(c: &Cursor<'_>) -> bool {
    const SCOPES: [&str; 3] = ["global", "persist", "persist_only"];
    let of_server = |at: usize| {
        let named = SCOPES.iter().any(|scope| {
            let begins = at == 1 || c.sign_at(at.wrapping_sub(1), b',');
            begins && c.word_at(at, scope)
        });
        let written = c.bytes_at(at);
        let scoped = written
            .strip_prefix(b"@@")
            .is_some_and(|scope| SCOPES.iter().any(|of| scope.eq_ignore_ascii_case(of.as_bytes())));
        (named && !c.word_at(at + 1, "gtid_purged"))
            || (scoped && !c.word_at(at + 2, "gtid_purged"))
    };
    (0..c.tokens.len()).any(of_server)
}

/// `FLUSH TABLES WITH READ LOCK`, `FLUSH TABLES a FOR EXPORT` stop who writes.
pub(super) fn flush<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.at += 1;
    c.eat_any(&["local", "no_write_to_binlog"]);
    let of_tables = c.eat_any(&["tables", "table"]);
    if !of_tables || !c.has_any(&["with read lock", "for export"]) {
        return out.add(What::Harmless);
    }
    let mut tables = if c.is_any(&["with", "for"]) { Vec::new() } else { c.names() };
    if tables.is_empty() {
        tables.push(Name::plain("every table"));
    }
    out.add(What::LockTable { tables });
}

/// `RENAME USER a TO b, c TO d`.
fn rename_users<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    while !c.done() {
        let mut item = c.item();
        let name = user(&mut item);
        while !item.done() && !item.eat("to") {
            item.at += 1;
        }
        let (Some(name), Some(to)) = (name, user(&mut item)) else {
            return out.add(What::Unrecognised { why: "a RENAME USER that is not understood" });
        };
        out.add(What::Rename { object: Object::Role, name: Name::plain(name), to });
    }
}

/// A user's name, which may be a string.
fn user<'a>(c: &mut Cursor<'a>) -> Option<Text<'a>> {
    c.strings().map(lossy).or_else(|| c.part())
}

/// `RENAME TABLE a TO b, c TO d`.
pub(super) fn rename<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.eat("rename");
    if c.dialect == Dialect::Mysql && c.eat("user") {
        return rename_users(c, out);
    }
    if !c.eat_any(&["table", "tables"]) {
        return out.add(What::Unrecognised { why: "a RENAME of something that is not known" });
    }
    let begun = out.count;
    loop {
        c.if_exists();
        let Some(table) = c.name() else { break };
        c.eat("to");
        let Some(to) = c.name() else { break };
        out.add(What::Alter { table, change: Change::RenameTable { to: to.name } });
        if !c.eat_sign(b',') {
            break;
        }
    }
    if out.count == begun || !c.done() {
        out.add(What::Unrecognised { why: "something follows that is not understood" });
    }
}

/// What only MySQL's `ALTER TABLE` has; nothing if it is not one of these.
pub(super) fn change<'a>(c: &mut Cursor<'a>) -> Option<Change<'a>> {
    const COPIES: &[(&str, &str)] = &[
        ("convert to", "CONVERT TO CHARACTER SET"),
        ("engine", "ENGINE"),
        ("order by", "ORDER BY"),
        ("row_format", "ROW_FORMAT"),
        ("force", "FORCE"),
        ("partition by", "PARTITION BY"),
        ("remove partitioning", "REMOVE PARTITIONING"),
    ];
    if let Some((_, how)) = COPIES.iter().find(|(words, _)| c.eat(words)) {
        c.at = c.tokens.len();
        return Some(Change::Copies { how });
    }
    if c.eat("algorithm") {
        c.eat_sign(b'=');
        return Some(Change::Algorithm(c.part()?));
    }
    if c.eat("lock") {
        c.eat_sign(b'=');
        return Some(Change::Lock(c.part()?));
    }
    if c.eat("modify") {
        c.eat("column");
        c.if_exists();
        let column = column::column(c)?;
        return Some(Change::AlterType { column: column.name, to: column.of_type });
    }
    if c.eat("change") {
        c.eat("column");
        c.if_exists();
        let from = c.part()?;
        return Some(Change::ChangeColumn { from, to: Box::new(column::column(c)?) });
    }
    None
}
