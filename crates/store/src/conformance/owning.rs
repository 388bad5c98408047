//! Owning: one at a time, fenced by an epoch.

use std::time::Duration;

use shipway_core::journal::{Seq, Version};

use super::{Harness, TTL, append, cases, entry, holder, own, stream};
use crate::holder::Holder;
use crate::journal::{
    AcquireError, AppendError, Batch, Durability, Epoch, EraseError, Journal, OwnerError,
};

cases![
    a_held_journal_is_not_given_away,
    a_lease_whose_time_is_over_is_taken_over,
    a_renewed_lease_lasts,
    a_dead_holder_is_taken_over_at_once,
    a_holder_elsewhere_is_believed_to_live,
    a_released_journal_is_free,
    who_lost_it_can_do_nothing,
    epochs_grow_also_after_reopening,
];

fn a_held_journal_is_not_given_away(harness: &mut dyn Harness) {
    let journal = harness.journal();
    assert_eq!(journal.owner().unwrap(), None);
    let first = holder("first");
    let epoch = journal.acquire(&first, TTL).unwrap();
    let Err(AcquireError::Held(held)) = journal.acquire(&holder("second"), TTL) else {
        panic!("it was given to a second holder");
    };
    assert_eq!((&held.by, held.epoch), (&first, epoch));
    assert_eq!(journal.owner().unwrap(), Some(*held));
}

fn a_lease_whose_time_is_over_is_taken_over(harness: &mut dyn Harness) {
    let first = own(harness.journal());
    harness.advance(TTL - Duration::from_millis(1));
    harness.journal().acquire(&holder("early"), TTL).unwrap_err();
    harness.advance(Duration::from_millis(1));
    assert!(own(harness.journal()) > first);
}

fn a_renewed_lease_lasts(harness: &mut dyn Harness) {
    let epoch = own(harness.journal());
    harness.advance(TTL / 2);
    harness.journal().renew(epoch, TTL).unwrap();
    harness.advance(TTL / 2);
    harness.journal().acquire(&holder("other"), TTL).unwrap_err();
}

fn a_dead_holder_is_taken_over_at_once(harness: &mut dyn Harness) {
    let journal = harness.journal();
    let living = holder("crashed");
    let started = living.started.expect("this system tells when a process started");
    // The same id, but another start: that process is gone.
    let dead = Holder { started: Some(started.wrapping_sub(1)), ..living };
    let first = journal.acquire(&dead, TTL).unwrap();
    let second = journal.acquire(&holder("successor"), TTL).unwrap();
    assert!(second > first);
}

fn a_holder_elsewhere_is_believed_to_live(harness: &mut dyn Harness) {
    let journal = harness.journal();
    let far = Holder { machine: Some("another".to_owned()), started: Some(0), ..holder("far") };
    journal.acquire(&far, TTL).unwrap();
    journal.acquire(&holder("near"), TTL).unwrap_err();
}

fn a_released_journal_is_free(harness: &mut dyn Harness) {
    let journal = harness.journal();
    let first = own(journal);
    journal.release(first).unwrap();
    assert_eq!(journal.owner().unwrap(), None);
    assert_lost(journal, first);
    assert!(own(journal) > first);
}

fn who_lost_it_can_do_nothing(harness: &mut dyn Harness) {
    let first = own(harness.journal());
    append(harness.journal(), first, "run/1", &["1"]);
    harness.advance(TTL);
    let second = own(harness.journal());
    assert_lost(harness.journal(), first);
    append(harness.journal(), second, "run/1", &["2"]);
    assert_lost(harness.journal(), Epoch(second.0 + 1));
}

fn epochs_grow_also_after_reopening(harness: &mut dyn Harness) {
    let first = own(harness.journal());
    harness.journal().release(first).unwrap();
    harness.reopen();
    assert!(own(harness.journal()) > first);
}

fn assert_lost(journal: &dyn Journal, epoch: Epoch) {
    let before = journal.head().unwrap();
    let version = Version(before.seq.0);
    for durability in [Durability::Durable, Durability::Grouped] {
        let batch = Batch::of(stream("run/1"), version, vec![entry("late")]);
        let result = journal.append(epoch, batch, durability);
        assert!(matches!(result, Err(AppendError::Lost(lost)) if lost.had == epoch));
    }
    assert!(matches!(journal.renew(epoch, TTL), Err(OwnerError::Lost(_))));
    assert!(matches!(journal.release(epoch), Err(OwnerError::Lost(_))));
    assert!(matches!(journal.erase(epoch, Seq(1)), Err(EraseError::Lost(_))));
    assert_eq!(journal.head().unwrap(), before);
}
