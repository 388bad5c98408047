//! What is watched during a rollout, and what a reading of it means.

mod judge;

use serde::{Deserialize, Serialize};

pub use judge::judge;

use crate::config::Then;
use crate::ids::ServiceName;

/// What a version answered, since it was first looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Answers, errors included.
    pub requests: u64,
    /// 5xx answers, and requests it broke off.
    pub errors: u64,
    /// Upper bounds in microseconds of the time to the first byte, ascending,
    /// and how many answers fell between the bound before and this one.
    pub latency_us: Vec<(u64, u64)>,
}

impl Traffic {
    /// What came since `before`. A counter that went down was begun anew: all
    /// of it came since.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        if self.requests < before.requests {
            return self.clone();
        }
        let earlier = |bound: u64| {
            before.latency_us.iter().find(|(b, _)| *b == bound).map_or(0, |(_, count)| *count)
        };
        let buckets = self.latency_us.iter();
        Self {
            requests: self.requests - before.requests,
            errors: self.errors.saturating_sub(before.errors),
            latency_us: buckets
                .map(|(bound, count)| (*bound, count.saturating_sub(earlier(*bound))))
                .collect(),
        }
    }

    /// The upper bound in microseconds of the bucket in which the quantile
    /// lies (`0.95` for p95). `None` without an answer.
    pub fn quantile_us(&self, quantile: f64) -> Option<u64> {
        let total: u64 = self.latency_us.iter().map(|(_, count)| count).sum();
        // The smallest rank that covers the quantile (nearest-rank method).
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a count of requests is far below 2^52, and positive"
        )]
        let rank = ((total as f64 * quantile).ceil() as u64).max(1);
        let mut seen = 0;
        let found = self.latency_us.iter().find(|(_, count)| {
            seen += count;
            seen >= rank
        });
        found.map(|(bound, _)| *bound)
    }
}

/// A look at one new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The service.
    pub service: ServiceName,
    /// Whether it answers requests at all: a worker does not.
    pub listens: bool,
    /// What users got.
    pub users: Traffic,
    /// What the target's own requests got.
    pub probes: Traffic,
    /// How often a process ended and was started again.
    pub restarts: u32,
    /// Why it is not healthy, if it is not.
    pub unhealthy: Option<String>,
}

/// What a reading means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing passed a limit, and there was enough to judge by.
    Healthy,
    /// A limit was passed.
    Worse {
        /// What follows.
        then: Then,
        /// Which limit and by how much, in a line.
        reason: String,
    },
    /// Nothing passed a limit, but there was too little to judge by.
    NotEnough {
        /// How little, in a line.
        reason: String,
    },
    /// Nobody judged for the length of the lease, and the target has put the
    /// old version back.
    FellBack,
}

/// How a watch ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// What it means.
    pub verdict: Verdict,
    /// What it is judged by.
    pub readings: Vec<Reading>,
    /// Limits passed that are only to be told.
    pub notes: Vec<String>,
    /// The last lines that a version found worse wrote.
    pub output: Vec<String>,
}

#[cfg(test)]
mod tests;
