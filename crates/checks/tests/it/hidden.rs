//! Ways to hide a statement from who looks: each has to be found, or told as not analysed.

use shipway_checks::Finding;
use shipway_checks::migrations::{Known, Layout, Migration, Options, Part, judge_file};
use shipway_checks::sql::Dialect;

use crate::rules::judged;

pub(crate) fn rules(sql: &str, dialect: Dialect, layout: Layout) -> Vec<String> {
    let findings = judged(sql, dialect, layout, Options::default());
    let of_locks = |rule: &str| rule.contains("lock");
    findings.iter().map(|of| of.rule.to_string()).filter(|rule| !of_locks(rule)).collect()
}

pub(crate) fn postgres(sql: &str) -> Vec<String> {
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
        "MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN DELETE",
    ] {
        assert_eq!(postgres(sql), ["unrecognised"], "{sql}");
    }
    assert!(postgres("DO $$ BEGIN NULL; END $$ LANGUAGE 'plpgsql'").is_empty());
    let locks = "DO GET_LOCK('a', 1), RELEASE_LOCK('b')";
    assert!(rules(locks, Dialect::Mysql, Layout::Plain).is_empty());
    assert!(postgres("DO LANGUAGE 'plpgsql' $$ BEGIN NULL; END $$").is_empty());
    let upsert = "MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN UPDATE SET x = 1";
    assert_eq!(postgres(upsert), ["backfill-in-one-statement"]);
}

pub(crate) fn mysql(sql: &str) -> Vec<String> {
    rules(sql, Dialect::Mysql, Layout::Plain)
}

pub(crate) fn sqlite(sql: &str) -> Vec<String> {
    rules(sql, Dialect::Sqlite, Layout::Plain)
}

#[test]
fn what_undoes_begins_where_the_tools_see_it() {
    for mark in ["/* migrate:down */", "-- MIGRATE:DOWN", "  -- migrate:down", ";-- migrate:down"] {
        let sql = format!("-- migrate:up\nSELECT 1;\n{mark}\nDROP TABLE a;");
        assert_eq!(postgres(&sql), ["drop-table"], "{mark}");
    }
    let mixed = "-- +goose Up\nSELECT 1;\n-- migrate:down\nDROP TABLE a;";
    assert_eq!(postgres(mixed), ["drop-table"]);
}

#[test]
fn what_stands_behind_a_copy_on_its_line_is_told() {
    let of = |rest: &str| postgres(&format!("COPY a FROM stdin;{rest}\n1\n\\.\n"));
    assert_eq!(of(" DROP TABLE b;"), ["unreadable"]);
    assert!(of(" -- three rows").is_empty());
    let query = "COPY (SELECT * FROM stdin) TO STDOUT;\nDROP TABLE a;\n/*\n\\.\n-- */ SELECT 1;";
    assert_eq!(postgres(query), ["drop-table"]);
}

#[test]
fn comments_are_what_the_database_takes_for_comments() {
    assert_eq!(mysql("SELECT 1--id FROM a; DROP TABLE b;"), ["drop-table"]);
    assert_eq!(mysql("SELECT 5---1; DROP TABLE b;"), ["drop-table"]);
    assert!(mysql("--changeset a:1\nSELECT 1;\n--rollback DROP TABLE b;\n-----\n").is_empty());
    assert_eq!(mysql("/*!50000 DROP TABLE b */;"), ["drop-table"]);
    assert!(mysql("/*M!999999\\- enable the sandbox mode */\nSELECT 1;").is_empty());
    assert_eq!(postgres("/*!50000 DROP TABLE b */;"), ["unreadable"]);
    assert_eq!(sqlite("SELECT 1 /*M! ; DROP TABLE b */;"), ["unreadable"]);
}

#[test]
fn strings_that_are_read_otherwise_are_told() {
    assert_eq!(postgres("SET standard_conforming_strings = off;"), ["unrecognised"]);
    assert!(postgres("SET standard_conforming_strings = on;").is_empty());
    assert_eq!(mysql("SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES';"), ["unrecognised"]);
    assert!(mysql("SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO';").is_empty());
}

