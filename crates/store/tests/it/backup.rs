//! Backup and restore: complete, verified, and never over something else.

use std::fs;
use std::path::PathBuf;

use jiff::Timestamp;
use rusqlite::Connection;
use shipway_core::journal::Seq;
use shipway_store::{Checkpoints, Journal, Store, StoreError, backup, restore, verify};
use tempfile::TempDir;

use crate::support::{append, at, database, new_store, own};

/// A released store with three entries, a blob and a checkpoint.
struct Scene {
    dir: TempDir,
    checkpoints: Checkpoints,
}

impl Scene {
    fn new() -> Self {
        let (dir, store) = new_store();
        let checkpoints = Checkpoints::open(&dir.path().join("audit")).unwrap();
        let epoch = own(store.journal());
        append(store.journal(), epoch, "run/1", 0, &["1", "2", "3"]);
        store.blobs().put(b"output").unwrap();
        store.journal().release(epoch).unwrap();
        checkpoints.sign(store.journal(), at(0)).unwrap();
        Self { dir, checkpoints }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn store(&self) -> Store {
        Store::open(&self.path("store")).unwrap()
    }

    fn back_up(&self) {
        let report = backup(&self.store(), Some(&self.checkpoints), &self.path("backup")).unwrap();
        assert!(report.journal.is_clean(), "{report:?}");
        assert_eq!((report.journal.entries, report.blobs, report.blob_bytes), (3, 1, 6));
        assert_eq!(report.journal.vouched.unwrap().seq, Seq(3));
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn refusal(error: &StoreError) -> String {
    assert_eq!(error.code(), "store.refused", "{error}");
    error.to_string()
}

#[test]
fn what_is_restored_is_what_was_backed_up() {
    let scene = Scene::new();
    scene.back_up();
    let report = restore(&scene.path("backup"), &scene.path("new"), None, false, at(9)).unwrap();
    assert_eq!((report.blobs, report.replaced), (1, None));
    let (old, new) = (scene.store(), Store::open(&scene.path("new")).unwrap());
    assert_eq!(new.journal().read(Seq(1), 10).unwrap(), old.journal().read(Seq(1), 10).unwrap());
    assert_eq!(new.journal().id(), old.journal().id());
    assert_eq!(new.blobs().list().unwrap(), old.blobs().list().unwrap());
    append(new.journal(), own(new.journal()), "run/1", 3, &["4"]);
    assert_eq!(scene.names(), ["audit", "backup", "new", "store"], "nothing is left beside");
}

/// Its newest entries are in the log beside the journal.
#[test]
fn a_store_that_lies_still_is_restored_whole() {
    let scene = Scene::new();
    let log = scene.path("store/journal.db-wal");
    assert!(fs::metadata(log).unwrap().len() > 0);
    restore(&scene.path("store"), &scene.path("new"), None, false, at(9)).unwrap();
    let new = Store::open(&scene.path("new")).unwrap();
    assert_eq!(new.journal().head().unwrap(), scene.store().journal().head().unwrap());
    assert_eq!(new.journal().head().unwrap().seq, Seq(3));
}

#[test]
fn a_backup_can_be_made_while_entries_are_appended() {
    let scene = Scene::new();
    let store = scene.store();
    let epoch = own(store.journal());
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for version in 3..200 {
                append(store.journal(), epoch, "run/1", version, &["x"]);
            }
        });
        let report = backup(&store, None, &scene.path("backup")).unwrap();
        assert!(report.journal.is_clean(), "{report:?}");
        assert!(report.journal.entries >= 3);
        writer.join().unwrap();
    });
}

#[test]
fn nothing_is_overwritten_by_a_backup() {
    let scene = Scene::new();
    fs::create_dir(scene.path("backup")).unwrap();
    fs::write(scene.path("backup/letter"), "dear").unwrap();
    refusal(&backup(&scene.store(), None, &scene.path("backup")).unwrap_err());
    assert_eq!(fs::read(scene.path("backup/letter")).unwrap(), b"dear");
    assert_eq!(scene.names(), ["audit", "backup", "store"]);
}

#[test]
fn a_store_with_entries_is_replaced_only_with_force_and_kept_aside() {
    let scene = Scene::new();
    scene.back_up();
    let store = scene.store();
    let epoch = own(store.journal());
    append(store.journal(), epoch, "run/1", 3, &["after the backup"]);
    scene.checkpoints.sign(store.journal(), at(5)).unwrap();

    let (from, to) = (scene.path("backup"), scene.path("store"));
    let try_it = |force| restore(&from, &to, Some(&scene.checkpoints), force, Timestamp::now());
    let in_use = refusal(&try_it(true).unwrap_err());
    assert!(in_use.contains("held by test (process "), "{in_use}");
    store.journal().release(epoch).unwrap();
    drop(store);
    let refused = refusal(&try_it(false).unwrap_err());
    assert!(refused.ends_with("there is a store with 4 entries"), "{refused}");
    assert_eq!(scene.store().journal().head().unwrap().seq, Seq(4));

    let report = try_it(true).unwrap();
    let aside = Store::open(&report.replaced.unwrap()).unwrap();
    assert_eq!(aside.journal().head().unwrap().seq, Seq(4), "the old one is kept");
    let restored = scene.store();
    assert_eq!(restored.journal().head().unwrap().seq, Seq(3));
    assert!(own(restored.journal()) > epoch, "no epoch is given twice");

    let report = verify(restored.journal(), &scene.checkpoints.read().unwrap()).unwrap();
    assert!(report.is_clean(), "a restore is no truncation: {report:?}");
}

#[test]
fn a_damaged_backup_is_refused() {
    let scene = Scene::new();
    scene.back_up();
    let sql = "UPDATE entries SET payload = 'x' WHERE seq = 2";
    Connection::open(database(&scene.path("backup"))).unwrap().execute_batch(sql).unwrap();
    let error = restore(&scene.path("backup"), &scene.path("new"), None, false, at(9)).unwrap_err();
    let refused = refusal(&error);
    assert!(refused.ends_with("entry 2: its payload was edited"), "{refused}");
    assert_eq!(scene.names(), ["audit", "backup", "store"]);
}

#[test]
fn a_damaged_blob_is_not_backed_up_as_if_it_were_whole() {
    let scene = Scene::new();
    let store = scene.store();
    let digest = store.blobs().list().unwrap()[0];
    fs::write(store.blobs().path(&digest), "other").unwrap();
    let error = backup(&store, None, &scene.path("backup")).unwrap_err();
    assert_eq!(error.code(), "store.damaged_blob");
    assert_eq!(scene.names(), ["audit", "store"]);
}

#[test]
fn a_folder_without_a_backup_is_told() {
    let scene = Scene::new();
    let error =
        restore(&scene.path("nowhere"), &scene.path("new"), None, false, at(9)).unwrap_err();
    assert_eq!(error.code(), "store.not_found");
    assert!(!scene.path("nowhere").exists(), "looking for a backup makes nothing");
}
