//! Any sequence of calls, crashes among them, against a plain model.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use proptest::sample::Index;
use shipway_core::journal::{Seq, Version};
use shipway_store::{
    AppendError, Batch, Durability, Epoch, InputId, InputPos, InputStatus, Journal, Settled, Store,
    Submitted,
};
use tempfile::TempDir;

use crate::processes::input;
use crate::support::{TTL, TestClock, assert_whole, database, entry, own, stream};

#[derive(Debug, Clone)]
enum Step {
    Append {
        stream: u8,
        off_by: i8,
        count: u8,
        durability: Durability,
        settle: Option<u8>,
    },
    Submit {
        id: u8,
    },
    Erase {
        which: Index,
    },
    /// The owner is late, and another takes over.
    TakeOver,
    Reopen,
    /// The files as they are at this moment are what the next process finds.
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    let durability = prop_oneof![Just(Durability::Durable), Just(Durability::Grouped)];
    let off_by = prop_oneof![8 => Just(0), 1 => Just(1), 1 => Just(-1)];
    let append = (0..3_u8, off_by, 0..4_u8, durability, proptest::option::of(0..6_u8)).prop_map(
        |(stream, off_by, count, durability, settle)| Step::Append {
            stream,
            off_by,
            count,
            durability,
            settle,
        },
    );
    prop_oneof![
        10 => append,
        3 => (0..6_u8).prop_map(|id| Step::Submit { id }),
        1 => any::<Index>().prop_map(|which| Step::Erase { which }),
        1 => Just(Step::TakeOver),
        1 => Just(Step::Reopen),
        2 => Just(Step::Crash),
    ]
}

/// What the journal should hold.
#[derive(Default)]
struct Model {
    entries: Vec<(u8, Option<String>)>,
    inputs: BTreeMap<u8, InputStatus>,
}

impl Model {
    fn version(&self, stream: u8) -> u64 {
        self.entries.iter().filter(|(of, _)| *of == stream).count() as u64
    }
}

struct World {
    dir: TempDir,
    /// How many crashes there were: each goes on in a new folder.
    lives: u32,
    clock: TestClock,
    store: Option<Store>,
    epoch: Epoch,
    model: Model,
}

fn id(id: u8) -> InputId {
    InputId::new(format!("input-{id}")).unwrap()
}

impl World {
    fn new() -> Self {
        let (dir, clock) = (tempfile::tempdir().unwrap(), TestClock::new());
        let store = Store::create_with(&dir.path().join("0"), clock.options()).unwrap();
        let epoch = own(store.journal());
        Self { dir, lives: 0, clock, store: Some(store), epoch, model: Model::default() }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join(self.lives.to_string())
    }

    fn journal(&self) -> &dyn Journal {
        self.store.as_ref().unwrap().journal()
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Append { stream, off_by, count, durability, settle } => {
                self.append(stream, off_by, count, durability, settle);
            }
            Step::Submit { id } => {
                let expected = self.model.inputs.get(&id).cloned().map(Submitted::Again);
                let submitted = self.journal().submit(&input(&format!("input-{id}"))).unwrap();
                assert_eq!(submitted, expected.unwrap_or(Submitted::New));
                self.model.inputs.entry(id).or_insert(InputStatus::Pending);
            }
            Step::Erase { which } if !self.model.entries.is_empty() => {
                let place = which.index(self.model.entries.len());
                self.journal().erase(self.epoch, Seq(place as u64 + 1)).unwrap();
                self.model.entries[place].1 = None;
            }
            Step::Erase { .. } => {}
            Step::TakeOver => {
                self.clock.advance(TTL);
                let late = self.epoch;
                self.epoch = own(self.journal());
                assert!(self.epoch > late);
                let batch = Batch::of(stream("run/0"), Version(0), Vec::new());
                let refused = self.journal().append(late, batch, Durability::Durable);
                assert!(matches!(refused, Err(AppendError::Lost(_))));
            }
            Step::Reopen => {
                self.store = None;
                self.open();
            }
            Step::Crash => {
                let old = self.path();
                self.lives += 1;
                fs::create_dir(self.path()).unwrap();
                for end in ["", "-wal"] {
                    let file = format!("journal.db{end}");
                    if old.join(&file).exists() {
                        fs::copy(old.join(&file), self.path().join(&file)).unwrap();
                    }
                }
                self.open();
            }
        }
    }

    fn open(&mut self) {
        assert!(database(&self.path()).exists());
        self.store = Some(Store::open_with(&self.path(), self.clock.options()).unwrap());
    }

    fn append(
        &mut self,
        to: u8,
        off_by: i8,
        count: u8,
        durability: Durability,
        settle: Option<u8>,
    ) {
        let actual = self.model.version(to);
        let Some(expected) = actual.checked_add_signed(off_by.into()) else { return };
        let place = self.model.entries.len();
        let payloads: Vec<_> = (0..count).map(|n| format!("{place}.{n}")).collect();
        let batch = Batch {
            settled: settle.map(|input| Settled::handled(id(input))).into_iter().collect(),
            ..Batch::of(
                stream(&format!("run/{to}")),
                Version(expected),
                payloads.iter().map(|payload| entry(payload)).collect(),
            )
        };
        let result = self.journal().append(self.epoch, batch, durability);
        let status = settle.map(|input| self.model.inputs.get(&input).cloned());
        match (expected == actual, status) {
            (false, _) => {
                assert!(matches!(result, Err(AppendError::Conflict { .. })), "{result:?}");
            }
            (true, Some(status)) if status != Some(InputStatus::Pending) => {
                let id = id(settle.unwrap());
                assert_eq!(result, Err(AppendError::NotPending { id, status }));
            }
            (true, _) => {
                let entries = result.unwrap();
                assert_eq!(entries.len(), payloads.len());
                let appended = payloads.into_iter().map(|payload| (to, Some(payload)));
                self.model.entries.extend(appended);
                if let Some(input) = settle {
                    self.model.inputs.insert(input, InputStatus::Handled);
                }
            }
        }
    }

    fn check(&self) {
        let entries = self.journal().read(Seq(1), usize::MAX).unwrap();
        let found: Vec<_> =
            entries.iter().map(|entry| (entry.stream.to_string(), entry.payload.clone())).collect();
        let expected: Vec<_> = self
            .model
            .entries
            .iter()
            .map(|(stream, payload)| (format!("run/{stream}"), payload.clone()))
            .collect();
        assert_eq!(found, expected);
        let pending: Vec<_> = self
            .journal()
            .take_inputs(InputPos(0), usize::MAX)
            .unwrap()
            .into_iter()
            .map(|(_, input)| input.id)
            .collect();
        let all = self.model.inputs.iter();
        let expected = all.filter(|(_, status)| **status == InputStatus::Pending).count();
        assert_eq!(pending.len(), expected);
        for (input, status) in &self.model.inputs {
            assert_eq!(self.journal().input_status(&id(*input)).unwrap().as_ref(), Some(status));
        }
        assert_whole(self.journal());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_journal_is_its_model(steps in proptest::collection::vec(step(), 1..50)) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        world.check();
    }
}
