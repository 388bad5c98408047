//! What lies on the disk, below one folder:
//!
//! ```text
//! artifacts/<run>/<id>.json, <id>.blob
//! caches/<SHA-256 of the version>/<id>.json, <id>.blob
//! uploads/<random>/…          what is not finished
//! identity/key                signs OIDC tokens, mode 0600
//! ```
//!
//! A blob is complete before its record is there, and a record appears by being
//! renamed: what has no record does not exist, and is collected.

mod artifacts;
mod caches;
mod collect;
mod files;
mod reservations;
mod upload;
mod uploads;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use shipway_core::digest::Digest;
use shipway_core::ids::RunId;

pub use artifacts::ArtifactRecord;
pub use caches::CacheRecord;
pub(crate) use caches::Wanted;
pub use collect::Collected;
pub(crate) use files::make_private_dir;
pub(crate) use reservations::{Key, Reservations};
pub(crate) use upload::{BlockId, Incoming, Refused, Target, Upload, UploadError, Whole};
pub(crate) use uploads::{Uploads, UploadsError, random};

/// Artifacts and caches of one project.
#[derive(Debug)]
pub struct Storage {
    root: PathBuf,
    last_id: AtomicU64,
}

/// Something about stored artifacts or caches that did not work.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A file or folder.
    #[error("{doing} {}: {source}", path.display())]
    Io {
        /// For example `writing`.
        doing: &'static str,
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A record is not what this version writes.
    #[error("{} is not a record of an artifact or cache: {why}. Remove it and the `.blob` beside it", path.display())]
    Record {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A blob is not as long as its record says.
    #[error("{} has {found} bytes where its record says {expected}: it is damaged. Remove it", path.display())]
    Damaged {
        /// The blob.
        path: PathBuf,
        /// As recorded.
        expected: u64,
        /// As it is.
        found: u64,
    },
}

impl StorageError {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}

/// Where a blob is that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stored {
    Artifact { run: RunId, id: u64 },
    Cache { version: Digest, id: u64 },
}

impl Stored {
    /// The part of a URL's path that names it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Artifact { run, id } => format!("artifacts/{run}/{id}"),
            Self::Cache { version, id } => format!("caches/{}/{id}", version.hex()),
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        let mut parts = name.split('/');
        let (kind, folder, id) = (parts.next()?, parts.next()?, parts.next()?.parse().ok()?);
        match (kind, parts.next()) {
            ("artifacts", None) => Some(Self::Artifact { run: RunId::new(folder).ok()?, id }),
            ("caches", None) => {
                Some(Self::Cache { version: format!("sha256:{folder}").parse().ok()?, id })
            }
            _ => None,
        }
    }
}

/// A blob to be read.
#[derive(Debug)]
pub(crate) struct Readable {
    pub(crate) file: File,
    pub(crate) size: u64,
    pub(crate) content_type: String,
    /// What a raw file is called; archives are unpacked, not named.
    pub(crate) file_name: Option<String>,
    pub(crate) modified: Timestamp,
    pub(crate) id: u64,
}

impl Storage {
    /// What is below `root`, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), last_id: AtomicU64::new(0) }
    }

    /// Where unfinished uploads are.
    pub(crate) fn uploads(&self) -> PathBuf {
        self.root.join("uploads")
    }

    /// Where the key is.
    pub(crate) fn identity(&self) -> PathBuf {
        self.root.join("identity")
    }

    /// Opens a blob. `None`: it is not there (any more).
    pub(crate) fn open(&self, stored: &Stored) -> Result<Option<Readable>, StorageError> {
        match stored {
            Stored::Artifact { run, id } => self.open_artifact(run, *id),
            Stored::Cache { version, id } => self.open_cache(*version, *id),
        }
    }

    /// A number that no artifact or cache has: clients keep it as a double, so
    /// it is below 2⁵³. It grows with time: a later one is larger.
    fn new_id(&self, now: Timestamp) -> u64 {
        let by_time = u64::try_from(now.as_millisecond()).unwrap_or(0) << 10;
        let next = |last: u64| Some(by_time.max(last + 1));
        let last = self.last_id.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next);
        by_time.max(last.unwrap_or(0) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_and_fit_a_double() {
        let storage = Storage::new("/nowhere");
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let ids = [(); 3].map(|()| storage.new_id(now));
        assert!(ids[0] < ids[1] && ids[1] < ids[2]);
        let late: Timestamp = "2200-01-01T00:00:00Z".parse().unwrap();
        assert!(storage.new_id(late) < 1 << 53);
        assert!(storage.new_id(now) > ids[2], "also when the clock goes back");
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        let run = RunId::new("p7.ci").unwrap();
        let version = Digest::of(b"v");
        for stored in [Stored::Artifact { run, id: 3 }, Stored::Cache { version, id: 4 }] {
            assert_eq!(Stored::parse(&stored.name()), Some(stored));
        }
        for bad in ["", "artifacts/../3", "artifacts/r/3/x", "artifacts/r/../3", "caches/r/3"] {
            assert_eq!(Stored::parse(bad), None, "{bad}");
        }
    }
}
