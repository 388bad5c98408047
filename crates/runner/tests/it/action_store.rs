//! From `owner/name@ref` to files: mirror, cache, server, lock file.

use std::path::Path;

use shipway_runner::actions::lock::{Change, Lock};
use shipway_runner::actions::walk::Tree;
use shipway_runner::actions::{ActionError, ActionRef, Revision, Settings, Store, pin};
use shipway_workflow::model::{Uses, Workflow};

use crate::mirror::Origin;

fn action(text: &str) -> ActionRef {
    ActionRef::of(&Uses::parse(text).unwrap()).unwrap().0
}

/// Settings of a machine whose server is a folder.
fn settings(folder: &Path) -> Settings {
    let mut settings = Settings::new(folder.join("cache"));
    settings.server = format!("file://{}", folder.join("server").display());
    settings
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn refs_are_tags_then_branches_then_commits() {
    let folder = tempfile::tempdir().unwrap();
    for place in ["server", "mirror"] {
        let origin = Origin::new(&folder.path().join(place), "acme/tool");
        let first = origin.commit(&[("a", "1")]);
        origin.git(&["tag", "--annotate", "v1", "--message", "annotated"]);
        origin.git(&["branch", "both"]);
        let second = origin.commit(&[("a", "2")]);
        origin.git(&["tag", "both"]);
        origin.git(&["branch", "release/v2"]);
        let mut settings = settings(folder.path());
        settings.mirror = (place == "mirror").then(|| folder.path().join("mirror"));
        let store = Store::new(settings, None);
        for (reference, commit) in [
            ("v1", &first),
            ("both", &second),
            ("release/v2", &second),
            ("refs/heads/both", &first),
            ("main", &second),
            (first.as_str(), &first),
        ] {
            let resolved = store.resolve(&action(&format!("acme/tool@{reference}"))).await.unwrap();
            assert_eq!(resolved.revision.to_string(), *commit, "{place} {reference}");
            let files = store.files(&resolved).await.unwrap();
            let expected = if *commit == first { "1" } else { "2" };
            assert_eq!(read(files.join("a")), expected, "{place} {reference}");
        }
    }
}

#[tokio::test]
async fn what_was_fetched_is_there_offline_and_a_ref_is_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let server = folder.path().join("server");
    let origin = Origin::with(&server, "acme/tool", &[("a", "1"), ("b/c", "x")]);
    let online = Store::new(settings(folder.path()), None);
    let found = online.resolve(&action("acme/tool@v1")).await.unwrap();
    let files = online.files(&found).await.unwrap();
    assert!(files.join("b/c").is_file() && !files.join(".git").exists());

    origin.commit(&[("a", "2")]);
    origin.git(&["tag", "--force", "v1"]);
    let mut offline = settings(folder.path());
    offline.offline = true;
    let offline = Store::new(offline, None);
    assert_eq!(offline.resolve(&action("ACME/tool@v1")).await.unwrap().revision, found.revision);
    let moved = online.resolve(&action("acme/tool@v1")).await.unwrap();
    assert_ne!(moved.revision, found.revision);
    assert_eq!(read(online.files(&moved).await.unwrap().join("a")), "2");

    std::fs::remove_dir_all(server).unwrap();
    assert_eq!(read(offline.files(&found).await.unwrap().join("a")), "1");
    let left = std::fs::read_dir(folder.path().join("cache")).unwrap();
    let names: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| name == "tree" || name == "ref"), "{names:?}");
}

