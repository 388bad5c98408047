//! The suite that every journal has to pass, on SQLite.

use std::time::Duration;

use shipway_store::conformance::{CASES, Harness};
use shipway_store::{Journal, Store};
use tempfile::TempDir;

use crate::support::TestClock;

struct Sqlite {
    dir: TempDir,
    clock: TestClock,
    store: Option<Store>,
}

impl Sqlite {
    fn new() -> Self {
        let (dir, clock) = (tempfile::tempdir().unwrap(), TestClock::new());
        let store = Some(Store::create_with(dir.path(), clock.options()).unwrap());
        Self { dir, clock, store }
    }
}

impl Harness for Sqlite {
    fn journal(&self) -> &dyn Journal {
        self.store.as_ref().unwrap().journal()
    }

    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(Store::open_with(self.dir.path(), self.clock.options()).unwrap());
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}

#[test]
fn sqlite_does_what_every_journal_has_to() {
    let failed: Vec<_> = CASES
        .iter()
        .flat_map(|cases| cases.iter())
        .filter(|case| {
            let run = || (case.run)(&mut Sqlite::new());
            std::panic::catch_unwind(run).is_err()
        })
        .map(|case| case.name)
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
