//! Every layout is found by itself, with its own idea of transactions and of undoing.

use super::Change;

/// What is found in a new migration, of a project that has these files.
fn found(merged: &[(&str, &str)], new: &[(&str, &str)]) -> Vec<String> {
    Change::new(merged, new).found(&[]).1
}

const DROP: &str = "SET lock_timeout = '1s';\nDROP TABLE orders;\n";

#[test]
fn one_drop_is_found_in_every_layout() {
    let goose = format!("-- +goose Up\n{DROP}-- +goose Down\nDROP TABLE customers;\n");
    let dbmate = format!("-- migrate:up\n{DROP}-- migrate:down\nDROP TABLE customers;\n");
    let liquibase = format!(
        "--liquibase formatted sql\n--changeset ann:7\n{DROP}\
         --rollback DROP TABLE customers;\n"
    );
    let drizzle = "SET lock_timeout = '1s';--> statement-breakpoint\nDROP TABLE \"orders\";";
    let journal = ("drizzle/meta/_journal.json", "{\"dialect\": \"postgresql\"}");
    let cargo = ("Cargo.toml", "[package]\n");
    let down = "DROP TABLE customers;\n";
    for (merged, path, text, line) in [
        (None, "prisma/migrations/20260101_a/migration.sql", DROP, 2),
        (Some(journal), "drizzle/0007_a.sql", drizzle, 2),
        (None, "db/000007_a.up.sql", DROP, 2),
        (Some(cargo), "migrations/7_a.sql", DROP, 2),
        (None, "sql/V7__a.sql", DROP, 2),
        (None, "sql/R__a.sql", DROP, 2),
        (None, "db/changelog/7.sql", &liquibase, 4),
        (None, "db/migrations/7_a.sql", &goose, 3),
        (None, "db/migrations/7_a.sql", &dbmate, 3),
        (None, "migrations/7_a.sql", DROP, 2),
    ] {
        let merged: Vec<_> = merged.into_iter().collect();
        assert_eq!(found(&merged, &[(path, text)]), [format!("{path}:{line} drop-table")]);
    }
    // What undoes and is a file of its own.
    for path in ["db/000007_a.down.sql", "sql/U7__a.sql", "prisma/migrations/20260101_a/down.sql"] {
        let pair = path
            .replace("down.sql", if path.starts_with("db") { "up.sql" } else { "migration.sql" });
        let up = if pair == path { "sql/V7__a.sql".to_owned() } else { pair };
        assert_eq!(found(&[], &[(path, down), (&up, "SELECT 1;\n")]), Vec::<String>::new());
    }
}

/// How a statement that wants no transaction gets none is said as the tool says it.
#[test]
fn each_tool_says_how_to_leave_its_transaction_out() {
    let index = "CREATE INDEX CONCURRENTLY a ON orders (note);\n";
    let goose = format!("-- +goose Up\nSELECT 1;\n{index}");
    let dbmate = format!("-- migrate:up\nSELECT 1;\n{index}");
    let liquibase = format!("--liquibase formatted sql\n--changeset ann:7\n{index}");
    let two = format!("SELECT 1;\n{index}");
    let cargo = ("Cargo.toml", "[package]\n");
    for (merged, path, text, way) in [
        (None, "prisma/migrations/20260101_a/migration.sql", &two, "a file with this statement"),
        (Some(cargo), "migrations/7_a.sql", &two, "-- no-transaction"),
        (None, "sql/V7__a.sql", &two, "executeInTransaction=false"),
        (None, "db/changelog/7.sql", &liquibase, "runInTransaction:false"),
        (None, "db/migrations/7_a.sql", &goose, "-- +goose NO TRANSACTION"),
        (None, "db/migrations/7_a.sql", &dbmate, "-- migrate:up transaction:false"),
    ] {
        let merged: Vec<_> = merged.into_iter().collect();
        let change = Change::new(&merged, &[(path, text)]);
        let (code, out, _) = change.check(&["migrations"]);
        assert_eq!(code, 1, "{path}: {out}");
        assert!(out.contains("[concurrently-in-transaction]"), "{path}: {out}");
        assert!(out.contains(way), "{path}: {out}");
    }
}

#[test]
fn what_undoes_is_judged_when_it_is_asked_for() {
    let text = "-- migrate:up\nSELECT 1;\n-- migrate:down\nTRUNCATE orders;\n";
    let change = Change::new(&[], &[("db/migrations/7_a.sql", text)]);
    assert_eq!(change.found(&[]), (0, Vec::new()));
    let (code, found) = change.found(&["--down"]);
    assert_eq!(code, 1);
    assert!(found.contains(&"db/migrations/7_a.sql:4 truncate".to_owned()), "{found:?}");
}
