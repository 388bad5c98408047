//! `shipway check migrations --against-postgres`.

use std::path::Path;

use super::Change;

/// Whether a PostgreSQL can be started here; where CI asks for one, it has to be.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn installed() -> bool {
    let installed = Path::new("/usr/lib/postgresql").is_dir();
    assert!(installed || std::env::var_os("CI").is_none(), "PostgreSQL is not installed");
    if !installed {
        eprintln!("skipped: PostgreSQL is not installed (on Debian: `apt-get install postgresql`)");
    }
    installed
}

/// The exit code and the answer of a proof. Whoever the server runs as has to reach its folder, so
/// that is not in the sandbox, which is ours alone.
fn proven(change: &Change, arguments: &[&str]) -> (i32, String) {
    let arguments = [&["check", "migrations", "--against-postgres"], arguments].concat();
    let mut command = change.sandbox.shipway(change.repo.path(), &arguments);
    let output = command.env("TMPDIR", "/tmp").output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(
        out.contains("what PostgreSQL did:"),
        "{out}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.code().unwrap(), out)
}

#[test]
fn running_it_shows_locks_drops_and_what_the_text_hides() {
    if !installed() {
        return;
    }
    let merged = "CREATE TABLE orders (id bigint PRIMARY KEY, placed timestamp);\n\
        CREATE VIEW latest AS SELECT max(placed) FROM orders;\n\
        CREATE FUNCTION tidy() RETURNS void AS $$ BEGIN EXECUTE 'DROP VIEW la' || 'test'; \
        END $$ LANGUAGE plpgsql;\n";
    let new = "SET lock_timeout = '1s';\n\
        DROP TABLE orders CASCADE;\n";
    let change = Change::new(&[("migrations/1_a.sql", merged)], &[("migrations/2_b.sql", new)]);
    change.write(&[("rows.json", "{\"orders\": 1000000}")]);
    let (code, out) = proven(&change, &["--rows", "rows.json"]);
    assert_eq!(code, 1, "{out}");
    for told in [
        "migrations/2_b.sql:2:1: DROP TABLE orders CASCADE",
        "AccessExclusiveLock on orders",
        "table public.orders",
        "view public.latest",
        "drop-table: seen",
        "drop-cascade: seen",
    ] {
        assert!(out.contains(told), "{told}\n{out}");
    }
}

/// In UTC both types are stored alike; elsewhere the table is written anew.
#[test]
fn the_time_zone_decides_whether_a_table_is_rewritten() {
    if !installed() {
        return;
    }
    let new = "ALTER TABLE orders ALTER COLUMN placed TYPE timestamptz;\n";
    let merged = "CREATE TABLE orders (id bigint, placed timestamp);\n\
        INSERT INTO orders SELECT n, now() FROM generate_series(1, 1000) AS n;\n";
    let change = Change::new(&[("migrations/1_a.sql", merged)], &[("migrations/2_b.sql", new)]);
    let with = |zone: &str| proven(&change, &["--time-zone", zone]).1;
    let (utc, berlin) = (with("UTC"), with("Europe/Berlin"));
    assert!(!utc.contains("written anew: orders"), "{utc}");
    assert!(berlin.contains("written anew: orders"), "{berlin}");
}
