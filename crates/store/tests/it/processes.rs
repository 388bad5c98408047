//! Several processes at one store, and what the children do.

use std::collections::BTreeMap;
use std::path::Path;

use shipway_core::journal::{Actor, Cause, NewEntry, Seq, Version};
use shipway_store::{
    AcquireError, Batch, Durability, Epoch, Holder, Input, InputId, InputPos, InputStatus, Journal,
    Settled, Store, Submitted,
};

use crate::support::{
    Child, TTL, append, assert_whole, at, entry, new_store, own, role, say, stream,
};

/// What a child does; started by other tests, never by itself.
#[test]
#[ignore = "a role that other tests start as a process"]
fn child() {
    let role = role();
    let arguments: Vec<&str> = role.iter().map(String::as_str).collect();
    match arguments[..] {
        ["submit", dir, sender, count] => submit(Path::new(dir), sender, count.parse().unwrap()),
        ["hold", dir] => hold(Path::new(dir)),
        ["append", dir] => crate::crash::append_until_killed(Path::new(dir)),
        _ => panic!("no such role: {role:?}"),
    }
}

fn submit(dir: &Path, sender: &str, count: usize) {
    let store = Store::open(dir).unwrap();
    for n in 0..count {
        let input = input(&format!("{sender}-{n}"));
        assert_eq!(store.journal().submit(&input).unwrap(), Submitted::New);
        // As a sender that did not hear the answer.
        assert!(matches!(store.journal().submit(&input).unwrap(), Submitted::Again(_)));
    }
}

fn hold(dir: &Path) {
    let store = Store::open(dir).unwrap();
    let epoch = own(store.journal());
    say(&epoch.0.to_string());
    // Until killed.
    loop {
        std::thread::park();
    }
}

pub(crate) fn input(name: &str) -> Input {
    Input {
        id: InputId::new(name).unwrap(),
        at: at(0),
        actor: Actor::Unverified { user: "ada".to_owned() },
        payload: format!("\"{name}\""),
    }
}

/// Settles what is pending, with an entry for each input; gives how many.
pub(crate) fn handle_inputs(journal: &dyn Journal, epoch: Epoch, version: &mut Version) -> usize {
    let inputs = journal.take_inputs(InputPos(0), 20).unwrap();
    let count = inputs.len();
    for (_, input) in inputs {
        let follows = NewEntry {
            actor: input.actor,
            cause: Some(Cause(input.id.to_string())),
            ..entry(&input.payload)
        };
        let batch = Batch {
            settled: vec![Settled::handled(input.id)],
            ..Batch::of(stream("env/inputs"), *version, vec![follows])
        };
        journal.append(epoch, batch, Durability::Durable).unwrap();
        version.0 += 1;
    }
    count
}

/// How often each input was acted upon.
pub(crate) fn handled(journal: &dyn Journal) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for entry in journal.read_stream(&stream("env/inputs"), Version(0)).unwrap() {
        *counts.entry(entry.cause.unwrap().0).or_default() += 1;
    }
    counts
}

#[test]
fn others_submit_while_the_owner_appends() {
    let (_dir, store) = new_store();
    let (journal, dir) = (store.journal(), store.dir().to_str().unwrap());
    let epoch = own(journal);
    let mut children: Vec<_> =
        ["a", "b", "c"].map(|sender| Child::start("submit", &[dir, sender, "40"])).into();
    let (mut inputs, mut own_entries) = (Version(0), 0);
    loop {
        let over = children.iter_mut().all(Child::has_ended);
        append(journal, epoch, "run/1", own_entries, &["own"]);
        own_entries += 1;
        if handle_inputs(journal, epoch, &mut inputs) == 0 && over {
            break;
        }
    }
    children.into_iter().for_each(Child::succeeds);
    let handled = handled(journal);
    assert_eq!(handled.len(), 120);
    assert!(handled.values().all(|times| *times == 1), "{handled:?}");
    assert_eq!(
        journal.read_stream(&stream("run/1"), Version(0)).unwrap().len() as u64,
        own_entries
    );
    assert_whole(journal);
    let id = InputId::new("b-7").unwrap();
    assert_eq!(journal.input_status(&id).unwrap(), Some(InputStatus::Handled));
}

#[test]
fn a_killed_owner_is_succeeded_at_once() {
    let (_dir, store) = new_store();
    let journal = store.journal();
    let mut child = Child::start("hold", &[store.dir().to_str().unwrap()]);
    let first = child.lines().next().unwrap();

    let me = Holder::this_process("successor");
    let Err(AcquireError::Held(held)) = journal.acquire(&me, TTL) else {
        panic!("taken from a living owner");
    };
    assert_eq!(held.epoch.0.to_string(), first);
    child.kill();
    assert!(journal.acquire(&me, TTL).unwrap() > held.epoch);
    assert_eq!(journal.head().unwrap().seq, Seq(0));
}

#[test]
fn a_change_by_another_process_is_noticed() {
    let (_dir, store) = new_store();
    let mark = store.journal().change_mark().unwrap();
    assert!(!store.journal().changed_since(mark).unwrap());
    Child::start("submit", &[store.dir().to_str().unwrap(), "a", "1"]).succeeds();
    assert!(store.journal().changed_since(mark).unwrap());
}

#[test]
fn two_that_make_the_store_at_once_share_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let ids: Vec<String> = std::thread::scope(|scope| {
        let open = || Store::open_or_create(&path).unwrap().journal().id().to_owned();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}
