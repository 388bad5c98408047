//! Full disks, read-only folders, files that are damaged or newer.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rusqlite::Connection;
use shipway_core::journal::{Seq, Version};
use shipway_store::sqlite::{FORMAT, Options};
use shipway_store::{AppendError, Batch, Durability, Journal, Store, StoreError};

use crate::support::{Tmpfs, append, assert_whole, database, entry, new_store, own, stream};

fn message(error: &StoreError, dir: &Path) -> String {
    let text = format!("{}: {error}\nhint: {}", error.code(), error.hint());
    text.replace(dir.to_str().unwrap(), "[DIR]")
}

/// A closed store with entries.
fn closed_store() -> (tempfile::TempDir, std::path::PathBuf) {
    let (dir, store) = new_store();
    let epoch = own(store.journal());
    for version in 0..200 {
        append(store.journal(), epoch, "run/1", version, &["some payload of some length"]);
    }
    store.journal().release(epoch).unwrap();
    let path = store.dir().to_owned();
    (dir, path)
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_newer_journal_is_not_touched() {
    let (_dir, path) = closed_store();
    let file = database(&path);
    let newer = Connection::open(&file).unwrap();
    newer.pragma_update(None, "user_version", FORMAT + 1).unwrap();
    newer.close().unwrap();
    let (before, listed) = (fs::read(&file).unwrap(), names(&path));

    let error = Store::open(&path).unwrap_err();
    insta::assert_snapshot!(message(&error, &path), @"
    store.newer_format: the journal at [DIR]/journal.db has format 2; this build of Shipway knows formats up to 1
    hint: use the newer Shipway that wrote it; this one has not touched it
    ");
    assert_eq!(Store::create(&path).unwrap_err().code(), "store.newer_format");
    assert_eq!(fs::read(&file).unwrap(), before);
    assert_eq!(names(&path), listed);
}

#[test]
fn an_upgrade_that_is_still_in_the_log_is_seen() {
    let (_dir, path) = closed_store();
    let newer = Connection::open(database(&path)).unwrap();
    newer.pragma_update(None, "user_version", FORMAT + 1).unwrap();
    // Still open: the file's header has the old number.
    assert_eq!(Store::open(&path).unwrap_err().code(), "store.newer_format");
}

#[test]
fn what_is_not_a_journal_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = database(dir.path());
    fs::write(&file, "dear diary, ".repeat(20)).unwrap();
    let error = Store::open_or_create(dir.path()).unwrap_err();
    insta::assert_snapshot!(message(&error, dir.path()), @"
    store.not_a_journal: [DIR]/journal.db is not a journal: it has another kind of file's header
    hint: move the file away, or choose another folder
    ");
    fs::remove_file(&file).unwrap();
    for other in ["PRAGMA user_version = 1", "PRAGMA user_version = 0; CREATE TABLE diary (day)"] {
        Connection::open(&file).unwrap().execute_batch(other).unwrap();
        let error = Store::open_or_create(dir.path()).unwrap_err();
        assert_eq!(error.code(), "store.not_a_journal", "{other}");
    }
    assert_eq!(names(dir.path()), ["journal.db"]);
}

#[test]
fn nothing_and_too_much() {
    let dir = tempfile::tempdir().unwrap();
    let error = Store::open(&dir.path().join("none")).unwrap_err();
    insta::assert_snapshot!(message(&error, dir.path()), @"
    store.not_found: there is no journal at [DIR]/none/journal.db
    hint: run `shipway ship` or `shipway run` first: it makes one
    ");
    assert_eq!(names(dir.path()), [""; 0], "opening makes nothing");
    Store::create(dir.path()).unwrap();
    assert_eq!(Store::create(dir.path()).unwrap_err().code(), "store.already_exists");
}

#[test]
fn a_damaged_file_is_told() {
    let (_dir, path) = closed_store();
    let file = fs::OpenOptions::new().write(true).open(database(&path)).unwrap();
    let length = file.metadata().unwrap().len();
    let noise = vec![0xa5; usize::try_from(length).unwrap() - 4096];
    file.write_all_at(&noise, 4096).unwrap();
    let error = Store::open(&path).unwrap_err();
    insta::assert_snapshot!(message(&error, &path), @"
    store.damaged: the journal at [DIR]/journal.db is damaged: database disk image is malformed
    hint: run `shipway audit verify` to see which entries are wrong, and `shipway restore` to go back to a backup
    ");
    file.set_len(50).unwrap();
    assert_eq!(Store::open(&path).unwrap_err().code(), "store.damaged");
}

#[test]
fn a_journal_that_may_not_grow_refuses_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    Store::create(dir.path()).unwrap();
    let limit = Options { max_pages: Some(40), ..Options::default() };
    let store = Store::open_with(dir.path(), limit).unwrap();
    let (acknowledged, error) = append_until_refused(&store, 0);
    assert_eq!(error.code(), "store.disk_full");
    assert!(acknowledged > 10);
    drop(store);
    assert_all_there_and_goes_on(&Store::open(dir.path()).unwrap(), acknowledged);
}

#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    let Some(disk) = Tmpfs::mount("4m") else { return };
    let dir = disk.path().join("store");
    let store = Store::create(&dir).unwrap();
    let ballast = disk.path().join("ballast");
    fs::write(&ballast, vec![0; 3 << 20]).unwrap();

    let (acknowledged, error) = append_until_refused(&store, 0);
    insta::assert_snapshot!(message(&error, &dir), @"
    store.disk_full: no space left for [DIR]/journal.db
    hint: free some space (`shipway gc` removes what is no longer needed) and try again; what was acknowledged before is safe
    ");
    let blob = store.blobs().put(&vec![0; 4 << 20]).unwrap_err();
    assert_eq!(blob.code(), "store.disk_full");
    assert_eq!(names(&dir.join("blobs/tmp")), [""; 0], "the unfinished blob is removed");

    fs::remove_file(&ballast).unwrap();
    assert_all_there_and_goes_on(&store, acknowledged);
    drop(store);
    assert_whole(Store::open(&dir).unwrap().journal());
}

fn append_until_refused(store: &Store, from: u64) -> (u64, StoreError) {
    let epoch = own(store.journal());
    for version in from.. {
        let entries = vec![entry(&"x".repeat(2000))];
        let batch = Batch::of(stream("run/1"), Version(version), entries);
        match store.journal().append(epoch, batch, Durability::Durable) {
            Ok(_) => {}
            Err(AppendError::Store(error)) => return (version, error),
            Err(other) => panic!("{other}"),
        }
    }
    unreachable!("the disk has an end")
}

fn assert_all_there_and_goes_on(store: &Store, acknowledged: u64) {
    let journal = store.journal();
    assert_eq!(journal.head().unwrap().seq, Seq(acknowledged));
    assert_whole(journal);
    let epoch = journal.owner().unwrap().unwrap().epoch;
    append(journal, epoch, "run/1", acknowledged, &["there is room again"]);
    assert_whole(journal);
}

#[test]
fn a_read_only_folder_is_told() {
    let Some(disk) = Tmpfs::mount("4m") else { return };
    let dir = disk.path().join("store");
    let store = Store::create(&dir).unwrap();
    append(store.journal(), own(store.journal()), "run/1", 0, &["1"]);
    drop(store);
    disk.make_read_only();
    let error = Store::open(&dir).unwrap_err();
    insta::assert_snapshot!(message(&error, &dir), @"
    store.read_only: [DIR]/journal.db cannot be written: the system lets it be read only
    hint: check the folder's owner and mode, and that its file system is mounted writable
    ");
    let error = Store::create(&disk.path().join("another")).unwrap_err();
    assert_eq!(error.code(), "store.read_only");
}