#[test]
fn commands_of_clients_are_known_however_they_are_written() {
    for command in ["\\g|psql", "\\o|psql", "\\!psql -c x", "\\set x `psql`", "\\set x ';DROP'"] {
        assert_eq!(postgres(&format!("SELECT 1 {command}\n")), ["client-command"], "{command}");
    }
    assert!(postgres("\\set ON_ERROR_STOP on\n\\pset pager off\n").is_empty());
    assert_eq!(mysql("\\. other.sql\n"), ["client-command"]);
    assert_eq!(mysql("SELECT 1\\G DROP TABLE a;\n"), ["drop-table"]);
}

#[test]
fn a_name_begins_no_block() {
    let trigger = "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET begin = NEW.begin WHERE id = 1; \
                   END; DROP TABLE b;";
    assert_eq!(sqlite(trigger), ["drop-table"]);
    assert_eq!(sqlite(&trigger.replace("TRIGGER t", "TRIGGER begin")), ["drop-table"]);
    let procedure =
        "DELIMITER //\nCREATE PROCEDURE p() BEGIN SET begin = 1; END //\nDROP TABLE b //";
    assert_eq!(mysql(procedure), ["drop-table"]);
    let one =
        "DELIMITER //\nCREATE PROCEDURE p() BEGIN IF 1 THEN SELECT 1; END IF; END; DROP TABLE b //";
    assert_eq!(mysql(one), ["drop-table"]);
    let argument =
        "CREATE FUNCTION f(begin atomic) RETURNS int LANGUAGE sql AS 'select 1'; DROP TABLE b;";
    assert_eq!(postgres(argument), ["drop-table"]);
}

const WIPE: &str = "CREATE FUNCTION wipe() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DROP TABLE users; \
                    RETURN 1; END $$;";

fn with_wipe(sql: &str) -> Vec<String> {
    postgres(&format!("CREATE TABLE n (i int);{WIPE}{sql}"))
}

#[test]
fn a_function_is_followed_wherever_it_is_run() {
    for sql in [
        "SELECT wipe();",
        "UPDATE n SET i = wipe() WHERE i = 1;",
        "CREATE MATERIALIZED VIEW v AS SELECT wipe();",
        "CREATE FUNCTION wipe(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT wipe();",
        "CREATE TABLE m (i int DEFAULT wipe());",
        "CREATE INDEX x ON n ((wipe()));",
        "ALTER TABLE n ALTER i TYPE int USING wipe();",
        "CREATE AGGREGATE g (int) (SFUNC = wipe, STYPE = int);",
        "CREATE OPERATOR === (FUNCTION = wipe, LEFTARG = int);",
        "CREATE CAST (n AS int) WITH FUNCTION wipe();",
        "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION wipe();",
        "DO $$ DECLARE i int; BEGIN i := 1 + wipe(); END $$;",
        "DO $$ BEGIN EXECUTE 'UPDATE n SET i = wipe() WHERE i = 1'; END $$;",
    ] {
        assert!(with_wipe(sql).contains(&"drop-table".to_owned()), "{sql}: {:?}", with_wipe(sql));
    }
    for sql in [
        "COMMENT ON FUNCTION wipe() IS 'x';",
        "ALTER FUNCTION wipe() OWNER TO CURRENT_USER;",
        "GRANT EXECUTE ON FUNCTION wipe() TO PUBLIC;",
        "CREATE TRIGGER t BEFORE INSERT ON n FOR EACH ROW EXECUTE FUNCTION wipe();",
    ] {
        assert!(!with_wipe(sql).contains(&"drop-table".to_owned()), "{sql}");
    }
    let atomic = "CREATE FUNCTION w() RETURNS int LANGUAGE sql BEGIN ATOMIC DELETE FROM a; SELECT 1; END; \
                  SELECT w();";
    assert_eq!(postgres(atomic), ["delete-without-where"]);
    let joined = "CREATE FUNCTION w() RETURNS int AS 'BEGIN NULL; '\n'DROP TABLE a; END' LANGUAGE plpgsql; \
                  SELECT w();";
    assert_eq!(postgres(joined), ["drop-table"]);
    let hidden = r"CREATE FUNCTION w() RETURNS int AS E'BEGIN \x44ROP TABLE a; END' LANGUAGE plpgsql; SELECT w();";
    assert_eq!(postgres(hidden), ["dynamic-sql"]);
}

