//! What was passed in silence although it takes something away, or runs what nobody has read.

use shipway_checks::sql::Dialect;

use crate::hidden::{after, mysql, postgres};

#[test]
fn what_loading_and_altering_overwrite_is_told() {
    let some = ["backfill-in-one-statement"];
    for sql in [
        "LOAD DATA LOCAL INFILE 'a.csv' REPLACE INTO TABLE users;",
        "LOAD XML INFILE 'a.xml' REPLACE INTO TABLE users;",
        "ALTER IGNORE TABLE users ADD UNIQUE (email);",
        "ALTER ONLINE IGNORE TABLE users ADD UNIQUE (email);",
    ] {
        assert!(mysql(sql).contains(&some[0].to_owned()), "{sql}: {:?}", mysql(sql));
    }
    assert!(
        mysql("LOAD DATA INFILE 'a.csv' INTO TABLE users (a) SET b = REPLACE(a, 'x', '');")
            .is_empty()
    );
    assert!(mysql("CREATE TABLE n (a int); ALTER IGNORE TABLE n ADD UNIQUE (a);").is_empty());
}

#[test]
fn what_changes_the_server_is_told() {
    for sql in [
        "RESET MASTER;",
        "RESET BINARY LOGS AND GTIDS;",
        "RESET REPLICA ALL;",
        "PURGE BINARY LOGS TO 'mysql-bin.010';",
        "SET GLOBAL init_connect = 'DELETE FROM a';",
        "SET @@GLOBAL.read_only = 1;",
        "SET autocommit = 0, PERSIST max_connections = 1;",
        "SET @@PERSIST_ONLY.port = 1;",
        "KILL 7;",
    ] {
        assert_eq!(mysql(sql), ["server-change"], "{sql}");
    }
    for sql in [
        "SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ '';",
        "SET SESSION wait_timeout = 1;",
        "SET @global = 1;",
        "SET NAMES utf8mb4;",
        "RESET QUERY CACHE;",
        "FLUSH PRIVILEGES;",
        "CHECK TABLE users;",
        "CHECKSUM TABLE users;",
    ] {
        assert!(mysql(sql).is_empty(), "{sql}: {:?}", mysql(sql));
    }
    assert_eq!(postgres("ALTER SYSTEM SET fsync = off;"), ["server-change"]);
    assert!(postgres("ALTER DATABASE shop SET work_mem = '64MB';").is_empty());
    assert_eq!(mysql("RENAME USER a TO b, c TO d;"), ["rename-object", "rename-object"]);
    let locks = |sql: &str| {
        let judged = crate::rules::judged;
        let found = judged(
            sql,
            Dialect::Mysql,
            shipway_checks::migrations::Layout::Plain,
            shipway_checks::migrations::Options::default(),
        );
        found.iter().any(|of| of.rule == "mysql-lock")
    };
    assert!(locks("FLUSH TABLES WITH READ LOCK;"));
    assert!(locks("FLUSH LOCAL TABLES a, b FOR EXPORT;"));
    assert!(!locks("FLUSH TABLES;"));
}

#[test]
fn what_replaces_drops_what_was_there() {
    assert_eq!(mysql("CREATE OR REPLACE DATABASE shop;"), ["drop-database"]);
    assert_eq!(mysql("CREATE OR REPLACE SCHEMA shop;"), ["drop-database"]);
    assert!(mysql("CREATE DATABASE shop;").is_empty());
    assert_eq!(mysql("ALTER EVENT e DO DELETE FROM users;"), ["delete-without-where"]);
    assert!(mysql("ALTER EVENT e DISABLE;").is_empty());
}

#[test]
fn a_generated_column_with_another_expression_is_written_anew() {
    let sql = "ALTER TABLE a ALTER COLUMN b SET EXPRESSION AS (c * 2);";
    assert_eq!(postgres(sql), ["alter-generated-expression"]);
    assert!(postgres(&format!("CREATE TABLE a (c int); {sql}")).is_empty());
}

