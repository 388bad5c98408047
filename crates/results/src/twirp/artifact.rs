//! `github.actions.results.api.v1.ArtifactService`.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Call;
use super::error::{Code, TwirpError};
use super::messages::{int64, optional_int64, text};
use crate::grant::JobId;
use crate::storage::{ArtifactRecord, Key, Stored, Target};

#[derive(Deserialize)]
pub(super) struct CreateArtifact {
    #[serde(alias = "workflowRunBackendId", default)]
    workflow_run_backend_id: String,
    #[serde(alias = "workflowJobRunBackendId", default)]
    workflow_job_run_backend_id: String,
    #[serde(default)]
    name: String,
    #[serde(alias = "expiresAt", default)]
    expires_at: Option<Timestamp>,
    /// 4 when clients began to speak this protocol. 7: they say `mime_type`.
    #[serde(default)]
    version: u32,
    #[serde(alias = "mimeType", default)]
    mime_type: Option<String>,
}

#[derive(Serialize)]
pub(super) struct CreatedArtifact {
    ok: bool,
    signed_upload_url: String,
}

#[derive(Deserialize)]
pub(super) struct FinalizeArtifact {
    #[serde(alias = "workflowRunBackendId", default)]
    workflow_run_backend_id: String,
    #[serde(alias = "workflowJobRunBackendId", default)]
    workflow_job_run_backend_id: String,
    #[serde(default)]
    name: String,
    #[serde(default, deserialize_with = "int64")]
    size: u64,
    /// `sha256:<hex>`
    #[serde(default)]
    hash: Option<String>,
}

#[derive(Serialize)]
pub(super) struct ArtifactDone {
    ok: bool,
    #[serde(serialize_with = "text")]
    artifact_id: u64,
}

