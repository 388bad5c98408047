//! How fast it answered under load: k6, oha, wrk2, Vegeta.

use std::time::Duration;

/// How fast it answered under load. What a tool does not say is `None`, which satisfies no limit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Load {
    /// The tool that says so.
    pub tool: String,
    /// How many requests.
    pub requests: u64,
    /// Requests a second.
    pub rate: Option<f64>,
    /// How many at a time.
    pub users: Option<u64>,
    /// The share that failed, from 0 to 1.
    pub error_rate: Option<f64>,
    /// Half of the answers came within.
    pub p50: Option<Duration>,
    /// 95 of 100 came within.
    pub p95: Option<Duration>,
    /// 99 of 100 came within.
    pub p99: Option<Duration>,
    /// Thresholds of the tool's own that were crossed.
    pub crossed: Vec<String>,
}
