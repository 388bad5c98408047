//! k6's summary in both of its shapes: what `--summary-export` writes, where the figures of a
//! metric stand in it and a threshold is `true` when it was crossed; and the data that
//! `handleSummary()` gets, where they stand in `values` and a threshold says whether it is `ok`.
//! Times are in milliseconds.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Load, maybe_seconds};
use crate::reports::Report;
use crate::reports::beginning::Beginning;
use crate::reports::format::Format;
use crate::reports::json::{self, Count};
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;

pub(super) const FORMAT: Format = Format { name: "k6", recognise, read };

fn recognise(beginning: &Beginning) -> bool {
    // Metrics come in any order.
    ["http_reqs", "iterations", "vus", "vus_max", "data_sent", "checks"]
        .iter()
        .any(|metric| beginning.has(&[&format!("metrics.{metric}")]))
}

#[derive(Deserialize)]
struct Document {
    metrics: BTreeMap<String, Metric>,
}

/// A metric in either shape: which figures are there depends on its type.
#[derive(Deserialize)]
struct Metric {
    values: Option<Figures>,
    #[serde(default)]
    thresholds: BTreeMap<String, Threshold>,
    count: Option<Count>,
    rate: Option<f64>,
    value: Option<f64>,
    max: Option<f64>,
    med: Option<f64>,
    #[serde(rename = "p(95)")]
    p95: Option<f64>,
    #[serde(rename = "p(99)")]
    p99: Option<f64>,
}

#[derive(Clone, Copy, Default, Deserialize)]
struct Figures {
    count: Option<Count>,
    rate: Option<f64>,
    value: Option<f64>,
    max: Option<f64>,
    med: Option<f64>,
    #[serde(rename = "p(95)")]
    p95: Option<f64>,
    #[serde(rename = "p(99)")]
    p99: Option<f64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Threshold {
    Crossed(bool),
    Judged { ok: bool },
}

impl Metric {
    fn figures(&self) -> Figures {
        self.values.unwrap_or(Figures {
            count: self.count,
            rate: self.rate,
            value: self.value,
            max: self.max,
            med: self.med,
            p95: self.p95,
            p99: self.p99,
        })
    }
}

fn read(source: &mut Source<'_>) -> Result<Report, Fault> {
    let Document { metrics } = json::document(source)?;
    let figures = |name: &str| metrics.get(name).map(Metric::figures).unwrap_or_default();
    let requests = figures("http_reqs");
    let took = figures("http_req_duration");
    let failed = figures("http_req_failed");
    let users = figures("vus_max");
    let time = |milliseconds: Option<f64>| maybe_seconds(milliseconds.map(|value| value / 1e3));
    super::report(Load {
        tool: "k6".to_owned(),
        requests: requests.count.unwrap_or_default().0,
        rate: requests.rate,
        users: whole(users.max.or(users.value)),
        error_rate: failed.rate.or(failed.value),
        p50: time(took.med)?,
        p95: time(took.p95)?,
        p99: time(took.p99)?,
        crossed: crossed(&metrics),
    })
}

fn crossed(metrics: &BTreeMap<String, Metric>) -> Vec<String> {
    let all = metrics.iter().flat_map(|(name, metric)| {
        metric.thresholds.iter().map(move |(source, threshold)| (name, source, threshold))
    });
    let crossed = all.filter(|(_, _, threshold)| match threshold {
        Threshold::Crossed(crossed) => *crossed,
        Threshold::Judged { ok } => !ok,
    });
    crossed.map(|(name, source, _)| format!("{name}: {source}")).collect()
}

/// A number of users, which k6 writes as any other figure.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
fn whole(figure: Option<f64>) -> Option<u64> {
    figure.filter(|figure| (0.0..1e15).contains(figure)).map(|figure| figure as u64)
}
