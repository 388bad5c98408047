//! What every journal has to do, whatever keeps it.
//!
//! An implementation gives a [`Harness`] and runs every [`CASES`] entry, each
//! on a fresh journal.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test suite: panicking is how it fails"
)]

mod appending;
mod inbox;
mod owning;
mod reading;

use std::time::Duration;

use jiff::Timestamp;
use shipway_core::journal::{Actor, Cause, NewEntry, StreamId};

use crate::holder::Holder;
use crate::journal::{Batch, Durability, Epoch, Journal};

/// A journal under test, and what has to be done to it from outside.
pub trait Harness {
    /// The journal. Several calls may give several connections to the same.
    fn journal(&self) -> &dyn Journal;

    /// Ends the process, as far as the journal can tell, and opens it again.
    fn reopen(&mut self);

    /// Turns the clock that leases are judged by.
    fn advance(&self, by: Duration);
}

/// One thing a journal has to do.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// What, in words.
    pub name: &'static str,
    /// Panics if it does not.
    pub run: fn(&mut dyn Harness),
}

/// All of them.
pub const CASES: &[&[Case]] = &[appending::CASES, owning::CASES, inbox::CASES, reading::CASES];

macro_rules! cases {
    ($($function:ident),* $(,)?) => {
        pub(super) const CASES: &[$crate::conformance::Case] = &[
            $($crate::conformance::Case { name: stringify!($function), run: $function }),*
        ];
    };
}
use cases;

/// How long leases last here.
const TTL: Duration = Duration::from_secs(30);

fn holder(purpose: &str) -> Holder {
    Holder::this_process(purpose)
}

fn own(journal: &dyn Journal) -> Epoch {
    journal.acquire(&holder("conformance"), TTL).expect("nobody holds a fresh journal")
}

fn stream(name: &str) -> StreamId {
    name.parse().unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn entry(payload: &str) -> NewEntry {
    NewEntry {
        at: at(0),
        actor: Actor::Engine,
        cause: Some(Cause("tick".to_owned())),
        payload: payload.to_owned(),
    }
}

/// Appends one entry for each payload to `name`, wherever it is.
fn append(journal: &dyn Journal, epoch: Epoch, name: &str, payloads: &[&str]) {
    let stream = stream(name);
    let heads = journal.streams().unwrap();
    let version = heads.iter().find(|head| head.stream == stream).map(|head| head.version);
    let entries = payloads.iter().map(|payload| entry(payload)).collect();
    let batch = Batch::of(stream, version.unwrap_or_default(), entries);
    journal.append(epoch, batch, Durability::Grouped).unwrap();
}
