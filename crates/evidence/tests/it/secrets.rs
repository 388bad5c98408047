//! Searching real repositories.

use std::fs;
use std::path::Path;
use std::process::Command;

use shipway_checks::secrets::{Rules, example, kinds};
use shipway_evidence::git::since;
use shipway_evidence::secrets::{Scope, search};

fn git(root: &Path, args: &[&str]) {
    let who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"];
    let out = Command::new("git").arg("-C").arg(root).args(who).args(args).output().unwrap();
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
}

fn planted(id: &str, seed: u64) -> String {
    example::planted(kinds().find(|kind| kind.id == id).unwrap(), seed)
}

/// A repository whose first commit has a secret, and whose second has not.
fn repository() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    git(root, &["init", "-q", "-b", "main"]);
    fs::write(root.join(".gitignore"), "ignored.txt\n").unwrap();
    fs::write(root.join("old.conf"), planted("npm-token", 1) + "\nkeep\n").unwrap();
    git(root, &["add", "."]);
    git(root, &["commit", "-q", "-m", "one"]);
    fs::write(root.join("old.conf"), "keep\n").unwrap();
    fs::write(root.join("there.conf"), planted("pypi-token", 1) + "\n").unwrap();
    git(root, &["add", "."]);
    git(root, &["commit", "-q", "-m", "two"]);
    dir
}

fn found(root: &Path, scope: &Scope) -> Vec<(String, String)> {
    let check = search(root, scope, &Rules::built_in()).unwrap();
    assert!(check.looked_at > 0);
    check.findings.into_iter().map(|f| (f.file, f.rule.to_string())).collect()
}

fn pair(file: &str, rule: &str) -> (String, String) {
    (file.to_owned(), rule.to_owned())
}

#[test]
fn the_tree_is_what_git_would_add() {
    let dir = repository();
    fs::write(dir.path().join("ignored.txt"), planted("npm-token", 2)).unwrap();
    fs::write(dir.path().join("new.txt"), planted("github-pat", 2)).unwrap();
    let all = [pair("new.txt", "github-pat"), pair("there.conf", "pypi-token")];
    assert_eq!(found(dir.path(), &Scope::Tree), all);
    let one = Scope::Paths(vec!["ignored.txt".into()]);
    assert_eq!(found(dir.path(), &one), [pair("ignored.txt", "npm-token")]);
}

#[test]
fn nothing_of_a_change_is_passed_over() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let dir = repository();
    let root = dir.path();
    let token = planted("github-pat", 7);
    let lines = |changed: [usize; 2]| -> String {
        (1..60)
            .map(|at| if changed.contains(&at) { format!("x{at}\n") } else { format!("{at}\n") })
            .collect()
    };
    fs::write(root.join("many.txt"), lines([0, 0])).unwrap();
    git(root, &["add", "."]);
    git(root, &["commit", "-qm", "many"]);
    let since = || {
        let change = since(root, Some("HEAD")).unwrap().unwrap();
        search(root, &Scope::Since(change), &Rules::built_in()).unwrap()
    };
    assert_eq!(since().findings, []);
    // However the user has git write its differences.
    git(root, &["config", "diff.interHunkContext", "10"]);
    let text = lines([10, 14]).replace("x14\n", &format!("x14 {token}\n"));
    fs::write(root.join("many.txt"), text).unwrap();
    assert_eq!(since().findings.len(), 1);
    git(root, &["checkout", "-q", "many.txt"]);
    std::os::unix::fs::symlink(&token, root.join("link")).unwrap();
    let told = since().findings;
    assert_eq!((told.len(), told[0].file.as_str()), (1, "link"));
    let in_tree = found(root, &Scope::Tree);
    assert_eq!(in_tree.iter().filter(|(file, _)| file == "link").count(), 1);
    fs::remove_file(root.join("link")).unwrap();
    fs::write(root.join(OsStr::from_bytes(b"caf\xe9.txt")), &token).unwrap();
    let found = since();
    assert_eq!(found.tally.undecided, 1, "{:?}", found.findings);
}

#[test]
fn a_history_that_is_cut_off_is_told() {
    let (dir, clone) = (repository(), tempfile::tempdir().unwrap());
    let from = format!("file://{}", dir.path().display());
    git(clone.path(), &["clone", "-q", "--depth", "1", &from, "."]);
    let found = search(clone.path(), &Scope::History, &Rules::built_in()).unwrap();
    assert_eq!(found.tally.undecided, 1, "{:?}", found.findings);
}

#[test]
fn a_change_is_judged_by_the_lines_that_it_adds() {
    let dir = repository();
    let root = dir.path();
    git(root, &["checkout", "-q", "-b", "topic"]);
    let old = fs::read_to_string(root.join("there.conf")).unwrap();
    fs::write(root.join("there.conf"), format!("first\n{old}{}\n", planted("github-pat", 3)))
        .unwrap();
    git(root, &["commit", "-q", "-a", "-m", "three"]);
    fs::write(root.join("new.txt"), planted("slack-bot-token", 1)).unwrap();
    let since = Scope::Since(since(root, Some("main")).unwrap().unwrap());
    let added = [pair("new.txt", "slack-bot-token"), pair("there.conf", "github-pat")];
    assert_eq!(found(root, &since), added);
}

#[test]
fn history_has_what_was_removed_and_says_who_committed_it() {
    let dir = repository();
    let check = search(dir.path(), &Scope::History, &Rules::built_in()).unwrap();
    let files: Vec<&str> = check.findings.iter().map(|f| f.file.as_str()).collect();
    assert_eq!(files, ["old.conf", "there.conf"]);
    assert_eq!(check.looked_at, 4, ".gitignore, old.conf twice, there.conf");
    let message = &check.findings[0].message;
    assert!(message.contains("committed in ") && message.ends_with(" by Ann"), "{message}");
}
