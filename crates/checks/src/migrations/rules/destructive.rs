//! What is gone afterwards.

use super::{ANY, MigrationRule, Observed, POSTGRES, Verdicts, rule};
use crate::finding::Severity::{Critical, High};
use crate::migrations::context::Context;
use crate::migrations::statement::{Change, Object, What};
use crate::sql::Dialect;

static DROP_TABLE: MigrationRule = rule(
    "drop-table",
    Critical,
    ANY,
    Observed::Dropped,
    "a table is dropped",
    "Its rows are gone, and whatever still reads it fails, the version that serves included.",
    "1. Deploy a version that no longer uses `{table}`.\n\
     2. ALTER TABLE {table} RENAME TO {table}_unused; and wait until nobody misses it.\n\
     3. Take a backup, and drop it in a migration of its own.",
);
static DROP_COLUMN: MigrationRule = rule(
    "drop-column",
    Critical,
    ANY,
    Observed::Dropped,
    "a column is dropped",
    "Its values are gone, and the version that still serves fails on every statement that names it.",
    "1. Deploy a version that neither reads nor writes `{column}` (tell the ORM to ignore it).\n\
     2. Drop it in a later migration, after that deployment: ALTER TABLE {table} DROP COLUMN {column};",
);
static TRUNCATE: MigrationRule = rule(
    "truncate",
    Critical,
    ANY,
    Observed::Written,
    "a table is emptied",
    "Every row is gone at once; with CASCADE, those of the tables that refer to it as well.",
    "Delete what is no longer needed by key, in batches, after a backup: \
     DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE … LIMIT 1000);",
);
static DROP_SCHEMA: MigrationRule = rule(
    "drop-schema",
    Critical,
    ANY,
    Observed::Dropped,
    "a schema is dropped",
    "Everything in it is gone.",
    "Move or drop what is in `{name}` one by one, each when nothing uses it any more; drop the \
     empty schema last, without CASCADE.",
);
static DROP_DATABASE: MigrationRule = rule(
    "drop-database",
    Critical,
    ANY,
    Observed::Refused,
    "a database is dropped",
    "Everything in it is gone, and no transaction can take it back.",
    "No migration drops a database: do it by hand, after a backup that was restored once.",
);
static DROP_OWNED: MigrationRule = rule(
    "drop-owned",
    Critical,
    POSTGRES,
    Observed::Dropped,
    "everything a role owns is dropped",
    "Which tables that are depends on who created them, and is not written here.",
    "REASSIGN OWNED BY {name} TO another_role; and drop what is to go by its name.",
);
static DROP_CASCADE: MigrationRule = rule(
    "drop-cascade",
    Critical,
    POSTGRES,
    Observed::Dropped,
    "whatever depends on it is dropped as well",
    "CASCADE drops views, keys and columns that are not named here, and nobody reads which.",
    "Drop what depends on `{name}` by name, first; then leave CASCADE out.",
);
static DROP_OBJECT: MigrationRule = rule(
    "drop-object",
    High,
    ANY,
    Observed::Dropped,
    "a view, type, sequence, function, extension or trigger is dropped",
    "The version that still serves fails where it uses it.",
    "Drop `{name}` in a later migration, after the deployment of a version that does not use it. \
     To change a view or a function, CREATE OR REPLACE it, or create it under a new name.",
);

pub(super) static RULES: &[&MigrationRule] = &[
    &DROP_TABLE,
    &DROP_COLUMN,
    &TRUNCATE,
    &DROP_SCHEMA,
    &DROP_DATABASE,
    &DROP_OWNED,
    &DROP_CASCADE,
    &DROP_OBJECT,
];

pub(super) fn judge(what: &What<'_>, context: &Context, out: &mut Verdicts) {
    match what {
        What::Drop { object, word, names, cascade, .. } => {
            for name in names {
                if context.is_surely_new(name) && matches!(object, Object::Table) && !cascade {
                    continue;
                }
                let text = name.text();
                let named = [("table", &*text), ("name", &text)];
                match object {
                    // The other half of a rebuild has a rule of its own.
                    Object::Table if context.is_rebuilt(name) => {}
                    Object::Table if context.is_surely_new(name) => {}
                    Object::Table => {
                        out.add(
                            &DROP_TABLE,
                            format!("drops the table `{text}` and its rows"),
                            &named,
                        );
                    }
                    Object::Schema if context.dialect == Dialect::Postgres => {
                        out.add(&DROP_SCHEMA, format!("drops the schema `{text}`"), &named);
                    }
                    Object::Schema | Object::Database => {
                        out.add(&DROP_DATABASE, format!("drops the database `{text}`"), &named);
                    }
                    Object::Index | Object::Role | Object::Policy => {}
                    Object::Other if *word == "temporary table" => {}
                    _ => out.add(&DROP_OBJECT, format!("drops the {word} `{text}`"), &named),
                }
                if *cascade {
                    cascades(&text, out);
                }
            }
        }
        What::DropOwned { roles } => {
            let message = format!("drops everything that {roles} owns");
            out.add(&DROP_OWNED, message, &[("name", roles)]);
        }
        What::Truncate { tables, cascade } => {
            // What refers to a new table may be old.
            let kept = tables.iter().filter(|table| *cascade || !context.is_surely_new(table));
            let names: Vec<_> = kept.map(ToString::to_string).collect();
            if let Some(first) = names.first() {
                let more = if *cascade { ", and every table that refers to it" } else { "" };
                let message = format!("removes every row of {}{more}", quoted(&names));
                out.add(&TRUNCATE, message, &[("table", first)]);
            }
        }
        What::Alter { table, change: Change::DropColumn { column, cascade } } => {
            let text = table.text();
            let message = format!("drops the column `{column}` of `{text}` and its values");
            out.add(&DROP_COLUMN, message, &[("table", &text), ("column", column)]);
            if *cascade {
                cascades(column, out);
            }
        }
        What::Alter { change: Change::DropConstraint { name, cascade: true }, .. } => {
            cascades(name, out);
        }
        What::AlterAttribute { name, how: how @ "DROP ATTRIBUTE" } => {
            let message = format!("drops an attribute of the type `{name}` ({how})");
            out.add(&DROP_OBJECT, message, &[("name", &name.text())]);
        }
        _ => {}
    }
}

fn cascades(name: &str, out: &mut Verdicts) {
    out.add(&DROP_CASCADE, format!("drops whatever depends on `{name}`"), &[("name", name)]);
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
