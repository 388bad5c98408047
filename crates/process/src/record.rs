//! What another process needs to take a child over.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::identity::Identity;
use crate::limits::Enforced;

/// A contained child as it stands in a state file: enough to wait for it, to
/// signal it and to kill everything in it, also after its parent has died.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The child itself.
    pub process: Identity,
    /// What holds it and everything it starts.
    pub(crate) containment: Containment,
}

impl Record {
    /// Whether the machine was not restarted since. If it was, nothing of the
    /// child is left, and its pid and folders may be another's.
    pub(crate) fn of_this_boot(&self) -> io::Result<bool> {
        Ok(crate::identity::boot_id()? == self.process.boot_id)
    }
}

/// What holds a child and everything it starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Containment {
    /// Who is in it.
    pub(crate) members: Members,
    /// Version 1 control groups created for limits only; removed afterwards.
    pub(crate) limiting: Vec<PathBuf>,
    /// The limits in force.
    pub(crate) enforced: Enforced,
}

/// How it is known who is in a containment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub(crate) enum Members {
    /// A control group of version 2: this folder.
    Cgroup2 { path: PathBuf },
    /// A control group of the version 1 freezer: this folder.
    Freezer { path: PathBuf },
    /// No control group: this mark in the environment, the child's session,
    /// and descent from either.
    Marked { mark: String },
}
