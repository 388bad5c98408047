//! Removing a payload for good.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};
use shipway_core::journal::Seq;

use super::schema::number;
use super::{lease, schema, snapshot};
use crate::error::StoreError;
use crate::journal::{Epoch, EraseError};

pub(super) fn erase(
    path: &Path,
    db: &Connection,
    epoch: Epoch,
    seq: Seq,
) -> Result<(), EraseError> {
    lease::check(path, db, epoch)?.map_err(EraseError::Lost)?;
    let failed = |error| StoreError::sqlite(path, &error);
    let sql = "UPDATE entries SET payload = NULL WHERE seq = ?1 RETURNING cause";
    let cause = db
        .query_row(sql, [number(seq.0)?], |row| row.get::<_, Option<String>>(0))
        .optional()
        .map_err(failed)?
        .ok_or(EraseError::NoSuchEntry(seq))?;
    if let Some(cause) = cause {
        // A pending input keeps its payload: its owner still has to read it.
        let sql = "UPDATE inputs SET payload = NULL WHERE id = ?1 AND status <> 'pending'";
        db.execute(sql, [cause]).map_err(failed)?;
    }
    Ok(snapshot::drop_all(path, db)?)
}

/// Empties the log, which still has the payload as it was before: folds it
/// into the file (where `secure_delete` has overwritten it) and cuts it to
/// nothing. Waits for readers.
pub(super) fn purge_log(path: &Path) -> Result<(), StoreError> {
    let db = schema::open_writer(path)?;
    let blocked: bool = db
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .map_err(|error| StoreError::sqlite(path, &error))?;
    if blocked {
        return Err(StoreError::Busy { path: path.to_owned() });
    }
    Ok(())
}
