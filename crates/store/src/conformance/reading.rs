//! Reading, noticing changes, and snapshots of views.

use shipway_core::journal::{Actor, Cause, NewEntry, Seq, Version};

use super::{Harness, append, at, cases, entry, own, stream};
use crate::inbox::{Input, InputId};
use crate::journal::{Batch, Durability, Snapshot, StreamHead};

cases![
    an_entry_is_read_as_it_was_written,
    a_page_begins_and_ends_where_asked,
    a_stream_is_read_alone,
    streams_tell_their_versions,
    the_last_entry_at_a_time_is_found,
    every_write_is_a_change,
    a_snapshot_is_kept_until_its_view_changes,
];

fn an_entry_is_read_as_it_was_written(harness: &mut dyn Harness) {
    let journal = harness.journal();
    let epoch = own(journal);
    let new = NewEntry {
        at: "2026-02-28T23:59:59.123456789Z".parse().unwrap(),
        actor: Actor::Unverified { user: "Ada \"☃\" \u{1f6a2}".to_owned() },
        cause: Some(Cause(String::new())),
        payload: "{\"text\":\"a\\u0000\\n☃\"}".to_owned(),
    };
    let bare = NewEntry { cause: None, payload: String::new(), ..new.clone() };
    let batch = Batch::of(stream("plan/p.1_2-3"), Version(0), vec![new.clone(), bare.clone()]);
    let appended = journal.append(epoch, batch, Durability::Grouped).unwrap();
    let read = journal.read(Seq(1), 10).unwrap();
    assert_eq!(read, appended);
    for (entry, new) in read.into_iter().zip([new, bare]) {
        let back = NewEntry {
            at: entry.at,
            actor: entry.actor,
            cause: entry.cause,
            payload: entry.payload.unwrap(),
        };
        assert_eq!(back, new);
    }
}

fn a_page_begins_and_ends_where_asked(harness: &mut dyn Harness) {
    let journal = harness.journal();
    let epoch = own(journal);
    append(journal, epoch, "run/1", &["1", "2", "3", "4", "5"]);
    let seqs = |from, limit| -> Vec<u64> {
        journal.read(Seq(from), limit).unwrap().iter().map(|entry| entry.seq.0).collect()
    };
    assert_eq!(seqs(0, 2), [1, 2]);
    assert_eq!(seqs(2, 2), [2, 3]);
    assert_eq!(seqs(4, 9), [4, 5]);
    assert_eq!(seqs(6, 9), [0; 0]);
    assert_eq!(seqs(1, 0), [0; 0]);
}

fn a_stream_is_read_alone(harness: &mut dyn Harness) {
    let journal = harness.journal();
    let epoch = own(journal);
    for (name, payload) in [("run/1", "a"), ("run/10", "b"), ("run/1", "c"), ("env/1", "d")] {
        append(journal, epoch, name, &[payload]);
    }
    let payloads = |name, from| -> Vec<String> {
        let entries = journal.read_stream(&stream(name), Version(from)).unwrap();
        entries.into_iter().map(|entry| entry.payload.unwrap()).collect()
    };
    assert_eq!(payloads("run/1", 0), ["a", "c"]);
    assert_eq!(payloads("run/1", 2), ["c"]);
    assert_eq!(payloads("run/10", 1), ["b"]);
    assert!(payloads("run/2", 1).is_empty());
}

fn streams_tell_their_versions(harness: &mut dyn Harness) {
    let journal = harness.journal();
    let epoch = own(journal);
    append(journal, epoch, "run/2", &["1", "2"]);
    append(journal, epoch, "env/a", &["3"]);
    append(journal, epoch, "run/10", &["4"]);
    append(journal, epoch, "run/2", &["5"]);
    let head = |name, version| StreamHead { stream: stream(name), version: Version(version) };
    let heads = [head("env/a", 1), head("run/10", 1), head("run/2", 3)];
    assert_eq!(journal.streams().unwrap(), heads);
}

fn the_last_entry_at_a_time_is_found(harness: &mut dyn Harness) {
    let journal = harness.journal();
    let epoch = own(journal);
    let times = [10, 20, 15, 30];
    let entries = times.iter().map(|second| NewEntry { at: at(*second), ..entry("x") }).collect();
    let batch = Batch::of(stream("run/1"), Version(0), entries);
    journal.append(epoch, batch, Durability::Grouped).unwrap();
    let found = |second| journal.last_at_or_before(at(second)).unwrap().map(|entry| entry.seq.0);
    assert_eq!(found(9), None);
    assert_eq!(found(10), Some(1));
    assert_eq!(found(20), Some(3), "by place: the clock may go back");
    assert_eq!(found(99), Some(4));
}

fn every_write_is_a_change(harness: &mut dyn Harness) {
    let journal = harness.journal();
    let epoch = own(journal);
    let mark = journal.change_mark().unwrap();
    assert!(!journal.changed_since(mark).unwrap());
    journal.head().unwrap();
    assert!(!journal.changed_since(mark).unwrap(), "reading is no change");

    append(journal, epoch, "run/1", &["1"]);
    assert!(journal.changed_since(mark).unwrap());

    let mark = journal.change_mark().unwrap();
    let input = Input {
        id: InputId::new("a").unwrap(),
        at: at(0),
        actor: Actor::Engine,
        payload: "{}".to_owned(),
    };
    journal.submit(&input).unwrap();
    assert!(journal.changed_since(mark).unwrap());
}

fn a_snapshot_is_kept_until_its_view_changes(harness: &mut dyn Harness) {
    let epoch = own(harness.journal());
    append(harness.journal(), epoch, "run/1", &["1", "2"]);
    let snapshot = |seq, bytes: &[u8]| Snapshot {
        view: "status".to_owned(),
        schema: 3,
        seq: Seq(seq),
        bytes: bytes.to_vec(),
    };
    harness.journal().put_snapshot(&snapshot(1, b"old")).unwrap();
    harness.journal().put_snapshot(&snapshot(2, &[0, 255])).unwrap();
    harness.reopen();
    let journal = harness.journal();
    assert_eq!(journal.get_snapshot("status", 3).unwrap(), Some(snapshot(2, &[0, 255])));
    assert_eq!(journal.get_snapshot("status", 4).unwrap(), None, "another schema");
    assert_eq!(journal.get_snapshot("history", 3).unwrap(), None, "another view");

    journal.put_snapshot(&snapshot(3, b"of an entry that is not there")).unwrap();
    assert_eq!(journal.get_snapshot("status", 3).unwrap(), None);

    journal.put_snapshot(&snapshot(2, b"again")).unwrap();
    journal.drop_snapshots().unwrap();
    assert_eq!(journal.get_snapshot("status", 3).unwrap(), None);
}