#[test]
fn letters_behind_a_number_are_told_where_versions_differ() {
    for sql in [
        "SELECT 1a$$; DROP TABLE users; --$$;",
        "SELECT 1a$$ , $$; DROP TABLE users; SELECT $$;",
        r"SELECT 1e'\'', '; DROP TABLE users; --';",
        "SELECT $1a$$; DROP TABLE users; --$$;",
    ] {
        assert!(postgres(sql).contains(&"unreadable".to_owned()), "{sql}: {:?}", postgres(sql));
    }
    let block = "DO $x$ BEGIN PERFORM 1a$$; DROP TABLE users; --$$;\n END $x$;";
    assert!(postgres(block).contains(&"unterminated".to_owned()), "{:?}", postgres(block));
    for sql in [
        "SELECT 0x1F, 1_000, 1e10, 2.5E-3;",
        "SELECT a FROM t LIMIT 10OFFSET 5;",
        "SELECT 1::text||'a', $1::int, 1e5&2;",
        "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT $1';",
    ] {
        assert!(!postgres(sql).contains(&"unreadable".to_owned()), "{sql}: {:?}", postgres(sql));
    }
    assert!(mysql("SELECT 1a$$;").is_empty());
}

#[test]
fn what_no_migration_of_mysql_defines_is_told() {
    for sql in [
        "SELECT wipe();",
        "SELECT shop.wipe(1) FROM dual;",
        "SET @done = wipe();",
        "DO wipe();",
        "DO GET_LOCK('a', 1), wipe();",
        "SET @x = 1, @y = (SELECT wipe() FROM a);",
        "INSERT INTO a (b) SELECT wipe();",
        "UPDATE a SET b = wipe() WHERE id = 1;",
        "CREATE TABLE z AS SELECT wipe();",
        "DELIMITER //\nCREATE PROCEDURE p() BEGIN DECLARE x VARCHAR(10); SET x = wipe(); END //\nCALL p()//\n",
        "DELIMITER //\nCREATE PROCEDURE p() BEGIN IF wipe() THEN SELECT 1; END IF; END //\nCALL p()//\n",
    ] {
        assert_eq!(mysql(sql), ["unseen-routine"], "{sql}");
    }
    for sql in [
        "INSERT INTO a (b, c) VALUES (UUID(), NOW()) ON DUPLICATE KEY UPDATE b = VALUES(b);",
        "INSERT INTO a PARTITION (p0) (b) VALUES (1) AS new(b) ON DUPLICATE KEY UPDATE b = new.b;",
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT * FROM n;",
        "SELECT CAST(a AS CHAR(10)), CONVERT(b, DECIMAL(10,2)), CAST(c AS UNSIGNED) FROM t USE INDEX (x) WHERE d IN (1, 2) AND (e = 1 XOR (f = 2));",
        "SELECT * FROM t, JSON_TABLE(t.j, '$[*]' COLUMNS (id INT PATH '$.id', n VARCHAR(9) PATH '$.n')) AS x;",
        "SELECT a, ROW_NUMBER() OVER (PARTITION BY b ORDER BY c) FROM t WINDOW w AS (PARTITION BY d);",
        "SELECT MATCH (a) AGAINST ('x' IN BOOLEAN MODE) FROM t;",
        "SELECT DATE_ADD(NOW(), INTERVAL (1 + 1) DAY), 7 DIV (2), a REGEXP ('x') FROM t;",
        "SET @x = IFNULL((SELECT MAX(id) FROM a), 0) + 1;",
        "SELECT * FROM a LEFT JOIN b USING (id) WHERE EXISTS (SELECT 1 FROM c) GROUP BY a.id WITH ROLLUP HAVING (COUNT(*) > 1);",
        "UPDATE a SET b = CONCAT_WS('-', c, d) WHERE id = 1;",
        "CREATE FUNCTION one() RETURNS INT DETERMINISTIC RETURN 1; SELECT one();",
        "DELIMITER //\nCREATE PROCEDURE p() BEGIN DECLARE x ENUM('a') DEFAULT 'a'; DECLARE y DECIMAL(9,2); WHILE (x < 1) DO SET x = LENGTH(y); END WHILE; REPEAT SET x = 2; UNTIL (x > 1) END REPEAT; END //\nCALL p()//\n",
    ] {
        assert!(mysql(sql).is_empty(), "{sql}: {:?}", mysql(sql));
    }
}

