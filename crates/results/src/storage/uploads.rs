//! The uploads of one job that are not finished.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::StorageError;
use super::files::make_private_dir;
use super::reservations::{Key, Reservations};
use super::upload::{Target, Upload};
use crate::{Limits, base64url};

/// The uploads of one job.
#[derive(Debug)]
pub(crate) struct Uploads {
    folder: PathBuf,
    taken: Reservations,
    open: Mutex<HashMap<String, Arc<Upload>>>,
}

/// Why an upload does not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadsError {
    #[error("there is one of the same name, or it is being uploaded")]
    Taken,
    #[error("a job may have {limit} uploads open at the same time")]
    TooMany { limit: usize },
    #[error("the machine has no randomness")]
    Random,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Uploads {
    /// Uploads that are kept in `folder`, and whose names nobody else takes.
    pub(crate) fn new(folder: PathBuf, taken: Reservations) -> Self {
        Self { folder, taken, open: Mutex::default() }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, Arc<Upload>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an upload under the name `key`, unless something of that name
    /// `exists`: asked when nobody else can finish one any more.
    pub(crate) fn begin(
        &self,
        key: &Key,
        target: Target,
        limits: &Limits,
        exists: impl FnOnce() -> Result<bool, StorageError>,
    ) -> Result<Arc<Upload>, UploadsError> {
        let mut open = self.open();
        if open.len() >= limits.open_uploads {
            return Err(UploadsError::TooMany { limit: limits.open_uploads });
        }
        let reservation = self.taken.take(key).ok_or(UploadsError::Taken)?;
        if exists()? {
            return Err(UploadsError::Taken);
        }
        make_private_dir(&self.folder)?;
        let dir = tempfile::Builder::new().tempdir_in(&self.folder);
        let dir = dir.map_err(StorageError::io("making a folder in", &self.folder))?;
        let id = random().ok_or(UploadsError::Random)?;
        let upload = Arc::new(Upload::new(id.clone(), target, dir, reservation, limits));
        open.insert(id, Arc::clone(&upload));
        Ok(upload)
    }

    /// The upload with this id.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<Upload>> {
        self.open().get(id).cloned()
    }

    /// Ends the upload whose target this is, and hands it over.
    pub(crate) fn finish(&self, is: impl Fn(&Target) -> bool) -> Option<Arc<Upload>> {
        let mut open = self.open();
        let id = open.values().find(|upload| is(&upload.target)).map(|upload| upload.id.clone())?;
        open.remove(&id)
    }

    #[cfg(test)]
    pub(crate) fn nowhere() -> Self {
        Self::new(PathBuf::from("/nowhere"), Reservations::default())
    }
}

/// 128 bits that nobody guesses. `None`: the machine has no randomness.
pub(crate) fn random() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(base64url::encode(bytes))
}
