//! All that was shown as one JSON value: what expressions are about, and what trends are told by.

use serde_json::{Map, Value, json};

use super::shown::{self, Share, Shown};

/// All that was shown, by name. What there is no evidence for has no name, so that an expression
/// that asks for it is an error and its gate shut.
#[must_use]
pub fn figures(shown: &Shown) -> Value {
    let mut all = Map::new();
    let mut say = |name: &str, value: Option<Value>| {
        all.insert(name.to_owned(), value.unwrap_or_else(|| json!({})));
    };
    say("coverage", shown.coverage.what.as_ref().map(coverage));
    say("tests", shown.tests.what.as_ref().map(tests));
    say("vulnerabilities", shown.vulnerabilities.what.as_ref().map(vulnerabilities));
    say("images", shown.images.what.as_ref().map(vulnerabilities));
    say("analysis", shown.analysis.what.as_ref().map(|of| findings(&of.findings)));
    say("secrets", shown.secrets.what.as_ref().map(findings));
    say("migrations", shown.migrations.what.as_ref().map(|of| findings(&of.findings)));
    say("licences", shown.licences.what.as_ref().map(licences));
    say("load", shown.load.what.as_ref().map(load));
    say("sonarqube", shown.sonarqube.what.as_ref().map(sonarqube));
    say("duplication", shown.duplication.what.map(duplication));
    say("policies", shown.policies.what.as_ref().map(policies));
    Value::Object(all)
}

/// Leaves out what is not known.
fn known(entries: Vec<(&str, Option<Value>)>) -> Value {
    let known = entries.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(known.collect())
}

fn percent(share: Share) -> Option<Value> {
    share.percent().map(Value::from)
}

fn shares(all: &std::collections::BTreeMap<String, Share>) -> Value {
    let known = all.iter().filter_map(|(name, share)| Some((name.clone(), percent(*share)?)));
    Value::Object(known.collect())
}

fn coverage(of: &shown::Coverage) -> Value {
    known(vec![
        ("total", percent(of.total)),
        ("changed_lines", of.changed.and_then(percent)),
        ("before", of.before.map(Value::from)),
        ("services", Some(shares(&of.services))),
        ("flags", Some(shares(&of.flags))),
    ])
}

fn tests(of: &shown::Tests) -> Value {
    let failed = of.failed.len() as u64;
    let rate = Share { part: of.passed, of: of.passed + failed };
    known(vec![
        ("passed", Some(of.passed.into())),
        ("failed", Some(failed.into())),
        ("skipped", Some(of.skipped.into())),
        ("pass_rate", percent(rate)),
    ])
}

/// `vulnerabilities.high` and its like, as the register counts them.
fn vulnerabilities(of: &shown::Vulnerabilities) -> Value {
    let figures = of.register.figures().into_iter();
    let named = figures.filter_map(|(name, value)| {
        Some((name.strip_prefix("vulnerabilities.")?.to_owned(), Value::from(value)))
    });
    Value::Object(named.collect())
}

fn findings(of: &shown::Findings) -> Value {
    json!({
        "critical": of.critical,
        "high": of.high,
        "medium": of.medium,
        "low": of.low,
        "undecided": of.undecided,
        "allowed": of.allowed,
    })
}

fn licences(of: &shown::Licences) -> Value {
    json!({ "packages": of.packages, "refused": of.refused, "unknown": of.unknown })
}

fn load(of: &shown::Load) -> Value {
    let millis = |time: std::time::Duration| Value::from(time.as_secs_f64() * 1_000.0);
    known(vec![
        ("p95", of.p95.map(millis)),
        ("p99", of.p99.map(millis)),
        ("error_rate", of.error_rate.map(|rate| Value::from(rate * 100.0))),
        ("requests_per_second", of.requests_per_second.map(Value::from)),
        ("users", of.users.map(Value::from)),
        ("crossed", Some(of.crossed.clone().into())),
    ])
}

fn sonarqube(of: &shown::SonarQube) -> Value {
    let rating = |name| of.ratings.get(name).map(|rating| Value::from(format!("{rating:?}")));
    known(vec![
        ("passed", of.passed.map(Value::from)),
        ("reliability", rating("reliability")),
        ("security", rating("security")),
        ("maintainability", rating("maintainability")),
    ])
}

fn duplication(share: Share) -> Value {
    known(vec![("percent", percent(share)), ("lines", Some(share.part.into()))])
}

fn policies(of: &shown::Policies) -> Value {
    json!({ "asked": of.asked, "denied": of.denied, "warned": of.warned })
}
