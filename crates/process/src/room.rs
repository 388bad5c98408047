//! What held a child that is over, kept for the next one.
//!
//! To make a control group and to remove it costs as much as a short step has
//! to spend.

use std::io;

use crate::cgroup::group;
use crate::record::{Containment, Members, Record};

/// Where a child has left nothing: [`crate::Command::room`] puts the next one
/// there. Dropped, it is removed.
#[derive(Debug)]
pub struct Room(Option<Containment>);

impl Room {
    /// What holds `record`, if nothing runs there any more. Of a control group
    /// of version 2 the kernel tells that in one word, and it is kept; others
    /// are lists that somebody may be missed in, and are removed, which fails
    /// then.
    pub(crate) fn left_by(record: &Record) -> io::Result<Option<Self>> {
        let containment = &record.containment;
        if let Members::Cgroup2 { path } = &containment.members
            && containment.limiting.is_empty()
            && !containment.ran_out_of_memory()
        {
            return Ok(group::is_empty(path)?.then(|| Self(Some(containment.clone()))));
        }
        if !record.members()?.is_empty() {
            return Ok(None);
        }
        match containment.remove() {
            Ok(()) => Ok(Some(Self(None))),
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What is to hold somebody from here on, if there is something.
    pub(crate) fn enter(mut self) -> Option<Containment> {
        self.0.take()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Some(vacant) = self.0.take()
            && let Err(error) = vacant.remove()
        {
            tracing::error!(%error, "a control group is left behind");
        }
    }
}
