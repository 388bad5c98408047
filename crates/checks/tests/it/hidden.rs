//! Ways to hide a statement from who looks: each has to be found, or told as not analysed.

use shipway_checks::migrations::{Layout, Options};
use shipway_checks::sql::Dialect;

use crate::rules::judged;

fn rules(sql: &str, dialect: Dialect, layout: Layout) -> Vec<String> {
    let findings = judged(sql, dialect, layout, Options::default());
    let of_locks = |rule: &str| rule.contains("lock");
    findings.iter().map(|of| of.rule.to_string()).filter(|rule| !of_locks(rule)).collect()
}

fn postgres(sql: &str) -> Vec<String> {
    rules(sql, Dialect::Postgres, Layout::Plain)
}

#[test]
fn a_carriage_return_ends_a_comment_of_postgresql() {
    assert_eq!(postgres("-- note\rDROP TABLE users;"), ["drop-table"]);
    assert_eq!(postgres("DO $$ BEGIN -- x\rDROP TABLE users; END $$;"), ["drop-table"]);
    let mysql = rules("-- note\rDROP TABLE users;", Dialect::Mysql, Layout::Plain);
    assert!(mysql.is_empty(), "{mysql:?}");
}

#[test]
fn every_statement_between_marks_is_judged() {
    let marked = |sql: &str| {
        postgres(&format!("-- +goose Up\n-- +goose StatementBegin\n{sql}\n-- +goose StatementEnd"))
    };
    assert_eq!(marked("SELECT 1;\nTRUNCATE a;;\nDROP TABLE b;"), ["truncate", "drop-table"]);
    let function = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END";
    assert!(marked(function).is_empty());
    assert_eq!(marked(&format!("{function};\nDROP TABLE b")), ["drop-table"]);
    let split = "--liquibase formatted sql\n--changeset a:1 splitStatements:false\n";
    assert_eq!(postgres(&format!("{split}SELECT 1;\nDROP TABLE b;")), ["drop-table"]);
    let trigger = "DELIMITER //\nCREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN \
                   IF NEW.x THEN SET NEW.y = 1; END IF; END //\n\
                   CREATE DEFINER=CURRENT_USER() PROCEDURE p() BEGIN DELETE FROM a; END //\n\
                   SELECT 1; DROP TABLE b //";
    assert_eq!(rules(trigger, Dialect::Mysql, Layout::Plain), ["drop-table"]);
}

#[test]
fn marks_count_in_the_files_of_their_tool() {
    let (up, down) = ("-- +goose Up\nSELECT 1;\n", "-- +goose Down\nDROP TABLE a;\n");
    assert!(postgres(&format!("{up}{down}")).is_empty());
    assert_eq!(postgres(&format!("SELECT 1;\n{down}")), ["drop-table"]);
    assert_eq!(postgres("SELECT 1;\n-- migrate:down\nDROP TABLE a;"), ["drop-table"]);
    for other in [Layout::Prisma, Layout::Drizzle, Layout::GolangMigrate, Layout::Flyway] {
        let found = rules(&format!("{up}{down}"), Dialect::Postgres, other);
        assert_eq!(found, ["drop-table"], "{other}");
    }
}

#[test]
fn what_is_explained_with_analyze_runs() {
    assert_eq!(postgres("EXPLAIN ANALYZE VERBOSE DELETE FROM a"), ["delete-without-where"]);
    assert_eq!(postgres("EXPLAIN (ANALYZE, COSTS off) DELETE FROM a"), ["delete-without-where"]);
    assert!(postgres("EXPLAIN DELETE FROM a").is_empty());
}

#[test]
fn commands_of_psql_end_where_psql_ends_them() {
    assert_eq!(postgres("SELECT 1\\; DROP TABLE a;"), ["drop-table"]);
    assert_eq!(postgres("\\echo x \\\\ DROP TABLE a;\n"), ["drop-table"]);
    assert_eq!(postgres("\\copy t FROM 'f' (DELIMITER E'\\\\t')\n"), ["client-command"]);
    assert!(postgres("\\echo 'x \\\\ y'\n").is_empty());
}

#[test]
fn names_are_no_disguise() {
    for name in ["insert", "merge", "replace", "select"] {
        let sql = format!("WITH {name} AS (SELECT 1), update AS (SELECT 2) DELETE FROM a");
        assert_eq!(postgres(&sql), ["delete-without-where"], "{sql}");
    }
    let temporary = "CREATE TEMP TABLE users (id int);";
    assert!(postgres(&format!("{temporary} DROP TABLE users;")).is_empty());
    assert_eq!(postgres(&format!("{temporary} DROP TABLE public.users;")), ["drop-table"]);
    let twice = format!("{temporary} DROP TABLE users; DROP TABLE users;");
    assert_eq!(postgres(&twice), ["drop-table"]);
    let prepared = "PREPARE p FROM 'DROP TABLE users'; EXECUTE p;";
    assert_eq!(rules(prepared, Dialect::Mysql, Layout::Plain), ["drop-table"]);
}

#[test]
fn a_key_bounds_only_what_it_is_asked_of() {
    let bounded = postgres("DELETE FROM a WHERE id = 5 AND gone IS NULL");
    for sql in [
        "DELETE FROM a WHERE NOT id = 0",
        "DELETE FROM a WHERE NOT (id = 0)",
        "DELETE FROM a WHERE id = 0 IS NOT NULL",
        "DELETE FROM a WHERE EXISTS (SELECT 1 FROM b WHERE id = 1)",
    ] {
        assert_ne!(postgres(sql), bounded, "{sql}");
    }
}

#[test]
fn what_is_written_otherwise_than_it_runs_is_not_recognised() {
    for sql in [
        r"DO E'BEGIN \x44ROP TABLE users; END'",
        r"DO U&'BEGIN \0044ROP TABLE users; END'",
        "DO 'BEGIN NULL; '\n'DROP TABLE users; END'",
        "MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN DELETE",
    ] {
        assert_eq!(postgres(sql), ["unrecognised"], "{sql}");
    }
    assert!(postgres("DO $$ BEGIN NULL; END $$ LANGUAGE 'plpgsql'").is_empty());
    let locks = "DO GET_LOCK('a', 1), RELEASE_LOCK('b')";
    assert!(rules(locks, Dialect::Mysql, Layout::Plain).is_empty());
    assert!(postgres("DO LANGUAGE 'plpgsql' $$ BEGIN NULL; END $$").is_empty());
    let upsert = "MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN UPDATE SET x = 1";
    assert!(postgres(upsert).is_empty());
}