#[test]
fn what_a_trigger_runs_is_followed_where_rows_change() {
    let function = WIPE.replace("RETURNS int", "RETURNS trigger");
    let trigger = format!(
        "CREATE TABLE n (i int); {function} CREATE TRIGGER t BEFORE INSERT ON n FOR EACH ROW \
         EXECUTE FUNCTION wipe();"
    );
    assert!(postgres(&trigger).is_empty());
    assert_eq!(postgres(&format!("{trigger} INSERT INTO n VALUES (1);")), ["drop-table"]);
    let dropped = format!("{trigger} DROP TRIGGER t ON n; INSERT INTO n VALUES (1);");
    assert!(!postgres(&dropped).contains(&"drop-table".to_owned()));
    let rule = "CREATE TABLE n (i int); CREATE RULE r AS ON INSERT TO n DO ALSO (DELETE FROM users; SELECT 1);";
    assert_eq!(postgres(&format!("{rule} INSERT INTO n VALUES (1);")), ["delete-without-where"]);
    let body = "CREATE TABLE n (i int); CREATE TRIGGER g AFTER INSERT ON n FOR EACH ROW BEGIN DELETE FROM users; END;";
    assert!(sqlite(body).is_empty());
    assert_eq!(sqlite(&format!("{body} INSERT INTO n VALUES (1);")), ["delete-without-where"]);
    let one = "CREATE TRIGGER g AFTER INSERT ON n FOR EACH ROW DELETE FROM users; INSERT INTO n VALUES (1);";
    assert_eq!(mysql(one), ["delete-without-where"]);
}

pub(crate) fn after(merged: &str, sql: &str) -> Vec<String> {
    let mut known = Known::default();
    known.learn(merged.as_bytes(), Dialect::Postgres).unwrap();
    let (layout, part) = (Layout::Plain, Part::Up);
    let migration = Migration::new("m.sql".to_owned(), layout, part);
    let mut found: Vec<Finding> = Vec::new();
    let options = Options::default();
    judge_file(sql.as_bytes(), &migration, Dialect::Postgres, options, &mut known, &mut found)
        .unwrap();
    let rules = found.iter().map(|of| of.rule.to_string());
    rules.filter(|rule| !rule.contains("lock")).collect()
}

#[test]
fn what_was_merged_is_known_and_followed() {
    assert_eq!(after(WIPE, "SELECT wipe();"), ["drop-table"]);
    assert_eq!(after("SELECT 1;", "SELECT wipe();"), ["unseen-routine"]);
    let audit = "CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM users; \
                 RETURN NEW; END $$;";
    let trigger = "CREATE TRIGGER t BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION audit();";
    let update = "UPDATE orders SET a = 1 WHERE id = 1;";
    // It runs for every update there is.
    assert!(after(&format!("{audit}{trigger}"), update).is_empty());
    assert_eq!(after(trigger, &format!("{audit}{update}")), ["delete-without-where"]);
    assert_eq!(after(audit, &format!("{trigger}{update}")), ["delete-without-where"]);
}

#[test]
fn marks_of_a_tool_that_ran_nothing_before_hide_nothing() {
    let sql = "-- migrate:up\nSELECT 1;\n-- migrate:down\nDROP TABLE a;";
    assert!(after("-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;", sql).is_empty());
    assert_eq!(after("CREATE TABLE a (id int);", sql), ["drop-table"]);
    // What undoes a migration defines nothing.
    let undone = format!("-- migrate:up\nSELECT 1;\n-- migrate:down\n{WIPE}");
    assert_eq!(after(&undone, "SELECT wipe();"), ["unseen-routine"]);
}

