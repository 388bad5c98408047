//! Files and folders written so that a crash leaves the old state or the new.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// Makes `dir` and what is above it, and the entries durable.
pub(crate) fn make_dir(dir: &Path) -> Result<(), StoreError> {
    if dir.is_dir() {
        return Ok(());
    }
    if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_dir(parent)?;
    }
    match fs::create_dir(dir) {
        Ok(()) => sync_parent(dir),
        // Another process was faster.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        Err(error) => Err(StoreError::io("making the folder", dir, &error)),
    }
}

/// Makes durable which files `dir` has.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(|error| StoreError::io("syncing the folder", dir, &error))
}

/// Makes durable that `path` is where it is.
pub(crate) fn sync_parent(path: &Path) -> Result<(), StoreError> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_dir(parent),
        _ => sync_dir(Path::new(".")),
    }
}

/// Writes a file that only its owner reads, and does not replace one. `false`
/// if there was one.
pub(crate) fn create_private(path: &Path, bytes: &[u8]) -> Result<bool, StoreError> {
    let failed = |error| StoreError::io("writing", path, &error);
    let temporary = temporary_beside(path)?;
    let written = private(&temporary)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .map_err(failed)
        .and_then(|()| match fs::hard_link(&temporary, path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(failed(error)),
        });
    let removed =
        fs::remove_file(&temporary).map_err(|error| StoreError::io("removing", &temporary, &error));
    let new = written?;
    removed?;
    sync_parent(path)?;
    Ok(new)
}

#[cfg(unix)]
fn private(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// A name beside `path` that no other process uses.
fn temporary_beside(path: &Path) -> Result<PathBuf, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", random_name(path)?));
    Ok(PathBuf::from(name))
}

/// A name that no other process uses.
pub(crate) fn random_name(near: &Path) -> Result<String, StoreError> {
    let mut bytes = [0; 12];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::Io {
        doing: "drawing random bytes for",
        path: near.to_owned(),
        why: error.to_string(),
    })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
