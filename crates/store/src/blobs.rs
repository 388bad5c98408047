//! Blobs: job output, artifacts and bundles, as files named by their digest.

use std::collections::HashSet;
use std::fs::{self, DirEntry, File, OpenOptions};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};
use shipway_core::digest::Digest;

use crate::error::StoreError;
use crate::files;

/// The blobs of a store: `<first two hex digits>/<the other 62>`, and `tmp`
/// for those being written.
#[derive(Debug, Clone)]
pub struct Blobs {
    dir: PathBuf,
}

/// A blob that is stored, durably.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredBlob {
    /// Its name.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
}

/// What a clean-up removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GcReport {
    /// Blobs and abandoned temporary files removed.
    pub removed: u64,
    /// Their bytes.
    pub freed: u64,
    /// Blobs left.
    pub kept: u64,
}

impl Blobs {
    /// The blobs in `dir`, which is made if it is not there.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let dir = dir.into();
        files::make_dir(&dir.join("tmp"))?;
        Ok(Self { dir })
    }

    /// A writer for a blob of any size. Nothing is stored until it is
    /// [finished](BlobWriter::finish).
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn writer(&self) -> Result<BlobWriter, StoreError> {
        let tmp = self.dir.join("tmp");
        let path = tmp.join(files::random_name(&tmp)?);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(|error| StoreError::io("writing", &path, &error))?;
        let blobs = self.clone();
        Ok(BlobWriter { blobs, path, file: Some(file), hasher: Sha256::new(), size: 0 })
    }

    /// Stores bytes that are in memory.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn put(&self, bytes: &[u8]) -> Result<StoredBlob, StoreError> {
        let mut writer = self.writer()?;
        let path = writer.path.clone();
        writer.write_all(bytes).map_err(|error| StoreError::io("writing", &path, &error))?;
        writer.finish()
    }

    /// Whether the blob is here.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn has(&self, digest: &Digest) -> Result<bool, StoreError> {
        let path = self.path(digest);
        fs::exists(&path).map_err(|error| StoreError::io("looking for", &path, &error))
    }

    /// The blob's file, to be streamed. What is read from it is not checked;
    /// [`check`](Self::check) does that.
    ///
    /// # Errors
    /// [`StoreError::NoSuchBlob`]; when it cannot be opened.
    pub fn open_blob(&self, digest: &Digest) -> Result<File, StoreError> {
        let path = self.path(digest);
        File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::NoSuchBlob { digest: digest.to_string() },
            _ => StoreError::io("reading", &path, &error),
        })
    }

    /// The whole blob, checked against its digest.
    ///
    /// # Errors
    /// [`StoreError::NoSuchBlob`], [`StoreError::DamagedBlob`].
    pub fn read(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        self.open_blob(digest)?
            .read_to_end(&mut bytes)
            .map_err(|error| StoreError::io("reading", &self.path(digest), &error))?;
        self.must_be(digest, Digest::of(&bytes))?;
        Ok(bytes)
    }

    /// Reads the blob and holds it against its digest; gives its size.
    ///
    /// # Errors
    /// [`StoreError::NoSuchBlob`], [`StoreError::DamagedBlob`].
    pub fn check(&self, digest: &Digest) -> Result<u64, StoreError> {
        let mut file = self.open_blob(digest)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        let mut size = 0;
        loop {
            let count = file
                .read(&mut buffer)
                .map_err(|error| StoreError::io("reading", &self.path(digest), &error))?;
            if count == 0 {
                break;
            }
            hasher.update(&buffer[..count]);
            size += count as u64;
        }
        self.must_be(digest, Digest::from_bytes(hasher.finalize().into()))?;
        Ok(size)
    }

    /// The file of a blob, whether it is there or not.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.dir.join(&hex[..2]).join(&hex[2..])
    }

    /// The digests of all blobs, in no order. A file that is not named like a
    /// blob is none.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn list(&self) -> Result<Vec<Digest>, StoreError> {
        let mut digests = Vec::new();
        for folder in entries(&self.dir)? {
            let prefix = folder.file_name();
            let Some(prefix) = prefix.to_str().filter(|name| name.len() == 2) else { continue };
            for file in entries(&folder.path())? {
                let name = file.file_name();
                let digest = name
                    .to_str()
                    .and_then(|rest| format!("sha256:{prefix}{rest}").parse::<Digest>().ok());
                digests.extend(digest);
            }
        }
        Ok(digests)
    }

    /// Removes the blobs that are not in `keep`, and what writers abandoned,
    /// unless they were written less than `retention` ago: a blob is stored
    /// before the entry that refers to it.
    ///
    /// # Errors
    /// When a file cannot be removed; what was removed before stays removed.
    pub fn gc(&self, keep: &HashSet<Digest>, retention: Duration) -> Result<GcReport, StoreError> {
        let mut report = GcReport::default();
        let cutoff = SystemTime::now().checked_sub(retention).unwrap_or(SystemTime::UNIX_EPOCH);
        for digest in self.list()? {
            if keep.contains(&digest) || !remove_if_older(&self.path(&digest), cutoff, &mut report)?
            {
                report.kept += 1;
            }
        }
        for file in entries(&self.dir.join("tmp"))? {
            remove_if_older(&file.path(), cutoff, &mut report)?;
        }
        Ok(report)
    }

    fn must_be(&self, named: &Digest, found: Digest) -> Result<(), StoreError> {
        if *named == found {
            return Ok(());
        }
        Err(StoreError::DamagedBlob { digest: named.to_string(), path: self.path(named) })
    }
}

