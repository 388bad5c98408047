//! Artifacts of the job's run.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Client, ClientError, Source, Uploaded};
use crate::twirp::{ARTIFACTS, int64};

/// An artifact that is there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FoundArtifact {
    /// Unique; a later one is larger.
    #[serde(rename = "database_id", deserialize_with = "int64")]
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Bytes of the archive.
    #[serde(deserialize_with = "int64")]
    pub size: u64,
    /// `sha256:…` of the archive.
    pub digest: String,
}

/// What an artifact turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Downloaded {
    /// A zip archive.
    Archive,
    /// A single file as it is, called as the artifact.
    File,
}

#[derive(Serialize)]
struct About<'a> {
    workflow_run_backend_id: &'a str,
    workflow_job_run_backend_id: &'a str,
    name: &'a str,
}

#[derive(Deserialize)]
struct Done {
    #[serde(deserialize_with = "int64")]
    artifact_id: u64,
}

impl Client {
    fn about<'a>(&'a self, name: &'a str) -> About<'a> {
        About { workflow_run_backend_id: &self.run, workflow_job_run_backend_id: &self.job, name }
    }

    /// Uploads the artifact `name`; its id, and what was uploaded. An archive's
    /// media type is `application/zip`.
    ///
    /// # Errors
    /// [`ClientError::Exists`] when the run has an artifact of that name.
    pub async fn upload_artifact(
        &self,
        name: &str,
        expires_at: Option<Timestamp>,
        media_type: &str,
        source: Source,
    ) -> Result<(u64, Uploaded), ClientError> {
        #[derive(Serialize)]
        struct Create<'a> {
            #[serde(flatten)]
            about: About<'a>,
            version: u32,
            mime_type: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            expires_at: Option<Timestamp>,
        }
        #[derive(Deserialize)]
        struct Created {
            signed_upload_url: String,
        }
        let about = self.about(name);
        let create = Create { about, version: 7, mime_type: media_type, expires_at };
        let Created { signed_upload_url } = self.call(ARTIFACTS, "CreateArtifact", &create).await?;
        let uploaded = self.upload(&signed_upload_url, source).await?;
        let finalize = json!({
            "workflow_run_backend_id": self.run,
            "workflow_job_run_backend_id": self.job,
            "name": name,
            "size": uploaded.size.to_string(),
            "hash": uploaded.digest.to_string(),
        });
        let done: Done = self.call(ARTIFACTS, "FinalizeArtifact", &finalize).await?;
        Ok((done.artifact_id, uploaded))
    }

    /// The artifacts of the run, the newest of each name, by name.
    ///
    /// # Errors
    /// When the service cannot be reached.
    pub async fn artifacts(&self) -> Result<Vec<FoundArtifact>, ClientError> {
        #[derive(Deserialize)]
        struct Listed {
            artifacts: Vec<FoundArtifact>,
        }
        let request = json!({
            "workflow_run_backend_id": self.run,
            "workflow_job_run_backend_id": self.job,
        });
        let Listed { mut artifacts } = self.call(ARTIFACTS, "ListArtifacts", &request).await?;
        artifacts.sort_by(|a, b| a.name.cmp(&b.name).then(b.id.cmp(&a.id)));
        artifacts.dedup_by(|later, earlier| later.name == earlier.name);
        Ok(artifacts)
    }

    /// Removes the newest artifact called `name`. `false`: there is none.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn delete_artifact(&self, name: &str) -> Result<bool, ClientError> {
        if !self.artifacts().await?.iter().any(|artifact| artifact.name == name) {
            return Ok(false);
        }
        let _: Done = self.call(ARTIFACTS, "DeleteArtifact", &self.about(name)).await?;
        Ok(true)
    }

    /// Writes what was uploaded as an artifact to `out`, and checks its digest.
    ///
    /// # Errors
    /// [`ClientError::Digest`] when it is not what was uploaded.
    pub async fn download_artifact(
        &self,
        artifact: &FoundArtifact,
        out: &mut tokio::fs::File,
    ) -> Result<Downloaded, ClientError> {
        #[derive(Deserialize)]
        struct Signed {
            signed_url: String,
        }
        let about = self.about(&artifact.name);
        let signed: Signed = self.call(ARTIFACTS, "GetSignedArtifactURL", &about).await?;
        let (found, media_type) = self.download(&signed.signed_url, out).await?;
        let found = found.digest.to_string();
        match found == artifact.digest {
            true if media_type == "application/zip" => Ok(Downloaded::Archive),
            true => Ok(Downloaded::File),
            false => Err(ClientError::Digest { expected: artifact.digest.clone(), found }),
        }
    }
}
