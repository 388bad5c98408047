//! SonarQube's web API: the quality gate (`api/qualitygates/project_status`) and measures
//! (`api/measures/component`, `api/measures/search`).

use serde::Deserialize;

use super::{Quality, Rating};
use crate::reports::Report;
use crate::reports::beginning::Beginning;
use crate::reports::format::Format;
use crate::reports::json;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;

pub(super) const GATE: Format =
    Format { name: "SonarQube quality gate", recognise: is_gate, read: read_gate };

pub(super) const MEASURES: Format =
    Format { name: "SonarQube measures", recognise: are_measures, read: read_measures };

fn is_gate(beginning: &Beginning) -> bool {
    beginning.has(&["projectStatus.status"])
}

fn are_measures(beginning: &Beginning) -> bool {
    beginning.has(&["component.measures"]) || beginning.has(&["measures.[].metric"])
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Gate {
    project_status: Status,
}

#[derive(Deserialize)]
struct Status {
    status: String,
    #[serde(default)]
    conditions: Vec<Condition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Condition {
    status: String,
    metric_key: String,
    #[serde(default)]
    comparator: String,
    #[serde(default)]
    error_threshold: String,
    actual_value: Option<String>,
}

fn read_gate(source: &mut Source<'_>) -> Result<Report, Fault> {
    let Gate { project_status: Status { status, conditions } } = json::document(source)?;
    let passed = match status.as_str() {
        // A warning is what versions before 7.6 had beside an error.
        "OK" | "WARN" => true,
        "ERROR" => false,
        "NONE" => return Err(Fault::empty("no quality gate was computed (`NONE`)")),
        other => {
            let other = crate::reports::shortened(other);
            return Err(Fault::malformed(format!("`{other}` is no status of a quality gate")));
        }
    };
    let mut quality = Quality { passed: Some(passed), ..Quality::default() };
    for condition in &conditions {
        if let Some(value) = &condition.actual_value {
            measure(&mut quality, &condition.metric_key, value)?;
        }
        if condition.status == "ERROR" {
            quality.unmet.push(condition.words());
            // Whatever the whole says: SonarQube itself says `OK` of conditions that it ignores.
            quality.passed = Some(false);
        }
    }
    Ok(Report::Quality(quality))
}

impl Condition {
    /// `new_coverage is 71.2, less than 80`.
    fn words(&self) -> String {
        let found = self.actual_value.as_deref().unwrap_or("unknown");
        let than = match self.comparator.as_str() {
            "LT" => "less than",
            "GT" => "more than",
            _ => "against",
        };
        format!("{} is {found}, {than} {}", self.metric_key, self.error_threshold)
    }
}

#[derive(Deserialize)]
struct Measures {
    component: Option<Component>,
    #[serde(default)]
    measures: Vec<Measure>,
}

#[derive(Deserialize)]
struct Component {
    measures: Vec<Measure>,
}

#[derive(Deserialize)]
struct Measure {
    metric: String,
    value: Option<String>,
    /// Of new code.
    period: Option<Period>,
}

#[derive(Deserialize)]
struct Period {
    value: String,
}

fn read_measures(source: &mut Source<'_>) -> Result<Report, Fault> {
    let Measures { component, mut measures } = json::document(source)?;
    measures.extend(component.into_iter().flat_map(|component| component.measures));
    let mut quality = Quality::default();
    for Measure { metric, value, period } in measures {
        if let Some(value) = value.or(period.map(|period| period.value)) {
            measure(&mut quality, &metric, &value)?;
        }
    }
    if quality.measures.is_empty() && quality.ratings.is_empty() {
        return Err(Fault::empty("no measure is in it"));
    }
    Ok(Report::Quality(quality))
}

fn measure(quality: &mut Quality, metric: &str, value: &str) -> Result<(), Fault> {
    // Metrics that are words (`alert_status`) or documents (`quality_gate_details`) are no figures.
    let Some(number) = value.parse::<f64>().ok().filter(|number| number.is_finite()) else {
        return Ok(());
    };
    match metric.strip_suffix("_rating") {
        Some(of) => {
            let rating = Rating::of(number).ok_or_else(|| {
                Fault::malformed(format!("{} is no rating", crate::reports::shortened(value)))
            })?;
            quality.ratings.insert(named(of), rating);
        }
        None => drop(quality.measures.insert(metric.to_owned(), number)),
    }
    Ok(())
}

/// Maintainability was called "sqale" once, and its metric still is; newer versions rate
/// "software qualities" beside it.
fn named(of: &str) -> String {
    let (new, of) = match of.strip_prefix("new_") {
        Some(of) => ("new_", of),
        None => ("", of),
    };
    let of = of.strip_prefix("software_quality_").unwrap_or(of);
    format!("{new}{}", if of == "sqale" { "maintainability" } else { of })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_is_not_met_is_not_made_good_by_the_whole() {
        let passed = |whole: &str, one: &str| {
            let text = format!(
                r#"{{"projectStatus": {{"status": "{whole}", "conditions": [{{"status": "{one}",
                "metricKey": "m", "actualValue": "9"}}]}}}}"#
            );
            match read_gate(&mut Source::new(&mut text.as_bytes()).unwrap()).unwrap() {
                Report::Quality(quality) => (quality.passed, quality.unmet.len()),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(passed("OK", "OK"), (Some(true), 0));
        assert_eq!(passed("OK", "WARN"), (Some(true), 0));
        assert_eq!(passed("OK", "ERROR"), (Some(false), 1));
        assert_eq!(passed("WARN", "ERROR"), (Some(false), 1));
        assert_eq!(passed("ERROR", "OK"), (Some(false), 0));
    }
}