fn entries(dir: &Path) -> Result<Vec<DirEntry>, StoreError> {
    fs::read_dir(dir)
        .and_then(Iterator::collect)
        .map_err(|error| StoreError::io("reading the folder", dir, &error))
}

fn remove_if_older(
    path: &Path,
    cutoff: SystemTime,
    report: &mut GcReport,
) -> Result<bool, StoreError> {
    let removed = fs::metadata(path).and_then(|meta| {
        if meta.modified()? > cutoff {
            return Ok(None);
        }
        fs::remove_file(path).map(|()| Some(meta.len()))
    });
    match removed {
        Ok(None) => Ok(false),
        Ok(Some(size)) => {
            report.removed += 1;
            report.freed += size;
            Ok(true)
        }
        // A writer finished, or another clean-up was faster.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(StoreError::io("removing", path, &error)),
    }
}

/// Writes one blob. Dropped before it is finished, it leaves nothing.
#[derive(Debug)]
pub struct BlobWriter {
    blobs: Blobs,
    path: PathBuf,
    file: Option<File>,
    hasher: Sha256,
    size: u64,
}

impl BlobWriter {
    /// Makes what was written durable, and gives it its name.
    ///
    /// # Errors
    /// When it cannot be synced or renamed; then it is not stored.
    pub fn finish(self) -> Result<StoredBlob, StoreError> {
        self.store(true)
    }

    /// Gives what was written its name, and leaves it to the system when it
    /// comes to the disk: for what may be lost, or cut, when the power fails.
    ///
    /// # Errors
    /// When it cannot be renamed; then it is not stored.
    pub fn finish_unsynced(self) -> Result<StoredBlob, StoreError> {
        self.store(false)
    }

    fn store(mut self, durably: bool) -> Result<StoredBlob, StoreError> {
        let digest = Digest::from_bytes(std::mem::take(&mut self.hasher).finalize().into());
        let failed = |error| StoreError::io("writing", &self.path, &error);
        let Some(file) = &self.file else {
            return Err(StoreError::Unfit { what: "a blob", why: "its file is gone".to_owned() });
        };
        if durably {
            file.sync_all().map_err(failed)?;
        }
        let target = self.blobs.path(&digest);
        // ext4 writes to the disk at once what takes another's place: an equal one
        // is only renewed, if nobody waits for the disk.
        if durably || !self.renew(&target).map_err(failed)? {
            self.name(&target)?;
        }
        self.file = None;
        if durably {
            files::sync_parent(&target)?;
            // Whoever made the folder may not have waited for the disk.
            files::sync_dir(&self.blobs.dir)?;
        }
        Ok(StoredBlob { digest, size: self.size })
    }

