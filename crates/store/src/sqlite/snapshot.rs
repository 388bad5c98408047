//! Views' states, kept so that a view need not be folded from the beginning.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};
use shipway_core::journal::Seq;

use super::schema::number;
use crate::error::StoreError;
use crate::journal::Snapshot;

pub(super) fn put(path: &Path, db: &Connection, snapshot: &Snapshot) -> Result<(), StoreError> {
    let row = params![snapshot.view, snapshot.schema, number(snapshot.seq.0)?, snapshot.bytes];
    db.prepare_cached("INSERT OR REPLACE INTO snapshots VALUES (?1, ?2, ?3, ?4)")
        .and_then(|mut put| put.execute(row))
        .map_err(|error| StoreError::sqlite(path, &error))?;
    Ok(())
}

/// A snapshot from beyond the journal's end was not folded from this journal:
/// there is none then.
pub(super) fn get(
    path: &Path,
    db: &Connection,
    view: &str,
    schema: u32,
) -> Result<Option<Snapshot>, StoreError> {
    let sql = "SELECT seq, bytes FROM snapshots WHERE view = ?1 AND schema = ?2
               AND seq <= (SELECT coalesce(max(seq), 0) FROM entries)";
    db.prepare_cached(sql)
        .and_then(|mut ask| {
            ask.query_row(params![view, schema], |row| {
                let seq = Seq(row.get::<_, i64>(0)?.cast_unsigned());
                Ok(Snapshot { view: view.to_owned(), schema, seq, bytes: row.get(1)? })
            })
            .optional()
        })
        .map_err(|error| StoreError::sqlite(path, &error))
}

pub(super) fn drop_all(path: &Path, db: &Connection) -> Result<(), StoreError> {
    db.execute("DELETE FROM snapshots", []).map_err(|error| StoreError::sqlite(path, &error))?;
    Ok(())
}
