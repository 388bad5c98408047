//! Only what is new is judged, and what was merged is fixed.

use std::fs;
use std::path::Path;
use std::process::Command;

use shipway_checks::Finding;
use shipway_checks::migrations::Options;
use shipway_checks::sql::Dialect;
use shipway_evidence::migrations::{Looked, Request, gather};

fn git(dir: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.arg("-C").arg(dir).args([
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
        "-c",
        "commit.gpgsign=false",
    ]);
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn judged(dir: &Path, request: &Request) -> (Vec<String>, Looked) {
    let mut findings: Vec<Finding> = Vec::new();
    let looked = gather(dir, request).unwrap().judge(Options::default(), &mut findings).unwrap();
    let told = findings.iter().map(|of| format!("{}:{} {}", of.file, of.span.start, of.rule));
    (told.collect(), looked)
}

#[test]
fn only_what_is_new_is_judged() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    git(dir, &["init", "-q", "-b", "main"]);
    write(dir, "db/migrations/1_a.sql", "CREATE TABLE a (id int);\nDROP TABLE z;\n");
    write(dir, "db/migrations/2_b.sql", "CREATE TABLE b (id int);\n");
    write(dir, "queries/x.sql", "DROP TABLE a;\n");
    git(dir, &["add", "."]);
    git(dir, &["commit", "-qm", "one"]);
    git(dir, &["checkout", "-qb", "work"]);
    assert_eq!(judged(dir, &Request::default()).0, Vec::<String>::new());

    write(
        dir,
        "db/migrations/3_c.sql",
        "SET lock_timeout = 1;\nCREATE TABLE IF NOT EXISTS a (id int);\nDROP TABLE a;\n",
    );
    git(dir, &["add", "."]);
    git(dir, &["commit", "-qm", "two"]);
    write(dir, "db/migrations/2_d.sql", "SELECT 1;\n");
    write(dir, "db/migrations/2_b.sql", "CREATE TABLE b (id bigint);\n");
    fs::remove_file(dir.join("db/migrations/1_a.sql")).unwrap();
    let (told, looked) = judged(dir, &Request::default());
    assert_eq!(
        told,
        [
            "db/migrations/1_a.sql:1:1 merged-migration-deleted",
            "db/migrations/2_b.sql:1:1 merged-migration-changed",
            "db/migrations/2_d.sql:1:1 duplicate-version",
            "db/migrations/3_c.sql:3:1 drop-table",
        ]
    );
    assert_eq!((looked.files, looked.merged), (3, 0));
    let all = Request { all: true, ..Request::default() };
    assert_eq!(judged(dir, &all).1.files, 3);
}

#[test]
fn what_git_does_not_tell_of_is_new() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    git(dir, &["init", "-q", "-b", "main"]);
    write(dir, ".gitignore", "*_secret.sql\n");
    write(dir, "sql/text", "SELECT 1;\n");
    write(dir, "db/migrations/1_a.sql", "CREATE TABLE a (id int);\nDROP TABLE z;\n");
    let link = |to: &str, from: &str| std::os::unix::fs::symlink(to, dir.join(from)).unwrap();
    link("../../sql/text", "db/migrations/2_link.sql");
    link("../../db", "db/migrations/round");
    // Of an editor, and to what is no file.
    link("ann@host.1:2", "db/migrations/.#1_a.sql");
    link("/dev/zero", "db/migrations/0_zero.sql");
    // Merged by the name that it has elsewhere.
    write(dir, "kept/1_old.sql", "DROP TABLE y;\n");
    link("../../kept", "db/migrations/kept");
    // As build tools make them.
    link("/proc", "build-out");
    git(dir, &["add", "."]);
    git(dir, &["commit", "-qm", "one"]);
    git(dir, &["checkout", "-qb", "work"]);
    let drops = || {
        let (told, _) = judged(dir, &Request::default());
        told.into_iter().filter(|of| of.ends_with(" drop-table")).collect::<Vec<_>>()
    };
    assert_eq!(drops(), Vec::<String>::new());
    write(dir, "db/migrations/3_secret.sql", "SET lock_timeout = 1;\nDROP TABLE a;\n");
    write(dir, "sql/text", "SELECT 1;\nDROP TABLE a;\n");
    link("../../sql/text", "db/migrations/4_new.sql");
    link("../../../sql", "db/migrations/more");
    write(dir, "sql/5_other.sql", "DROP TABLE b;\n");
    assert_eq!(
        drops(),
        ["db/migrations/2_link.sql:2:1 drop-table", "db/migrations/4_new.sql:2:1 drop-table",]
    );
    // What is ignored is judged where it is named.
    let named = Request { paths: vec!["db/migrations".into()], ..Request::default() };
    let (told, _) = judged(dir, &named);
    assert!(told.contains(&"db/migrations/3_secret.sql:2:1 drop-table".to_owned()), "{told:?}");
    fs::remove_file(dir.join("db/migrations/more")).unwrap();
    link("../../sql", "db/migrations/more");
    assert!(drops().contains(&"db/migrations/more/5_other.sql:1:1 drop-table".to_owned()));
}

