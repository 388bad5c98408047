//! What changed, and what reports are matched with, in real repositories.

use std::fs;
use std::path::Path;
use std::process::Command;

use shipway_checks::reports::coverage::{Coverage, FileCoverage};
use shipway_evidence::coverage::Files;
use shipway_evidence::duplication::look;
use shipway_evidence::git::{added_lines, since};

fn git(root: &Path, args: &[&str]) {
    let who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"];
    let out = Command::new("git").arg("-C").arg(root).args(who).args(args).output().unwrap();
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
}

fn write(root: &Path, name: &str, text: impl AsRef<[u8]>) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A repository whose users write differences in their own way, with a branch that is checked out.
fn repository() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    git(root, &["init", "-q", "-b", "main"]);
    git(root, &["config", "diff.noprefix", "true"]);
    git(root, &["config", "color.ui", "always"]);
    write(root, "kept.py", "a\nb\nc\n");
    write(root, "naïve name.py", "a\n");
    write(root, "gone.py", "a\n");
    write(root, "picture.png", b"\x89PNG\0\0\x01");
    git(root, &["add", "."]);
    git(root, &["commit", "-q", "-m", "one"]);
    git(root, &["checkout", "-q", "-b", "topic"]);
    dir
}

#[test]
fn added_lines_are_those_of_the_branch_and_of_the_work_tree() {
    let dir = repository();
    let root = dir.path();
    write(root, "kept.py", "a\nB\nc\nd\n++ b/other.py\n");
    write(root, "naïve name.py", "a\nb\n");
    write(root, "picture.png", b"\x89PNG\0\0\x02");
    fs::remove_file(root.join("gone.py")).unwrap();
    git(root, &["commit", "-q", "-a", "-m", "two"]);
    write(root, "new.py", "a\n");
    let since = since(root, Some("main")).unwrap().unwrap();
    let added: Vec<_> = added_lines(&since).unwrap().into_iter().collect();
    let all = || std::iter::once(1..u32::MAX).collect::<Vec<_>>();
    assert_eq!(
        added,
        [
            ("kept.py".to_owned(), vec![2..3, 4..6]),
            ("naïve name.py".to_owned(), std::iter::once(2..3).collect()),
            ("new.py".to_owned(), all()),
            ("picture.png".to_owned(), all()),
        ]
    );
}

#[test]
fn files_of_go_modules_are_found_by_the_names_of_the_modules() {
    let dir = repository();
    let root = dir.path();
    write(root, "services/api/go.mod", "module example.com/api // the shop\n\ngo 1.22\n");
    write(root, "services/api/main.go", "package main\n");
    write(root, "services/web/main.go", "package main\n");
    let line = FileCoverage { lines: [(1, 1)].into(), ..FileCoverage::default() };
    let here = fs::canonicalize(root).unwrap().join("services/web/main.go");
    let names = ["example.com/api/main.go", here.to_str().unwrap(), "example.com/other/main.go"];
    let files = names.map(|name| (name.to_owned(), line.clone())).into();
    let placed = Files::of(&fs::canonicalize(root).unwrap()).unwrap().place(Coverage { files });
    let known: Vec<_> = placed.files.keys().collect();
    assert_eq!(known, ["services/api/main.go", "services/web/main.go"]);
    let told: Vec<_> = placed.unplaced.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["example.com/other/main.go is no file of the repository"]);
}

#[test]
fn what_git_ignores_and_tests_do_not_count_as_duplicates() {
    let dir = repository();
    let root = dir.path();
    let code: String = (0..30).map(|line| format!("value_{line} = call({line})\n")).collect();
    write(root, ".gitignore", "made/\n");
    for name in ["a.py", "made/b.py", "test_a.py", "notes.txt"] {
        write(root, name, &code);
    }
    let found = look(root).unwrap();
    assert_eq!((found.duplicated, found.places.len()), (0, 0));
    write(root, "b.py", &code);
    assert_eq!(look(root).unwrap().duplicated, 60);
}
