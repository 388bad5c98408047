//! k6's summary in both of its shapes: what `--summary-export` writes, where the figures of a
//! metric stand in it and a threshold is `true` when it was crossed; and the data that
//! `handleSummary()` gets, where they stand in `values` and a threshold says whether it is `ok`.
//! Times are in milliseconds. What is counted of `http_req_failed` are failures: its `passes` are
//! requests that failed, in both shapes.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Load, ROUNDED, maybe_seconds, share};
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
    passes: Option<Count>,
    fails: Option<Count>,
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
    passes: Option<Count>,
    fails: Option<Count>,
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
            passes: self.passes,
            fails: self.fails,
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
    let error_rate = error_rate(failed)?;
    super::report(Load {
        tool: "k6".to_owned(),
        requests: requests.count.unwrap_or_default().0,
        rate: requests.rate,
        users: whole(users.max.or(users.value)),
        error_rate,
        p50: time(took.med)?,
        p95: time(took.p95)?,
        p99: time(took.p99)?,
        crossed: crossed(&metrics).into_iter().chain(unchecked(&metrics, error_rate)).collect(),
    })
}

/// The share of requests that failed; nothing if none was counted.
fn error_rate(failed: Figures) -> Result<Option<f64>, Fault> {
    let said = failed.rate.or(failed.value);
    let (Some(Count(passes)), Some(Count(fails))) = (failed.passes, failed.fails) else {
        return Ok(said);
    };
    let counted = share(passes, passes.saturating_add(fails));
    match (said, counted) {
        (Some(said), Some(counted)) if (said - counted).abs() > ROUNDED => {
            let all = passes.saturating_add(fails);
            Err(Fault::malformed(format!(
                "`http_req_failed` counts {passes} failures of {all} requests, and says that the \
                 share is {said}"
            )))
        }
        _ => Ok(counted),
    }
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

/// Checks that failed where no threshold says how many may: what answers wrongly is fast. Where no
/// greater share of them failed than of the requests, it is the requests' failure, which the limit of
/// errors judges.
fn unchecked(metrics: &BTreeMap<String, Metric>, error_rate: Option<f64>) -> Option<String> {
    let of_checks = |name: &str| name == "checks" || name.starts_with("checks{");
    let limited = metrics.iter().any(|(name, of)| of_checks(name) && !of.thresholds.is_empty());
    let figures = metrics.get("checks").map(Metric::figures).filter(|_| !limited)?;
    let (Some(Count(passes)), Some(Count(fails))) = (figures.passes, figures.fails) else {
        let failed = 1.0 - figures.rate.or(figures.value)?;
        let told = || "checks: some failed, and no threshold allows it".to_owned();
        return (failed > error_rate.unwrap_or(0.0)).then(told);
    };
    let all = passes.saturating_add(fails);
    (share(fails, all)? > error_rate.unwrap_or(0.0))
        .then(|| format!("checks: {fails} of {all} failed, and no threshold allows it"))
}

/// A number of users, which k6 writes as any other figure.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
fn whole(figure: Option<f64>) -> Option<u64> {
    figure.filter(|figure| (0.0..1e15).contains(figure)).map(|figure| figure as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The share of errors where these are the figures of `http_req_failed`, in both shapes.
    fn rate(figures: &str) -> [Result<Option<f64>, String>; 2] {
        let of = |failed: &str, requests: &str| {
            let text = format!(
                r#"{{"metrics": {{"http_req_failed": {failed}, "http_reqs": {requests}}}}}"#
            );
            match read(&mut Source::new(&mut text.as_bytes()).unwrap()) {
                Ok(Report::Load(load)) => Ok(load.error_rate),
                Ok(other) => panic!("{other:?}"),
                Err(fault) => Err(fault.why.to_string()),
            }
        };
        let requests = r#""count": 100, "rate": 9.5"#;
        [
            of(&format!("{{{figures}}}"), &format!("{{{requests}}}")),
            of(
                &format!(r#"{{"values": {{{figures}}}}}"#),
                &format!(r#"{{"values": {{{requests}}}}}"#),
            ),
        ]
    }

    #[test]
    fn what_is_counted_is_what_is_said() {
        for (figures, share) in [
            (r#""passes": 10, "fails": 90, "value": 0.1"#, Some(0.1)),
            (r#""passes": 10, "fails": 90, "rate": 0.1"#, Some(0.1)),
            (r#""passes": 0, "fails": 100, "value": 0"#, Some(0.0)),
            (r#""rate": 0.2"#, Some(0.2)),
            // Of no request, none failed and none did not.
            (r#""passes": 0, "fails": 0, "value": 0"#, None),
        ] {
            assert_eq!(rate(figures), [Ok(share), Ok(share)], "{figures}");
        }
        for read in rate(r#""passes": 90, "fails": 10, "value": 0"#) {
            let said = read.unwrap_err();
            assert!(said.contains("90 failures of 100 requests"), "{said}");
        }
    }

    #[test]
    fn a_rate_is_no_number_of_requests() {
        for figures in [r#"{"rate": 200.0}"#, r#"{"count": 0, "rate": 200.0}"#, r#"{"value": 9}"#] {
            let text = format!(
                r#"{{"metrics": {{"http_reqs": {figures}, "iterations": {{"count": 5}}}}}}"#
            );
            let fault = read(&mut Source::new(&mut text.as_bytes()).unwrap()).unwrap_err();
            assert_eq!(fault, Fault::empty("no request was made"), "{figures}");
        }
    }

    #[test]
    fn checks_that_failed_without_a_threshold_are_told() {
        let crossed = |checks: &str| {
            let text =
                format!(r#"{{"metrics": {{"checks": {checks}, "http_reqs": {{"count": 9}}}}}}"#);
            match read(&mut Source::new(&mut text.as_bytes()).unwrap()) {
                Ok(Report::Load(load)) => load.crossed,
                other => panic!("{other:?}"),
            }
        };
        let told = ["checks: 3 of 10 failed, and no threshold allows it"];
        assert_eq!(crossed(r#"{"passes": 7, "fails": 3, "value": 0.7}"#), told);
        assert_eq!(crossed(r#"{"values": {"passes": 7, "fails": 3, "rate": 0.7}}"#), told);
        for none in [
            r#"{"passes": 7, "fails": 0, "value": 1}"#,
            r#"{"passes": 7, "fails": 3, "value": 0.7, "thresholds": {"rate>0.5": false}}"#,
            r#"{"passes": 7, "fails": 3}, "http_req_failed": {"passes": 3, "fails": 6}"#,
            r#"{"passes": 7, "fails": 3}, "checks{kind:x}": {"thresholds": {"rate>0": false}}"#,
        ] {
            assert_eq!(crossed(none), [""; 0], "{none}");
        }
    }
}
