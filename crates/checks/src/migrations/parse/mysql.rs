//! What only MySQL and MariaDB say.

use super::Out;
use super::column;
use super::cursor::Cursor;
use crate::migrations::statement::{Change, What};

/// MariaDB's `BEGIN NOT ATOMIC … END` is a block that runs at once.
pub(super) fn block<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    out.add(What::Block { body: c.bytes_left().into(), language: "sql".into() })
}

/// `RENAME TABLE a TO b, c TO d`.
pub(super) fn rename<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.eat("rename");
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
