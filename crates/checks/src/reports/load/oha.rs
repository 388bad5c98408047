//! oha's JSON report (`oha --output-format json`). Times are in seconds.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Load, maybe_seconds, share};
use crate::reports::Report;
use crate::reports::beginning::Beginning;
use crate::reports::format::Format;
use crate::reports::json;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;

pub(super) const FORMAT: Format = Format { name: "oha", recognise, read };

fn recognise(beginning: &Beginning) -> bool {
    beginning.has(&["summary.successRate", "summary.requestsPerSec"])
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    summary: Summary,
    latency_percentiles: Percentiles,
    status_code_distribution: BTreeMap<String, u64>,
    #[serde(default)]
    error_distribution: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    requests_per_sec: Option<f64>,
}

#[derive(Deserialize)]
struct Percentiles {
    p50: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
}

/// Requests that were under way when the time was up: neither made nor failed.
const CUT: &str = "aborted due to deadline";

fn read(source: &mut Source<'_>) -> Result<Report, Fault> {
    let document: Document = json::document(source)?;
    let mut requests = 0_u64;
    let mut failed = 0_u64;
    for (status, count) in &document.status_code_distribution {
        let wrong =
            || Fault::malformed(format!("`{}` is no status", crate::reports::shortened(status)));
        let status: u16 = status.parse().map_err(|_| wrong())?;
        requests = requests.saturating_add(*count);
        if status >= 400 {
            failed = failed.saturating_add(*count);
        }
    }
    for (_, count) in document.error_distribution.iter().filter(|(error, _)| *error != CUT) {
        requests = requests.saturating_add(*count);
        failed = failed.saturating_add(*count);
    }
    super::report(Load {
        tool: "oha".to_owned(),
        requests,
        rate: document.summary.requests_per_sec,
        error_rate: share(failed, requests),
        p50: maybe_seconds(document.latency_percentiles.p50)?,
        p95: maybe_seconds(document.latency_percentiles.p95)?,
        p99: maybe_seconds(document.latency_percentiles.p99)?,
        ..Load::default()
    })
}
