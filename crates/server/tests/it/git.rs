//! What git knows, in repositories of every kind.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use shipway_core::ids::CommitId;
use shipway_server::git::{GitError, Repository, WorkTree, checkout};
use tempfile::TempDir;

use crate::world::git;

struct Repo(TempDir);

impl Repo {
    fn new(options: &[&str]) -> Self {
        let repo = Self(tempfile::tempdir().unwrap());
        let init = ["init", "--quiet", "--initial-branch=main"];
        repo.git(&[&init[..], options].concat());
        repo
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(self.0.path(), arguments)
    }

    fn commit(&self, file: &str, text: &str) -> CommitId {
        fs::write(self.0.path().join(file), text).unwrap();
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "-m", text]);
        CommitId::new(self.git(&["rev-parse", "HEAD"])).unwrap()
    }

    fn open(&self) -> Repository {
        Repository::at(self.0.path()).unwrap()
    }
}

#[test]
fn what_is_no_repository_and_what_has_no_commit_is_told_apart() {
    let nowhere = tempfile::tempdir().unwrap();
    assert!(matches!(Repository::at(nowhere.path()), Err(GitError::NoRepository(_))));
    let empty = Repo::new(&[]);
    assert!(matches!(empty.open().head(), Err(GitError::NoCommit)));
    let bare = Repo::new(&["--bare"]);
    let said = Repository::at(bare.0.path()).unwrap_err().to_string();
    assert!(said.contains("work tree"), "{said}");
}

#[test]
fn a_repository_of_another_owner_is_not_called_missing() {
    let repo = Repo::new(&[]);
    if std::os::unix::fs::chown(repo.0.path(), Some(12345), None).is_err() {
        // Only root can give a folder away.
        return;
    }
    if let Err(error) = Repository::at(repo.0.path()) {
        assert!(error.to_string().contains("safe.directory"), "{error}");
    }
}

#[test]
fn odd_file_names_are_seen_and_checked_out() {
    let repo = Repo::new(&[]);
    let odd: [&[u8]; 4] = [b"a b", b"new\nline", b"\"quoted\" \xc3\xa4", b"latin-\xe4"];
    for name in odd {
        fs::write(repo.0.path().join(OsStr::from_bytes(name)), "x").unwrap();
    }
    let commit = repo.commit("plain", "odd names");
    let files = repo.open().files(&commit, ".").unwrap();
    assert_eq!(files.len(), 5, "{files:?}");
    assert!(files.contains(&"new\nline".to_owned()) && files.contains(&"\"quoted\" ä".to_owned()));
    let to = tempfile::tempdir().unwrap();
    checkout(repo.0.path(), &commit, &to.path().join("there")).unwrap();
    assert!(to.path().join("there").join(OsStr::from_bytes(odd[3])).is_file());
}

#[test]
fn a_tag_of_the_same_name_does_not_change_a_branch() {
    let repo = Repo::new(&[]);
    let commit = repo.commit("a", "one");
    repo.git(&["tag", "main"]);
    assert_eq!(repo.open().branch().unwrap().as_deref(), Some("main"));
    assert_eq!(repo.open().branches_at(&commit).unwrap(), ["main"]);
}

#[test]
fn a_detached_head_has_no_branch() {
    let repo = Repo::new(&[]);
    let commit = repo.commit("a", "one");
    repo.git(&["checkout", "--quiet", "--detach"]);
    assert_eq!(repo.open().branch().unwrap(), None);
    assert_eq!(repo.open().branches_at(&commit).unwrap(), ["main"]);
}

#[test]
fn a_linked_work_tree_is_a_repository_like_any_other() {
    let repo = Repo::new(&[]);
    repo.commit("a", "one");
    let other = tempfile::tempdir().unwrap();
    let tree = other.path().join("tree ");
    repo.git(&["worktree", "add", "--quiet", "-b", "feature", tree.to_str().unwrap()]);
    let repository = Repository::at(&tree).unwrap();
    assert_eq!(repository.root(), tree, "a folder's name may end with a space");
    assert_eq!(repository.branch().unwrap().as_deref(), Some("feature"));
    let head = repository.head().unwrap();
    checkout(&tree, &head.id, &other.path().join("out")).unwrap();
    assert_eq!(fs::read_to_string(other.path().join("out/a")).unwrap(), "one");
}

#[test]
fn a_repository_with_sha256_names_is_checked_out() {
    let repo = Repo::new(&["--object-format=sha256"]);
    let commit = repo.commit("a", "one");
    assert_eq!(commit.as_str().len(), 64);
    let to = tempfile::tempdir().unwrap();
    checkout(repo.0.path(), &commit, &to.path().join("out")).unwrap();
    assert_eq!(fs::read_to_string(to.path().join("out/a")).unwrap(), "one");
}

