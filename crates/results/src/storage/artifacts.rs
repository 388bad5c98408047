//! Artifacts: of a run, by name, never changed.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shipway_core::digest::Digest;
use shipway_core::ids::RunId;

use super::{Readable, Storage, StorageError, Whole, files};

/// What is known of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactRecord {
    /// Unique among all artifacts; a later one is larger.
    pub id: u64,
    /// Unique among those of an attempt of the run.
    pub name: String,
    /// The run as GitHub's clients know it.
    pub run_id: u64,
    /// The job that uploaded it.
    pub job_id: u64,
    /// In which attempt of the run.
    pub attempt: u32,
    /// Bytes as they are stored: of the archive.
    pub size: u64,
    /// Of the archive.
    pub digest: Digest,
    /// `application/zip`, or what a single file that was not archived is.
    pub content_type: String,
    /// When its upload was finished.
    pub created_at: Timestamp,
    /// When it is forgotten.
    pub expires_at: Timestamp,
}

impl ArtifactRecord {
    /// Whether it is an archive, and not a single file as it is.
    pub fn is_archive(&self) -> bool {
        self.content_type == ZIP
    }
}

pub(super) const ZIP: &str = "application/zip";

impl Storage {
    /// Artifacts of `run`.
    pub(super) fn artifacts_folder(&self, run: &RunId) -> PathBuf {
        self.root.join("artifacts").join(run.as_str())
    }

    /// The artifacts of a run that are not forgotten, the oldest first: with
    /// several attempts, there may be several of a name.
    ///
    /// # Errors
    /// When a folder or a record cannot be read.
    pub fn artifacts(
        &self,
        run: &RunId,
        now: Timestamp,
    ) -> Result<Vec<ArtifactRecord>, StorageError> {
        let folder = self.artifacts_folder(run);
        let mut records = Vec::new();
        for id in files::ids(&folder)? {
            // It may have been removed meanwhile.
            let record: Option<ArtifactRecord> = files::record(&folder, id)?;
            records.extend(record.filter(|record| record.expires_at > now));
        }
        Ok(records)
    }

    /// The file of the newest artifact called `name` of `run`.
    ///
    /// # Errors
    /// When a folder or a record cannot be read.
    pub fn artifact(
        &self,
        run: &RunId,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<(ArtifactRecord, PathBuf)>, StorageError> {
        let found = self.artifacts(run, now)?.into_iter().rfind(|record| record.name == name);
        Ok(found.map(|record| {
            let path = files::blob_path(&self.artifacts_folder(run), record.id);
            (record, path)
        }))
    }

    /// Makes an upload an artifact of `run`; `record` says all but its id,
    /// size, digest and time.
    pub(crate) fn add_artifact(
        &self,
        run: &RunId,
        record: ArtifactRecord,
        whole: Whole,
        now: Timestamp,
    ) -> Result<ArtifactRecord, StorageError> {
        let (size, digest) = (whole.size, whole.digest);
        let record =
            ArtifactRecord { id: self.new_id(now), size, digest, created_at: now, ..record };
        files::publish(&self.artifacts_folder(run), record.id, &record, whole)?;
        Ok(record)
    }

    /// Removes an artifact. `false`: it was not there.
    pub(crate) fn remove_artifact(&self, run: &RunId, id: u64) -> Result<bool, StorageError> {
        files::remove(&self.artifacts_folder(run), id)
    }

    pub(super) fn open_artifact(
        &self,
        run: &RunId,
        id: u64,
    ) -> Result<Option<Readable>, StorageError> {
        let folder = self.artifacts_folder(run);
        let Some(record) = files::record::<ArtifactRecord>(&folder, id)? else { return Ok(None) };
        let file = files::open_blob(&folder, id, record.size)?;
        Ok(file.map(|file| {
            let file_name = (!record.is_archive()).then(|| record.name.clone());
            let (size, modified) = (record.size, record.created_at);
            Readable { file, size, content_type: record.content_type, file_name, modified, id }
        }))
    }
}
