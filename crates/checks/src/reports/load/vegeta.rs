//! Vegeta's JSON report (`vegeta report -type=json`). Times are in nanoseconds.

use serde::Deserialize;

use super::{Load, maybe_seconds};
use crate::reports::Report;
use crate::reports::beginning::Beginning;
use crate::reports::format::Format;
use crate::reports::json;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;

pub(super) const FORMAT: Format = Format { name: "Vegeta", recognise, read };

fn recognise(beginning: &Beginning) -> bool {
    beginning.has(&["latencies", "latencies.50th"])
}

#[derive(Deserialize)]
struct Document {
    latencies: Latencies,
    requests: u64,
    rate: f64,
    /// The share with a status from 200 to 399.
    success: f64,
}

#[derive(Deserialize)]
struct Latencies {
    #[serde(rename = "50th")]
    p50: Option<f64>,
    #[serde(rename = "95th")]
    p95: Option<f64>,
    #[serde(rename = "99th")]
    p99: Option<f64>,
}

fn read(source: &mut Source<'_>) -> Result<Report, Fault> {
    let Document { latencies, requests, rate, success } = json::document(source)?;
    let time = |nanoseconds: Option<f64>| maybe_seconds(nanoseconds.map(|value| value / 1e9));
    super::report(Load {
        tool: "Vegeta".to_owned(),
        requests,
        rate: Some(rate),
        error_rate: Some(1.0 - success),
        p50: time(latencies.p50)?,
        p95: time(latencies.p95)?,
        p99: time(latencies.p99)?,
        ..Load::default()
    })
}
