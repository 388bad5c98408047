//! Only what is new is judged, and what was merged is fixed.

use std::fs;
use std::path::Path;
use std::process::Command;

use shipway_checks::Finding;
use shipway_checks::migrations::Options;
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
