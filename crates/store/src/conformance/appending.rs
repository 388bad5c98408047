//! Appending: all or nothing, at the expected version, in one chain.

use shipway_core::digest::Digest;
use shipway_core::journal::{Seq, Version};

use super::{Harness, append, cases, entry, own, stream};
use crate::chain::{GENESIS, hash_entry};
use crate::journal::{Append, AppendError, Batch, Durability, EraseError, Head};

cases![
    an_empty_journal_begins_at_nothing,
    entries_are_chained_and_counted,
    a_conflict_tells_both_versions_and_appends_nothing,
    a_batch_may_name_a_stream_twice,
    what_was_acknowledged_is_there_after_reopening,
    an_erased_payload_is_gone_and_the_chain_stays,
    callers_at_once_are_all_served,
];

fn an_empty_journal_begins_at_nothing(harness: &mut dyn Harness) {
    let journal = harness.journal();
    assert_eq!(journal.head().unwrap(), Head { seq: Seq(0), hash: GENESIS });
    assert_eq!(journal.streams().unwrap(), []);
    assert_eq!(journal.read(Seq(1), 10).unwrap(), []);
    assert!(!journal.id().is_empty());
}

fn entries_are_chained_and_counted(harness: &mut dyn Harness) {
    let journal = harness.journal();
    let epoch = own(journal);
    let batch = Batch {
        appends: vec![
            Append {
                stream: stream("env/staging"),
                expected: Version(0),
                entries: vec![entry("1"), entry("2")],
            },
            Append { stream: stream("run/1"), expected: Version(0), entries: vec![entry("3")] },
        ],
        settled: Vec::new(),
    };
    let appended = journal.append(epoch, batch, Durability::Durable).unwrap();
    append(journal, epoch, "env/staging", &["4"]);

    let entries = journal.read(Seq(0), 10).unwrap();
    assert_eq!(entries[..3], appended, "what is read is what was acknowledged");
    let places: Vec<_> =
        entries.iter().map(|e| (e.seq.0, e.stream.to_string(), e.version.0)).collect();
    let expected = [
        (1, "env/staging".to_owned(), 1),
        (2, "env/staging".to_owned(), 2),
        (3, "run/1".to_owned(), 1),
        (4, "env/staging".to_owned(), 3),
    ];
    assert_eq!(places, expected);

    let mut link = GENESIS;
    for entry in &entries {
        assert_eq!(entry.prev_hash, link);
        assert_eq!(entry.hash, hash_entry(entry).unwrap());
        assert_eq!(entry.payload_hash, Digest::of(entry.payload.as_ref().unwrap().as_bytes()));
        link = entry.hash;
    }
    assert_eq!(journal.head().unwrap(), Head { seq: Seq(4), hash: link });
}

fn a_conflict_tells_both_versions_and_appends_nothing(harness: &mut dyn Harness) {
    let journal = harness.journal();
    let epoch = own(journal);
    append(journal, epoch, "run/1", &["1"]);
    let before = journal.head().unwrap();
    let batch = Batch {
        appends: vec![
            Append { stream: stream("run/2"), expected: Version(0), entries: vec![entry("2")] },
            Append { stream: stream("run/1"), expected: Version(0), entries: vec![entry("3")] },
        ],
        settled: Vec::new(),
    };
    let conflict =
        AppendError::Conflict { stream: stream("run/1"), expected: Version(0), actual: Version(1) };
    for durability in [Durability::Durable, Durability::Grouped] {
        let result = journal.append(epoch, batch.clone(), durability);
        assert_eq!(result, Err(conflict.clone()));
    }
    assert_eq!(journal.head().unwrap(), before, "nothing of the batch was appended");
}

fn a_batch_may_name_a_stream_twice(harness: &mut dyn Harness) {
    let journal = harness.journal();
    let epoch = own(journal);
    let part = |expected, payload| Append {
        stream: stream("run/1"),
        expected: Version(expected),
        entries: vec![entry(payload)],
    };
    let batch = Batch { appends: vec![part(0, "1"), part(1, "2")], settled: Vec::new() };
    let entries = journal.append(epoch, batch, Durability::Grouped).unwrap();
    assert_eq!(entries.last().unwrap().version, Version(2));
}

fn what_was_acknowledged_is_there_after_reopening(harness: &mut dyn Harness) {
    let epoch = own(harness.journal());
    append(harness.journal(), epoch, "run/1", &["1", "2"]);
    let before = harness.journal().read(Seq(1), 10).unwrap();
    let id = harness.journal().id().to_owned();
    harness.reopen();
    assert_eq!(harness.journal().read(Seq(1), 10).unwrap(), before);
    assert_eq!(harness.journal().id(), id);
    append(harness.journal(), epoch, "run/1", &["3"]);
    assert_eq!(harness.journal().read(Seq(3), 1).unwrap()[0].prev_hash, before[1].hash);
}

fn an_erased_payload_is_gone_and_the_chain_stays(harness: &mut dyn Harness) {
    let journal = harness.journal();
    let epoch = own(journal);
    append(journal, epoch, "run/1", &["1", "secret", "3"]);
    let before = journal.read(Seq(1), 10).unwrap();

    journal.erase(epoch, Seq(2)).unwrap();
    journal.erase(epoch, Seq(2)).unwrap();
    let after = journal.read(Seq(1), 10).unwrap();
    assert_eq!(after[1].payload, None);
    assert_eq!(after[1].hash, hash_entry(&after[1]).unwrap());
    assert_eq!(after[1].hash, before[1].hash);
    assert_eq!((&after[0], &after[2]), (&before[0], &before[2]));

    assert_eq!(journal.erase(epoch, Seq(9)), Err(EraseError::NoSuchEntry(Seq(9))));
}

fn callers_at_once_are_all_served(harness: &mut dyn Harness) {
    let journal = harness.journal();
    let epoch = own(journal);
    let (threads, each) = (8, 25);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                let name = stream(&format!("run/{thread}"));
                for version in 0..each {
                    let batch = Batch::of(name.clone(), Version(version), vec![entry("x")]);
                    let durability =
                        if version % 2 == 0 { Durability::Durable } else { Durability::Grouped };
                    journal.append(epoch, batch, durability).unwrap();
                    // A wrong one in the same group hurts only itself.
                    let wrong = Batch::of(name.clone(), Version(0), vec![entry("y")]);
                    journal.append(epoch, wrong, durability).unwrap_err();
                }
            });
        }
    });
    let entries = journal.read(Seq(1), 1000).unwrap();
    assert_eq!(entries.len() as u64, threads * each);
    let mut link = GENESIS;
    for (place, entry) in (1..).zip(&entries) {
        assert_eq!((entry.seq, entry.prev_hash), (Seq(place), link));
        assert_eq!(entry.payload.as_deref(), Some("x"));
        link = entry.hash;
    }
}
