//! Columns that are added or changed.

use super::{ANY, MigrationRule, Observed, POSTGRES, POSTGRES_MYSQL, Verdicts, rule};
use crate::finding::Severity::{High, Low, Medium};
use crate::migrations::context::Context;
use crate::migrations::statement::{Change, Column, Default, Name, What};
use crate::sql::Dialect;

static ALTER_TYPE: MigrationRule = rule(
    "alter-column-type",
    High,
    POSTGRES_MYSQL,
    Observed::Rewritten,
    "a column gets another type",
    "The table and its indexes are written anew while nobody can read or write it, unless the old \
     type is stored alike; and the version that still serves may not understand the new type.",
    "1. ALTER TABLE {table} ADD COLUMN {column}_new {type}; keep both equal by a trigger.\n\
     2. Fill {column}_new in batches; deploy a version that uses it.\n\
     3. Drop {column} after that deployment.\n\
     Where the types are stored alike (varchar to text), allow it with that reason, or let \
     `--against-postgres` show it.",
);
static SET_NOT_NULL: MigrationRule = rule(
    "set-not-null",
    Medium,
    POSTGRES,
    Observed::Scanned,
    "a column refuses null from now on",
    "The whole table is read while nobody can read or write it, and the version that still serves \
     may write null.",
    "ALTER TABLE {table} ADD CONSTRAINT {column}_not_null CHECK ({column} IS NOT NULL) NOT VALID;\n\
     in the next transaction: ALTER TABLE {table} VALIDATE CONSTRAINT {column}_not_null;\n\
     then: ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL; (needs no scan, PostgreSQL 12 on)",
);
static DROP_NOT_NULL: MigrationRule = rule(
    "drop-not-null",
    Low,
    POSTGRES,
    Observed::Not("no: what breaks is the program that meets its first null"),
    "a column allows null from now on",
    "The version that still serves may not expect null there.",
    "Deploy a version that reads null in `{column}` first.",
);
static ADD_COLUMN_VOLATILE_DEFAULT: MigrationRule = rule(
    "add-column-volatile-default",
    High,
    POSTGRES_MYSQL,
    Observed::Rewritten,
    "a column is added with a default that differs by row",
    "Every row is written anew while nobody can read or write the table.",
    "1. ALTER TABLE {table} ADD COLUMN {column} {type};\n\
     2. ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT …; (for new rows only)\n\
     3. Fill the rows that are there in batches.",
);
static ADD_COLUMN_STORED: MigrationRule = rule(
    "add-column-stored-generated",
    High,
    POSTGRES_MYSQL,
    Observed::Rewritten,
    "a stored generated column is added",
    "Every row is written anew while nobody can read or write the table.",
    "Add a plain column `{column}`, keep it by a trigger, and fill the rows that are there in \
     batches; or compute it in a view.",
);
static ALTER_EXPRESSION: MigrationRule = rule(
    "alter-generated-expression",
    High,
    POSTGRES,
    Observed::Not("no: PostgreSQL 17 is the first that has it"),
    "a generated column is computed otherwise",
    "Unless the column is virtual (PostgreSQL 18), every row is written anew while nobody can read or \
     write the table.",
    "Add a plain column beside `{column}`, keep it by a trigger, and fill the rows that are there in \
     batches; or compute it in a view.",
);
static ADD_COLUMN_NUMBERED: MigrationRule = rule(
    "add-column-serial",
    High,
    POSTGRES_MYSQL,
    Observed::Rewritten,
    "a numbered column is added (serial, identity, AUTO_INCREMENT)",
    "Every row gets its number, and is written anew, while nobody can read or write the table.",
    "1. CREATE SEQUENCE {table}_{column}_seq; ALTER TABLE {table} ADD COLUMN {column} bigint;\n\
     2. ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT nextval('{table}_{column}_seq');\n\
     3. Fill the rows that are there in batches.",
);
static ADD_COLUMN_REQUIRED: MigrationRule = rule(
    "add-column-required",
    High,
    ANY,
    Observed::Refused,
    "a required column is added without a default",
    "It fails on a table that has rows, and the version that still serves cannot insert any more.",
    "ALTER TABLE {table} ADD COLUMN {column} {type} DEFAULT …; or add it nullable, deploy a version \
     that fills it, fill the rows that are there, and refuse null afterwards.",
);
static JSON_TYPE: MigrationRule = rule(
    "json-type",
    Low,
    POSTGRES,
    Observed::Not("no: what it lacks shows in the queries of later"),
    "a column of type json",
    "json has no equality: SELECT DISTINCT, UNION and GROUP BY over it fail, and it cannot be \
     indexed as jsonb can.",
    "Use jsonb for `{column}`.",
);

