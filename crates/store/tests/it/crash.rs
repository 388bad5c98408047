//! `kill -9` at any moment: what was acknowledged is there, once.
//!
//! (What a power cut takes is another matter: that a durable append was synced
//! cannot be seen from a process of the same machine.)

use std::collections::HashMap;
use std::path::Path;

use shipway_core::journal::{Seq, Version};
use shipway_store::{Batch, Durability, Journal, Store};

use crate::processes::{handle_inputs, handled, input};
use crate::support::{Child, assert_whole, entry, new_store, own, say, stream};

const ROUNDS: u64 = 12;

/// The child: four threads append and say what was acknowledged, a fifth
/// handles inputs.
pub(crate) fn append_until_killed(dir: &Path) {
    let store = Store::open(dir).unwrap();
    let journal = store.journal();
    let epoch = own(journal);
    let version = |name: &str| {
        let entries = journal.read_stream(&stream(name), Version(0)).unwrap();
        entries.last().map(|entry| entry.version).unwrap_or_default()
    };
    std::thread::scope(|scope| {
        for (name, durability) in [
            ("run/1", Durability::Durable),
            ("run/2", Durability::Durable),
            ("run/3", Durability::Grouped),
            ("run/4", Durability::Grouped),
        ] {
            let mut version = version(name);
            scope.spawn(move || {
                loop {
                    let entries = vec![entry(name), entry("two at once")];
                    let batch = Batch::of(stream(name), version, entries);
                    for entry in journal.append(epoch, batch, durability).unwrap() {
                        say(&format!("{} {}", entry.seq.0, entry.hash));
                        version = entry.version;
                    }
                }
            });
        }
        let mut version = version("env/inputs");
        while handle_inputs(journal, epoch, &mut version) > 0 {}
        say("inputs handled");
    });
}

#[test]
fn nothing_acknowledged_is_lost_and_no_input_is_handled_twice() {
    let (_dir, store) = new_store();
    let mut acknowledged = HashMap::new();
    for round in 0..ROUNDS {
        for n in 0..5 {
            store.journal().submit(&input(&format!("{round}-{n}"))).unwrap();
        }
        let mut child = Child::start("append", &[store.dir().to_str().unwrap()]);
        let lines = child.lines();
        // Killed after so many answers: within any of the steps that follow.
        let enough = 1 + usize::try_from(round * 37 % 100).unwrap();
        let mut said: Vec<String> = Vec::new();
        let mut lines = lines.inspect(|line| said.push(line.clone()));
        assert_eq!(lines.by_ref().take(enough).count(), enough, "the child ended by itself");
        child.kill();
        lines.for_each(drop);

        acknowledged.extend(said.iter().filter_map(|line| {
            let (seq, hash) = line.split_once(" sha256:")?;
            Some((Seq(seq.parse().unwrap()), hash.to_owned()))
        }));
        let reopened = Store::open(store.dir()).unwrap();
        assert_whole(reopened.journal());
        let entries = reopened.journal().read(Seq(1), usize::MAX).unwrap();
        for (seq, hash) in &acknowledged {
            let entry = usize::try_from(seq.0).ok().and_then(|seq| entries.get(seq - 1));
            assert_eq!(entry.map(|entry| entry.hash.hex()).as_ref(), Some(hash), "{seq:?}");
        }
    }
    assert!(acknowledged.len() > 100, "{}", acknowledged.len());

    let epoch = own(store.journal());
    let entries = store.journal().read_stream(&stream("env/inputs"), Version(0)).unwrap();
    let mut version = entries.last().map(|entry| entry.version).unwrap_or_default();
    while handle_inputs(store.journal(), epoch, &mut version) > 0 {}
    let handled = handled(store.journal());
    assert_eq!(handled.len() as u64, ROUNDS * 5);
    assert!(handled.values().all(|times| *times == 1), "{handled:?}");
}