#[test]
fn a_shallow_clone_begins_where_it_ends() {
    let repo = Repo::new(&[]);
    let first = repo.commit("a", "one");
    let second = repo.commit("a", "two");
    let clone = tempfile::tempdir().unwrap();
    let from = format!("file://{}", repo.0.path().display());
    git(clone.path(), &["clone", "--quiet", "--depth=1", &from, "shallow"]);
    let shallow = Repository::at(&clone.path().join("shallow")).unwrap();
    assert_eq!(shallow.parent(&second).unwrap(), None);
    assert!(!shallow.has(&first).unwrap() && shallow.has(&second).unwrap());
    assert!(!shallow.is_behind(&first, &second).unwrap(), "what is gone is behind nothing");
    assert!(repo.open().is_behind(&first, &second).unwrap());
    assert!(!repo.open().is_behind(&second, &first).unwrap());
    assert!(shallow.changed(&first, &second).is_err());
    checkout(shallow.root(), &second, &clone.path().join("out")).unwrap();
    assert_eq!(fs::read_to_string(clone.path().join("out/a")).unwrap(), "two");
}

#[test]
fn a_checkout_runs_no_hook_and_is_clean() {
    let repo = Repo::new(&[]);
    let commit = repo.commit("a", "one");
    let hook = repo.0.path().join(".git/hooks/post-checkout");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\ntouch hooked\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(repo.0.path().join("a"), "changed, not committed").unwrap();
    let to = tempfile::tempdir().unwrap();
    checkout(repo.0.path(), &commit, to.path()).unwrap();
    assert_eq!(fs::read_to_string(to.path().join("a")).unwrap(), "one");
    assert_eq!(git(to.path(), &["status", "--porcelain"]), "");
}

#[test]
fn a_file_is_read_at_a_commit_if_it_is_text() {
    let repo = Repo::new(&[]);
    let first = repo.commit("a", "one");
    repo.commit("a", "two");
    let repository = repo.open();
    assert_eq!(repository.text(&first, "a").unwrap().as_deref(), Some("one"));
    assert_eq!(repository.text(&first, "b").unwrap(), None);
    fs::write(repo.0.path().join("image"), b"\xff\xfe").unwrap();
    let third = repo.commit("b", "three");
    let said = repository.text(&third, "image").unwrap_err().to_string();
    assert_eq!(said, format!("image at commit {} is not UTF-8 text", third.short()));
}

#[test]
fn settings_of_people_do_not_change_the_answers() {
    let repo = Repo::new(&[]);
    for (name, value) in [
        ("log.showSignature", "true"),
        ("i18n.logOutputEncoding", "latin1"),
        ("diff.renames", "copies"),
        ("diff.relative", "true"),
        ("status.short", "true"),
        ("color.ui", "always"),
    ] {
        repo.git(&["config", name, value]);
    }
    fs::create_dir(repo.0.path().join("sub")).unwrap();
    let first = repo.commit("sub/a", "grüße");
    repo.git(&["mv", "sub/a", "b"]);
    repo.git(&["commit", "--quiet", "-m", "moved"]);
    let below = Repository::at(&repo.0.path().join("sub").join("..")).unwrap();
    let head = below.head().unwrap();
    assert_eq!(below.commit(first.as_str()).unwrap().subject, "grüße");
    assert_eq!(below.changed(&first, &head.id).unwrap(), ["b", "sub/a"]);
    assert_eq!(below.uncommitted().unwrap(), [""; 0]);
}