#[test]
fn what_is_put_together_is_read_as_it_runs() {
    let block = |sql: &str| postgres(&format!("DO $$ DECLARE v text; BEGIN {sql} END $$;"));
    for sql in [
        "EXECUTE format('SELECT 1 %s', '; DROP TABLE users');",
        "EXECUTE format('SELECT 1 %2$s', 1, '; DROP TABLE users');",
        "EXECUTE format('DO %L', 'BEGIN DROP TABLE users; END');",
        "EXECUTE concat('SELECT 1; ', 'DROP TABLE ', quote_ident(v));",
        "EXECUTE ('DROP ' || 'TABLE users');",
    ] {
        assert_eq!(block(sql), ["drop-table"], "{sql}");
    }
    for sql in [
        "EXECUTE 'SELECT 1' || chr(59) || 'DELETE FROM users WHERE id = 1';",
        "EXECUTE format('ALTER TABLE users ADD x int %s', v);",
        "EXECUTE 'SELECT ''' || v || '''';",
        r"EXECUTE U&'\0044ROP TABLE users';",
        r"EXECUTE 'SELECT 1; \x';",
        "EXECUTE 'DO ' || quote_literal(v);",
    ] {
        assert!(block(sql).contains(&"dynamic-sql".to_owned()), "{sql}: {:?}", block(sql));
    }
    for sql in [
        "EXECUTE format('COMMENT ON TABLE %I.%I IS %L', 'public', v, v);",
        "EXECUTE 'ANALYZE ' || quote_ident(v);",
        "EXECUTE 'ANALYZE ' || 'users'::regclass;",
        "EXECUTE format('ANALYZE %s', v::regclass);",
    ] {
        assert!(block(sql).is_empty(), "{sql}: {:?}", block(sql));
    }
}

#[test]
fn control_flow_hides_nothing() {
    for sql in [
        "DO $$ DECLARE r record; BEGIN IF r.case THEN DROP TABLE a; END IF; END $$;",
        "DO $$ BEGIN IF (SELECT count(*) AS case FROM x) > 0 THEN DROP TABLE a; END IF; END $$;",
    ] {
        assert_eq!(postgres(sql), ["drop-table"], "{sql}");
    }
    for sql in [
        "DO $$ BEGIN EXPLAIN ANALYZE DELETE FROM users; END $$;",
        "DO $$ DECLARE r record; BEGIN FOR r IN DELETE FROM users RETURNING * LOOP NULL; END LOOP; END $$;",
        "DO $$ DECLARE r record; BEGIN FOR r IN EXPLAIN ANALYZE DELETE FROM users LOOP NULL; END LOOP; END $$;",
    ] {
        assert_eq!(postgres(sql), ["delete-without-where"], "{sql}");
    }
    for body in [
        "WHILE 1 DO DELETE FROM users; END WHILE;",
        "REPEAT DELETE FROM users; UNTIL 1 END REPEAT;",
        "DECLARE EXIT HANDLER FOR SQLEXCEPTION DELETE FROM users; SELECT 1;",
        "PREPARE p FROM 'DELETE FROM users'; EXECUTE p;",
    ] {
        for call in ["CALL p()", "CALL p"] {
            let sql =
                format!("DELIMITER //\nCREATE PROCEDURE p()\nBEGIN\n{body}\nEND//\n{call}//\n");
            assert_eq!(mysql(&sql), ["delete-without-where"], "{sql}");
        }
    }
    for sql in [
        "CREATE EVENT e ON SCHEDULE AT NOW() DO DELETE FROM users;",
        "ANALYZE FORMAT=JSON DELETE FROM users;",
        "DELIMITER //\nBEGIN NOT ATOMIC DELETE FROM users; END//",
    ] {
        assert_eq!(mysql(sql), ["delete-without-where"], "{sql}");
    }
    assert_eq!(mysql("CALL p;"), ["unseen-routine"]);
    assert!(mysql("ANALYZE TABLE users;").is_empty());
}

