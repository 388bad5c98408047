//! How fast it answered under load: k6, oha, wrk2, Vegeta.

mod k6;
mod oha;
mod vegeta;
mod wrk;

use std::time::Duration;

use super::Report;
use super::format::Format;
use super::no_evidence::Fault;

pub(super) const FORMATS: &[Format] = &[k6::FORMAT, oha::FORMAT, vegeta::FORMAT, wrk::FORMAT];

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
    /// The share that failed, from 0 to 1: no answer, or a status of 400 or more.
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

/// Shares of the same requests differ by no more than what is lost in rounding.
const ROUNDED: f64 = 0.01;

/// What a reader found; a load without a request is no evidence.
fn report(load: Load) -> Result<Report, Fault> {
    if load.requests == 0 {
        return Err(Fault::empty("no request was made"));
    }
    if load.error_rate.is_some_and(|rate| !(0.0..=1.0).contains(&rate)) {
        return Err(Fault::malformed("the share of errors is not between 0 and 1"));
    }
    if load.rate.is_some_and(|rate| !rate.is_finite() || rate < 0.0) {
        return Err(Fault::malformed("the rate of requests is no rate"));
    }
    Ok(Report::Load(load))
}

/// A time that a report says; it is no negative one, and finite.
fn seconds(value: f64) -> Result<Duration, Fault> {
    let time = Duration::try_from_secs_f64(value);
    time.map_err(|_| Fault::malformed(format!("{value} seconds are no time")))
}

/// A time that a report may leave out.
fn maybe_seconds(value: Option<f64>) -> Result<Option<Duration>, Fault> {
    value.map(seconds).transpose()
}

/// A share of a whole.
#[expect(clippy::cast_precision_loss, reason = "exact to 2^53")]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