#[test]
fn a_submodule_is_one_file_that_changes() {
    let library = Repo::new(&[]);
    library.commit("lib", "one");
    let repo = Repo::new(&[]);
    let first = repo.commit("a", "one");
    let allow = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add"];
    let from = library.0.path().to_str().unwrap();
    repo.git(&[&allow[..], &[from, "lib"]].concat());
    let second = repo.commit("a", "two");
    let changed = repo.open().changed(&first, &second).unwrap();
    assert_eq!(changed, [".gitmodules", "a", "lib"]);
    let to = tempfile::tempdir().unwrap();
    checkout(repo.0.path(), &second, to.path()).unwrap();
    assert!(is_empty(&to.path().join("lib")), "as `actions/checkout` leaves it");
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn a_snapshot_has_what_is_not_committed_and_changes_nothing() {
    let repo = Repo::new(&[]);
    repo.commit(".gitignore", "ignored\n");
    for file in ["new", "ignored"] {
        fs::write(repo.0.path().join(file), "x").unwrap();
    }
    let before = repo.git(&["status", "--porcelain"]);
    let memory = tempfile::tempdir().unwrap();
    let WorkTree { commit, uncommitted } =
        repo.open().work_tree(&memory.path().join("snapshot")).unwrap();
    assert_eq!(uncommitted, ["new"]);
    assert_eq!(repo.open().files(&commit.id, ".").unwrap(), [".gitignore", "new"]);
    assert_eq!(repo.git(&["status", "--porcelain"]), before);
}

#[test]
fn a_work_tree_without_changes_is_its_commit() {
    let repo = Repo::new(&[]);
    let head = repo.commit("file", "one");
    let folder = tempfile::tempdir().unwrap();
    let memory = folder.path().join("snapshot");
    for _ in 0..2 {
        let clean = repo.open().work_tree(&memory).unwrap();
        assert_eq!((clean.commit.id, clean.uncommitted), (head.clone(), Vec::new()));
    }
}

#[test]
fn the_same_index_is_the_same_tree_as_long_as_git_has_it() {
    let repo = Repo::new(&[]);
    repo.commit("file", "one");
    let folder = tempfile::tempdir().unwrap();
    let memory = folder.path().join("snapshot");
    let uncommitted = || repo.open().work_tree(&memory).unwrap().uncommitted;
    fs::write(repo.0.path().join("new"), "x").unwrap();
    assert_eq!(uncommitted(), ["new"]);
    let remembered = fs::read_to_string(&memory).unwrap();
    let index = remembered.lines().find(|line| line.starts_with("index ")).unwrap();
    let (question, tree) = index.split_once(" is ").unwrap();
    assert!(remembered.contains(&format!("with {tree} is ")));
    let says = |tree: &str| fs::write(&memory, format!("{question} is {tree}\n")).unwrap();
    // It is believed.
    says(&repo.git(&["rev-parse", "HEAD^{tree}"]));
    assert_eq!(uncommitted(), Vec::<String>::new());
    // What is no tree here, or the beginning of one's name, is not.
    for wrong in [&"0".repeat(40), &tree[..12], "", &repo.git(&["rev-parse", "HEAD"])] {
        says(wrong);
        assert_eq!(uncommitted(), ["new"], "{wrong}");
    }
    // Another index is another question.
    fs::write(repo.0.path().join("newer"), "x").unwrap();
    assert_eq!(uncommitted(), ["new", "newer"]);
    // One that git ends without a digest is asked every time.
    repo.git(&["config", "index.skipHash", "true"]);
    fs::write(repo.0.path().join("newest"), "x").unwrap();
    for _ in 0..2 {
        assert_eq!(uncommitted(), ["new", "newer", "newest"]);
    }
    assert!(!fs::read_to_string(&memory).unwrap().contains(&"0".repeat(40)));
}

#[test]
fn the_same_changes_are_the_same_commit_as_long_as_git_has_it() {
    let repo = Repo::new(&[]);
    repo.commit("file", "one");
    let memory = tempfile::tempdir().unwrap();
    let memory = memory.path().join("snapshot");
    let of = |text: &str| {
        fs::write(repo.0.path().join("file"), text).unwrap();
        repo.open().work_tree(&memory).unwrap().commit
    };
    let first = of("two");
    let remembered = fs::read_to_string(&memory).unwrap();
    assert_ne!(of("three").id, first.id);
    // Made anew, it would have another message.
    let tree = format!("{}^{{tree}}", first.id);
    let old = repo.git(&["commit-tree", &tree, "-p", "HEAD", "-m", "old"]);
    fs::write(&memory, remembered.replace(first.id.as_str(), &old)).unwrap();
    assert_eq!(of("two").id.as_str(), old);
    // A commit that is not there, what is no memory.
    for wrong in [remembered.replace(first.id.as_str(), &"0".repeat(40)), "\u{0}".to_owned()] {
        fs::write(&memory, wrong).unwrap();
        let made = of("two").id;
        assert!(made.as_str() != "0".repeat(40) && made.as_str() != old);
    }
    // Another commit below it, although its files are the same.
    fs::write(&memory, remembered.replace(first.id.as_str(), &old)).unwrap();
    fs::write(repo.0.path().join("file"), "one").unwrap();
    repo.git(&["commit", "--quiet", "--allow-empty", "-m", "as before"]);
    assert_ne!(of("two").id.as_str(), old);
}

#[test]
fn a_snapshot_has_what_a_sparse_checkout_leaves_out_and_what_changed_just_now() {
    let repo = Repo::new(&[]);
    fs::create_dir(repo.0.path().join("here")).unwrap();
    fs::create_dir(repo.0.path().join("elsewhere")).unwrap();
    repo.commit("elsewhere/file", "kept");
    repo.commit("here/file", "one");
    repo.git(&["sparse-checkout", "set", "here"]);
    assert!(!repo.0.path().join("elsewhere").exists());
    let repository = repo.open();
    let memory = tempfile::tempdir().unwrap();
    // As long as before, and within the same second: the index alone does not tell.
    for text in ["two", "six", "ten"] {
        fs::write(repo.0.path().join("here/file"), text).unwrap();
        let snapshot = repository.work_tree(&memory.path().join("snapshot")).unwrap().commit.id;
        let at = |path: &str| repository.text(&snapshot, path).unwrap();
        assert_eq!(at("here/file").as_deref(), Some(text));
        assert_eq!(at("elsewhere/file").as_deref(), Some("kept"));
    }
}
