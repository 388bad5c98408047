//! Tables that are written anew, moved, or hung elsewhere.

use super::{ANY, MigrationRule, Observed, POSTGRES, SQLITE, Verdicts, rule};
use crate::finding::Severity::{High, Medium};
use crate::migrations::context::Context;
use crate::migrations::statement::{Change, Object, What};
use crate::sql::Dialect;

static SET_TABLESPACE: MigrationRule = rule(
    "set-tablespace",
    High,
    POSTGRES,
    Observed::Rewritten,
    "a table moves to another tablespace",
    "All of it is copied while nobody can read or write it.",
    "Move it with pg_repack (--tablespace), or in a maintenance window.",
);
static SET_LOGGED: MigrationRule = rule(
    "set-logged",
    High,
    POSTGRES,
    Observed::Rewritten,
    "a table becomes unlogged, or logged",
    "All of it is written anew while nobody can use it; and an unlogged table is empty after a crash \
     and on every replica.",
    "Create a new table as it should be beside `{table}`, and move over.",
);
static ACCESS_METHOD: MigrationRule = rule(
    "set-access-method",
    High,
    POSTGRES,
    Observed::Rewritten,
    "a table gets another access method",
    "All of it is written anew while nobody can use it.",
    "Create a new table as it should be beside `{table}`, and move over.",
);
static ATTACH: MigrationRule = rule(
    "attach-partition",
    Medium,
    POSTGRES,
    Observed::Scanned,
    "a partition is attached",
    "It is read from end to end under a lock, and so is the default partition, unless a check says \
     already what the bounds say.",
    "ALTER TABLE {name} ADD CONSTRAINT {name}_bounds CHECK (… the bounds …) NOT VALID; validate it in \
     the next transaction; attach; drop the check.",
);
static DETACH: MigrationRule = rule(
    "detach-partition-blocking",
    Medium,
    POSTGRES,
    Observed::Locked,
    "a partition is detached without CONCURRENTLY",
    "Nobody can read or write the whole partitioned table meanwhile.",
    "Outside a transaction: ALTER TABLE {table} DETACH PARTITION {name} CONCURRENTLY;",
);
static VACUUM_FULL: MigrationRule = rule(
    "vacuum-full",
    High,
    ANY,
    Observed::Rewritten,
    "a table is written anew to give its space back",
    "Nobody can read or write it meanwhile, and the disk needs room for both.",
    "A plain VACUUM makes the space free for new rows; pg_repack gives it back without blocking \
     (MySQL: gh-ost, pt-online-schema-change).",
);
static CLUSTER: MigrationRule = rule(
    "cluster",
    High,
    POSTGRES,
    Observed::Rewritten,
    "a table is written anew in the order of an index",
    "Nobody can read or write it meanwhile, and the order does not last.",
    "pg_repack --order-by does it without blocking.",
);
static REFRESH: MigrationRule = rule(
    "refresh-blocking",
    Medium,
    POSTGRES,
    Observed::Rewritten,
    "a materialized view is refreshed without CONCURRENTLY",
    "Nobody can read it meanwhile.",
    "Give it a unique index once, then: REFRESH MATERIALIZED VIEW CONCURRENTLY {name};",
);
static REBUILD: MigrationRule = rule(
    "sqlite-table-rebuild",
    High,
    SQLITE,
    Observed::Not("no: it is SQLite's, and proof runs on PostgreSQL"),
    "a table is rebuilt under a new name",
    "The whole file is locked while all rows are copied; rows come through only if every column is \
     copied, and with foreign_keys on the drop deletes what refers to it.",
    "Follow the twelve steps of sqlite.org/lang_altertable.html: PRAGMA foreign_keys=OFF before the \
     transaction, copy every column by name, PRAGMA foreign_key_check before the end.",
);

pub(super) static RULES: &[&MigrationRule] = &[
    &SET_TABLESPACE,
    &SET_LOGGED,
    &ACCESS_METHOD,
    &ATTACH,
    &DETACH,
    &VACUUM_FULL,
    &CLUSTER,
    &REFRESH,
    &REBUILD,
];

pub(super) fn judge(what: &What<'_>, context: &Context, out: &mut Verdicts) {
    match what {
        What::Alter { table, change } => {
            changed(&table.text(), change, context, out);
        }
        What::Vacuum { full: true, table } => {
            let text = table.as_ref().map_or_else(|| "every table".to_owned(), ToString::to_string);
            out.add(&VACUUM_FULL, format!("writes {text} anew"), &[]);
        }
        What::Cluster { table } => {
            let text = table.as_ref().map_or_else(|| "every table".to_owned(), ToString::to_string);
            out.add(&CLUSTER, format!("writes {text} anew, in the order of an index"), &[]);
        }
        What::Refresh { view, concurrently: false } if !context.is_new(view) => {
            let text = view.text();
            let message = format!("refreshes `{text}` while nobody can read it");
            out.add(&REFRESH, message, &[("name", &text)]);
        }
        What::Drop { object: Object::Table, names, .. } if context.dialect == Dialect::Sqlite => {
            for name in names.iter().filter(|name| context.is_rebuilt(name)) {
                out.add(&REBUILD, format!("drops `{name}` after copying its rows"), &[]);
            }
        }
        _ => {}
    }
}

fn changed(table: &str, change: &Change<'_>, context: &Context, out: &mut Verdicts) {
    let names = [("table", table)];
    match change {
        Change::SetTablespace { tablespace } => {
            let message = format!("moves `{table}` to the tablespace `{tablespace}`");
            out.add(&SET_TABLESPACE, message, &names);
        }
        Change::SetLogged { logged } => {
            let how = if *logged { "logged" } else { "unlogged" };
            out.add(&SET_LOGGED, format!("makes `{table}` {how}"), &names);
        }
        Change::SetAccessMethod => {
            out.add(&ACCESS_METHOD, format!("gives `{table}` another access method"), &names);
        }
        Change::Attach { partition } if !context.is_new(partition) => {
            let partition = partition.text();
            let message = format!("attaches the partition `{partition}` to `{table}`");
            out.add(&ATTACH, message, &[("table", table), ("name", &partition)]);
        }
        Change::Detach { partition, concurrently: false } => {
            let partition = partition.text();
            let message =
                format!("detaches the partition `{partition}` while nobody can use `{table}`");
            out.add(&DETACH, message, &[("table", table), ("name", &partition)]);
        }
        _ => {}
    }
}
