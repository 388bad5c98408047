//! The inbox: nothing lost, nothing done twice.

use shipway_core::journal::{Actor, Version};

use super::{Harness, append, at, cases, entry, own, stream};
use crate::inbox::{Input, InputId, InputPos, InputStatus, Settled, SubmitError, Submitted};
use crate::journal::{AppendError, Batch, Durability};

cases![
    inputs_are_taken_in_the_order_they_came,
    an_input_that_comes_again_is_recognised,
    an_id_belongs_to_one_input,
    an_input_is_settled_with_what_follows_from_it,
    a_conflict_leaves_the_input_pending,
    an_input_is_settled_once,
    a_refusal_reaches_the_sender,
    an_unsettled_input_is_there_after_reopening,
    erasing_an_entry_erases_the_input_it_followed_from,
];

fn id(text: &str) -> InputId {
    InputId::new(text).unwrap()
}

fn input(name: &str) -> Input {
    Input {
        id: id(name),
        at: at(1),
        actor: Actor::Unverified { user: "ada".to_owned() },
        payload: format!("{{\"ask\":\"{name}\"}}"),
    }
}

fn inputs_are_taken_in_the_order_they_came(harness: &mut dyn Harness) {
    let journal = harness.journal();
    for name in ["z", "a", "m"] {
        assert_eq!(journal.submit(&input(name)).unwrap(), Submitted::New);
    }
    let all = journal.take_inputs(InputPos(0), 10).unwrap();
    let inputs: Vec<_> = all.iter().map(|(_, input)| input.clone()).collect();
    assert_eq!(inputs, [input("z"), input("a"), input("m")]);
    assert_eq!(journal.take_inputs(all[0].0, 1).unwrap(), all[1..2]);
    assert_eq!(journal.input_status(&id("a")).unwrap(), Some(InputStatus::Pending));
    assert_eq!(journal.input_status(&id("none")).unwrap(), None);
}

fn an_input_that_comes_again_is_recognised(harness: &mut dyn Harness) {
    let journal = harness.journal();
    journal.submit(&input("a")).unwrap();
    let later = Input { at: at(9), ..input("a") };
    assert_eq!(journal.submit(&later).unwrap(), Submitted::Again(InputStatus::Pending));

    let epoch = own(journal);
    let batch = Batch { settled: vec![Settled::handled(id("a"))], ..Batch::default() };
    journal.append(epoch, batch, Durability::Durable).unwrap();
    assert_eq!(journal.submit(&later).unwrap(), Submitted::Again(InputStatus::Handled));
    assert_eq!(journal.take_inputs(InputPos(0), 10).unwrap(), []);
}

fn an_id_belongs_to_one_input(harness: &mut dyn Harness) {
    let journal = harness.journal();
    journal.submit(&input("a")).unwrap();
    for other in [
        Input { payload: "{}".to_owned(), ..input("a") },
        Input { actor: Actor::Engine, ..input("a") },
    ] {
        assert_eq!(journal.submit(&other), Err(SubmitError::IdTaken(id("a"))));
    }
    assert_eq!(journal.take_inputs(InputPos(0), 10).unwrap()[0].1, input("a"));
}

fn an_input_is_settled_with_what_follows_from_it(harness: &mut dyn Harness) {
    let journal = harness.journal();
    let epoch = own(journal);
    journal.submit(&input("a")).unwrap();
    journal.submit(&input("b")).unwrap();
    let batch = Batch {
        settled: vec![Settled::handled(id("a"))],
        ..Batch::of(stream("run/1"), Version(0), vec![entry("1")])
    };
    journal.append(epoch, batch, Durability::Durable).unwrap();
    assert_eq!(journal.input_status(&id("a")).unwrap(), Some(InputStatus::Handled));
    let left = journal.take_inputs(InputPos(0), 10).unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].1, input("b"));
}

fn a_conflict_leaves_the_input_pending(harness: &mut dyn Harness) {
    let journal = harness.journal();
    let epoch = own(journal);
    journal.submit(&input("a")).unwrap();
    append(journal, epoch, "run/1", &["1"]);
    let batch = Batch {
        settled: vec![Settled::handled(id("a"))],
        ..Batch::of(stream("run/1"), Version(0), vec![entry("2")])
    };
    journal.append(epoch, batch, Durability::Durable).unwrap_err();
    assert_eq!(journal.input_status(&id("a")).unwrap(), Some(InputStatus::Pending));
}

fn an_input_is_settled_once(harness: &mut dyn Harness) {
    let journal = harness.journal();
    let epoch = own(journal);
    journal.submit(&input("a")).unwrap();
    let batch = |name: &str, version| Batch {
        settled: vec![Settled::handled(id(name))],
        ..Batch::of(stream("run/1"), Version(version), vec![entry("1")])
    };
    journal.append(epoch, batch("a", 0), Durability::Durable).unwrap();
    let before = journal.head().unwrap();
    for (name, status) in [("a", Some(InputStatus::Handled)), ("none", None)] {
        let result = journal.append(epoch, batch(name, 1), Durability::Durable);
        assert_eq!(result, Err(AppendError::NotPending { id: id(name), status }));
    }
    assert_eq!(journal.head().unwrap(), before, "the entries went with the refused settlement");
}

fn a_refusal_reaches_the_sender(harness: &mut dyn Harness) {
    let journal = harness.journal();
    let epoch = own(journal);
    journal.submit(&input("a")).unwrap();
    let settled = vec![Settled::refused(id("a"), "production is locked")];
    journal.append(epoch, Batch { settled, ..Batch::default() }, Durability::Durable).unwrap();
    let refused = InputStatus::Refused { reason: "production is locked".to_owned() };
    assert_eq!(journal.input_status(&id("a")).unwrap(), Some(refused.clone()));
    assert_eq!(journal.submit(&input("a")).unwrap(), Submitted::Again(refused));
}

fn an_unsettled_input_is_there_after_reopening(harness: &mut dyn Harness) {
    harness.journal().submit(&input("a")).unwrap();
    harness.reopen();
    assert_eq!(harness.journal().take_inputs(InputPos(0), 10).unwrap()[0].1, input("a"));
}

fn erasing_an_entry_erases_the_input_it_followed_from(harness: &mut dyn Harness) {
    let journal = harness.journal();
    let epoch = own(journal);
    journal.submit(&input("a")).unwrap();
    let mut follows = entry("secret");
    follows.cause = Some(shipway_core::journal::Cause("a".to_owned()));
    let batch = Batch {
        settled: vec![Settled::handled(id("a"))],
        ..Batch::of(stream("run/1"), Version(0), vec![follows])
    };
    let appended = journal.append(epoch, batch, Durability::Durable).unwrap();
    journal.erase(epoch, appended[0].seq).unwrap();
    assert_eq!(journal.input_status(&id("a")).unwrap(), Some(InputStatus::Handled));
    assert_eq!(journal.submit(&input("a")).unwrap(), Submitted::Again(InputStatus::Handled));
}