#[test]
fn triggers_of_what_shares_rows_are_followed() {
    let wipes = "CREATE FUNCTION w() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM users; RETURN NEW; END $$;";
    let trigger = |on: &str| {
        format!("CREATE TRIGGER t AFTER INSERT ON {on} FOR EACH ROW EXECUTE FUNCTION w();")
    };
    let insert = |into: &str| format!("INSERT INTO {into} VALUES (1);");
    let found = ["delete-without-where"];
    let of = "CREATE TABLE q PARTITION OF p FOR VALUES IN (1);";
    assert_eq!(after(&format!("{of}{}", trigger("p")), &format!("{wipes}{}", insert("q"))), found);
    assert_eq!(after(&format!("{of}{}", trigger("q")), &format!("{wipes}{}", insert("p"))), found);
    let beneath = "CREATE TABLE r PARTITION OF q DEFAULT;";
    assert_eq!(
        after(&format!("{of}{beneath}"), &format!("{wipes}{}{}", trigger("p"), insert("r"))),
        found
    );
    let attached = "CREATE TABLE q (a int); ALTER TABLE ONLY p ATTACH PARTITION q DEFAULT;";
    assert_eq!(
        after(&format!("{attached}{}", trigger("p")), &format!("{wipes}{}", insert("q"))),
        found
    );
    let inherits = "CREATE TABLE q () INHERITS (o, p);";
    assert_eq!(
        after(&format!("{inherits}{}", trigger("q")), &format!("{wipes}{}", insert("p"))),
        found
    );
    let inherit = "ALTER TABLE q INHERIT p;";
    assert_eq!(
        after(&format!("{inherit}{}", trigger("q")), &format!("{wipes}{}", insert("p"))),
        found
    );
    let renamed = format!("{}ALTER TABLE p RENAME TO q;", trigger("p"));
    assert_eq!(after(&renamed, &format!("{wipes}{}", insert("q"))), found);
    // Beside it, and after the trigger is gone.
    let beside = "CREATE TABLE s PARTITION OF p FOR VALUES IN (2);";
    assert!(
        after(&format!("{of}{beside}{}", trigger("s")), &format!("{wipes}{}", insert("q")))
            .is_empty()
    );
    let gone = format!("{renamed}DROP TRIGGER t ON q;");
    assert!(after(&gone, &format!("{wipes}{}", insert("q"))).is_empty());
}

#[test]
fn a_table_is_no_batch_by_its_name() {
    let all = ["backfill-in-one-statement"];
    for sql in [
        "WITH b AS (SELECT id FROM t LIMIT 1000) UPDATE t SET x = 1 FROM (SELECT id FROM t) AS b WHERE t.id = b.id;",
        "WITH b AS (SELECT id FROM t) UPDATE t SET x = 1 FROM b WHERE t.id = b.id;",
        "WITH b AS (SELECT id FROM t LIMIT 1000) UPDATE t SET x = 1 FROM s WHERE t.id = s.id;",
        "WITH b AS (SELECT id FROM t LIMIT 1000) UPDATE t SET x = 1 FROM b WHERE NOT t.id = b.id;",
        "WITH b AS (SELECT id FROM t LIMIT 1000) UPDATE t SET x = 1 FROM b WHERE t.id = b.id IS NOT NULL;",
        "WITH b (a, id) AS (SELECT 1, id FROM t LIMIT 1000) UPDATE t SET x = 1 FROM c WHERE t.id = b.id;",
        "UPDATE t SET x = 1 FROM s, LATERAL (SELECT s.id LIMIT 1) AS b WHERE t.id = b.id;",
        "WITH b AS (SELECT id FROM t LIMIT 1000) DELETE FROM t WHERE id IN (SELECT unnest(array(SELECT id FROM t)) FROM b);",
        "UPDATE t SET x = 1 FROM new WHERE t.id = new.id;",
        "UPDATE t SET x = 1 WHERE id BETWEEN low AND high;",
        "UPDATE t SET x = 1 WHERE id > low AND id <= high;",
        "UPDATE t SET x = 1 WHERE id > 0 AND id <= 999999999;",
        "UPDATE t SET x = 1 WHERE id > 0 AND other_id <= 1000;",
        "DO $$ BEGIN UPDATE t SET x = 1 FROM s WHERE t.id = s.id; END $$;",
        "DO $$ BEGIN UPDATE t SET x = 1 WHERE t.id = t.other_id; END $$;",
        "DO $$ BEGIN UPDATE t SET x = 1 WHERE id > low AND id <= low + 999999999; END $$;",
        "DO $$ BEGIN UPDATE t SET x = 1 WHERE id > low AND id <= other + 1000; END $$;",
    ] {
        assert_eq!(postgres(sql), all, "{sql}");
    }
}

