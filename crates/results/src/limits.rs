//! How much is taken and kept. The defaults are GitHub's, where it has one.

use std::time::Duration;

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How much is taken and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one artifact.
    pub artifact_bytes: u64,
    /// Artifacts that one job may upload. GitHub: 500.
    pub artifacts_of_job: usize,
    /// How long an artifact is kept unless it asks for less, and at most.
    /// GitHub: 90 days.
    pub artifact_age: Duration,
    /// Bytes of one cache entry. GitHub: 10 GB.
    pub cache_bytes: u64,
    /// Bytes of all cache entries: the least recently used go first. GitHub:
    /// 10 GB a repository.
    pub caches_bytes: u64,
    /// How long a cache entry is kept that nobody asks for. GitHub: 7 days.
    pub cache_idle: Duration,
    /// Uploads that one job may have open at the same time.
    pub open_uploads: usize,
    /// Bytes of one block of a blob. Azure: 4000 MiB.
    pub block_bytes: u64,
    /// Blocks of one blob. Azure: 50,000.
    pub blocks: usize,
    /// Silence after which a request's body is given up.
    pub silence: Duration,
    /// How long a signed URL is good, while its job lasts.
    pub url_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            artifact_bytes: 50 * GIB,
            artifacts_of_job: 500,
            artifact_age: 90 * DAY,
            cache_bytes: 10 * GIB,
            caches_bytes: 10 * GIB,
            cache_idle: 7 * DAY,
            open_uploads: 64,
            block_bytes: 4000 * MIB,
            blocks: 50_000,
            silence: Duration::from_secs(5 * 60),
            // A large upload may take long between two requests for URLs.
            url_age: Duration::from_secs(6 * 60 * 60),
        }
    }
}
