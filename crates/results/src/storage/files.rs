//! Files that are there whole or not at all.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{StorageError, Whole};

const RECORD: &str = "json";
const BLOB: &str = "blob";

/// Makes a folder that only its owner enters, and what is above it.
pub(crate) fn make_private_dir(dir: &Path) -> Result<(), StorageError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(StorageError::io("making the folder", dir))
}

pub(super) fn record_path(folder: &Path, id: u64) -> PathBuf {
    folder.join(format!("{id}.{RECORD}"))
}

pub(super) fn blob_path(folder: &Path, id: u64) -> PathBuf {
    folder.join(format!("{id}.{BLOB}"))
}

/// Puts a finished upload and its record into `folder`.
pub(super) fn publish<R: Serialize>(
    folder: &Path,
    id: u64,
    record: &R,
    whole: Whole,
) -> Result<(), StorageError> {
    make_private_dir(folder)?;
    let (blob, path) = (blob_path(folder, id), record_path(folder, id));
    let write = || StorageError::io("writing", &path);
    let mut part = tempfile::Builder::new()
        .prefix(".part-")
        .tempfile_in(folder)
        .map_err(StorageError::io("writing into", folder))?;
    serde_json::to_writer(&mut part, record).map_err(io::Error::from).map_err(write())?;
    part.flush().and_then(|()| part.as_file().sync_all()).map_err(write())?;
    whole.file.persist(&blob).map_err(|e| StorageError::io("writing", &blob)(e.error))?;
    part.persist_noclobber(&path).map_err(|error| write()(error.error))?;
    sync(folder)
}

fn sync(folder: &Path) -> Result<(), StorageError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(StorageError::io("syncing the folder", folder))
}

/// Removes a record and its blob. `false`: it was not there.
pub(super) fn remove(folder: &Path, id: u64) -> Result<bool, StorageError> {
    let (blob, record) = (blob_path(folder, id), record_path(folder, id));
    let there = remove_file(&record)?;
    remove_file(&blob)?;
    Ok(there)
}

pub(super) fn remove_file(path: &Path) -> Result<bool, StorageError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StorageError::io("removing", path)(error)),
    }
}

/// The record `id`, if it is there.
pub(super) fn record<R: DeserializeOwned>(
    folder: &Path,
    id: u64,
) -> Result<Option<R>, StorageError> {
    let path = record_path(folder, id);
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes.map_err(StorageError::io("reading", &path))?,
    };
    let record = serde_json::from_slice(&bytes);
    record.map(Some).map_err(|error| StorageError::Record { path, why: error.to_string() })
}

/// The ids of all records in `folder`.
pub(super) fn ids(folder: &Path) -> Result<Vec<u64>, StorageError> {
    let mut ids = Vec::new();
    for entry in entries(folder)? {
        if entry.extension().is_some_and(|extension| extension == RECORD)
            && let Some(id) = id_of(&entry)
        {
            ids.push(id);
        }
    }
    ids.sort_unstable();
    Ok(ids)
}

/// The number that a file is named by.
pub(super) fn id_of(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.parse().ok()
}

/// What is in `folder`; nothing, if it is not there.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, StorageError> {
    let list = StorageError::io("listing", folder);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(list(error)),
        Ok(entries) => entries,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    paths.collect::<io::Result<_>>().map_err(list)
}

/// Opens a blob that has to be `size` long. `None`: it is not there.
pub(super) fn open_blob(folder: &Path, id: u64, size: u64) -> Result<Option<File>, StorageError> {
    let path = blob_path(folder, id);
    let open = || StorageError::io("reading", &path);
    let file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(open())?,
    };
    let found = file.metadata().map_err(open())?.len();
    match found == size {
        true => Ok(Some(file)),
        false => Err(StorageError::Damaged { path, expected: size, found }),
    }
}
