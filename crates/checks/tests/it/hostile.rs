//! Input that would take hours, or all of the stack, if each part of it were looked at from each
//! other: it ends, and what is too deep is told.

use shipway_checks::migrations::{Layout, Options};
use shipway_checks::sql::Dialect;

use crate::rules::judged;

fn rules(sql: &str, dialect: Dialect) -> Vec<String> {
    let findings = judged(sql, dialect, Layout::Plain, Options::default());
    let mut rules: Vec<String> = findings.iter().map(|of| of.rule.to_string()).collect();
    rules.dedup();
    rules
}

#[test]
fn what_is_too_deep_is_told() {
    let nested = |before: &str, open: &str, inner: &str, behind: &str| {
        let count = 10_000;
        format!("{before}{}{inner}{}{behind};", open.repeat(count), ")".repeat(count))
    };
    for sql in [
        nested("SELECT 1 FROM ", "(DELETE FROM a WHERE b IN ", "(c)", ""),
        nested("DELETE FROM a WHERE ", "(", "b", ""),
        nested("DELETE FROM a WHERE ", "b AND (", "b", ""),
        nested("DELETE FROM a WHERE id IN (SELECT ", "array(", "", ")"),
        nested("DO $$ BEGIN EXECUTE ", "(", "'x'", "; END $$"),
        nested("DO $$ BEGIN EXECUTE ", "format('%s',", "'x'", "; END $$"),
        nested("WITH x AS (SELECT 1) SELECT 1", ",f(1", "", ""),
    ] {
        assert!(
            rules(&sql, Dialect::Postgres).contains(&"unrecognised".to_owned()),
            "{}",
            &sql[..50]
        );
    }
    let some =
        format!("SELECT 1 FROM {}(b){}", "(DELETE FROM a WHERE b IN ".repeat(60), ")".repeat(60));
    let found = judged(&some, Dialect::Postgres, Layout::Plain, Options::default());
    assert_eq!(found.iter().filter(|of| of.rule == "backfill-in-one-statement").count(), 60);
}

#[test]
fn what_is_repeated_is_looked_at_once() {
    let many = |of: &str| of.repeat(10_000);
    let distinct =
        |of: &str| (0..10_000).map(|n| of.replace('#', &n.to_string())).collect::<String>();
    for sql in [
        format!("SELECT 1{};", distinct(",f#(1)")),
        format!("INSERT INTO t SELECT 1{};", distinct(",f#(1)")),
        format!("SELECT ({});", many("delete from a ")),
        format!("SELECT 1 {};", many("update a set b = 1 ")),
        format!("SELECT {};", many("{{ ")),
        format!("SELECT {};", many("\"{{ ")),
        format!("SELECT 1 {};", many("--x ")),
        format!("DO $$ BEGIN {} END $$;", many("FOR r IN ")),
        format!("COPY a FROM stdin;{}\n\\.\n", many("x\n")),
    ] {
        for dialect in Dialect::ALL {
            rules(&sql, dialect);
        }
    }
}

#[test]
fn what_grows_with_each_level_ends() {
    let mut nested = "'x'".to_owned();
    for _ in 0..40 {
        nested = format!("format('%1$s%1$s', {nested})");
    }
    let told = rules(&format!("DO $$ BEGIN EXECUTE {nested}; END $$;"), Dialect::Postgres);
    assert_eq!(told, ["dynamic-sql"]);
    let function = |n: usize| {
        let next = n + 1;
        format!("CREATE FUNCTION f{n}() RETURNS int LANGUAGE sql AS 'SELECT f{next}()';")
    };
    let chain: String = (0..5_000).map(function).collect();
    let told = rules(&format!("{chain}SELECT f0();"), Dialect::Postgres);
    assert_eq!(told, ["dynamic-sql"]);
}

/// Each trigger is followed once in a file, and a function in which nothing matters too.
#[test]
fn what_runs_often_is_followed_once() {
    let rule = "CREATE RULE r# AS ON INSERT TO n DO ALSO INSERT INTO n VALUES (1);";
    let rules_of: String = (0..300).map(|n| rule.replace('#', &n.to_string())).collect();
    let sql =
        format!("CREATE TABLE n (i int);{rules_of}{}", "INSERT INTO n VALUES (1);".repeat(300));
    assert!(!rules(&sql, Dialect::Postgres).contains(&"dynamic-sql".to_owned()));
    let body = "SELECT 1;".repeat(300);
    let define = format!("CREATE FUNCTION g() RETURNS int LANGUAGE sql AS '{body}';");
    let calls = "SELECT g();".repeat(300);
    assert!(rules(&format!("{define}{calls}"), Dialect::Postgres).is_empty());
    // What matters is told at each call, and what makes it matter later is seen.
    let wipe = "CREATE FUNCTION w() RETURNS int LANGUAGE sql AS 'DROP TABLE a; SELECT 1';";
    let twice = judged(
        &format!("{wipe}SELECT w();SELECT w();"),
        Dialect::Postgres,
        Layout::Plain,
        Options::default(),
    );
    assert_eq!(twice.iter().filter(|of| of.rule == "drop-table").count(), 2);
    let later = format!("{define}SELECT g();{}SELECT g();", wipe.replace("w()", "g()"));
    assert!(rules(&later, Dialect::Postgres).contains(&"drop-table".to_owned()));
}

#[test]
fn what_is_prepared_again_and_again_is_not_read_for_ever() {
    let long = format!("SET @a = 'ALTER TABLE users ADD c int /* {} */';", "x".repeat(100_000));
    let prepares = |count| format!("{long}{}", "PREPARE p FROM @a;".repeat(count));
    let dynamic = |sql: &str| rules(sql, Dialect::Mysql).contains(&"dynamic-sql".to_owned());
    assert!(!dynamic(&prepares(5)));
    assert!(dynamic(&prepares(100_000)));
    // Each of them says the other many times.
    let texts = "IF(a, @b, IF(b, CONCAT(@b, '1'), CONCAT(@b, '2')))";
    let twice = format!("SET @a = {texts}; SET @b = {};", texts.replace("@b", "@a"));
    let sql = format!("SET @b = 'SELECT 1';{}PREPARE p FROM @a;", twice.repeat(2_000));
    assert!(dynamic(&sql));
}

#[test]
fn families_are_not_gone_through_for_each_row_that_is_written() {
    let sql = |count: usize| {
        let some = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; \
                    CREATE TRIGGER t BEFORE INSERT ON other EXECUTE FUNCTION f();";
        let partition =
            |n| format!("CREATE TABLE p{n} PARTITION OF a DEFAULT; INSERT INTO a VALUES (1);");
        some.to_owned() + &(0..count).map(partition).collect::<String>()
    };
    let told = |sql: &str| rules(sql, Dialect::Postgres).contains(&"dynamic-sql".to_owned());
    assert!(!told(&sql(500)));
    assert!(told(&sql(5_000)));
}

#[test]
fn what_begins_with_letters_behind_a_number_is_told_once() {
    let sql = "7M$ SELECT 1; DROP TABLE a;";
    let found = judged(sql, Dialect::Postgres, Layout::Plain, Options::default());
    assert_eq!(found.iter().filter(|of| of.rule == "unreadable").count(), 1);
    assert!(found.iter().any(|of| of.rule == "drop-table"), "{found:?}");
}
