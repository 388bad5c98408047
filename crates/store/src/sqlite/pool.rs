//! Connections that read, kept for the next reader.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::schema;
use crate::error::StoreError;

/// How many idle connections are kept.
const KEEP: usize = 4;

pub(super) struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    /// Only asked for `data_version`, whose value means something only within
    /// one connection.
    watcher: Mutex<Connection>,
}

impl Pool {
    pub(super) fn new(path: &Path) -> Result<Self, StoreError> {
        let watcher = open(path)?;
        Ok(Self { path: path.to_owned(), idle: Mutex::default(), watcher: Mutex::new(watcher) })
    }

    /// Runs `work` in one read transaction: it sees one state of the journal.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let kept = lock(&self.idle).pop();
        let mut db = match kept {
            Some(db) => db,
            None => open(&self.path)?,
        };
        let result = {
            let tx = db.transaction().map_err(|error| StoreError::sqlite(&self.path, &error))?;
            work(&tx)
        };
        let mut idle = lock(&self.idle);
        if idle.len() < KEEP {
            idle.push(db);
        }
        result
    }

    pub(super) fn data_version(&self) -> Result<i64, StoreError> {
        lock(&self.watcher)
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut ask| ask.query_row([], |row| row.get(0)))
            .map_err(|error| StoreError::sqlite(&self.path, &error))
    }
}

fn open(path: &Path) -> Result<Connection, StoreError> {
    schema::open_reader(path).map_err(|error| StoreError::sqlite(path, &error))
}

/// A connection has no state that a panic elsewhere could have left half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