#[test]
fn a_limit_is_one_that_limits() {
    let all = ["backfill-in-one-statement"];
    for condition in [
        "WHERE id BETWEEN 0 AND 999999999",
        "WHERE id NOT BETWEEN 1 AND 0",
        "WHERE id BETWEEN 1 AND (SELECT max(id) FROM users)",
        "WHERE id IN (1) IS NOT NULL",
        "WHERE id = 1 IN (true, false)",
        "WHERE COALESCE(id = 5, true)",
        "WHERE EXISTS (SELECT 1 FROM x LIMIT 1)",
        "USING x WHERE x.id = 1",
        "USING x WHERE id = 1",
    ] {
        assert_eq!(postgres(&format!("DELETE FROM users {condition};")), all, "{condition}");
    }
    for condition in [
        "WHERE id BETWEEN 1 AND 1000",
        "WHERE id = 5 AND (gone)",
        "AS u USING x WHERE u.id = 1 AND x.a = u.a",
        "WHERE id IN (SELECT id FROM users WHERE gone LIMIT 1000)",
        "WHERE ctid = ANY (ARRAY (SELECT ctid FROM users LIMIT 1000))",
        "WHERE id = '5'::bigint",
    ] {
        assert!(postgres(&format!("DELETE FROM users {condition};")).is_empty(), "{condition}");
    }
    assert!(!mysql("DELETE FROM users LIMIT 1000000000;").is_empty());
    assert!(mysql("DELETE FROM users LIMIT 1000;").is_empty());
    for sql in [
        "INSERT INTO users SELECT * FROM x ON CONFLICT (id) DO UPDATE SET email = NULL;",
        "MERGE INTO users USING x ON true WHEN MATCHED THEN UPDATE SET email = NULL;",
    ] {
        assert_eq!(postgres(sql), all, "{sql}");
    }
    let merge = "MERGE INTO a USING (VALUES (1)) AS v (id) ON a.id = v.id WHEN MATCHED THEN UPDATE SET b = 1";
    assert!(postgres(merge).is_empty());
    assert_eq!(postgres(&merge.replace("a.id = v.id", "true")), all);
    let rows = "INSERT INTO a VALUES (1) ON CONFLICT (id) DO UPDATE SET b = 1;";
    assert!(postgres(rows).is_empty());
}

#[test]
fn a_new_table_is_one_that_was_not_there() {
    for sql in [
        "CREATE SCHEMA s; SET search_path = s; CREATE TABLE a (id int); SET search_path = public; DROP TABLE a;",
        "CREATE TABLE IF NOT EXISTS a (id int); DROP TABLE a;",
        "BEGIN; CREATE TABLE a (id int); ROLLBACK; DROP TABLE a;",
    ] {
        assert_eq!(postgres(sql), ["drop-table"], "{sql}");
    }
    assert_eq!(postgres("CREATE TABLE a (id int); TRUNCATE a CASCADE;"), ["truncate"]);
    assert_eq!(postgres("CREATE TABLE a (id int); DROP TABLE a CASCADE;"), ["drop-cascade"]);
}

#[test]
fn what_is_no_table_is_not_written_to() {
    assert_eq!(postgres("DELETE FROM pg_class WHERE relname = 'a';"), ["unrecognised"]);
    assert_eq!(sqlite("DELETE FROM sqlite_master WHERE name = 'a';"), ["unrecognised"]);
    assert_eq!(sqlite("PRAGMA writable_schema = 1;"), ["unrecognised"]);
    assert_eq!(postgres("COPY a TO '/etc/x';"), ["server-program"]);
    assert!(postgres("COPY a TO STDOUT;").is_empty());
    let attributes = "ALTER TYPE t ADD ATTRIBUTE x int, DROP ATTRIBUTE y CASCADE;";
    assert_eq!(postgres(attributes), ["drop-object"]);
    let part =
        "WITH m AS (MERGE INTO a USING b ON true WHEN MATCHED THEN DELETE RETURNING 1) SELECT 1;";
    assert_eq!(postgres(part), ["unrecognised"]);
}