#[derive(Deserialize)]
pub(super) struct ListArtifacts {
    #[serde(alias = "workflowRunBackendId", default)]
    workflow_run_backend_id: String,
    #[serde(alias = "nameFilter", default)]
    name_filter: Option<String>,
    #[serde(alias = "idFilter", default, deserialize_with = "optional_int64")]
    id_filter: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct Artifacts {
    artifacts: Vec<Artifact>,
}

#[derive(Serialize)]
struct Artifact {
    workflow_run_backend_id: String,
    workflow_job_run_backend_id: String,
    #[serde(serialize_with = "text")]
    database_id: u64,
    name: String,
    #[serde(serialize_with = "text")]
    size: u64,
    created_at: Timestamp,
    digest: String,
}

#[derive(Deserialize)]
pub(super) struct OneArtifact {
    #[serde(alias = "workflowRunBackendId", default)]
    workflow_run_backend_id: String,
    #[serde(default)]
    name: String,
}

#[derive(Serialize)]
pub(super) struct SignedArtifactUrl {
    signed_url: String,
}

/// The media type of an artifact that is not archived by its client: those
/// before `mime_type` archived everything.
const ARCHIVE: &str = "application/zip";
const SAYS_MEDIA_TYPE: u32 = 7;

pub(super) fn create(call: &Call, request: CreateArtifact) -> Result<CreatedArtifact, TwirpError> {
    call.own_job(&request.workflow_run_backend_id, &request.workflow_job_run_backend_id)?;
    begin(call, request)
}

/// The same from a client that knows the run only.
pub(super) fn create_migrated(
    call: &Call,
    request: CreateArtifact,
) -> Result<CreatedArtifact, TwirpError> {
    call.own_run(&request.workflow_run_backend_id)?;
    begin(call, request)
}

fn begin(call: &Call, request: CreateArtifact) -> Result<CreatedArtifact, TwirpError> {
    let name = request.name;
    if !name_is_allowed(&name) {
        return Err(TwirpError::invalid(format!("the artifact name is not valid: {name:?}")));
    }
    let content_type = match request.mime_type {
        Some(text) if request.version >= SAYS_MEDIA_TYPE => media_type(text)?,
        _ => ARCHIVE.to_owned(),
    };
    let (job, limits) = (&call.grant.job, &call.shared.limits);
    let existing = || call.shared.storage.artifacts(&job.run, call.now);
    let own = existing()?.iter().filter(|known| known.job_id == job.job_id).count();
    if own >= limits.artifacts_of_job {
        let message = format!("a job may upload {} artifacts", limits.artifacts_of_job);
        return Err(TwirpError::new(Code::ResourceExhausted, message));
    }
    let longest = SignedDuration::try_from(limits.artifact_age).unwrap_or(SignedDuration::MAX);
    let latest = call.now.saturating_add(longest).unwrap_or(Timestamp::MAX);
    let expires_at = request.expires_at.map_or(latest, |wanted| wanted.min(latest));
    if expires_at <= call.now {
        return Err(TwirpError::invalid("the artifact would expire before it exists"));
    }
    let key = Key::Artifact { run: job.run.clone(), attempt: job.attempt, name: name.clone() };
    let target = Target::Artifact { name: name.clone(), content_type, expires_at };
    let same = |known: &ArtifactRecord| known.name == name && known.attempt == job.attempt;
    let exists = || Ok(existing()?.iter().any(same));
    let upload = call.grant.uploads.begin(&key, target, limits, exists);
    let upload = upload.map_err(|error| TwirpError::upload(error, EXISTS))?;
    Ok(CreatedArtifact { ok: true, signed_upload_url: call.upload_url(&upload.id) })
}

/// As GitHub says it.
const EXISTS: &str = "an artifact with this name already exists on the workflow run";

pub(super) fn finalize(call: &Call, request: FinalizeArtifact) -> Result<ArtifactDone, TwirpError> {
    call.own_job(&request.workflow_run_backend_id, &request.workflow_job_run_backend_id)?;
    finish(call, &request)
}

pub(super) fn finalize_migrated(
    call: &Call,
    request: FinalizeArtifact,
) -> Result<ArtifactDone, TwirpError> {
    call.own_run(&request.workflow_run_backend_id)?;
    finish(call, &request)
}

fn finish(call: &Call, request: &FinalizeArtifact) -> Result<ArtifactDone, TwirpError> {
    let is =
        |target: &Target| matches!(target, Target::Artifact { name, .. } if *name == request.name);
    let none = || {
        let message = format!("no upload of an artifact {:?} is under way", request.name);
        TwirpError::new(Code::NotFound, message)
    };
    let upload = call.grant.uploads.finish(is).ok_or_else(none)?;
    let Target::Artifact { name, content_type, expires_at } = upload.target.clone() else {
        return Err(none());
    };
    let whole = upload.take().ok_or_else(|| {
        TwirpError::invalid(format!("nothing was uploaded for the artifact {name:?}"))
    })?;
    if whole.size != request.size {
        return Err(TwirpError::invalid(format!(
            "{} bytes were uploaded, and the artifact is said to have {}",
            whole.size, request.size
        )));
    }
    let uploaded = whole.digest.to_string();
    if request.hash.as_ref().is_some_and(|said| *said != uploaded) {
        return Err(TwirpError::invalid(format!(
            "what was uploaded is {uploaded}, and the artifact is said to be {}",
            request.hash.as_deref().unwrap_or_default()
        )));
    }
    let job = &call.grant.job;
    let record = ArtifactRecord {
        // These four are told by the storage.
        id: 0,
        size: whole.size,
        digest: whole.digest,
        created_at: call.now,
        name,
        run_id: job.run_id,
        job_id: job.job_id,
        attempt: job.attempt,
        content_type,
        expires_at,
    };
    let record = call.shared.storage.add_artifact(&job.run, record, whole, call.now)?;
    Ok(ArtifactDone { ok: true, artifact_id: record.id })
}

pub(super) fn list(call: &Call, request: ListArtifacts) -> Result<Artifacts, TwirpError> {
    call.own_run(&request.workflow_run_backend_id)?;
    let named = |record: &ArtifactRecord| {
        request.name_filter.as_ref().is_none_or(|name| record.name == *name)
            && request.id_filter.is_none_or(|id| record.id == id)
    };
    let all = call.shared.storage.artifacts(&call.grant.job.run, call.now)?;
    let artifacts = all.into_iter().filter(named).map(|record| Artifact {
        workflow_run_backend_id: record.run_id.to_string(),
        workflow_job_run_backend_id: record.job_id.to_string(),
        database_id: record.id,
        name: record.name,
        size: record.size,
        created_at: record.created_at,
        digest: record.digest.to_string(),
    });
    Ok(Artifacts { artifacts: artifacts.collect() })
}

pub(super) fn signed_url(
    call: &Call,
    request: OneArtifact,
) -> Result<SignedArtifactUrl, TwirpError> {
    let record = one(call, &request)?;
    let stored = Stored::Artifact { run: call.grant.job.run.clone(), id: record.id };
    Ok(SignedArtifactUrl { signed_url: call.download_url(&stored) })
}

pub(super) fn delete(call: &Call, request: OneArtifact) -> Result<ArtifactDone, TwirpError> {
    let record = one(call, &request)?;
    call.shared.storage.remove_artifact(&call.grant.job.run, record.id)?;
    Ok(ArtifactDone { ok: true, artifact_id: record.id })
}

/// The newest artifact of the name: any job of the run may read and remove it.
fn one(call: &Call, request: &OneArtifact) -> Result<ArtifactRecord, TwirpError> {
    call.own_run(&request.workflow_run_backend_id)?;
    let found = call.shared.storage.artifact(&call.grant.job.run, &request.name, call.now)?;
    found.map(|(record, _)| record).ok_or_else(|| {
        TwirpError::new(Code::NotFound, format!("there is no artifact {:?}", request.name))
    })
}

/// The rule of GitHub's clients, and no name of a folder.
fn name_is_allowed(name: &str) -> bool {
    let forbidden = |c: char| {
        matches!(c, '"' | ':' | '<' | '>' | '|' | '*' | '?' | '\\' | '/') || c.is_control()
    };
    !name.is_empty()
        && name.len() <= 255
        && !matches!(name, "." | "..")
        && !name.contains(forbidden)
}

/// A media type that can stand in a header.
fn media_type(text: String) -> Result<String, TwirpError> {
    let plain = |c: char| c.is_ascii_graphic() || c == ' ';
    let is = text.len() <= 100 && text.contains('/') && text.chars().all(plain);
    if is { Ok(text) } else { Err(TwirpError::invalid("the artifact's media type is none")) }
}

impl Call {
    /// The request has to be about the token's own run.
    fn own_run(&self, run: &str) -> Result<(), TwirpError> {
        let JobId { run: own, .. } = self.grant.id();
        match run == own.to_string() {
            true => Ok(()),
            false => Err(TwirpError::new(Code::PermissionDenied, "the token is of another run")),
        }
    }

    /// The request has to be about the token's own job.
    fn own_job(&self, run: &str, job: &str) -> Result<(), TwirpError> {
        self.own_run(run)?;
        match job == self.grant.id().job.to_string() {
            true => Ok(()),
            false => Err(TwirpError::new(Code::PermissionDenied, "the token is of another job")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_clients_allow_them() {
        for name in ["a", "left files", "ünï", ".hidden", "a.b", "$(x)"] {
            assert!(name_is_allowed(name), "{name:?}");
        }
        for name in ["", ".", "..", "../x", "a/b", "a\\b", "a\nb", "a*", "a:b", "a\0b"] {
            assert!(!name_is_allowed(name), "{name:?}");
        }
        assert!(!name_is_allowed(&"a".repeat(256)));
    }
}
