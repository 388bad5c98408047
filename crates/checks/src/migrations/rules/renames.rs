//! What has another name or place afterwards.

use super::{ANY, MigrationRule, Observed, POSTGRES, POSTGRES_MYSQL, Verdicts, rule};
use crate::finding::Severity::High;
use crate::migrations::context::Context;
use crate::migrations::statement::{Change, Object, What};

static RENAME_COLUMN: MigrationRule = rule(
    "rename-column",
    High,
    ANY,
    Observed::Changed,
    "a column gets another name",
    "While both versions run, one of them names a column that is not there.",
    "1. ALTER TABLE {table} ADD COLUMN {to} …; keep both equal (in the program, or by a trigger).\n\
     2. Fill {to} in batches; deploy a version that reads {to} only.\n\
     3. Drop {column} after that deployment.",
);
static RENAME_TABLE: MigrationRule = rule(
    "rename-table",
    High,
    ANY,
    Observed::Changed,
    "a table gets another name",
    "While both versions run, one of them names a table that is not there.",
    "In one transaction: ALTER TABLE {table} RENAME TO {to}; CREATE VIEW {table} AS SELECT * FROM {to}; \
     then deploy a version that uses {to}, and drop the view afterwards.",
);
static RENAME_OBJECT: MigrationRule = rule(
    "rename-object",
    High,
    POSTGRES,
    Observed::Changed,
    "a schema, view, type, sequence or function gets another name",
    "The version that still serves fails where it uses the old name.",
    "Create `{to}` beside `{name}`, deploy a version that uses it, and drop `{name}` afterwards.",
);
static ENUM_RENAME_VALUE: MigrationRule = rule(
    "enum-rename-value",
    High,
    POSTGRES,
    Observed::Changed,
    "a value of an enum gets another name",
    "The version that still serves writes the old value, which is an error from now on.",
    "ALTER TYPE {name} ADD VALUE '{to}'; deploy a version that reads both and writes '{to}'; then \
     update the rows in batches.",
);
static SET_SCHEMA: MigrationRule = rule(
    "set-schema",
    High,
    POSTGRES,
    Observed::Changed,
    "something moves to another schema",
    "Whoever finds it by the old schema, or by a search path without the new one, fails.",
    "Leave a view or a synonym function under the old name until nothing uses it any more.",
);
static ALTER_ATTRIBUTE: MigrationRule = rule(
    "alter-composite-type",
    High,
    POSTGRES_MYSQL,
    Observed::Not("no: what breaks is the program that reads the type, not the database"),
    "a composite type or a domain is changed in place",
    "Whoever reads or writes values of the old shape fails, and every table that uses it is checked \
     or written anew.",
    "Create a new type beside `{name}`, add a column of it, and move over as for a column's type.",
);

pub(super) static RULES: &[&MigrationRule] = &[
    &RENAME_COLUMN,
    &RENAME_TABLE,
    &RENAME_OBJECT,
    &ENUM_RENAME_VALUE,
    &SET_SCHEMA,
    &ALTER_ATTRIBUTE,
];

pub(super) fn judge(what: &What<'_>, context: &Context, out: &mut Verdicts) {
    match what {
        What::Alter { table, change } => {
            let text = table.text();
            match change {
                Change::RenameColumn { from, to } => {
                    renamed_column(&text, from, to, out);
                }
                Change::ChangeColumn { from, to } if *from != to.name => {
                    renamed_column(&text, from, &to.name, out);
                }
                Change::RenameTable { to } if !context.is_new_name(to) => {
                    let message = format!("renames the table `{text}` to `{to}`");
                    out.add(&RENAME_TABLE, message, &[("table", &text), ("to", to)]);
                }
                Change::SetSchema { schema } => {
                    let message = format!("moves the table `{text}` to the schema `{schema}`");
                    out.add(&SET_SCHEMA, message, &[]);
                }
                _ => {}
            }
        }
        What::Rename { object, name, to } if *object != Object::Index => {
            let message = format!("renames the {} `{name}` to `{to}`", object.name());
            out.add(&RENAME_OBJECT, message, &[("name", &name.text()), ("to", to)]);
        }
        What::RenameEnumValue { name, from, to } => {
            let message = format!("renames the value '{from}' of the enum `{name}` to '{to}'");
            out.add(&ENUM_RENAME_VALUE, message, &[("name", &name.text()), ("to", to)]);
        }
        What::SetSchema { object, name, schema } => {
            let message = format!("moves the {} `{name}` to the schema `{schema}`", object.name());
            out.add(&SET_SCHEMA, message, &[]);
        }
        What::AlterAttribute { name, how } if *how != "DROP ATTRIBUTE" => {
            let message = format!("changes the type `{name}` in place ({how})");
            out.add(&ALTER_ATTRIBUTE, message, &[("name", &name.text())]);
        }
        _ => {}
    }
}

fn renamed_column(table: &str, from: &str, to: &str, out: &mut Verdicts) {
    let message = format!("renames the column `{from}` of `{table}` to `{to}`");
    out.add(&RENAME_COLUMN, message, &[("table", table), ("column", from), ("to", to)]);
}