#[test]
fn a_missing_semicolon_hides_nothing() {
    for sql in [
        "SELECT 1\nGO\nDELETE FROM users\nGO\n",
        "SET NOCOUNT ON\nDELETE FROM users\n",
        "UPDATE x SET a = 1 WHERE id = 1\nDELETE FROM users\n",
        "DELETE FROM x WHERE id = 1 DELETE FROM users",
    ] {
        assert_eq!(postgres(sql), ["unrecognised", "delete-without-where"], "{sql}");
    }
    let update = "SELECT 1\nGO\nUPDATE users SET a = 1\n";
    assert_eq!(postgres(update), ["unrecognised", "update-without-where"]);
    for sql in [
        "SELECT id, delete FROM users;",
        "SELECT delete FROM users;",
        "INSERT INTO a VALUES (1) ON CONFLICT (id) DO UPDATE SET b = 1;",
        "SELECT * FROM a FOR UPDATE;",
        "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c (d) ON UPDATE SET NULL ON DELETE SET NULL NOT VALID;",
    ] {
        assert!(postgres(sql).is_empty(), "{sql}: {:?}", postgres(sql));
    }
}

#[test]
fn templates_fill_in_names() {
    let sql = "CREATE TABLE IF NOT EXISTS {{ index .Options \"Namespace\" }}.users (id uuid);";
    assert!(postgres(sql).is_empty());
    assert_eq!(postgres("DROP TABLE {{ .Schema }}.users;"), ["drop-table"]);
    assert_eq!(postgres("DROP TABLE \"{{ index .Options \"a\" }}\".\"users\";"), ["drop-table"]);
    assert_eq!(postgres("SELECT \"{{\"; DROP TABLE users; -- }}\""), ["drop-table"]);
    assert_eq!(postgres("{{ .Everything }};"), ["unrecognised"]);
    assert!(!postgres("SELECT 1 {{ \"; DROP TABLE users\" }};").is_empty());
}

#[test]
fn parts_write_wherever_they_stand() {
    for sql in [
        "CREATE TEMP TABLE z ON COMMIT DROP AS WITH d AS (DELETE FROM users RETURNING *) SELECT * FROM d;",
        "CREATE TABLE z USING heap AS WITH d AS (DELETE FROM users RETURNING *) SELECT * FROM d;",
        "WITH d AS (WITH e AS (SELECT 1) DELETE FROM users RETURNING 1) SELECT count(*) FROM d;",
        "DO $$ DECLARE r record; BEGIN FOR r IN (WITH d AS (DELETE FROM users RETURNING 1) SELECT 1) LOOP NULL; END LOOP; END $$;",
        "DO $$ BEGIN WITH begin AS (DELETE FROM users RETURNING 1) INSERT INTO x SELECT 1 FROM begin; END $$;",
        "EXPLAIN (\"analyze\") DELETE FROM users;",
        "EXPLAIN \\echo hi\n ANALYZE DELETE FROM users;",
        "WITH \"{{\" AS (DELETE FROM users RETURNING 1) SELECT 1 AS \"}}\";",
        "DO $$ BEGIN EXECUTE format('WITH d AS (%I FROM users RETURNING 1) SELECT 1', 'delete'); END $$;",
    ] {
        assert!(
            postgres(sql).contains(&"delete-without-where".to_owned()),
            "{sql}: {:?}",
            postgres(sql)
        );
    }
    assert!(postgres("EXPLAIN (ANALYZE false) DELETE FROM users;").is_empty());
    let column = "ALTER TABLE users ADD \"{{a\" int, DROP COLUMN email, ADD \"b}}\" int;";
    assert_eq!(postgres(column), ["drop-column"]);
    for sql in [
        "INSERT INTO users (id) SELECT id FROM (SELECT id FROM x) u ON CONFLICT (id) DO UPDATE SET email = NULL;",
        "INSERT INTO users TABLE old ON CONFLICT (id) DO UPDATE SET email = NULL;",
        "MERGE INTO users u USING (VALUES (1)) v(x) ON u.id = u.id WHEN MATCHED THEN UPDATE SET email = NULL;",
    ] {
        assert_eq!(postgres(sql), ["backfill-in-one-statement"], "{sql}");
    }
    assert!(
        postgres("INSERT INTO users SELECT 1 ON CONFLICT (id) DO UPDATE SET email = NULL;")
            .is_empty()
    );
    let merge = "DO $$ BEGIN MERGE INTO a USING (VALUES (1)) v(x) ON a.id = v.x WHEN NOT MATCHED THEN INSERT (id) VALUES (1); END $$;";
    assert!(postgres(merge).is_empty(), "{:?}", postgres(merge));
}

