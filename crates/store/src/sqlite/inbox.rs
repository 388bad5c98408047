//! The inbox: inputs come in from any process, and are settled by an append.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use shipway_core::digest::Digest;

use super::append::actor_json;
use super::schema::{nanoseconds, number};
use crate::error::StoreError;
use crate::inbox::{Input, InputId, InputPos, InputStatus, Settled, SubmitError, Submitted};
use crate::journal::AppendError;

pub(super) fn submit(
    path: &Path,
    db: &Connection,
    input: &Input,
) -> Result<Submitted, SubmitError> {
    let failed = |error| StoreError::sqlite(path, &error);
    let actor = actor_json(&input.actor)?;
    let hash = Digest::of(input.payload.as_bytes());
    let known = db
        .prepare_cached("SELECT actor = ?2 AND payload_hash = ?3 FROM inputs WHERE id = ?1")
        .and_then(|mut ask| {
            ask.query_row(params![input.id.as_str(), actor, hash.as_bytes()], |row| {
                row.get::<_, bool>(0)
            })
            .optional()
        })
        .map_err(failed)?;
    match known {
        Some(false) => Err(SubmitError::IdTaken(input.id.clone())),
        Some(true) => {
            let status = status(path, db, &input.id)?.unwrap_or(InputStatus::Pending);
            Ok(Submitted::Again(status))
        }
        None => {
            let row = params![
                input.id.as_str(),
                nanoseconds(input.at)?,
                actor,
                input.payload,
                hash.as_bytes()
            ];
            db.prepare_cached(
                "INSERT INTO inputs (id, at, actor, payload, payload_hash, status)
                 VALUES (?1, ?2, ?3, ?4, ?5, 'pending')",
            )
            .and_then(|mut insert| insert.execute(row))
            .map_err(failed)?;
            Ok(Submitted::New)
        }
    }
}

pub(super) fn take(
    path: &Path,
    db: &Connection,
    after: InputPos,
    limit: usize,
) -> Result<Vec<(InputPos, Input)>, StoreError> {
    let failed = |error| StoreError::sqlite(path, &error);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = "SELECT pos, id, at, actor, payload FROM inputs
               WHERE status = 'pending' AND pos > ?1 ORDER BY pos LIMIT ?2";
    let mut ask = db.prepare_cached(sql).map_err(failed)?;
    let mut rows = ask.query(params![number(after.0)?, limit]).map_err(failed)?;
    let mut inputs = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let pos: i64 = row.get(0).map_err(failed)?;
        let (id, actor): (String, String) =
            (row.get(1).map_err(failed)?, row.get(3).map_err(failed)?);
        let damaged = |why: String| StoreError::Damaged {
            path: path.to_owned(),
            why: format!("input {pos}: {why}"),
        };
        let input = Input {
            id: InputId::new(id).map_err(|error| damaged(error.to_string()))?,
            at: Timestamp::from_nanosecond(row.get::<_, i64>(2).map_err(failed)?.into())
                .map_err(|error| damaged(error.to_string()))?,
            actor: serde_json::from_str(&actor).map_err(|error| damaged(error.to_string()))?,
            payload: row.get(4).map_err(failed)?,
        };
        inputs.push((InputPos(pos.cast_unsigned()), input));
    }
    Ok(inputs)
}

pub(super) fn status(
    path: &Path,
    db: &Connection,
    id: &InputId,
) -> Result<Option<InputStatus>, StoreError> {
    let row = db
        .prepare_cached("SELECT status, reason FROM inputs WHERE id = ?1")
        .and_then(|mut ask| {
            ask.query_row([id.as_str()], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?))
            })
            .optional()
        })
        .map_err(|error| StoreError::sqlite(path, &error))?;
    let Some((status, reason)) = row else { return Ok(None) };
    match (status.as_str(), reason) {
        ("pending", None) => Ok(Some(InputStatus::Pending)),
        ("handled", None) => Ok(Some(InputStatus::Handled)),
        ("refused", Some(reason)) => Ok(Some(InputStatus::Refused { reason })),
        (status, _) => Err(StoreError::Damaged {
            path: path.to_owned(),
            why: format!("the input {id} has the state `{status}`"),
        }),
    }
}

/// Marks a pending input as handled or refused; any other is an error, so
/// that nothing is done twice.
pub(super) fn settle(path: &Path, db: &Connection, settled: Settled) -> Result<(), AppendError> {
    let (state, reason) = match settled.refused {
        None => ("handled", None),
        Some(reason) => ("refused", Some(reason)),
    };
    let sql = "UPDATE inputs SET status = ?2, reason = ?3 WHERE id = ?1 AND status = 'pending'";
    let changed = db
        .prepare_cached(sql)
        .and_then(|mut update| update.execute(params![settled.id.as_str(), state, reason]))
        .map_err(|error| StoreError::sqlite(path, &error))?;
    if changed == 0 {
        let status = status(path, db, &settled.id)?;
        return Err(AppendError::NotPending { id: settled.id, status });
    }
    Ok(())
}
