//! Rows that are changed.

use super::{ANY, MigrationRule, Observed, POSTGRES_MYSQL, Verdicts, rule};
use crate::finding::Severity::{Critical, High, Medium};
use crate::migrations::context::Context;
use crate::migrations::statement::{Scope, What};

static DELETE_WITHOUT_WHERE: MigrationRule = rule(
    "delete-without-where",
    Critical,
    ANY,
    Observed::Written,
    "every row is deleted",
    "There is no condition, or one that always holds.",
    "Say which rows, and delete them in batches: \
     DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE … LIMIT 1000);",
);
static UPDATE_WITHOUT_WHERE: MigrationRule = rule(
    "update-without-where",
    High,
    ANY,
    Observed::Written,
    "every row is updated",
    "There is no condition: what was there before is gone, every row is locked until the end, and \
     the table grows to twice its size.",
    "Say which rows, and update them in batches by key, each in its own transaction: \
     UPDATE {table} SET … WHERE id BETWEEN 1 AND 1000;",
);
static BACKFILL: MigrationRule = rule(
    "backfill-in-one-statement",
    Medium,
    ANY,
    Observed::Written,
    "rows are changed in one statement, however many there are",
    "All of them are locked until it ends, and replicas fall behind.",
    "Do it in batches by key, each in its own transaction: … WHERE id BETWEEN 1 AND 1000;",
);
static PROGRAM: MigrationRule = rule(
    "server-program",
    Critical,
    POSTGRES_MYSQL,
    Observed::Refused,
    "a program is run on the database's server, or a file written there",
    "COPY … PROGRAM is a shell on the server, and COPY … TO a file (MySQL's INTO OUTFILE) writes wherever \
     the server may: a migration has no business there.",
    "Do it outside the database.",
);

pub(super) static RULES: &[&MigrationRule] =
    &[&DELETE_WITHOUT_WHERE, &UPDATE_WITHOUT_WHERE, &BACKFILL, &PROGRAM];

pub(super) fn judge(what: &What<'_>, context: &Context, out: &mut Verdicts) {
    match what {
        What::Delete { table, scope } if !context.is_surely_new(table) => {
            let text = table.text();
            let names = [("table", &*text)];
            match scope {
                Scope::All => {
                    out.add(
                        &DELETE_WITHOUT_WHERE,
                        format!("deletes every row of `{text}`"),
                        &names,
                    );
                }
                Scope::Filtered => backfill("deletes from", &text, out),
                Scope::Bounded => {}
            }
        }
        What::Update { table, scope } if !context.is_new(table) => {
            let text = table.text();
            let names = [("table", &*text)];
            match scope {
                Scope::All => {
                    out.add(
                        &UPDATE_WITHOUT_WHERE,
                        format!("updates every row of `{text}`"),
                        &names,
                    );
                }
                Scope::Filtered => backfill("updates", &text, out),
                Scope::Bounded => {}
            }
        }
        What::Server { does } => {
            out.add(&PROGRAM, format!("{does} on the database's server"), &[]);
        }
        _ => {}
    }
}

fn backfill(does: &str, table: &str, out: &mut Verdicts) {
    let message = format!("{does} `{table}` in one statement, however many rows that are");
    out.add(&BACKFILL, message, &[("table", table)]);
}