#[tokio::test]
async fn what_is_nowhere_is_told_with_all_that_was_tried() {
    let folder = tempfile::tempdir().unwrap();
    let mirror = folder.path().join("mirror");
    Origin::with(&mirror, "acme/tool", &[("a", "1")]);
    let mut settings = settings(folder.path());
    settings.mirror = Some(mirror);
    settings.server = "https://example.invalid".to_owned();
    settings.offline = true;
    let store = Store::new(settings, None);
    let shown = |error: ActionError| {
        error.to_string().replace(&folder.path().display().to_string(), "[DIR]")
    };
    let error = store.resolve(&action("acme/tool@v9")).await.unwrap_err();
    insta::assert_snapshot!(shown(error), @r"
    cannot get the action `acme/tool@v9`. Tried:
      mirror [DIR]/mirror: acme/tool has no tag or branch v9
      [DIR]/cache: it was never fetched
      https://example.invalid/acme/tool: offline, so it was not asked
    run once without being offline, or put a clone of the repository into the mirror folder
    ");
    let commit = "1234567890123456789012345678901234567890";
    let resolved = store.resolve(&action(&format!("acme/none@{commit}"))).await.unwrap();
    let error = store.files(&resolved).await.unwrap_err();
    insta::assert_snapshot!(shown(error), @r"
    cannot get the action `acme/none@1234567890123456789012345678901234567890`. Tried:
      [DIR]/cache/tree/acme/none/1234567890123456789012345678901234567890: 12345678 is not there
      mirror [DIR]/mirror: neither acme/none nor acme/none@<ref> is there
      https://example.invalid/acme/none: offline, so it was not asked
    run once without being offline, or put a clone of the repository into the mirror folder
    ");
}

#[tokio::test]
async fn a_plain_folder_is_pinned_by_its_contents() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("mirror/acme/tool@v1");
    std::fs::create_dir_all(&plain).unwrap();
    std::fs::write(plain.join("a"), "1").unwrap();
    let mut settings = settings(folder.path());
    settings.mirror = Some(folder.path().join("mirror"));
    let store = Store::new(settings, None);
    let resolved = store.resolve(&action("acme/tool@v1")).await.unwrap();
    assert!(matches!(resolved.revision, Revision::Tree(_)));
    store.files(&resolved).await.unwrap();
    std::fs::write(plain.join("a"), "2").unwrap();
    let error = store.files(&resolved).await.unwrap_err();
    assert!(matches!(error, ActionError::OtherFiles { .. }), "{error}");
}

#[tokio::test]
async fn many_who_want_the_same_at_once_get_it_whole() {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<(String, String)> =
        (0..50).map(|i| (format!("d{}/f{i}", i % 5), i.to_string())).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    Origin::with(&folder.path().join("server"), "acme/tool", &files);
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = Store::new(settings(folder.path()), None);
        all.spawn(async move {
            let resolved = store.resolve(&action("acme/tool@v1")).await.unwrap();
            let folder = store.files(&resolved).await.unwrap();
            (0..50).all(|i| read(folder.join(format!("d{}/f{i}", i % 5))) == i.to_string())
        });
    }
    assert!(all.join_all().await.into_iter().all(|whole| whole));
}

const COMPOSITE: &str = "runs: {using: composite, steps: [{uses: acme/inner@v1}]}";
const SCRIPT: &str = "runs: {using: node20, main: index.js}";

#[tokio::test]
async fn a_lock_file_pins_what_actions_use_themselves_and_shows_what_moved() {
    let folder = tempfile::tempdir().unwrap();
    let server = folder.path().join("server");
    Origin::with(&server, "acme/outer", &[("sub/action.yml", COMPOSITE)]);
    let inner = Origin::with(&server, "acme/inner", &[("action.yml", SCRIPT)]);
    let text = "
on: push
jobs:
  j:
    runs-on: x
    steps: [{uses: actions/checkout@v4}, {uses: acme/outer/sub@v1}, {uses: ./local}]
";
    let workflow = Workflow::read("w.yml", text).unwrap();
    let workflows = [workflow];
    let nothing = Tree { name: None, read: &|_| Ok(None) };
    let settings = settings(folder.path());
    let lock = pin(&settings, &workflows, nothing).await.unwrap();
    let names: Vec<String> = lock.iter().map(|(action, _)| action.to_string()).collect();
    assert_eq!(names, ["acme/inner@v1", "acme/outer@v1"]);

    let old = inner.git(&["rev-parse", "HEAD"]);
    let new = inner.commit(&[("more", "x")]);
    inner.git(&["tag", "--force", "v1"]);
    let now = pin(&settings, &workflows, nothing).await.unwrap();
    let changes = lock.changes(&now);
    assert!(matches!(changes.as_slice(), [Change::Moved(..)]));
    assert_eq!(changes[0].to_string(), format!("acme/inner@v1 moved from {old} to {new}"));

    let mut locked = settings.clone();
    locked.locked = true;
    let store = Store::new(locked, Some(Lock::read(&lock.to_string()).unwrap()));
    let pinned = store.resolve(&action("acme/inner@v1")).await.unwrap();
    assert_eq!(pinned.revision.to_string(), old);
    assert!(!store.files(&pinned).await.unwrap().join("more").exists());
    let error = store.resolve(&action("acme/inner@v2")).await.unwrap_err();
    insta::assert_snapshot!(error, @"`acme/inner@v2` is not pinned in .github/actions.lock; `shipway lock` pins what the workflows use");

    std::fs::remove_dir_all(&server).unwrap();
    std::fs::remove_dir_all(&settings.cache).unwrap();
    let refused = pin(&settings, &workflows, nothing).await.unwrap_err();
    assert_eq!(refused.len(), 1, "{refused:?}");
    let text = refused[0].to_string();
    assert!(text.starts_with("w.yml:6:49: cannot get the action `acme/outer@v1`"), "{text}");
}