#[test]
fn what_is_prepared_is_what_is_executed() {
    let drop = ["drop-table"];
    let run = "PREPARE p FROM @s; EXECUTE p;";
    for sql in [
        "SET @s = 'DROP TABLE users';",
        "SET @s = IF(1, 'SELECT 1', 'DROP TABLE users');",
        "SET @s = IF(1, 'SELECT 1', CASE WHEN 1 THEN 'SELECT 2' ELSE (SELECT 'DROP TABLE users') END);",
        "SET @t = 'TABLE users'; SET @s = CONCAT('DROP ', @t);",
        "SET @t = IF(1, 'SELECT 1', 'DROP TABLE users'); SET @s = @t;",
        "SET @S = 'SELECT 1'; SET @s = 'DROP TABLE users';",
    ] {
        assert_eq!(mysql(&format!("{sql}{run}")), drop, "{sql}");
    }
    for sql in [
        "SET @s = 'SELECT 1'; SELECT 'DROP TABLE users' INTO @s;",
        "SET @s = 'SELECT 1'; SELECT @s := 'DROP TABLE users';",
        "SET @s = 'SELECT 1', @t = (@s := 'DROP TABLE users');",
        "SET @s = 'SELECT 1'; SET @t = IF(@s := 'DROP TABLE users', 1, 2);",
        "SET @s = (SELECT a FROM texts LIMIT 1);",
        "SET @s = CONCAT('SELECT 1', @u);",
        "SET @s = CASE WHEN 1 THEN CASE 1 WHEN 1 THEN 'x' END ELSE 'SELECT 1' END;",
        "SET @s = IF(1, 'SELECT 1', texts());",
        "SET @s = 'SELECT 1'; CALL p(@s);",
        "SET @s = 'SELECT 1'; INSERT INTO a VALUES (1);",
        "SET @s = 'SELECT 1'; PREPARE q FROM 'SELECT 2 INTO @s'; EXECUTE q;",
    ] {
        let found = mysql(&format!("{sql}{run}"));
        assert!(found.contains(&"dynamic-sql".to_owned()), "{sql}: {found:?}");
    }
    let branches = "DELIMITER //\nCREATE PROCEDURE p() BEGIN IF 1 THEN SET @s = 'DROP TABLE users'; ELSE \
                    SET @s = 'SELECT 1'; END IF; PREPARE p FROM @s; EXECUTE p; END //\nCALL p()//\n";
    assert_eq!(mysql(branches), ["dynamic-sql"]);
    assert_eq!(postgres("EXECUTE p;"), ["dynamic-sql"]);
    for between in [
        "DROP TABLE users;",
        "SET search_path = s;",
        "ALTER TABLE users RENAME TO others;",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
    ] {
        let sql = format!(
            "CREATE TEMP TABLE users (id int); PREPARE p AS DELETE FROM users; {between} EXECUTE p;"
        );
        assert!(postgres(&sql).contains(&"dynamic-sql".to_owned()), "{sql}: {:?}", postgres(&sql));
    }
    let twice = "CREATE TEMPORARY TABLE users (id int); PREPARE p FROM 'DROP TABLE users'; EXECUTE p; EXECUTE p;";
    assert_eq!(mysql(twice), ["dynamic-sql"]);
    assert_eq!(postgres("PREPARE TRANSACTION 'a';"), ["unrecognised"]);
    assert_eq!(postgres("COMMIT PREPARED 'a';"), ["unrecognised"]);
}

