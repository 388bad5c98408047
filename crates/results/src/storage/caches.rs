//! Caches: of the project, by scope, version and key, never changed. The least
//! recently used go first.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shipway_core::digest::Digest;

use super::{Readable, Storage, StorageError, Whole, files};
use crate::grant::Scope;

/// What is known of a cache entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheRecord {
    /// Unique among all entries; a later one is larger.
    pub id: u64,
    /// What it is asked for by.
    pub key: String,
    /// What has to be the same: clients make it of the paths and the
    /// compression.
    pub version: String,
    /// The ref that it belongs to.
    pub scope: Scope,
    /// Bytes.
    pub size: u64,
    /// When it was saved.
    pub created_at: Timestamp,
}

/// What a job looks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// In this order.
    pub(crate) scopes: &'a [Scope],
    /// The key, then those to restore from: in this order, each exactly or as
    /// a prefix.
    pub(crate) keys: &'a [String],
    pub(crate) version: &'a str,
}

/// A cache entry on the disk.
pub(super) struct OnDisk {
    pub(super) folder: PathBuf,
    pub(super) record: CacheRecord,
    pub(super) used: SystemTime,
}

impl Storage {
    pub(super) fn caches_folder(&self) -> PathBuf {
        self.root.join("caches")
    }

    fn version_folder(&self, version: Digest) -> PathBuf {
        self.caches_folder().join(version.hex())
    }

