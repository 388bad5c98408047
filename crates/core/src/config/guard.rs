//! What is watched while a new version takes over.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::defaults;
use super::value::{Percent, duration};

/// What is watched while a new version takes over, and what follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    /// How many answers may be errors (5xx, or broken off). `off`: not watched.
    #[serde(default = "defaults::error_rate")]
    pub error_rate: Option<ErrorRate>,
    /// How slow answers may be. Not watched by default.
    #[serde(default)]
    pub latency: Option<Latency>,
    /// How often a process may end and be started again. `off`: not watched.
    #[serde(default = "defaults::restarts")]
    pub restarts: Option<Restarts>,
    /// What follows when the bake is over and too few requests were seen to
    /// judge by. A service without a port is judged by its restarts alone.
    #[serde(default = "defaults::no_evidence")]
    pub no_evidence: NoEvidence,
    /// Requests of the host's own, so that there is something to judge by.
    /// `off`: none.
    #[serde(default = "defaults::probe")]
    pub probe: Option<Probe>,
}

/// A limit on the share of answers that are errors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorRate {
    /// The share that is still good, such as `5%`.
    pub over: Percent,
    /// What follows above it.
    #[serde(default = "defaults::then")]
    pub then: Then,
    /// How many requests it takes to judge.
    #[serde(default = "defaults::at_least")]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub at_least: u64,
}

/// Limits on the time to the first byte of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// 95 of 100 answers shall be faster than this.
    #[serde(default, with = "duration::option")]
    #[schemars(with = "Option<duration::Text>")]
    pub p95: Option<Duration>,
    /// 99 of 100 answers shall be faster than this.
    #[serde(default, with = "duration::option")]
    #[schemars(with = "Option<duration::Text>")]
    pub p99: Option<Duration>,
    /// What follows when they are not.
    #[serde(default = "defaults::then")]
    pub then: Then,
    /// How many requests it takes to judge.
    #[serde(default = "defaults::at_least")]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub at_least: u64,
}

/// A limit on how often processes of the new version end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restarts {
    /// How many are still good.
    #[schemars(range(max = 1_000_000_000))]
    pub over: u32,
    /// What follows above it.
    #[serde(default = "defaults::then")]
    pub then: Then,
}

/// What follows when a limit is passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// The old version is put back.
    Rollback,
    /// The rollout waits for a person.
    Review,
    /// It is told, and the rollout goes on.
    Notify,
}

/// What follows when too few requests were seen to judge by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoEvidence {
    /// The new version is kept.
    Accept,
    /// A person is asked.
    Ask,
    /// The bake goes on until there are enough.
    Wait,
}

/// Requests of the host's own during a bake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// What is requested. By default the service's health path, or `/`.
    #[serde(default)]
    pub path: Option<String>,
    /// The time between two.
    #[serde(default = "defaults::probe_interval", with = "duration")]
    #[schemars(with = "duration::Text")]
    pub interval: Duration,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            error_rate: defaults::error_rate(),
            latency: None,
            restarts: defaults::restarts(),
            no_evidence: defaults::no_evidence(),
            probe: defaults::probe(),
        }
    }
}
