//! Reading entries, and where the journal and its streams end.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};
use shipway_core::digest::Digest;
use shipway_core::journal::{Cause, Entry, Seq, StreamId, Version};

use super::schema::{nanoseconds, number};
use crate::chain::GENESIS;
use crate::error::StoreError;
use crate::journal::{Head, StreamHead};

const COLUMNS: &str = "SELECT seq, stream, version, at, actor, cause, payload, payload_hash, prev_hash, hash \
     FROM entries ";

pub(super) fn head(path: &Path, db: &Connection) -> Result<Head, StoreError> {
    let sql = "SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1";
    let row = db
        .prepare_cached(sql)
        .and_then(|mut ask| {
            ask.query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))
                .optional()
        })
        .map_err(|error| StoreError::sqlite(path, &error))?;
    let Some((seq, hash)) = row else {
        return Ok(Head { seq: Seq(0), hash: GENESIS });
    };
    let seq = seq.cast_unsigned();
    let hash = digest("hash", hash).map_err(|why| StoreError::UnreadableEntry { seq, why })?;
    Ok(Head { seq: Seq(seq), hash })
}

pub(super) fn version(
    path: &Path,
    db: &Connection,
    stream: &StreamId,
) -> Result<Version, StoreError> {
    db.prepare_cached("SELECT max(version) FROM entries WHERE stream = ?1")
        .and_then(|mut ask| ask.query_row([stream.to_string()], |row| row.get::<_, Option<i64>>(0)))
        .map(|version| Version(version.unwrap_or(0).cast_unsigned()))
        .map_err(|error| StoreError::sqlite(path, &error))
}

pub(super) fn streams(path: &Path, db: &Connection) -> Result<Vec<StreamHead>, StoreError> {
    let failed = |error| StoreError::sqlite(path, &error);
    // Jumps from stream to stream along the index, however long they are.
    let sql = "
        WITH RECURSIVE names (stream) AS (
          SELECT min(stream) FROM entries
          UNION ALL
          SELECT (SELECT min(stream) FROM entries WHERE stream > names.stream)
          FROM names WHERE names.stream IS NOT NULL)
        SELECT stream,
          (SELECT max(version) FROM entries WHERE entries.stream = names.stream),
          (SELECT max(seq) FROM entries WHERE entries.stream = names.stream
            AND version = (SELECT max(version) FROM entries WHERE entries.stream = names.stream))
        FROM names WHERE stream IS NOT NULL";
    let mut ask = db.prepare_cached(sql).map_err(failed)?;
    let mut rows = ask.query([]).map_err(failed)?;
    let mut heads = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let (name, version, seq) = (
            row.get::<_, String>(0).map_err(failed)?,
            row.get::<_, i64>(1).map_err(failed)?.cast_unsigned(),
            row.get::<_, i64>(2).map_err(failed)?.cast_unsigned(),
        );
        let stream = name.parse().map_err(|error: shipway_core::journal::BadStream| {
            StoreError::UnreadableEntry { seq, why: error.to_string() }
        })?;
        heads.push(StreamHead { stream, version: Version(version) });
    }
    Ok(heads)
}

pub(super) fn from_seq(
    path: &Path,
    db: &Connection,
    from: Seq,
    limit: usize,
) -> Result<Vec<Entry>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    entries(path, db, "WHERE seq >= ?1 ORDER BY seq LIMIT ?2", params![number(from.0)?, limit])
}

pub(super) fn of_stream(
    path: &Path,
    db: &Connection,
    stream: &StreamId,
    from: Version,
) -> Result<Vec<Entry>, StoreError> {
    let tail = "WHERE stream = ?1 AND version >= ?2 ORDER BY version";
    entries(path, db, tail, params![stream.to_string(), number(from.0)?])
}

pub(super) fn last_at_or_before(
    path: &Path,
    db: &Connection,
    at: Timestamp,
) -> Result<Option<Entry>, StoreError> {
    let tail = "WHERE at <= ?1 ORDER BY seq DESC LIMIT 1";
    Ok(entries(path, db, tail, params![nanoseconds(at)?])?.pop())
}

fn entries(
    path: &Path,
    db: &Connection,
    tail: &str,
    params: impl Params,
) -> Result<Vec<Entry>, StoreError> {
    let failed = |error| StoreError::sqlite(path, &error);
    let mut ask = db.prepare_cached(&format!("{COLUMNS}{tail}")).map_err(failed)?;
    let mut rows = ask.query(params).map_err(failed)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let seq = row.get::<_, i64>(0).map_err(failed)?.cast_unsigned();
        let entry = entry(seq, row).map_err(|why| StoreError::UnreadableEntry { seq, why })?;
        entries.push(entry);
    }
    Ok(entries)
}

/// Reads a row that may have been written by anyone; says which column is not
/// what it should be.
fn entry(seq: u64, row: &Row<'_>) -> Result<Entry, String> {
    let bad = |error: rusqlite::Error| error.to_string();
    let stream: String = row.get("stream").map_err(bad)?;
    let actor: String = row.get("actor").map_err(bad)?;
    let at: i64 = row.get("at").map_err(bad)?;
    let hash = |column: &str| digest(column, row.get(column).map_err(bad)?);
    Ok(Entry {
        seq: Seq(seq),
        stream: stream.parse().map_err(|error| format!("stream: {error}"))?,
        version: Version(row.get::<_, i64>("version").map_err(bad)?.cast_unsigned()),
        at: Timestamp::from_nanosecond(at.into()).map_err(|error| format!("at: {error}"))?,
        actor: serde_json::from_str(&actor).map_err(|error| format!("actor: {error}"))?,
        cause: row.get::<_, Option<String>>("cause").map_err(bad)?.map(Cause),
        payload: row.get("payload").map_err(bad)?,
        payload_hash: hash("payload_hash")?,
        prev_hash: hash("prev_hash")?,
        hash: hash("hash")?,
    })
}

fn digest(column: &str, bytes: Vec<u8>) -> Result<Digest, String> {
    <[u8; 32]>::try_from(bytes)
        .map(Digest::from_bytes)
        .map_err(|bytes| format!("{column}: {} bytes instead of 32", bytes.len()))
}