#[test]
fn a_condition_is_no_limit_by_a_part_of_it() {
    let all = ["backfill-in-one-statement"];
    for condition in [
        "(id = 1) = false",
        "(id = 1) IS NOT TRUE",
        "id = '5'::text || '' IS NOT NULL",
        "id = 5::int IN (1) IS NOT NULL",
        "id IN (SELECT id FROM users LIMIT 1000) IS NOT NULL",
        "id = ANY (ARRAY(SELECT id FROM users LIMIT 10)) IS NOT NULL",
        "id >= (SELECT min(id) FROM users LIMIT 1)",
        "id <> (SELECT min(id) FROM users LIMIT 1)",
        "id IN (SELECT id FROM users LIMIT 10*1000000)",
        "id IN (SELECT id FROM users LIMIT abs(1000000000))",
        "id IN (SELECT id FROM users ORDER BY 1 = 1 FETCH FIRST 1 ROWS WITH TIES)",
        "CASE WHEN a AND id = 1 AND b THEN true ELSE true END",
    ] {
        assert_eq!(postgres(&format!("DELETE FROM users WHERE {condition};")), all, "{condition}");
    }
    for condition in [
        "! id = 0",
        "1 BETWEEN 0 AND id = 1",
        "id = 1 AND gone || 1",
        "id = 1 AND gone XOR 1",
        "name = 0",
        "email IN (0, 1)",
    ] {
        assert_eq!(mysql(&format!("DELETE FROM users WHERE {condition};")), all, "{condition}");
    }
    for sql in
        ["DELETE a, b FROM a JOIN b WHERE a.id = 5;", "UPDATE a, b SET b.x = 1 WHERE a.id = 5;"]
    {
        assert_eq!(mysql(sql), all, "{sql}");
    }
    for condition in [
        "id = 5::bigint AND gone",
        "id = '5'::character varying(9) AND gone",
        "email = 'a@b'::public.citext",
        "(id = 1) AND (gone)",
        "gone AND (id IN (1, 2)) LIMIT 5",
        "id IN (SELECT id FROM users LIMIT 10 FOR UPDATE SKIP LOCKED)",
        "id IN (SELECT id FROM users FETCH FIRST 10 ROWS ONLY)",
        "a BETWEEN 1 AND 2 AND id = 5",
    ] {
        let sql = format!("DELETE FROM users WHERE {condition};");
        assert!(postgres(&sql).is_empty(), "{condition}: {:?}", postgres(&sql));
    }
    for sql in [
        "UPDATE a JOIN b ON a.b = b.id SET a.x = b.x WHERE a.id = 5;",
        "DELETE FROM a WHERE name = 'x' AND id = 0;",
        "DELETE a FROM a JOIN b ON a.b = b.id WHERE a.id = 5;",
    ] {
        assert!(mysql(sql).is_empty(), "{sql}: {:?}", mysql(sql));
    }
}

#[test]
fn a_temporary_table_is_there_until_it_is_dropped() {
    let temporary = "CREATE TEMP TABLE users (a int) ON COMMIT DROP;";
    let all = ["delete-without-where"];
    assert_eq!(postgres(&format!("{temporary} DELETE FROM users;")), all);
    assert_eq!(postgres(&format!("BEGIN; {temporary} COMMIT; DELETE FROM users;")), all);
    assert!(postgres(&format!("BEGIN; {temporary} DELETE FROM users; COMMIT;")).is_empty());
    let kept = "CREATE TEMP TABLE users (a int) ON COMMIT DELETE ROWS; DELETE FROM users;";
    assert!(postgres(kept).is_empty());
}

#[test]
fn who_cannot_log_in_any_more_is_told() {
    for sql in
        ["ALTER ROLE app NOLOGIN;", "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM app;"]
    {
        assert_eq!(postgres(sql), ["revoke"], "{sql}");
    }
    assert_eq!(mysql("ALTER USER 'app'@'%' ACCOUNT LOCK;"), ["revoke"]);
    assert!(postgres("ALTER ROLE app LOGIN;").is_empty());
    assert_eq!(mysql("SELECT a INTO OUTFILE '/tmp/x' FROM b;"), ["server-program"]);
    assert_eq!(mysql("SELECT 1 INTO DUMPFILE '/tmp/x';"), ["server-program"]);
    assert_eq!(mysql("CREATE FUNCTION f RETURNS STRING SONAME 'x.so';"), ["server-change"]);
    assert_eq!(mysql("ALTER INSTANCE DISABLE INNODB REDO_LOG;"), ["server-change"]);
    assert!(mysql("ALTER ALGORITHM=MERGE DEFINER=`a`@`b` VIEW v AS SELECT 1;").is_empty());
    assert_eq!(mysql("ALTER DEFINER=a EVENT e DO DELETE FROM users;"), ["delete-without-where"]);
}
