//! Vegeta's JSON report (`vegeta report -type=json`). Times are in nanoseconds.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Load, ROUNDED, maybe_seconds, share};
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
    /// How many answers had each status; 0 stands for none.
    #[serde(default)]
    status_codes: BTreeMap<String, u64>,
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

impl Document {
    /// Whether the statuses say what the share of successes does.
    fn agrees(&self) -> Result<(), Fault> {
        let sum = |is: fn(&str) -> bool| {
            let of = self.status_codes.iter().filter(|(status, _)| is(status));
            of.fold(0_u64, |sum, (_, count)| sum.saturating_add(*count))
        };
        let (all, good) = (sum(|_| true), sum(|status| status.starts_with(['2', '3'])));
        match share(good, all) {
            Some(counted) if (counted - self.success).abs() > ROUNDED => {
                let success = self.success;
                Err(Fault::malformed(format!(
                    "{good} of {all} answers have a good status, and `success` is {success}"
                )))
            }
            _ => Ok(()),
        }
    }
}

fn read(source: &mut Source<'_>) -> Result<Report, Fault> {
    let document: Document = json::document(source)?;
    document.agrees()?;
    let Document { latencies, requests, rate, success, .. } = document;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_and_the_share_of_successes_say_the_same() {
        let read = |success: &str, statuses: &str| {
            let text = format!(
                r#"{{"latencies": {{"50th": 1}}, "requests": 100, "rate": 50, "success": {success},
                "status_codes": {{{statuses}}}}}"#
            );
            read(&mut Source::new(&mut text.as_bytes()).unwrap())
        };
        assert!(read("1", r#""200": 60, "301": 40"#).is_ok());
        assert!(read("0.6", r#""200": 60, "0": 40"#).is_ok());
        assert!(read("0.6", "").is_ok());
        let fault = read("1", r#""200": 60, "500": 40"#).unwrap_err();
        assert!(fault.why.to_string().contains("60 of 100 answers"), "{fault:?}");
    }
}
