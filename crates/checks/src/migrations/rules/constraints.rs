//! Constraints that are added or dropped.

use super::{MigrationRule, Observed, POSTGRES, POSTGRES_MYSQL, Verdicts, rule};
use crate::finding::Severity::{High, Medium};
use crate::migrations::context::Context;
use crate::migrations::statement::{Change, Column, Constraint, ConstraintKind, Default, What};
use crate::sql::Dialect;

static DROP_CONSTRAINT: MigrationRule = rule(
    "drop-constraint",
    Medium,
    POSTGRES_MYSQL,
    Observed::Dropped,
    "a constraint is dropped",
    "From now on rows come in that it would have refused, and it cannot be put back while they are \
     there.",
    "Make sure that nothing relies on `{name}`; to replace it, add the new one NOT VALID, validate it, \
     and drop the old one last.",
);
static ADD_FOREIGN_KEY: MigrationRule = rule(
    "add-foreign-key",
    Medium,
    POSTGRES_MYSQL,
    Observed::Locked,
    "a foreign key is added and checked at once",
    "Both tables are read while nobody can write either.",
    "ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (…) REFERENCES {to} (…) NOT VALID;\n\
     in the next transaction: ALTER TABLE {table} VALIDATE CONSTRAINT {name};",
);
static ADD_CHECK: MigrationRule = rule(
    "add-check",
    Medium,
    POSTGRES_MYSQL,
    Observed::Scanned,
    "a check is added and checked at once",
    "The whole table is read while nobody can read or write it.",
    "ALTER TABLE {table} ADD CONSTRAINT {name} CHECK (…) NOT VALID;\n\
     in the next transaction: ALTER TABLE {table} VALIDATE CONSTRAINT {name};",
);
static ADD_UNIQUE: MigrationRule = rule(
    "add-unique",
    Medium,
    POSTGRES,
    Observed::Locked,
    "a unique constraint is added with its index",
    "The index is built while nobody can read or write the table.",
    "CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} (…); (outside a transaction)\n\
     ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name};",
);
static ADD_PRIMARY_KEY: MigrationRule = rule(
    "add-primary-key",
    Medium,
    POSTGRES_MYSQL,
    Observed::Locked,
    "a primary key is added with its index",
    "The index is built, and the columns are looked at for null, while nobody can read or write the \
     table.",
    "CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} (…); (outside a transaction)\n\
     ALTER TABLE {table} ADD CONSTRAINT {name} PRIMARY KEY USING INDEX {name}; with the columns \
     made NOT NULL the safe way before.",
);
static ADD_EXCLUSION: MigrationRule = rule(
    "add-exclusion",
    High,
    POSTGRES,
    Observed::Locked,
    "an exclusion constraint is added",
    "Its index is built while nobody can read or write the table, and there is no form of it that \
     does not block.",
    "Create a new table with the constraint beside `{table}`, move the rows over in batches, and swap \
     the two; or do it in a maintenance window.",
);

pub(super) static RULES: &[&MigrationRule] = &[
    &DROP_CONSTRAINT,
    &ADD_FOREIGN_KEY,
    &ADD_CHECK,
    &ADD_UNIQUE,
    &ADD_PRIMARY_KEY,
    &ADD_EXCLUSION,
];

pub(super) fn judge(what: &What<'_>, context: &Context, out: &mut Verdicts) {
    let What::Alter { table, change } = what else { return };
    if context.dialect == Dialect::Sqlite {
        return;
    }
    let text = table.text();
    match change {
        Change::DropConstraint { name, .. } => {
            let message = format!("drops the constraint `{name}` of `{text}`");
            out.add(&DROP_CONSTRAINT, message, &[("name", name)]);
        }
        Change::AddConstraint(constraint) => added(&text, constraint, context, out),
        Change::AddColumn(column) => with_column(&text, column, context, out),
        _ => {}
    }
}

/// The constraints of a new column: what it is filled with decides whether they are checked.
fn with_column(table: &str, column: &Column<'_>, context: &Context, out: &mut Verdicts) {
    for constraint in &column.constraints {
        // All rows have the same value: no row of PostgreSQL's is looked at.
        let free = column.default == Default::Null && !column.stored && !column.numbered;
        let checked = matches!(constraint.kind, ConstraintKind::Check { .. });
        if !(free && checked && context.dialect == Dialect::Mysql) {
            added(table, constraint, context, out);
        }
    }
}

fn added(table: &str, constraint: &Constraint<'_>, context: &Context, out: &mut Verdicts) {
    let postgres = context.dialect == Dialect::Postgres;
    if constraint.not_valid || constraint.using_index {
        return;
    }
    let name = constraint.name.clone().unwrap_or_else(|| format!("{table}_check").into());
    let said = constraint.name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
    let names = [("table", table), ("name", &*name)];
    match &constraint.kind {
        ConstraintKind::ForeignKey { references } => {
            let to = references.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string);
            let message = format!("adds the foreign key{said} from `{table}` to `{to}`");
            out.add(&ADD_FOREIGN_KEY, message, &[names[0], names[1], ("to", &to)]);
        }
        ConstraintKind::Check { .. } | ConstraintKind::NotNull => {
            out.add(
                &ADD_CHECK,
                format!("adds the check{said} to `{table}` and reads all of it"),
                &names,
            );
        }
        ConstraintKind::Unique if postgres => {
            let message = format!("adds the unique constraint{said} to `{table}` with its index");
            out.add(&ADD_UNIQUE, message, &names);
        }
        ConstraintKind::PrimaryKey => {
            let message = format!("adds the primary key{said} to `{table}` with its index");
            out.add(&ADD_PRIMARY_KEY, message, &names);
        }
        ConstraintKind::Exclude => {
            out.add(
                &ADD_EXCLUSION,
                format!("adds the exclusion constraint{said} to `{table}`"),
                &names,
            );
        }
        _ => {}
    }
}