#[test]
fn what_is_outside_the_work_tree_is_new() {
    let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (dir, outside) = (dir.path(), outside.path());
    git(dir, &["init", "-q", "-b", "main"]);
    write(dir, "db/migrations/1_a.sql", "CREATE TABLE a (id int);\n");
    write(outside, "1_b.sql", "SET lock_timeout = 1;\nDROP TABLE a;\n");
    std::os::unix::fs::symlink(outside, dir.join("linked")).unwrap();
    git(dir, &["add", "."]);
    git(dir, &["commit", "-qm", "one"]);
    git(dir, &["checkout", "-qb", "work"]);
    for named in [outside.to_owned(), "linked".into()] {
        let (told, looked) = judged(dir, &Request { paths: vec![named], ..Request::default() });
        let file = outside.canonicalize().unwrap().join("1_b.sql");
        assert_eq!(told, [format!("{}:2:1 drop-table", file.display())]);
        assert_eq!((looked.files, looked.merged), (1, 0));
    }
}

#[test]
fn the_dialect_is_found_by_the_tool_or_by_the_text() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a/migrations/1_x.sql", "ALTER TABLE `a` ENGINE=InnoDB;");
    write(dir.path(), "b/migrations/migration_lock.toml", "provider = \"sqlite\"\n");
    write(dir.path(), "b/migrations/20240101_x/migration.sql", "VACUUM;");
    let gathered = gather(dir.path(), &Request::default()).unwrap();
    let dialects: Vec<_> =
        gathered.migrations().iter().map(|(of, _)| gathered.dialect(of).name()).collect();
    assert_eq!(dialects, ["MySQL", "SQLite"]);
    write(dir.path(), "b/migrations/migration_lock.toml", "provider = \"sqlserver\"\n");
    let (told, looked) = judged(dir.path(), &Request::default());
    assert!(told.contains(&"b/migrations/20240101_x/migration.sql:1:1 unreadable".to_owned()));
    assert_eq!(looked.files, 2);
}

#[test]
fn what_git_was_told_not_to_look_at_is_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    git(dir, &["init", "-q", "-b", "main"]);
    for name in ["1_a", "2_b", "3_c", "4_d"] {
        write(dir, &format!("migrations/{name}.sql"), "SELECT 1;\n");
    }
    git(dir, &["add", "."]);
    git(dir, &["commit", "-qm", "one"]);
    git(dir, &["checkout", "-qb", "work"]);
    git(dir, &["update-index", "--assume-unchanged", "migrations/1_a.sql", "migrations/2_b.sql"]);
    git(dir, &["update-index", "--skip-worktree", "migrations/3_c.sql", "migrations/4_d.sql"]);
    let drop = "SET lock_timeout = 1;\nDROP TABLE a;\n";
    write(dir, "migrations/1_a.sql", drop);
    write(dir, "migrations/3_c.sql", drop);
    fs::remove_file(dir.join("migrations/4_d.sql")).unwrap();
    let (told, _) = judged(dir, &Request::default());
    assert_eq!(
        told,
        [
            "migrations/1_a.sql:1:1 merged-migration-changed",
            "migrations/3_c.sql:1:1 merged-migration-changed",
            "migrations/1_a.sql:2:1 drop-table",
            "migrations/3_c.sql:2:1 drop-table",
        ]
    );
    // New, and not checked out.
    write(dir, "migrations/5_e.sql", drop);
    git(dir, &["add", "."]);
    git(dir, &["commit", "-qm", "two"]);
    git(dir, &["update-index", "--skip-worktree", "migrations/5_e.sql"]);
    fs::remove_file(dir.join("migrations/5_e.sql")).unwrap();
    let mut findings: Vec<Finding> = Vec::new();
    let gathered = gather(dir, &Request::default()).unwrap();
    let error = gathered.judge(Options::default(), &mut findings).unwrap_err().to_string();
    assert!(error.starts_with("migrations/5_e.sql cannot be read"), "{error}");
}

