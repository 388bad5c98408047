//! How MySQL does it: by copying the table, or with locks.

use super::{MYSQL, MigrationRule, Observed, Verdicts, rule};
use crate::finding::Severity::{High, Medium};
use crate::migrations::context::Context;
use crate::migrations::statement::{Change, ConstraintKind, What};
use crate::sql::Dialect;

const NO_PROOF: Observed = Observed::Not("no: it is MySQL's, and proof runs on PostgreSQL");

static COPY: MigrationRule = rule(
    "mysql-table-copy",
    High,
    MYSQL,
    NO_PROOF,
    "a change that copies the table",
    "All rows are copied while nobody can write them, and replicas do it again, one after the other.",
    "Use gh-ost or pt-online-schema-change for `{table}`; or say ALGORITHM=INPLACE, LOCK=NONE (or \
     INSTANT), so that it fails where it would block.",
);
static LOCK: MigrationRule = rule(
    "mysql-lock",
    Medium,
    MYSQL,
    NO_PROOF,
    "tables are locked on purpose",
    "Nobody else can write them (or read them) until they are unlocked or the connection ends.",
    "Leave the lock out, or say LOCK=NONE, so that it fails where it would block.",
);

pub(super) static RULES: &[&MigrationRule] = &[&COPY, &LOCK];

pub(super) fn judge(what: &What<'_>, context: &Context, out: &mut Verdicts) {
    if context.dialect != Dialect::Mysql {
        return;
    }
    match what {
        What::LockTable { tables } => {
            for table in tables {
                out.add(&LOCK, format!("locks `{table}`"), &[]);
            }
        }
        What::Alter { table, change } => {
            let text = table.text();
            if let Some(how) = copies(change) {
                let message = format!("copies `{text}` ({how})");
                out.add(&COPY, message, &[("table", &text)]);
            } else if let Change::Lock(how) = change
                && matches!(&**how, "exclusive" | "shared")
            {
                out.add(&LOCK, format!("locks `{text}` ({how})"), &[]);
            }
        }
        _ => {}
    }
}

/// Why InnoDB copies the table (MySQL 8.4 manual, 17.12.1).
fn copies(change: &Change<'_>) -> Option<&'static str> {
    match change {
        Change::AlterType { .. } => Some("a column's type"),
        Change::ChangeColumn { .. } => Some("a column defined anew"),
        Change::Copies { how } => Some(how),
        Change::Algorithm(algorithm) if algorithm == "copy" => Some("ALGORITHM=COPY"),
        Change::DropConstraint { name, .. } if name == "PRIMARY KEY" => Some("the primary key"),
        Change::AddConstraint(constraint) if constraint.kind == ConstraintKind::PrimaryKey => {
            Some("the primary key")
        }
        _ => None,
    }
}
