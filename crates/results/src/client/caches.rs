//! Caches of the project.

use serde::Deserialize;
use serde_json::json;

use super::{Client, ClientError, Source, Uploaded};
use crate::twirp::CACHES;

/// A cache entry that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCache {
    /// Its key: not always the one that was asked for.
    pub key: String,
    url: String,
}

/// A cache entry that may be saved.
#[derive(Debug)]
pub struct Saving {
    url: String,
}

impl Client {
    /// Looks for an entry by `keys`, the first being the one that is wanted.
    ///
    /// # Errors
    /// When the job may not restore, or the service cannot be reached.
    pub async fn find_cache(
        &self,
        keys: &[String],
        version: &str,
    ) -> Result<Option<FoundCache>, ClientError> {
        #[derive(Deserialize)]
        struct Found {
            ok: bool,
            #[serde(default)]
            signed_download_url: String,
            #[serde(default)]
            matched_key: String,
        }
        let (key, restore_keys) = keys.split_first().ok_or(ClientError::Access)?;
        let request = json!({"key": key, "restore_keys": restore_keys, "version": version});
        let found: Found = self.call(CACHES, "GetCacheEntryDownloadURL", &request).await?;
        let Found { ok, signed_download_url: url, matched_key: key } = found;
        Ok(ok.then_some(FoundCache { key, url }))
    }

    /// Writes an entry to `out`; how many bytes.
    ///
    /// # Errors
    /// When it is gone, the service cannot be reached, or `out` not be written.
    pub async fn download_cache(
        &self,
        found: &FoundCache,
        out: &mut tokio::fs::File,
    ) -> Result<u64, ClientError> {
        Ok(self.download(&found.url, out).await?.0.size)
    }

    /// Reserves an entry.
    ///
    /// # Errors
    /// [`ClientError::Exists`] when there is one of this key, or another job is
    /// saving it; [`ClientError::Refused`] when the job may not save.
    pub async fn reserve_cache(&self, key: &str, version: &str) -> Result<Saving, ClientError> {
        #[derive(Deserialize)]
        struct Created {
            ok: bool,
            #[serde(default)]
            signed_upload_url: String,
            #[serde(default)]
            message: String,
        }
        let request = json!({"key": key, "version": version});
        let created: Created = self.call(CACHES, "CreateCacheEntry", &request).await?;
        match created.ok {
            true => Ok(Saving { url: created.signed_upload_url }),
            false => Err(ClientError::Refused { message: created.message }),
        }
    }

    /// Uploads an entry that was reserved.
    ///
    /// # Errors
    /// When the service refuses it or cannot be reached.
    pub async fn save_cache(
        &self,
        saving: Saving,
        key: &str,
        version: &str,
        source: Source,
    ) -> Result<Uploaded, ClientError> {
        #[derive(Deserialize)]
        struct Finalized {
            ok: bool,
            #[serde(default)]
            message: String,
        }
        let uploaded = self.upload(&saving.url, source).await?;
        let size = uploaded.size.to_string();
        let request = json!({"key": key, "version": version, "size_bytes": size});
        let done: Finalized = self.call(CACHES, "FinalizeCacheEntryUpload", &request).await?;
        match done.ok {
            true => Ok(uploaded),
            false => Err(ClientError::Refused { message: done.message }),
        }
    }
}