#[test]
fn new_migrations_that_are_no_sql_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    git(dir, &["init", "-q", "-b", "main"]);
    let class = |name: &str| format!("class {name} < ActiveRecord::Migration[7.1]\nend\n");
    write(dir, "db/migrate/1_a.rb", &class("A"));
    write(dir, "db/migrate/README.rb", "# none\n");
    git(dir, &["add", "."]);
    git(dir, &["commit", "-qm", "one"]);
    git(dir, &["checkout", "-qb", "work"]);
    assert_eq!(judged(dir, &Request::default()), (Vec::new(), Looked::default()));
    write(dir, "db/migrate/2_b.rb", &class("B"));
    write(dir, "db/migrate/helper.rb", "# none\n");
    let (told, looked) = judged(dir, &Request::default());
    assert_eq!((told, looked.files), (vec!["db/migrate/2_b.rb:1:1 unreadable".to_owned()], 1));
}

#[test]
fn folders_of_any_name_are_looked_into_among_migrations() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let drop = "SET lock_timeout = 1;\nDROP TABLE a;\n";
    write(dir, "db/migration/vendor/V2__b.sql", drop);
    write(dir, "db/migration/target/V3__c.sql", drop);
    write(dir, "vendor/migrations/1_a.sql", drop);
    let (told, _) = judged(dir, &Request::default());
    let drops = ["target/V3__c.sql:2:1", "vendor/V2__b.sql:2:1"];
    assert_eq!(told, drops.map(|at| format!("db/migration/{at} drop-table")));
}

#[test]
fn migrations_are_found_by_their_marks_and_names_that_links_have() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let drop = "SET lock_timeout = 1;\nDROP TABLE a;\n";
    git(dir, &["init", "-q", "-b", "main"]);
    write(dir, "db/1_a.sql", "-- +goose Up\nSELECT 1;\n");
    std::os::unix::fs::symlink("/nonexistent", dir.join("db/0_old.sql")).unwrap();
    git(dir, &["add", "."]);
    git(dir, &["commit", "-qm", "one"]);
    git(dir, &["checkout", "-qb", "work"]);
    write(dir, "db/2_b.sql", &format!("-- +goose Up\n{drop}"));
    write(dir, "queries/x.sql", drop);
    write(dir, "text", drop);
    let (told, looked) = judged(dir, &Request::default());
    assert_eq!(told, ["db/2_b.sql:3:1 drop-table"]);
    assert_eq!((looked.files, looked.merged), (1, 1));
    // By the name that is given, not by that of what it leads to.
    std::os::unix::fs::symlink("text", dir.join("link.sql")).unwrap();
    let named = Request { paths: vec!["link.sql".into()], ..Request::default() };
    assert_eq!(judged(dir, &named).0, ["link.sql:2:1 drop-table"]);
    let refused = |name: &std::ffi::OsStr, why: &str| {
        let error = gather(dir, &Request::default()).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        fs::remove_file(dir.join("migrations").join(name)).unwrap();
    };
    fs::create_dir(dir.join("migrations")).unwrap();
    std::os::unix::fs::symlink("/nonexistent", dir.join("migrations/3_c.sql")).unwrap();
    refused("3_c.sql".as_ref(), "leads to no file");
    let name = std::os::unix::ffi::OsStrExt::from_bytes(&b"4_\xff.sql"[..]);
    fs::write(dir.join("migrations").join::<&std::ffi::OsStr>(name), drop).unwrap();
    refused(name, "not UTF-8");
}

