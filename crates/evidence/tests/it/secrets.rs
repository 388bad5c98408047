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

/// The rules of a file in gitleaks' format on top of the built-in ones.
fn with_allowed(path: &str) -> Rules {
    let text = format!("[extend]\nuseDefault = true\n[[allowlists]]\npaths = ['{path}']\n");
    Rules::read("rules.toml", &text).unwrap()
}

#[test]
fn history_judges_a_blob_at_each_of_its_paths() {
    let dir = repository();
    let root = dir.path();
    let token = planted("github-pat", 4);
    fs::create_dir_all(root.join("allowed")).unwrap();
    fs::write(root.join("allowed/a.txt"), &token).unwrap();
    fs::write(root.join("other.txt"), &token).unwrap();
    // `git rev-list` writes nothing of it.
    fs::write(root.join("\nodd.txt"), planted("github-pat", 5)).unwrap();
    git(root, &["add", "."]);
    git(root, &["commit", "-q", "-m", "three"]);
    let check = search(root, &Scope::History, &with_allowed("^allowed/")).unwrap();
    let told = check.findings.iter().filter(|of| of.rule == "github-pat");
    let files: Vec<&str> = told.map(|of| of.file.as_str()).collect();
    assert_eq!(files, ["\nodd.txt", "other.txt"]);
}

#[test]
fn history_is_also_what_commits_tags_and_names_say() {
    let dir = repository();
    let root = dir.path();
    let stash = |seed| {
        fs::write(root.join("there.conf"), planted("github-pat", seed)).unwrap();
        git(root, &["stash", "-q"]);
    };
    stash(10);
    stash(11);
    git(
        root,
        &["commit", "-q", "--allow-empty", "-m", &format!("x\n\n{}", planted("github-pat", 12))],
    );
    git(root, &["tag", "-a", "v1", "-m", &planted("github-pat", 13)]);
    git(root, &["notes", "add", "-m", &planted("github-pat", 14)]);
    let name = planted("github-pat", 15).replace("value: ", "");
    git(root, &["branch", &name]);
    let check = search(root, &Scope::History, &Rules::built_in()).unwrap();
    let told = check.findings.iter().filter(|of| of.rule == "github-pat");
    // A note's file is called like the commit that it is about.
    let mut files: Vec<&str> = told
        .map(|of| of.file.split(' ').next().unwrap())
        .map(|word| if word.len() == 40 { "note" } else { word })
        .collect();
    files.sort_unstable();
    assert_eq!(files, ["commit", "names", "note", "tag", "there.conf", "there.conf"]);
}

#[test]
fn what_objects_are_replaced_by_hides_nothing() {
    let dir = repository();
    let root = dir.path();
    git(root, &["replace", "HEAD~1:old.conf", "HEAD:old.conf"]);
    let files = found(root, &Scope::History);
    assert!(files.contains(&pair("old.conf", "npm-token")), "{files:?}");
}

#[test]
fn what_a_branch_committed_and_took_back_is_told() {
    let dir = repository();
    let root = dir.path();
    git(root, &["checkout", "-q", "-b", "topic"]);
    let there = fs::read_to_string(root.join("there.conf")).unwrap();
    fs::write(root.join("there.conf"), format!("{there}{}\n", planted("github-pat", 3))).unwrap();
    git(root, &["commit", "-q", "-a", "-m", "three"]);
    fs::write(root.join("there.conf"), format!("{there}more\n")).unwrap();
    git(root, &["commit", "-q", "-a", "-m", "four"]);
    let since = Scope::Since(since(root, Some("main")).unwrap().unwrap());
    let check = search(root, &since, &Rules::built_in()).unwrap();
    let [only] = &check.findings[..] else { panic!("{:?}", check.findings) };
    assert_eq!((only.file.as_str(), only.rule.as_str()), ("there.conf", "github-pat"));
    assert!(only.message.contains("committed in "), "{}", only.message);
}

#[test]
fn what_git_lfs_keeps_is_searched_or_told() {
    let dir = repository();
    let root = dir.path();
    let oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
    let pointer =
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12\n");
    fs::write(root.join("a.bin"), &pointer).unwrap();
    fs::write(root.join("b.bin"), &pointer).unwrap();
    git(root, &["add", "."]);
    git(root, &["commit", "-q", "-m", "three"]);
    for scope in [Scope::Tree, Scope::History] {
        let check = search(root, &scope, &Rules::built_in()).unwrap();
        let told = check.findings.iter().find(|of| of.rule == "secrets-unsearched").unwrap();
        assert!(told.message.contains("2 files are in Git LFS"), "{}", told.message);
        assert_eq!(check.tally.undecided, 1);
    }
    let store = root.join(".git/lfs/objects/4d/7a");
    fs::create_dir_all(&store).unwrap();
    fs::write(store.join(oid), planted("github-pat", 6)).unwrap();
    let check = search(root, &Scope::Tree, &Rules::built_in()).unwrap();
    let files: Vec<&str> = check.findings.iter().map(|of| of.file.as_str()).collect();
    assert_eq!(files, ["a.bin", "b.bin", "there.conf"]);
}

#[test]
fn what_is_not_checked_out_is_told() {
    let dir = repository();
    let root = dir.path();
    git(root, &["update-index", "--skip-worktree", "there.conf"]);
    fs::remove_file(root.join("there.conf")).unwrap();
    let check = search(root, &Scope::Tree, &Rules::built_in()).unwrap();
    let [only] = &check.findings[..] else { panic!("{:?}", check.findings) };
    assert!(only.message.contains("1 file is not checked out: there.conf"), "{}", only.message);
    assert_eq!(check.tally.undecided, 1);
}

#[test]
fn what_is_staged_and_changed_back_is_told() {
    let dir = repository();
    let root = dir.path();
    fs::write(root.join("new.txt"), planted("github-pat", 8)).unwrap();
    fs::write(root.join("old.conf"), planted("github-pat", 9)).unwrap();
    git(root, &["add", "."]);
    fs::remove_file(root.join("new.txt")).unwrap();
    fs::write(root.join("old.conf"), "keep\n").unwrap();
    let staged = [pair("new.txt", "github-pat"), pair("old.conf", "github-pat")];
    let since = Scope::Since(since(root, Some("HEAD")).unwrap().unwrap());
    let told = search(root, &since, &Rules::built_in()).unwrap().findings;
    let told: Vec<_> = told.into_iter().map(|f| (f.file, f.rule.to_string())).collect();
    assert_eq!(told, staged);
    let there = pair("there.conf", "pypi-token");
    assert_eq!(found(root, &Scope::Tree), [&staged[..], &[there]].concat());
}
