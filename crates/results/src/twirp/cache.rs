//! `github.actions.results.api.v1.CacheService`.

use serde::{Deserialize, Serialize};
use shipway_core::digest::Digest;

use super::Call;
use super::error::{Code, TwirpError};
use super::messages::{int64, text};
use crate::grant::Scope;
use crate::storage::{CacheRecord, Key, Stored, Target, Wanted};

#[derive(Deserialize)]
pub(super) struct CreateCacheEntry {
    #[serde(default)]
    key: String,
    #[serde(default)]
    version: String,
}

/// `ok: false` with a message is how clients expect a refusal.
#[derive(Serialize, Default)]
pub(super) struct CreatedCacheEntry {
    ok: bool,
    signed_upload_url: String,
    message: String,
}

#[derive(Deserialize)]
pub(super) struct FinalizeCacheEntry {
    #[serde(default)]
    key: String,
    #[serde(alias = "sizeBytes", default, deserialize_with = "int64")]
    size_bytes: u64,
    #[serde(default)]
    version: String,
}

#[derive(Serialize, Default)]
pub(super) struct FinalizedCacheEntry {
    ok: bool,
    #[serde(serialize_with = "text")]
    entry_id: u64,
    message: String,
}

#[derive(Deserialize)]
pub(super) struct FindCacheEntry {
    #[serde(default)]
    key: String,
    #[serde(alias = "restoreKeys", default)]
    restore_keys: Vec<String>,
    #[serde(default)]
    version: String,
}

#[derive(Serialize, Default)]
pub(super) struct FoundCacheEntry {
    ok: bool,
    signed_download_url: String,
    matched_key: String,
}

/// Clients know refusals by these words.
const WRITE_DENIED: &str = "cache write denied: this job may not save caches";
const READ_DENIED: &str = "cache read denied: this job may not restore caches";
/// As GitHub says it.
const EXISTS: &str = "cache entry with the same key, version, and scope already exists";

pub(super) fn create(
    call: &Call,
    request: CreateCacheEntry,
) -> Result<CreatedCacheEntry, TwirpError> {
    check(&request.key, &request.version)?;
    let Some(scope) = own_scope(call) else {
        let message = WRITE_DENIED.to_owned();
        return Ok(CreatedCacheEntry { message, ..CreatedCacheEntry::default() });
    };
    let CreateCacheEntry { key, version } = request;
    let name = Key::Cache { scope: scope.0.clone(), version: version.clone(), key: key.clone() };
    let target = Target::Cache { key: key.clone(), version: version.clone() };
    let exists = || call.shared.storage.has_cache(scope, &version, &key);
    let upload = call.grant.uploads.begin(&name, target, &call.shared.limits, exists);
    let upload = upload.map_err(|error| TwirpError::upload(error, EXISTS))?;
    let signed_upload_url = call.upload_url(&upload.id);
    Ok(CreatedCacheEntry { ok: true, signed_upload_url, message: String::new() })
}

pub(super) fn finalize(
    call: &Call,
    request: FinalizeCacheEntry,
) -> Result<FinalizedCacheEntry, TwirpError> {
    let is = |target: &Target| match target {
        Target::Cache { key, version } => *key == request.key && *version == request.version,
        Target::Artifact { .. } => false,
    };
    let refuse =
        |message: String| Ok(FinalizedCacheEntry { message, ..FinalizedCacheEntry::default() });
    let Some((upload, scope)) = call.grant.uploads.finish(is).zip(own_scope(call)) else {
        return refuse(format!("no upload of a cache {:?} is under way", request.key));
    };
    let Some(whole) = upload.take() else {
        return refuse(format!("nothing was uploaded for the cache {:?}", request.key));
    };
    if whole.size != request.size_bytes {
        return refuse(format!(
            "{} bytes were uploaded, and the cache is said to have {}",
            whole.size, request.size_bytes
        ));
    }
    let record = CacheRecord {
        // These three are told by the storage.
        id: 0,
        size: whole.size,
        created_at: call.now,
        key: request.key,
        version: request.version,
        scope: scope.clone(),
    };
    let limit = call.shared.limits.caches_bytes;
    let record = call.shared.storage.add_cache(record, whole, call.now, limit)?;
    Ok(FinalizedCacheEntry { ok: true, entry_id: record.id, message: String::new() })
}

pub(super) fn find(call: &Call, request: FindCacheEntry) -> Result<FoundCacheEntry, TwirpError> {
    let job = &call.grant.job;
    if !job.cache_mode.reads() {
        return Err(TwirpError::new(Code::PermissionDenied, READ_DENIED));
    }
    let FindCacheEntry { key, mut restore_keys, version } = request;
    restore_keys.insert(0, key);
    if restore_keys.len() > MOST_KEYS {
        return Err(TwirpError::invalid(format!("at most {MOST_KEYS} keys are looked for")));
    }
    for key in &restore_keys {
        check(key, &version)?;
    }
    let wanted = Wanted { scopes: &job.scopes, keys: &restore_keys, version: &version };
    let Some(record) = call.shared.storage.find_cache(wanted)? else {
        return Ok(FoundCacheEntry::default());
    };
    let stored = Stored::Cache { version: Digest::of(version.as_bytes()), id: record.id };
    Ok(FoundCacheEntry {
        ok: true,
        signed_download_url: call.download_url(&stored),
        matched_key: record.key,
    })
}

/// Where the job saves, if it may.
fn own_scope(call: &Call) -> Option<&Scope> {
    let job = &call.grant.job;
    job.scopes.first().filter(|_| job.cache_mode.writes())
}

/// As in GitHub's clients.
const MOST_KEYS: usize = 10;
const LONGEST_KEY: usize = 512;
/// Clients send 64 hex digits.
const LONGEST_VERSION: usize = 512;

fn check(key: &str, version: &str) -> Result<(), TwirpError> {
    if key.is_empty() || key.chars().count() > LONGEST_KEY || key.contains(',') {
        return Err(TwirpError::invalid(format!(
            "{key:?} is not a cache key: it has 1 to {LONGEST_KEY} characters and no comma"
        )));
    }
    match version.is_empty() || version.len() > LONGEST_VERSION {
        true => Err(TwirpError::invalid("a cache entry has a version, and a short one")),
        false => Ok(()),
    }
}