pub(super) static RULES: &[&MigrationRule] = &[
    &ALTER_TYPE,
    &SET_NOT_NULL,
    &DROP_NOT_NULL,
    &ADD_COLUMN_VOLATILE_DEFAULT,
    &ADD_COLUMN_STORED,
    &ALTER_EXPRESSION,
    &ADD_COLUMN_NUMBERED,
    &ADD_COLUMN_REQUIRED,
    &ADD_IDENTITY,
    &JSON_TYPE,
];

pub(super) fn judge(what: &What<'_>, context: &Context, out: &mut Verdicts) {
    match what {
        What::CreateTable(table) if context.dialect == Dialect::Postgres => {
            for column in &table.columns {
                json(&table.name.text(), column, out);
            }
        }
        What::Alter { table, change: Change::AddColumn(column) } => {
            if context.dialect == Dialect::Postgres {
                json(&table.text(), column, out);
            }
            added(&table.text(), column, context.dialect, out);
        }
        What::Alter { table, change } => {
            changed(&table.text(), change, context, out);
        }
        _ => {}
    }
}

/// What is said of a new table's columns: only what they are stays when it is used.
pub(super) fn judge_new(
    table: &Name<'_>,
    change: &Change<'_>,
    context: &Context,
    out: &mut Verdicts,
) {
    if let Change::AddColumn(column) = change
        && context.dialect == Dialect::Postgres
    {
        json(&table.text(), column, out);
    }
}

fn changed(table: &str, change: &Change<'_>, context: &Context, out: &mut Verdicts) {
    match change {
        Change::AlterType { column, to } => {
            let message = format!("changes the type of `{column}` of `{table}` to {to}");
            out.add(&ALTER_TYPE, message, &[("table", table), ("column", column), ("type", to)]);
        }
        Change::ChangeColumn { from, to } => {
            let message = format!("defines `{from}` of `{table}` anew as {}", to.of_type);
            let names = [("table", table), ("column", &**from), ("type", &to.of_type)];
            out.add(&ALTER_TYPE, message, &names);
        }
        Change::SetNotNull { column } if !context.is_proven_not_null(table, column) => {
            let message = format!("refuses null in `{column}` of `{table}`");
            out.add(&SET_NOT_NULL, message, &[("table", table), ("column", column)]);
        }
        Change::DropNotNull { column } => {
            let message = format!("allows null in `{column}` of `{table}`");
            out.add(&DROP_NOT_NULL, message, &[("column", column)]);
        }
        Change::SetExpression { column } => {
            let message = format!("computes `{column}` of `{table}` otherwise");
            out.add(&ALTER_EXPRESSION, message, &[("table", table), ("column", column)]);
        }
        Change::AddIdentity => {
            let message = format!("makes a column of `{table}` an identity");
            let names = [("table", table), ("column", "id")];
            out.add(&ADD_IDENTITY, message, &names);
        }
        _ => {}
    }
}

/// An identity on a column that is there changes the catalogue alone.
static ADD_IDENTITY: MigrationRule = rule(
    "add-identity",
    Low,
    POSTGRES,
    Observed::Not("no: it changes the catalogue alone"),
    "a column that is there becomes an identity",
    "Its sequence begins at 1, below the numbers that are there: the next insert may collide.",
    "Set the sequence behind the largest number in the same transaction: \
     SELECT setval(pg_get_serial_sequence('{table}', '{column}'), max({column})) FROM {table};",
);

fn json(table: &str, column: &Column<'_>, out: &mut Verdicts) {
    if matches!(&*column.of_type, "json" | "json[]") {
        let message = format!("`{}` of `{table}` is json, not jsonb", column.name);
        out.add(&JSON_TYPE, message, &[("column", &column.name)]);
    }
}

fn added(table: &str, column: &Column<'_>, dialect: Dialect, out: &mut Verdicts) {
    let names = [("table", table), ("column", &*column.name), ("type", &column.of_type)];
    let name = &column.name;
    if column.stored && dialect != Dialect::Sqlite {
        let message = format!("adds the stored generated column `{name}` to `{table}`");
        out.add(&ADD_COLUMN_STORED, message, &names);
    } else if column.numbered && dialect != Dialect::Sqlite {
        out.add(
            &ADD_COLUMN_NUMBERED,
            format!("adds the numbered column `{name}` to `{table}`"),
            &names,
        );
    } else if let Default::Volatile(function) = &column.default {
        if dialect != Dialect::Sqlite {
            let message =
                format!("adds `{name}` to `{table}` with a default that calls {function}()");
            out.add(&ADD_COLUMN_VOLATILE_DEFAULT, message, &names);
        }
    } else if required(column) {
        let message = format!("adds the required column `{name}` to `{table}` without a default");
        out.add(&ADD_COLUMN_REQUIRED, message, &names);
    }
}

/// MySQL fills in its own idea of nothing, so that only PostgreSQL and SQLite fail; in all of
/// them the version that still serves does.
fn required(column: &Column<'_>) -> bool {
    column.not_null && column.default == Default::Null && !column.stored && !column.numbered
}