#[test]
fn text_ends_where_the_server_ends_it() {
    for sql in [
        "SELECT E'a' -- x\n'\\' '; DROP TABLE users; --';",
        "SELECT E'a'\r'\\' '; DROP TABLE users; --';",
        "SELECT :a$$ ' $$; DROP TABLE users; --';",
        "SELECT $1$$ ' $$; DROP TABLE users; --';",
    ] {
        let found = postgres(sql);
        assert!(
            found.contains(&"drop-table".to_owned()) || found.contains(&"unterminated".to_owned()),
            "{sql}: {found:?}"
        );
    }
    assert_eq!(
        postgres("SELECT set_config('standard_conforming_strings', 'off', false);"),
        ["unrecognised"]
    );
    for mode in [
        "SET @x = 1, sql_mode = 'NO_BACKSLASH_ESCAPES';",
        "SET @@SESSION.sql_mode = CONCAT('ANSI', '');",
    ] {
        assert_eq!(mysql(mode), ["unrecognised"], "{mode}");
    }
    assert!(mysql("SET SQL_MODE=@OLD_SQL_MODE;").is_empty());
    assert_eq!(mysql("SELECT id\n--comment FROM t; DROP TABLE users;"), ["drop-table"]);
    assert_eq!(mysql("DELIMITER // x\nSELECT 1//\nDROP TABLE users//\n"), ["drop-table"]);
    assert_eq!(mysql("\\d //\nSELECT 1//\nDROP TABLE users//\n"), ["drop-table"]);
    assert_eq!(postgres("\\set q delete\n"), ["client-command"]);
}

#[test]
fn functions_are_run_in_more_ways_than_one() {
    for sql in [
        "CREATE VIEW v AS SELECT wipe();",
        "SELECT n.wipe FROM n;",
        "SELECT DISTINCT ON (1) wipe() FROM n;",
    ] {
        assert!(with_wipe(sql).contains(&"drop-table".to_owned()), "{sql}: {:?}", with_wipe(sql));
    }
    let set = "CREATE FUNCTION w() RETURNS int LANGUAGE sql SET a.b TO begin AS 'DELETE FROM users; SELECT 1'; SELECT w();";
    assert_eq!(postgres(set), ["delete-without-where"]);
    let again = "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; DO $$ BEGIN PERFORM f(); EXECUTE \
                 'CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS ''DELETE FROM users; SELECT 1'''; PERFORM f(); END $$;";
    assert_eq!(postgres(again), ["delete-without-where"]);
    assert_eq!(
        postgres("CREATE TABLE z AS SELECT lo_unlink(oid) FROM pg_largeobject_metadata;"),
        ["unseen-routine"]
    );
    assert_eq!(postgres("SELECT evil.count();"), ["unseen-routine"]);
    assert_eq!(
        after("CREATE TABLE users (id int);", "CREATE TABLE users (id int); DROP TABLE users;"),
        ["drop-table"]
    );
    assert_eq!(
        mysql("USE tmp; CREATE TABLE users (id int); USE app; DROP TABLE users;"),
        ["drop-table"]
    );
}

#[test]
fn what_is_honest_is_not_told() {
    for sql in [
        "CREATE PROCEDURE a() BEGIN ALTER TABLE t ADD c INT; CREATE TABLE x (a int); END;",
        "CREATE ALGORITHM=UNDEFINED DEFINER=`root`@`localhost` SQL SECURITY DEFINER VIEW `v` AS SELECT 1;",
        "CREATE DEFINER=`root`@`localhost` SQL SECURITY INVOKER VIEW `v` AS SELECT 1;",
    ] {
        assert!(mysql(sql).is_empty(), "{sql}: {:?}", mysql(sql));
    }
    assert!(sqlite("DELETE FROM sqlite_sequence;").is_empty());
    let partition = "DO $$ DECLARE d date := now(); BEGIN EXECUTE format('CREATE TABLE m_%s PARTITION OF m FOR VALUES IN (%L)', \
                     to_char(d, 'YYYY_MM'), d); END $$;";
    assert!(postgres(partition).is_empty(), "{:?}", postgres(partition));
}
