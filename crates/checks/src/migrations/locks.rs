//! The locks that PostgreSQL's statements take: manual of PostgreSQL 15, chapter 13.3, and the
//! notes on each form of ALTER TABLE.

use std::fmt;

use super::statement::{Change, ConstraintKind, Name, Object, What};

/// A table lock, the weakest first, as far as migrations take them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lock {
    /// Readers.
    AccessShare,
    /// `SELECT … FOR UPDATE`.
    RowShare,
    /// Writers.
    RowExclusive,
    /// Maintenance that others can work beside.
    ShareUpdateExclusive,
    /// Stops writers.
    Share,
    /// Stops writers, and others of its kind.
    ShareRowExclusive,
    /// Stops all but plain readers.
    Exclusive,
    /// Stops everybody.
    AccessExclusive,
}

impl Lock {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::AccessShare,
        Self::RowShare,
        Self::RowExclusive,
        Self::ShareUpdateExclusive,
        Self::Share,
        Self::ShareRowExclusive,
        Self::Exclusive,
        Self::AccessExclusive,
    ];

    /// As `pg_locks.mode` says it.
    #[must_use]
    pub const fn mode(self) -> &'static str {
        match self {
            Self::AccessShare => "AccessShareLock",
            Self::RowShare => "RowShareLock",
            Self::RowExclusive => "RowExclusiveLock",
            Self::ShareUpdateExclusive => "ShareUpdateExclusiveLock",
            Self::Share => "ShareLock",
            Self::ShareRowExclusive => "ShareRowExclusiveLock",
            Self::Exclusive => "ExclusiveLock",
            Self::AccessExclusive => "AccessExclusiveLock",
        }
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccessShare => "ACCESS SHARE",
            Self::RowShare => "ROW SHARE",
            Self::RowExclusive => "ROW EXCLUSIVE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::Exclusive => "EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        })
    }
}

/// The strongest lock of a statement, and the tables that it is on.
#[must_use]
pub fn lock_of<'w, 'a>(what: &'w What<'a>) -> Option<(Lock, &'w [Name<'a>])> {
    match what {
        What::CreateTable(table) if !table.references.is_empty() => {
            Some((Lock::ShareRowExclusive, &table.references))
        }
        What::CreateIndex { table, concurrently: false, .. } => one(Lock::Share, table),
        What::CreateTrigger { on: Some(on), .. } => one(Lock::ShareRowExclusive, on),
        What::Create { object: Object::Policy, on: Some(on) } => one(Lock::AccessExclusive, on),
        What::Drop {
            object: Object::Table | Object::Index, names, concurrently: false, ..
        } => Some((Lock::AccessExclusive, names)),
        What::Drop { object: Object::Trigger | Object::Policy, on: Some(on), .. } => {
            one(Lock::AccessExclusive, on)
        }
        What::Truncate { tables, .. } | What::LockTable { tables } => {
            Some((Lock::AccessExclusive, tables))
        }
        What::Vacuum { full: true, table: Some(table) } | What::Cluster { table: Some(table) } => {
            one(Lock::AccessExclusive, table)
        }
        What::Refresh { view, concurrently: false } => one(Lock::AccessExclusive, view),
        What::Alter { table, change } => one(of_change(change), table),
        _ => None,
    }
}

fn one<'w, 'a>(lock: Lock, table: &'w Name<'a>) -> Option<(Lock, &'w [Name<'a>])> {
    Some((lock, std::slice::from_ref(table)))
}

fn of_change(change: &Change<'_>) -> Lock {
    match change {
        Change::Validate { .. }
        | Change::Attach { .. }
        | Change::Detach { concurrently: true, .. } => Lock::ShareUpdateExclusive,
        Change::AddConstraint(constraint)
            if matches!(constraint.kind, ConstraintKind::ForeignKey { .. }) =>
        {
            Lock::ShareRowExclusive
        }
        Change::DisableTrigger { .. } => Lock::ShareRowExclusive,
        _ => Lock::AccessExclusive,
    }
}