#[test]
fn a_clone_of_one_branch_does_not_say_where_the_branch_goes_to() {
    let (dir, clone) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    git(dir.path(), &["init", "-q", "-b", "main"]);
    write(dir.path(), "migrations/1_a.sql", "SET lock_timeout = 1;\nDROP TABLE a;\n");
    git(dir.path(), &["add", "."]);
    git(dir.path(), &["commit", "-qm", "one"]);
    git(dir.path(), &["checkout", "-qb", "work"]);
    let from = format!("file://{}", dir.path().display());
    git(clone.path(), &["clone", "-q", "--branch", "work", "--single-branch", &from, "."]);
    let (told, _) = judged(clone.path(), &Request::default());
    assert_eq!(told, ["migrations/1_a.sql:2:1 drop-table"]);
    // Where it goes to is known by its name.
    let main = tempfile::tempdir().unwrap();
    git(main.path(), &["clone", "-q", "--branch", "main", "--single-branch", &from, "."]);
    assert_eq!(judged(main.path(), &Request::default()).0, Vec::<String>::new());
}

#[test]
fn what_stands_beside_a_migration_says_how_it_runs() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let folder = "migrations/2024-01-02-030405_a";
    let sql = "SET lock_timeout = '1s';\nCREATE INDEX CONCURRENTLY a_b ON a (b);\n";
    write(dir, &format!("{folder}/up.sql"), sql);
    write(dir, &format!("{folder}/down.sql"), "DROP INDEX a_b;\n");
    write(dir, "sql/V1__a.sql", &format!("{sql}SELECT 1;\n"));
    let request = Request { dialect: Some(Dialect::Postgres), ..Request::default() };
    let refused = [
        format!("{folder}/up.sql:2:1 concurrently-in-transaction"),
        "sql/V1__a.sql:2:1 concurrently-in-transaction".to_owned(),
    ];
    assert_eq!(judged(dir, &request).0, refused);
    write(dir, &format!("{folder}/metadata.toml"), "run_in_transaction = false\n");
    write(dir, "sql/V1__a.sql.conf", "executeInTransaction=false\n");
    assert_eq!(judged(dir, &request).0, Vec::<String>::new());
    // Each knows what the ones before it made.
    write(dir, "migrations/2024-01-03-000000_b/up.sql", "SELECT wipe();\n");
    write(dir, "migrations/2024-01-03-000000_b/down.sql", "SELECT 1;\n");
    let made = "CREATE FUNCTION wipe() RETURNS int LANGUAGE sql AS 'DELETE FROM a; SELECT 1';\n";
    write(dir, &format!("{folder}/up.sql"), made);
    let told = "migrations/2024-01-03-000000_b/up.sql:1:1 delete-without-where".to_owned();
    assert_eq!(judged(dir, &request).0, [told]);
}

#[test]
fn what_is_numbered_or_said_to_compensate_runs() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let drop = "SET lock_timeout = 1;\nDROP TABLE a;\n";
    for path in ["sql/1_a.sql", "sql/2_b.sql", "queries/1_a.sql", "queries/2_b.sql", "sql/x.sql"] {
        write(dir, path, drop);
    }
    let (told, _) = judged(dir, &Request::default());
    assert_eq!(told, ["sql/1_a.sql:2:1 drop-table", "sql/2_b.sql:2:1 drop-table"]);

    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write(dir, "migrations/a.sql", "SELECT 1;\n");
    write(dir, "migrations/a.compensate.sql", drop);
    write(dir, "migrations/b.sql.tmpl", drop);
    let (told, _) = judged(dir, &Request::default());
    let both =
        ["migrations/b.sql.tmpl:1:1 unreadable", "migrations/a.compensate.sql:2:1 drop-table"];
    assert_eq!(told, both);
    let options = Options { additive_only: true, ..Options::default() };
    let (told, _) = judged(dir, &Request { options, ..Request::default() });
    assert_eq!(told, both[..1]);
}
