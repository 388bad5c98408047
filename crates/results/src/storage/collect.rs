//! What nothing needs any more.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::Serialize;
use shipway_core::ids::RunId;

use super::{ArtifactRecord, Storage, StorageError, files};
use crate::Limits;

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Collected {
    /// Artifacts whose time is over.
    pub artifacts: u64,
    /// Cache entries that nobody asked for, or for which there was no room.
    pub caches: u64,
    /// What uploads that were never finished left.
    pub leftovers: u64,
    /// Bytes of all of them.
    pub bytes: u64,
}

/// A finished blob is without its record for a moment, an upload lasts as long
/// as a job may: nothing younger is a leftover.
const LEFTOVER_AGE: Duration = Duration::from_secs(24 * 60 * 60);

impl Storage {
    /// Removes artifacts whose time is over, unless `keep` wants those of their
    /// run, cache entries beyond the limits, and leftovers. An engine may be at
    /// work meanwhile.
    ///
    /// # Errors
    /// When something cannot be read or removed.
    pub fn collect(
        &self,
        limits: &Limits,
        now: Timestamp,
        keep: &dyn Fn(&RunId) -> bool,
    ) -> Result<Collected, StorageError> {
        let mut collected = Collected::default();
        let clock = SystemTime::from(now);
        for folder in files::entries(&self.root.join("artifacts"))? {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if RunId::new(name).is_ok_and(|run| keep(&run)) {
                continue;
            }
            self.collect_artifacts(&folder, now, &mut collected)?;
            collect_orphans(&folder, clock, &mut collected)?;
        }
        for entry in self.caches_on_disk()? {
            if is_older(entry.used, limits.cache_idle, clock) {
                files::remove(&entry.folder, entry.record.id)?;
                collected.caches += 1;
                collected.bytes += entry.record.size;
            }
        }
        let (count, bytes) = self.shrink_caches(limits.caches_bytes)?;
        collected.caches += count;
        collected.bytes += bytes;
        for folder in files::entries(&self.caches_folder())? {
            collect_orphans(&folder, clock, &mut collected)?;
        }
        self.collect_uploads(clock, LEFTOVER_AGE, &mut collected)?;
        Ok(collected)
    }

    fn collect_artifacts(
        &self,
        folder: &Path,
        now: Timestamp,
        collected: &mut Collected,
    ) -> Result<(), StorageError> {
        for id in files::ids(folder)? {
            let record: Option<ArtifactRecord> = files::record(folder, id)?;
            let Some(record) = record.filter(|record| record.expires_at <= now) else { continue };
            files::remove(folder, id)?;
            collected.artifacts += 1;
            collected.bytes += record.size;
        }
        Ok(())
    }

    /// Removes uploads of jobs that are over. At the start of a service none
    /// is under way: one engine owns a project.
    pub(crate) fn forget_uploads(&self) -> Result<(), StorageError> {
        let now = SystemTime::now();
        self.collect_uploads(now, Duration::ZERO, &mut Collected::default())
    }

    fn collect_uploads(
        &self,
        now: SystemTime,
        age: Duration,
        collected: &mut Collected,
    ) -> Result<(), StorageError> {
        for path in files::entries(&self.uploads())? {
            if !is_older(modified(&path)?, age, now) {
                continue;
            }
            collected.bytes += size_of(&path)?;
            collected.leftovers += 1;
            let removed = fs::remove_dir_all(&path);
            let gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
            if let Err(error) = removed.or_else(|e| if gone(&e) { Ok(()) } else { Err(e) }) {
                return Err(StorageError::io("removing", &path)(error));
            }
        }
        Ok(())
    }
}

/// Blobs without a record, parts of records, and the folder if it is empty.
fn collect_orphans(
    folder: &Path,
    now: SystemTime,
    collected: &mut Collected,
) -> Result<(), StorageError> {
    for path in files::entries(folder)? {
        let recorded =
            files::id_of(&path).is_some_and(|id| files::record_path(folder, id).exists());
        if recorded || !is_older(modified(&path)?, LEFTOVER_AGE, now) {
            continue;
        }
        let size = size_of(&path)?;
        if files::remove_file(&path)? {
            collected.leftovers += 1;
            collected.bytes += size;
        }
    }
    // Somebody may just be making it, to put something into it.
    if !is_older(modified(folder)?, LEFTOVER_AGE, now) {
        return Ok(());
    }
    match fs::remove_dir(folder) {
        Ok(()) => Ok(()),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound
            ) =>
        {
            Ok(())
        }
        Err(error) => Err(StorageError::io("removing the folder", folder)(error)),
    }
}

/// A clock that went back makes nothing old.
fn is_older(then: SystemTime, age: Duration, now: SystemTime) -> bool {
    now.duration_since(then).is_ok_and(|since| since >= age)
}

/// What vanished meanwhile is young: somebody else removes it.
fn modified(path: &Path) -> Result<SystemTime, StorageError> {
    match fs::symlink_metadata(path).and_then(|metadata| metadata.modified()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(SystemTime::now()),
        modified => modified.map_err(StorageError::io("reading", path)),
    }
}

/// Bytes of a file, or of the files in a folder.
fn size_of(path: &Path) -> Result<u64, StorageError> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        metadata => metadata.map_err(StorageError::io("reading", path))?,
    };
    match metadata.is_dir() {
        true => files::entries(path)?.iter().map(|path| size_of(path)).sum(),
        false => Ok(metadata.len()),
    }
}
