//! Indexes.

use super::{MigrationRule, Observed, POSTGRES, Verdicts, rule};
use crate::finding::Severity::{High, Medium};
use crate::migrations::context::Context;
use crate::migrations::statement::{Object, What};
use crate::sql::Dialect;

static CREATE_INDEX: MigrationRule = rule(
    "create-index-blocking",
    Medium,
    POSTGRES,
    Observed::Locked,
    "an index is created without CONCURRENTLY",
    "Nobody can write the table while the index is built.",
    "In a migration of its own, outside a transaction: CREATE INDEX CONCURRENTLY {name} ON {table} {type};",
);
static DROP_INDEX: MigrationRule = rule(
    "drop-index-blocking",
    Medium,
    POSTGRES,
    Observed::Locked,
    "an index is dropped without CONCURRENTLY",
    "It waits for every query on the table, and every query that comes waits behind it.",
    "In a migration of its own, outside a transaction: DROP INDEX CONCURRENTLY {name};",
);
static REINDEX: MigrationRule = rule(
    "reindex-blocking",
    Medium,
    POSTGRES,
    Observed::Locked,
    "an index is rebuilt without CONCURRENTLY",
    "Nobody can write the table, or use the index, until it is done.",
    "In a migration of its own, outside a transaction: REINDEX {type} CONCURRENTLY {name};",
);
static IN_TRANSACTION: MigrationRule = rule(
    "concurrently-in-transaction",
    High,
    POSTGRES,
    Observed::Refused,
    "a statement that cannot run in a transaction",
    "It fails, and the migration with it.",
    "Put it into a migration of its own that runs without a transaction ({type}).",
);

pub(super) static RULES: &[&MigrationRule] =
    &[&CREATE_INDEX, &DROP_INDEX, &REINDEX, &IN_TRANSACTION];

pub(super) fn judge(what: &What<'_>, context: &Context, out: &mut Verdicts) {
    if context.dialect != Dialect::Postgres {
        return;
    }
    match what {
        What::CreateIndex { name, table, of, concurrently: false, unique }
            if !context.is_new(table) =>
        {
            let text = table.text();
            let of_name = name.as_ref().map_or_else(|| format!("{text}_idx"), ToString::to_string);
            let kind = if *unique { "unique index" } else { "index" };
            let message = format!("creates the {kind} `{of_name}` while nobody can write `{text}`");
            out.add(&CREATE_INDEX, message, &[("table", &text), ("name", &of_name), ("type", of)]);
        }
        What::Drop { object: Object::Index, names, concurrently: false, .. } => {
            for name in names.iter().filter(|name| !context.is_new_index(name)) {
                let text = name.text();
                let message = format!("drops the index `{text}` while nobody can use its table");
                out.add(&DROP_INDEX, message, &[("name", &text)]);
            }
        }
        What::Reindex { what, name, concurrently: false } => {
            let message = format!("rebuilds the {what} `{name}` while nobody can write it");
            let what = what.to_uppercase();
            out.add(&REINDEX, message, &[("name", name), ("type", &what)]);
        }
        _ => {}
    }
    if let Some(words) = no_transaction(what)
        && context.in_transaction
    {
        let how = context.layout.without_transaction();
        out.add(&IN_TRANSACTION, format!("{words} cannot run in a transaction"), &[("type", how)]);
    }
}

/// The words of a statement that cannot run in a transaction.
pub fn no_transaction(what: &What<'_>) -> Option<&'static str> {
    match what {
        What::CreateIndex { concurrently: true, .. } => Some("CREATE INDEX CONCURRENTLY"),
        What::Drop { object: Object::Index, concurrently: true, .. } => {
            Some("DROP INDEX CONCURRENTLY")
        }
        What::Drop { object: Object::Database, .. } => Some("DROP DATABASE"),
        What::Reindex { concurrently: true, .. } => Some("REINDEX CONCURRENTLY"),
        What::Alter {
            change: crate::migrations::statement::Change::Detach { concurrently: true, .. },
            ..
        } => Some("DETACH PARTITION CONCURRENTLY"),
        What::Vacuum { .. } => Some("VACUUM"),
        What::Cluster { table: None } => Some("CLUSTER of every table"),
        What::OutsideTransaction { words } => Some(words),
        _ => None,
    }
}
