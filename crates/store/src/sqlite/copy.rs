//! What backup and restore need of the database.

use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::{SqliteJournal, lease, schema};
use crate::error::StoreError;
use crate::journal::{Durability, Epoch};

impl SqliteJournal {
    /// Copies the journal as it is now to a new file, while others go on
    /// appending.
    pub(crate) fn copy_to(&self, target: &Path) -> Result<(), StoreError> {
        let from_failed = |error| StoreError::sqlite(&self.path, &error);
        let to_failed = |error| StoreError::sqlite(target, &error);
        let source = schema::open_reader(&self.path).map_err(from_failed)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let mut copy = Connection::open_with_flags(target, flags).map_err(to_failed)?;
        let backup = Backup::new(&source, &mut copy).map_err(to_failed)?;
        // All pages in one step see one state; writers are not held up.
        match backup.step(-1).map_err(to_failed)? {
            StepResult::Done => Ok(()),
            _ => Err(StoreError::Busy { path: self.path.clone() }),
        }
    }

    /// Ends any lease; no epoch up to `at_least` is given again.
    pub(crate) fn reset_lease(&self, at_least: Epoch) -> Result<(), StoreError> {
        let at = self.path.clone();
        self.writer.write(Durability::Durable, move |db| lease::reset(&at, db, at_least))
    }

    /// The newest epoch that was given.
    pub(crate) fn newest_epoch(&self) -> Result<Epoch, StoreError> {
        self.read_with(|db| lease::newest(&self.path, db))
    }
}
