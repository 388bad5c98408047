//! Backup and restore of a whole store, each built beside its place and
//! renamed into it once it is complete and verified.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::blobs::Blobs;
use crate::checkpoint::{CheckpointLog, Checkpoints};
use crate::error::StoreError;
use crate::files;
use crate::journal::{Epoch, Journal as _};
use crate::sqlite::{Options, log_of};
use crate::store::{Store, journal_path};
use crate::verify::{Report, verify};

const CHECKPOINTS: &str = "checkpoints.jsonl";

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupReport {
    /// How many blobs.
    pub blobs: u64,
    /// Their bytes.
    pub blob_bytes: u64,
    /// What verifying the copied journal found. A journal that was tampered
    /// with is backed up all the same, and said to be.
    pub journal: Report,
}

/// What a restore brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreReport {
    /// How many blobs.
    pub blobs: u64,
    /// Their bytes.
    pub blob_bytes: u64,
    /// What verifying the restored journal found.
    pub journal: Report,
    /// Where the store that was there before is now.
    pub replaced: Option<PathBuf>,
}

/// Copies the store, while it is in use, to the folder `to`, which has to be
/// absent or empty, and verifies the copy. The checkpoints go with it, the
/// key does not.
///
/// # Errors
/// [`StoreError::Refused`] when `to` has something in it; when something
/// cannot be read or written, or a blob is damaged. Then `to` is as it was.
pub fn backup(
    store: &Store,
    checkpoints: Option<&Checkpoints>,
    to: &Path,
) -> Result<BackupReport, StoreError> {
    if !is_absent_or_empty(to)? {
        let why = "a backup goes to a new or empty folder, and this one is not".to_owned();
        return Err(StoreError::Refused { path: to.to_owned(), why });
    }
    build_beside(to, |partial| {
        // The journal first: blobs are stored before what refers to them.
        let copy = journal_path(partial);
        store.journal().copy_to(&copy)?;
        let (blobs, blob_bytes) = copy_blobs(store.blobs(), partial)?;
        let log = match checkpoints {
            Some(checkpoints) => {
                checkpoints.copy_log(&partial.join(CHECKPOINTS))?;
                checkpoints.read()?
            }
            None => CheckpointLog::default(),
        };
        let journal = verify(Store::open(partial)?.journal(), &log)?;
        Ok(BackupReport { blobs, blob_bytes, journal })
    })
}

/// Puts the backup in `from` in the place `to`. A store that is there is moved
/// aside, not removed, and only with `force`. Nobody owns the restored
/// journal, and no epoch that was given before is given again. `checkpoints`
/// then has one that says so, signed at `now`.
///
/// # Errors
/// [`StoreError::Refused`] when there is a store that is not empty (without
/// `force`) or in use (always), or when the backup does not verify (without
/// `force`); when something cannot be read or written. Then `to` is as it was.
pub fn restore(
    from: &Path,
    to: &Path,
    checkpoints: Option<&Checkpoints>,
    force: bool,
    now: Timestamp,
) -> Result<RestoreReport, StoreError> {
    let epoch = may_replace(to, force, now)?;
    let mut replaced = None;
    let build = |partial: &Path| {
        copy_journal(from, partial)?;
        let (blobs, blob_bytes) = copy_blobs(&Blobs::open(from.join("blobs"))?, partial)?;
        let store = Store::open(partial)?;
        let journal = verify(store.journal(), &CheckpointLog::default())?;
        if let Some(finding) = journal.findings.first().filter(|_| !force) {
            let why = format!("the backup is not as it was made: {finding}");
            return Err(StoreError::Refused { path: to.to_owned(), why });
        }
        store.journal().reset_lease(epoch)?;
        drop(store);
        replaced = move_aside(to, now)?;
        Ok((blobs, blob_bytes, journal))
    };
    let (blobs, blob_bytes, journal) = build_beside(to, build)?;
    if let Some(checkpoints) = checkpoints {
        checkpoints.sign_restored(Store::open(to)?.journal(), now)?;
    }
    Ok(RestoreReport { blobs, blob_bytes, journal, replaced })
}