    /// Gives the file its name, in a folder that may have to be made first.
    fn name(&self, target: &Path) -> Result<(), StoreError> {
        let failed = |error| StoreError::io("writing", &self.path, &error);
        match (fs::rename(&self.path, target), target.parent()) {
            (Err(error), Some(folder)) if error.kind() == io::ErrorKind::NotFound => {
                match fs::create_dir(folder) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        Err(StoreError::io("making the folder", folder, &error))
                    }
                    _ => fs::rename(&self.path, target).map_err(failed),
                }
            }
            (renamed, _) => renamed.map_err(failed),
        }
    }

    /// Whether the blob is here already. It is as old as a new one then, so that a
    /// clean-up does not take it before the new reference is written.
    fn renew(&self, target: &Path) -> io::Result<bool> {
        match fs::metadata(target) {
            Ok(there) if there.len() == self.size => {}
            // Cut when the power failed.
            Ok(_) => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        }
        match OpenOptions::new().write(true).open(target) {
            Ok(there) => there.set_modified(SystemTime::now())?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        }
        fs::remove_file(&self.path)?;
        Ok(true)
    }

    /// The file that is written, as long as it is not finished.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes were written so far.
    pub const fn size(&self) -> u64 {
        self.size
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(file) = &mut self.file else {
            return Err(io::Error::other("the blob is finished"));
        };
        let count = file.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        if self.file.take().is_some()
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "removing an unfinished blob");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blobs() -> (tempfile::TempDir, Blobs) {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path().join("blobs")).unwrap();
        (dir, blobs)
    }

    #[test]
    fn a_blob_is_named_by_what_was_written() {
        let (_dir, blobs) = blobs();
        let mut writer = blobs.writer().unwrap();
        writer.write_all(b"hel").unwrap();
        writer.write_all(b"lo").unwrap();
        let stored = writer.finish().unwrap();
        assert_eq!(stored, StoredBlob { digest: Digest::of(b"hello"), size: 5 });
        assert_eq!(blobs.read(&stored.digest).unwrap(), b"hello");
        assert_eq!(blobs.put(b"hello").unwrap(), stored, "twice is the same as once");
        assert_eq!(blobs.list().unwrap(), [stored.digest]);
    }

    #[test]
    fn a_blob_that_is_not_waited_for_is_there_as_well() {
        let (_dir, blobs) = blobs();
        let mut writer = blobs.writer().unwrap();
        writer.write_all(b"log").unwrap();
        let stored = writer.finish_unsynced().unwrap();
        assert_eq!(blobs.read(&stored.digest).unwrap(), b"log");
    }

    #[test]
    fn an_equal_blob_is_renewed_and_a_cut_one_is_replaced() {
        let (_dir, blobs) = blobs();
        let put = || {
            let mut writer = blobs.writer().unwrap();
            writer.write_all(b"log").unwrap();
            writer.finish_unsynced().unwrap()
        };
        let path = blobs.path(&put().digest);
        let old = File::options().write(true).open(&path).unwrap();
        old.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        put();
        assert!(fs::metadata(&path).unwrap().modified().unwrap() > SystemTime::UNIX_EPOCH);
        assert!(entries(&blobs.dir.join("tmp")).unwrap().is_empty(), "nothing is left");
        old.set_len(1).unwrap();
        let stored = put();
        assert_eq!(blobs.read(&stored.digest).unwrap(), b"log");
    }

    #[test]
    fn an_unfinished_blob_leaves_nothing() {
        let (_dir, blobs) = blobs();
        let mut writer = blobs.writer().unwrap();
        writer.write_all(b"half").unwrap();
        let path = writer.path.clone();
        assert!(path.exists());
        drop(writer);
        assert!(!path.exists());
        assert!(!blobs.has(&Digest::of(b"half")).unwrap());
    }

    #[test]
    fn damage_is_noticed() {
        let (_dir, blobs) = blobs();
        let digest = blobs.put(b"true").unwrap().digest;
        fs::write(blobs.path(&digest), b"false").unwrap();
        assert_eq!(blobs.read(&digest).unwrap_err().code(), "store.damaged_blob");
        assert_eq!(blobs.check(&digest).unwrap_err().code(), "store.damaged_blob");
        let absent = Digest::of(b"absent");
        assert_eq!(blobs.read(&absent).unwrap_err().code(), "store.no_such_blob");
    }

    #[test]
    fn gc_removes_what_is_old_and_not_kept() {
        let (_dir, blobs) = blobs();
        let kept = blobs.put(b"kept").unwrap().digest;
        let lost = blobs.put(b"lost").unwrap().digest;
        let keep = HashSet::from([kept]);

        let young = blobs.gc(&keep, Duration::from_secs(3600)).unwrap();
        assert_eq!(young, GcReport { removed: 0, freed: 0, kept: 2 });

        let old = blobs.gc(&keep, Duration::ZERO).unwrap();
        assert_eq!(old, GcReport { removed: 1, freed: 4, kept: 1 });
        assert!(blobs.has(&kept).unwrap());
        assert!(!blobs.has(&lost).unwrap());
    }
}