    /// The entry that serves best: in the first scope that has one, by the
    /// first key that finds one, exactly before by prefix, the newest first.
    /// Finding it is using it.
    pub(crate) fn find_cache(
        &self,
        wanted: Wanted<'_>,
    ) -> Result<Option<CacheRecord>, StorageError> {
        let folder = self.version_folder(Digest::of(wanted.version.as_bytes()));
        let mut records: Vec<CacheRecord> = Vec::new();
        for id in files::ids(&folder)? {
            records.extend(files::record(&folder, id)?);
        }
        let Some(best) = best(&records, wanted) else { return Ok(None) };
        let path = files::record_path(&folder, best.id);
        File::options()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_modified(SystemTime::now()))
            .map_err(StorageError::io("marking as used", &path))?;
        Ok(Some(best.clone()))
    }

    /// Whether this scope has an entry of exactly this key.
    pub(crate) fn has_cache(
        &self,
        scope: &Scope,
        version: &str,
        key: &str,
    ) -> Result<bool, StorageError> {
        let folder = self.version_folder(Digest::of(version.as_bytes()));
        for id in files::ids(&folder)? {
            let record: Option<CacheRecord> = files::record(&folder, id)?;
            if record.is_some_and(|record| record.scope == *scope && record.key == key) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Makes an upload an entry; then the least recently used are removed until
    /// all have at most `limit` bytes.
    pub(crate) fn add_cache(
        &self,
        record: CacheRecord,
        whole: Whole,
        now: Timestamp,
        limit: u64,
    ) -> Result<CacheRecord, StorageError> {
        let record =
            CacheRecord { id: self.new_id(now), size: whole.size, created_at: now, ..record };
        let folder = self.version_folder(Digest::of(record.version.as_bytes()));
        files::publish(&folder, record.id, &record, whole)?;
        self.shrink_caches(limit)?;
        Ok(record)
    }

    /// Removes the least recently used entries until all have at most `limit`
    /// bytes: how many, and of how many bytes.
    pub(super) fn shrink_caches(&self, limit: u64) -> Result<(u64, u64), StorageError> {
        let mut all = self.caches_on_disk()?;
        all.sort_by_key(|entry| (entry.used, entry.record.id));
        let mut total: u64 = all.iter().map(|entry| entry.record.size).sum();
        let mut removed = (0, 0);
        for entry in all {
            if total <= limit {
                break;
            }
            files::remove(&entry.folder, entry.record.id)?;
            total -= entry.record.size;
            removed = (removed.0 + 1, removed.1 + entry.record.size);
        }
        Ok(removed)
    }

    pub(super) fn caches_on_disk(&self) -> Result<Vec<OnDisk>, StorageError> {
        let mut all = Vec::new();
        for folder in files::entries(&self.caches_folder())? {
            for id in files::ids(&folder)? {
                let Some(record) = files::record(&folder, id)? else { continue };
                let used = used(&files::record_path(&folder, id))?;
                all.push(OnDisk { folder: folder.clone(), record, used });
            }
        }
        Ok(all)
    }

    pub(super) fn open_cache(
        &self,
        version: Digest,
        id: u64,
    ) -> Result<Option<Readable>, StorageError> {
        let folder = self.version_folder(version);
        let Some(record) = files::record::<CacheRecord>(&folder, id)? else { return Ok(None) };
        let file = files::open_blob(&folder, id, record.size)?;
        let content_type = "application/octet-stream".to_owned();
        let (size, modified) = (record.size, record.created_at);
        let blob = |file| Readable { file, size, content_type, file_name: None, modified, id };
        Ok(file.map(blob))
    }
}

/// When an entry was last used: when its record was last touched.
fn used(record: &Path) -> Result<SystemTime, StorageError> {
    let modified = fs::metadata(record).and_then(|metadata| metadata.modified());
    modified.map_err(StorageError::io("reading", record))
}

/// GitHub: "Cache key matching".
fn best<'r>(records: &'r [CacheRecord], wanted: Wanted<'_>) -> Option<&'r CacheRecord> {
    let newest = |found: &dyn Fn(&CacheRecord) -> bool| {
        records.iter().filter(|record| found(record)).max_by_key(|record| record.id)
    };
    wanted.scopes.iter().find_map(|scope| {
        wanted.keys.iter().find_map(|key| {
            let here =
                |record: &CacheRecord| record.scope == *scope && record.version == wanted.version;
            newest(&|record| here(record) && record.key == *key)
                .or_else(|| newest(&|record| here(record) && record.key.starts_with(key.as_str())))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: u64, scope: &str, key: &str) -> CacheRecord {
        CacheRecord {
            id,
            key: key.to_owned(),
            version: "v".to_owned(),
            scope: Scope(scope.to_owned()),
            size: 1,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn found(records: &[CacheRecord], scopes: &[&str], keys: &[&str]) -> Option<u64> {
        let scopes: Vec<Scope> = scopes.iter().map(|&scope| Scope(scope.to_owned())).collect();
        let keys: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
        let wanted = Wanted { scopes: &scopes, keys: &keys, version: "v" };
        best(records, wanted).map(|record| record.id)
    }

    #[test]
    fn keys_are_tried_in_order_exactly_then_by_prefix_newest_first() {
        let all = [
            record(1, "main", "npm-a"),
            record(2, "main", "npm-b"),
            record(3, "main", "npm-"),
            record(4, "topic", "npm-c"),
            record(5, "other", "npm-a"),
        ];
        assert_eq!(found(&all, &["main"], &["npm-a"]), Some(1));
        assert_eq!(found(&all, &["main"], &["npm-"]), Some(3), "exactly goes before newest");
        assert_eq!(found(&all, &["main"], &["npm"]), Some(3), "the newest by prefix");
        assert_eq!(found(&all, &["main"], &["none", "npm-b"]), Some(2));
        assert_eq!(found(&all, &["main"], &["none"]), None);
        let mut other_version = all.clone();
        other_version.iter_mut().for_each(|record| record.version = "w".to_owned());
        assert_eq!(found(&other_version, &["main"], &["npm-a"]), None);
    }

    #[test]
    fn the_own_scope_is_searched_with_all_keys_before_the_next() {
        let all = [record(1, "main", "k-exact"), record(2, "topic", "k-old")];
        assert_eq!(found(&all, &["topic", "main"], &["k-exact", "k-"]), Some(2));
        assert_eq!(found(&all, &["topic", "main"], &["k-exact"]), Some(1));
        assert_eq!(found(&all, &["main"], &["k-exact", "k-"]), Some(1));
        assert_eq!(found(&all, &["unrelated"], &["k-exact", "k-"]), None);
    }
}