/// Whether the store in `to`, if any, may be replaced; the newest epoch it has
/// given.
fn may_replace(to: &Path, force: bool, now: Timestamp) -> Result<Epoch, StoreError> {
    let refuse = |why: String| Err(StoreError::Refused { path: to.to_owned(), why });
    let store = match Store::open_with(to, Options::default()) {
        Ok(store) => store,
        Err(StoreError::NotFound { .. }) => {
            return if force || is_absent_or_empty(to)? {
                Ok(Epoch(0))
            } else {
                refuse("there is something else in this folder".to_owned())
            };
        }
        // What cannot be read cannot be in use by this version either.
        Err(error) if force => {
            tracing::warn!(%error, "replacing a store that cannot be read");
            return Ok(Epoch(0));
        }
        Err(error) => return refuse(format!("there is a store that cannot be read: {error}")),
    };
    if let Some(held) = store.journal().owner()?
        && held.until > now
        && !held.by.is_known_dead()
    {
        return refuse(held.to_string());
    }
    let entries = store.journal().head()?.seq.0;
    if entries > 0 && !force {
        return refuse(format!("there is a store with {entries} entries"));
    }
    store.journal().newest_epoch()
}

fn copy_journal(from: &Path, to: &Path) -> Result<(), StoreError> {
    let (source, target) = (journal_path(from), journal_path(to));
    // Opening it as a database would write beside it.
    if !copy_file(&source, &target)? {
        return Err(StoreError::NotFound { path: source });
    }
    // What is not folded into the file yet, of a store that was copied as it was.
    copy_file(&log_of(&source), &log_of(&target)).map(drop)
}

/// Copies a file durably, if it is there.
fn copy_file(source: &Path, target: &Path) -> Result<bool, StoreError> {
    match fs::copy(source, target) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(StoreError::io("copying", source, &error)),
    }
    let synced = fs::File::open(target).and_then(|file| file.sync_all());
    synced.map(|()| true).map_err(|error| StoreError::io("syncing", target, &error))
}

fn copy_blobs(from: &Blobs, to: &Path) -> Result<(u64, u64), StoreError> {
    let target = Blobs::open(to.join("blobs"))?;
    let (mut count, mut bytes) = (0, 0);
    for digest in from.list()? {
        let path = from.path(&digest);
        let mut source = match from.open_blob(&digest) {
            Ok(source) => source,
            // Cleaned up meanwhile: nothing refers to it.
            Err(StoreError::NoSuchBlob { .. }) => continue,
            Err(error) => return Err(error),
        };
        let mut writer = target.writer()?;
        io::copy(&mut source, &mut writer)
            .map_err(|error| StoreError::io("copying", &path, &error))?;
        let stored = writer.finish()?;
        if stored.digest != digest {
            return Err(StoreError::DamagedBlob { digest: digest.to_string(), path });
        }
        count += 1;
        bytes += stored.size;
    }
    Ok((count, bytes))
}

/// Builds a folder beside `to`, and renames it to `to` if that succeeds.
fn build_beside<T>(
    to: &Path,
    build: impl FnOnce(&Path) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let partial = beside(to, &format!("partial-{}", files::random_name(to)?));
    files::make_dir(&partial)?;
    let built = build(&partial).and_then(|built| {
        files::sync_dir(&partial)?;
        fs::rename(&partial, to).map_err(|error| StoreError::io("renaming to", to, &error))?;
        files::sync_parent(to)?;
        Ok(built)
    });
    if built.is_err()
        && let Err(error) = fs::remove_dir_all(&partial)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %partial.display(), %error, "removing an unfinished copy");
    }
    built
}

fn move_aside(dir: &Path, now: Timestamp) -> Result<Option<PathBuf>, StoreError> {
    if is_absent_or_empty(dir)? {
        return Ok(None);
    }
    let aside = beside(dir, &format!("replaced-{}", now.strftime("%Y%m%dT%H%M%S%.fZ")));
    fs::rename(dir, &aside).map_err(|error| StoreError::io("moving aside", dir, &error))?;
    Ok(Some(aside))
}

fn beside(dir: &Path, suffix: &str) -> PathBuf {
    let mut name = dir.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

fn is_absent_or_empty(dir: &Path) -> Result<bool, StoreError> {
    match fs::read_dir(dir) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(StoreError::io("reading the folder", dir, &error)),
    }
}
