//! Whoever can write the database tampers with it; verifying says where.
//!
//! Each case is SQL against a journal of ten entries (a payload each, streams
//! `run/1` and `env/a` in turn) with checkpoints after entries 4 and 10.

use std::fs;
use std::path::PathBuf;

use rusqlite::{Connection, params};
use shipway_core::digest::Digest;
use shipway_core::journal::{Entry, Seq, Version};
use shipway_store::{
    Batch, Checkpoints, Durability, Journal, Report, Snapshot, Store, hash_entry, verify,
};
use tempfile::TempDir;

use crate::support::{append, at, database, entry, new_store, own, stream};

struct Scene {
    dir: TempDir,
    checkpoints: Checkpoints,
}

impl Scene {
    fn new() -> Self {
        let (dir, store) = new_store();
        let checkpoints = Checkpoints::open(&dir.path().join("audit")).unwrap();
        let journal = store.journal();
        let epoch = own(journal);
        for n in 0..10 {
            let name = if n % 2 == 0 { "run/1" } else { "env/a" };
            let entries = vec![entry(&format!("{{\"n\":{}}}", n + 1))];
            let batch = Batch::of(stream(name), Version(n / 2), entries);
            journal.append(epoch, batch, Durability::Grouped).unwrap();
            if n == 3 || n == 9 {
                checkpoints.sign(journal, at(i64::try_from(n).unwrap())).unwrap().unwrap();
            }
        }
        Self { dir, checkpoints }
    }

    fn store(&self) -> Store {
        Store::open(&self.dir.path().join("store")).unwrap()
    }

    fn sql(&self, sql: &str) {
        self.database().execute_batch(sql).unwrap();
    }

    fn database(&self) -> Connection {
        Connection::open(database(&self.dir.path().join("store"))).unwrap()
    }

    fn verify(&self) -> Report {
        verify(self.store().journal(), &self.checkpoints.read().unwrap()).unwrap()
    }

    /// What is found, a line each.
    fn found(&self) -> String {
        let lines: Vec<_> = self.verify().findings.iter().map(ToString::to_string).collect();
        lines.join("\n")
    }
}

/// What is found after running `sql` on the journal.
fn after(sql: &str) -> String {
    let scene = Scene::new();
    scene.sql(sql);
    scene.found()
}

#[test]
fn an_intact_journal_is_clean_and_vouched_for() {
    let report = Scene::new().verify();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((report.entries, report.vouched.unwrap().seq), (10, Seq(10)));
}

#[test]
fn an_edited_payload() {
    let found = after("UPDATE entries SET payload = '{\"n\":0}' WHERE seq = 5");
    insta::assert_snapshot!(found, @"entry 5: its payload was edited");
}

#[test]
fn an_edited_payload_with_its_hash() {
    let scene = Scene::new();
    let hash = Digest::of(b"{}");
    let sql = "UPDATE entries SET payload = '{}', payload_hash = ?1 WHERE seq = 5";
    scene.database().execute(sql, [hash.as_bytes()]).unwrap();
    insta::assert_snapshot!(
        scene.found(),
        @"entry 5: its stream, version, time, actor, cause or hash was edited"
    );
}

#[test]
fn any_other_column_edited() {
    for change in [
        "stream = 'run/2'",
        "version = 77",
        "at = at + 1",
        "actor = '{\"kind\":\"unverified\",\"user\":\"eve\"}'",
        "cause = NULL",
        "prev_hash = zeroblob(32)",
        "hash = zeroblob(32)",
    ] {
        for seq in [1, 4, 5, 10] {
            let found = after(&format!("UPDATE entries SET {change} WHERE seq = {seq}"));
            if seq == 1 && change.starts_with("prev_hash") {
                assert_eq!(found, "", "that is what it was");
                continue;
            }
            let expected =
                format!("entry {seq}: its stream, version, time, actor, cause or hash was edited");
            assert_eq!(found, expected, "{change}");
        }
    }
}

