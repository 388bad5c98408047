//! The owner's lease: one row, whose epoch fences every append.

use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

use super::schema::{nanoseconds, number};
use crate::error::StoreError;
use crate::holder::Holder;
use crate::journal::{AcquireError, Epoch, Held, LostOwnership, OwnerError};

struct Lease {
    epoch: Epoch,
    holder: Option<Holder>,
    until: Timestamp,
}

fn read(path: &Path, db: &Connection) -> Result<Lease, StoreError> {
    let (epoch, holder, until) = db
        .prepare_cached("SELECT epoch, holder, until FROM lease")
        .and_then(|mut ask| {
            ask.query_row([], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, i64>(2)?))
            })
        })
        .map_err(|error| StoreError::sqlite(path, &error))?;
    let damaged = |why: String| StoreError::Damaged { path: path.to_owned(), why };
    let holder = holder
        .map(|json| serde_json::from_str(&json))
        .transpose()
        .map_err(|error| damaged(format!("the lease's holder: {error}")))?;
    let until = Timestamp::from_nanosecond(until.into())
        .map_err(|error| damaged(format!("the lease's end: {error}")))?;
    Ok(Lease { epoch: Epoch(epoch.cast_unsigned()), holder, until })
}

fn write(path: &Path, db: &Connection, lease: &Lease) -> Result<(), StoreError> {
    let holder = lease
        .holder
        .as_ref()
        .map(serde_json::to_string)
        .transpose()
        .map_err(|error| StoreError::Unfit { what: "a holder", why: error.to_string() })?;
    let row = params![number(lease.epoch.0)?, holder, nanoseconds(lease.until)?];
    db.prepare_cached("UPDATE lease SET epoch = ?1, holder = ?2, until = ?3")
        .and_then(|mut update| update.execute(row))
        .map_err(|error| StoreError::sqlite(path, &error))?;
    Ok(())
}

pub(super) fn acquire(
    path: &Path,
    db: &Connection,
    holder: &Holder,
    now: Timestamp,
    ttl: Duration,
) -> Result<Epoch, AcquireError> {
    let lease = read(path, db)?;
    if let Some(by) = lease.holder
        && lease.until > now
        && !by.is_known_dead()
    {
        let held = Held { by, until: lease.until, epoch: lease.epoch };
        return Err(AcquireError::Held(Box::new(held)));
    }
    let epoch = Epoch(lease.epoch.0 + 1);
    write(path, db, &Lease { epoch, holder: Some(holder.clone()), until: end(now, ttl)? })?;
    Ok(epoch)
}

pub(super) fn renew(
    path: &Path,
    db: &Connection,
    epoch: Epoch,
    now: Timestamp,
    ttl: Duration,
) -> Result<(), OwnerError> {
    let lease = current(path, db, epoch)?.map_err(OwnerError::Lost)?;
    Ok(write(path, db, &Lease { until: end(now, ttl)?, ..lease })?)
}

pub(super) fn release(path: &Path, db: &Connection, epoch: Epoch) -> Result<(), OwnerError> {
    let lease = current(path, db, epoch)?.map_err(OwnerError::Lost)?;
    Ok(write(path, db, &Lease { holder: None, ..lease })?)
}

pub(super) fn owner(path: &Path, db: &Connection) -> Result<Option<Held>, StoreError> {
    let Lease { epoch, holder, until } = read(path, db)?;
    Ok(holder.map(|by| Held { by, until, epoch }))
}

pub(super) fn newest(path: &Path, db: &Connection) -> Result<Epoch, StoreError> {
    Ok(read(path, db)?.epoch)
}

/// Whether `epoch` owns the journal. The outer error is the store's.
pub(super) fn check(
    path: &Path,
    db: &Connection,
    epoch: Epoch,
) -> Result<Result<(), Box<LostOwnership>>, StoreError> {
    // Asked at every append: the holder is read only to name it.
    let owns = db
        .prepare_cached("SELECT epoch = ?1 AND holder IS NOT NULL FROM lease")
        .and_then(|mut ask| ask.query_row([number(epoch.0).unwrap_or(-1)], |row| row.get(0)))
        .map_err(|error| StoreError::sqlite(path, &error))?;
    if owns { Ok(Ok(())) } else { Ok(current(path, db, epoch)?.map(drop)) }
}

fn current(
    path: &Path,
    db: &Connection,
    epoch: Epoch,
) -> Result<Result<Lease, Box<LostOwnership>>, StoreError> {
    let lease = read(path, db)?;
    if lease.epoch == epoch && lease.holder.is_some() {
        return Ok(Ok(lease));
    }
    Ok(Err(Box::new(LostOwnership { had: epoch, now: lease.epoch, by: lease.holder })))
}

/// Ends any lease, and makes sure that no epoch up to `at_least` is used again.
pub(super) fn reset(path: &Path, db: &Connection, at_least: Epoch) -> Result<(), StoreError> {
    let lease = read(path, db)?;
    let epoch = lease.epoch.max(at_least);
    write(path, db, &Lease { epoch, holder: None, ..lease })
}

fn end(now: Timestamp, ttl: Duration) -> Result<Timestamp, StoreError> {
    SignedDuration::try_from(ttl)
        .and_then(|ttl| now.checked_add(ttl))
        .map_err(|error| StoreError::Unfit { what: "a lease's length", why: error.to_string() })
}
