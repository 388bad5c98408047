//! Appending: the only place that makes entries.

use std::path::Path;

use rusqlite::{Connection, params};
use shipway_core::digest::Digest;
use shipway_core::journal::{Entry, NewEntry, Seq, StreamId, Version};

use super::schema::{nanoseconds, number};
use super::{inbox, lease, read};
use crate::chain;
use crate::error::StoreError;
use crate::journal::{AppendError, Batch, Epoch, Head};

/// Appends `batch` and settles its inputs, inside the caller's transaction.
pub(super) fn append(
    path: &Path,
    db: &Connection,
    epoch: Epoch,
    batch: Batch,
) -> Result<Vec<Entry>, AppendError> {
    lease::check(path, db, epoch)?.map_err(AppendError::Lost)?;
    let mut head = read::head(path, db)?;
    let mut entries = Vec::new();
    for append in batch.appends {
        let mut version = read::version(path, db, &append.stream)?;
        if version != append.expected {
            let (stream, expected) = (append.stream, append.expected);
            return Err(AppendError::Conflict { stream, expected, actual: version });
        }
        for new in append.entries {
            version = Version(version.0 + 1);
            let entry = link(head, append.stream.clone(), version, new)?;
            insert(path, db, &entry)?;
            head = Head { seq: entry.seq, hash: entry.hash };
            entries.push(entry);
        }
    }
    for settled in batch.settled {
        inbox::settle(path, db, settled)?;
    }
    Ok(entries)
}

/// The entry that follows `head`.
fn link(
    head: Head,
    stream: StreamId,
    version: Version,
    new: NewEntry,
) -> Result<Entry, StoreError> {
    let mut entry = Entry {
        seq: Seq(head.seq.0 + 1),
        stream,
        version,
        at: new.at,
        actor: new.actor,
        cause: new.cause,
        payload_hash: Digest::of(new.payload.as_bytes()),
        payload: Some(new.payload),
        prev_hash: head.hash,
        hash: head.hash,
    };
    entry.hash = chain::hash_entry(&entry)
        .map_err(|error| StoreError::Unfit { what: "an actor", why: error.to_string() })?;
    Ok(entry)
}

fn insert(path: &Path, db: &Connection, entry: &Entry) -> Result<(), StoreError> {
    let actor = actor_json(&entry.actor)?;
    let row = params![
        number(entry.seq.0)?,
        entry.stream.to_string(),
        number(entry.version.0)?,
        nanoseconds(entry.at)?,
        actor,
        entry.cause.as_ref().map(|cause| &cause.0),
        entry.payload,
        entry.payload_hash.as_bytes(),
        entry.prev_hash.as_bytes(),
        entry.hash.as_bytes(),
    ];
    db.prepare_cached("INSERT INTO entries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
        .and_then(|mut insert| insert.execute(row))
        .map_err(|error| StoreError::sqlite(path, &error))?;
    Ok(())
}

pub(super) fn actor_json(actor: &shipway_core::journal::Actor) -> Result<String, StoreError> {
    serde_json::to_string(actor)
        .map_err(|error| StoreError::Unfit { what: "an actor", why: error.to_string() })
}