#[test]
fn a_column_that_cannot_be_read() {
    let found = after("UPDATE entries SET actor = 'eve' WHERE seq = 4");
    insta::assert_snapshot!(
        found,
        @"entry 4: edited so that it cannot be read (actor: expected value at line 1 column 1)"
    );
    let found = after("UPDATE entries SET hash = x'00' WHERE seq IN (4, 7)");
    insta::assert_snapshot!(found, @"
    entry 4: edited so that it cannot be read (hash: 1 bytes instead of 32)
    entry 7: edited so that it cannot be read (hash: 1 bytes instead of 32)
    ");
}

#[test]
fn entries_edited_in_two_places() {
    let found = after(
        "UPDATE entries SET at = 1 WHERE seq = 3; UPDATE entries SET payload = '' WHERE seq = 8",
    );
    insta::assert_snapshot!(found, @"
    entry 3: its stream, version, time, actor, cause or hash was edited
    entry 8: its payload was edited
    ");
}

#[test]
fn an_entry_replaced_by_a_well_formed_one() {
    let scene = Scene::new();
    rehash(&scene, 7, 7);
    insta::assert_snapshot!(
        scene.found(),
        @"entry 7, and perhaps entries before it back to 5: replaced by others; entry 8 was chained to a different one"
    );
    let scene = Scene::new();
    rehash(&scene, 5, 5);
    insta::assert_snapshot!(
        scene.found(),
        @"entry 5: replaced by another; entry 6 was chained to a different one"
    );
}

#[test]
fn deleted_entries() {
    insta::assert_snapshot!(after("DELETE FROM entries WHERE seq = 5"), @"entry 5: deleted");
    insta::assert_snapshot!(after("DELETE FROM entries WHERE seq = 1"), @"entry 1: deleted");
    insta::assert_snapshot!(after("DELETE FROM entries WHERE seq IN (2, 5, 6)"), @"
    entry 2: deleted
    entries 5 to 6: deleted
    ");
}

#[test]
fn deleted_entries_with_the_rest_renumbered() {
    let renumber = |from, by| {
        format!(
            "DELETE FROM entries WHERE seq BETWEEN {from} AND {from} + {by} - 1;
             UPDATE entries SET seq = -seq WHERE seq > {from};
             UPDATE entries SET seq = -seq - {by} WHERE seq < 0;"
        )
    };
    insta::assert_snapshot!(after(&renumber(5, 1)), @"
    entry 5: deleted
    the journal ends at entry 9, but entry 10 was signed on 2027-01-15T08:00:09Z: the entries after 9 were cut off
    ");
    assert_eq!(after(&renumber(3, 2)).lines().next(), Some("entries 3 to 4: deleted"));
}

#[test]
fn reordered_entries() {
    let swap = "UPDATE entries SET seq = -1 WHERE seq = 6;
                UPDATE entries SET seq = 6 WHERE seq = 8;
                UPDATE entries SET seq = 8 WHERE seq = -1;";
    insta::assert_snapshot!(after(swap), @"
    entry 6: reordered; it was appended as entry 8
    entry 8: reordered; it was appended as entry 6
    ");
    let to_the_end = "UPDATE entries SET seq = 40 WHERE seq = 2";
    insta::assert_snapshot!(after(to_the_end), @"entry 40: reordered; it was appended as entry 2");
}

#[test]
fn an_inserted_entry() {
    let insert = "
        UPDATE entries SET seq = -seq WHERE seq >= 6;
        UPDATE entries SET seq = -seq + 1 WHERE seq < 0;
        INSERT INTO entries SELECT 6, 'run/9', 1, at, actor, cause, payload, payload_hash,
          prev_hash, hash FROM entries WHERE seq = 5;";
    insta::assert_snapshot!(after(insert), @"entry 6: inserted; it was not appended there");
    let at_the_end = "
        INSERT INTO entries SELECT 11, 'run/9', 1, at, actor, cause, payload, payload_hash,
          hash, zeroblob(32) FROM entries WHERE seq = 10;";
    let found = after(at_the_end);
    assert!(found.starts_with("entry 11: "), "{found}");
}

#[test]
fn a_cut_tail_shows_by_the_checkpoint() {
    insta::assert_snapshot!(
        after("DELETE FROM entries WHERE seq > 7"),
        @"the journal ends at entry 7, but entry 10 was signed on 2027-01-15T08:00:09Z: the entries after 7 were cut off"
    );
    insta::assert_snapshot!(
        after("DELETE FROM entries"),
        @"the journal ends at entry 0, but entry 10 was signed on 2027-01-15T08:00:09Z: the entries after 0 were cut off"
    );
}

#[test]
fn a_consistent_rewrite_shows_by_the_checkpoint() {
    let scene = Scene::new();
    rehash(&scene, 1, 10);
    insta::assert_snapshot!(
        scene.found(),
        @"entries 1 to 4 were rewritten: the chain fits itself, but not what was signed on 2027-01-15T08:00:03Z"
    );
    let scene = Scene::new();
    rehash(&scene, 6, 10);
    insta::assert_snapshot!(
        scene.found(),
        @"entries 5 to 10 were rewritten: the chain fits itself, but not what was signed on 2027-01-15T08:00:09Z"
    );
}

#[test]
fn a_cut_tail_filled_up_again_shows_by_the_checkpoint() {
    let scene = Scene::new();
    scene.sql("DELETE FROM entries WHERE seq > 8; UPDATE lease SET holder = NULL");
    let store = scene.store();
    let epoch = own(store.journal());
    append(store.journal(), epoch, "run/1", 4, &["{}"; 5]);
    drop(store);
    insta::assert_snapshot!(
        scene.found(),
        @"entries 5 to 10 were rewritten: the chain fits itself, but not what was signed on 2027-01-15T08:00:09Z"
    );
}

#[test]
fn another_journal_in_its_place() {
    let scene = Scene::new();
    scene.sql("UPDATE journal SET id = 'another'");
    let found = scene.found();
    assert!(found.contains("is of another journal"), "{found}");
}

#[test]
fn edited_and_forged_checkpoints() {
    let scene = Scene::new();
    let file = scene.dir.path().join("audit/checkpoints.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("\"seq\":4", "\"seq\":3", 1)).unwrap();
    insta::assert_snapshot!(
        scene.found(),
        @"line 1 of the checkpoints is not one: its signature does not fit this key and what it says"
    );

    let other = Checkpoints::open(&scene.dir.path().join("forged")).unwrap();
    other.sign(scene.store().journal(), at(0)).unwrap();
    let forged = fs::read_to_string(scene.dir.path().join("forged/checkpoints.jsonl")).unwrap();
    fs::write(&file, text + &forged).unwrap();
    insta::assert_snapshot!(
        scene.found(),
        @"line 3 of the checkpoints is not one: its signature does not fit this key and what it says"
    );
}

#[test]
fn a_checkpoint_cut_short_by_a_crash_is_no_tampering() {
    let scene = Scene::new();
    let file = scene.dir.path().join("audit/checkpoints.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}{{\"checkpoint\":{{")).unwrap();
    assert!(scene.verify().is_clean());
    scene.checkpoints.sign(scene.store().journal(), at(50)).unwrap();
    assert_eq!(scene.checkpoints.read().unwrap().good.len(), 3);
    assert!(scene.verify().is_clean());
}

#[test]
fn an_erased_payload_is_told_but_is_no_finding() {
    let scene = Scene::new();
    let store = scene.store();
    let epoch = store.journal().owner().unwrap().unwrap().epoch;
    store.journal().erase(epoch, Seq(5)).unwrap();
    drop(store);
    let report = scene.verify();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.erased, [Seq(5)]);
}

#[test]
fn an_erased_payload_is_in_no_file_any_more() {
    let (_dir, store) = new_store();
    let journal = store.journal();
    let epoch = own(journal);
    let secret = "hunter2-".repeat(2000);
    append(journal, epoch, "run/1", 0, &["before", &secret, "after"]);
    let view = "status".to_owned();
    let snapshot = Snapshot { view, schema: 1, seq: Seq(3), bytes: secret.into_bytes() };
    journal.put_snapshot(&snapshot).unwrap();
    let files_with_it = || -> Vec<_> {
        let files = fs::read_dir(store.dir()).unwrap().map(|entry| entry.unwrap().path());
        let has = |path: &PathBuf| {
            let bytes = fs::read(path).unwrap();
            bytes.windows(8).any(|window| window == b"hunter2-")
        };
        files.filter(|path| path.is_file()).filter(has).collect()
    };
    assert!(!files_with_it().is_empty());
    journal.erase(epoch, Seq(2)).unwrap();
    assert_eq!(files_with_it(), Vec::<PathBuf>::new());
}

#[test]
fn a_version_out_of_order_in_a_whole_chain() {
    let scene = Scene::new();
    rewrite(&scene, 9, 10, |entry| {
        if entry.seq == Seq(9) {
            entry.version = Version(9);
        }
    });
    let found = scene.found();
    assert!(found.contains("entry 9: has version 9 of run/1, where version 5 follows"), "{found}");
}

#[test]
fn the_key_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::new();
    let key = scene.dir.path().join("audit/key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let same = Checkpoints::open(&scene.dir.path().join("audit")).unwrap();
    assert_eq!(same.public_key(), scene.checkpoints.public_key());

    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let error = Checkpoints::open(&scene.dir.path().join("audit")).unwrap_err();
    assert_eq!(error.code(), "store.bad_key");
    assert!(error.to_string().contains("others may read it (mode 644)"), "{error}");
}

/// Gives the entries `from` to `to` another time, and consistent hashes.
fn rehash(scene: &Scene, from: u64, to: u64) {
    rewrite(scene, from, to, |entry| entry.at = at(1000));
}

/// Changes entries, and makes hashes and links right from `from` to `to`.
fn rewrite(scene: &Scene, from: u64, to: u64, change: impl Fn(&mut Entry)) {
    let entries = scene.store().journal().read(Seq(1), 100).unwrap();
    let database = scene.database();
    let mut link = entries[usize::try_from(from).unwrap() - 1].prev_hash;
    for mut entry in entries {
        if !(from..=to).contains(&entry.seq.0) {
            continue;
        }
        change(&mut entry);
        entry.prev_hash = link;
        entry.hash = hash_entry(&entry).unwrap();
        link = entry.hash;
        let sql = "UPDATE entries SET at = ?2, version = ?3, prev_hash = ?4, hash = ?5
                   WHERE seq = ?1";
        let row = params![
            i64::try_from(entry.seq.0).unwrap(),
            i64::try_from(entry.at.as_nanosecond()).unwrap(),
            i64::try_from(entry.version.0).unwrap(),
            entry.prev_hash.as_bytes(),
            entry.hash.as_bytes(),
        ];
        assert_eq!(database.execute(sql, row).unwrap(), 1);
    }
}
