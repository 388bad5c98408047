//! conftest: `conftest test --output json`, a list of files with what policies say of each.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{PolicyResults, rules};
use crate::finding::{Allowed, Finding, Span};
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, json, shortened};
use crate::rule::Rule;

pub(super) const FORMAT: Format = Format {
    name: "conftest",
    recognise: |beginning| beginning.has(&["[].filename", "[].successes"]),
    read: |source| read(source).map(Report::PolicyResults),
};

#[derive(Deserialize)]
struct OfFile {
    filename: String,
    #[serde(default)]
    namespace: String,
    /// A count; in conftest before 0.20 a list.
    successes: Value,
    #[serde(default)]
    failures: Option<Vec<Said>>,
    #[serde(default)]
    warnings: Option<Vec<Said>>,
    #[serde(default)]
    exceptions: Option<Vec<Said>>,
    #[serde(default)]
    skipped: Option<Vec<Said>>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    msg: String,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
}

fn read(source: &mut Source<'_>) -> Result<PolicyResults, Fault> {
    let files: Vec<OfFile> = json::document(source)?;
    let mut results = PolicyResults { engine: "conftest".into(), ..PolicyResults::default() };
    for of in files {
        let successes = match &of.successes {
            Value::Number(count) => count.as_u64().unwrap_or(0),
            Value::Array(all) => all.len() as u64,
            _ => 0,
        };
        results.evaluated = results.evaluated.saturating_add(successes);
        let findings = |said: Option<Vec<Said>>, rule: &Rule| -> Vec<Finding> {
            let said = said.into_iter().flatten();
            said.map(|said| finding(rule, &of.filename, &of.namespace, &said)).collect()
        };
        let before = results.findings.len();
        results.findings.extend(findings(of.failures, &rules::VIOLATION));
        results.findings.extend(findings(of.warnings, &rules::WARNING));
        results
            .findings
            .extend(findings(of.exceptions, &rules::VIOLATION).into_iter().map(excepted));
        let skipped = findings(of.skipped, &rules::SKIPPED);
        results.findings.extend(skipped.into_iter().map(Finding::undecided));
        results.evaluated =
            results.evaluated.saturating_add((results.findings.len() - before) as u64);
    }
    if results.evaluated == 0 {
        return Err(Fault::empty("no policy was evaluated"));
    }
    Ok(results)
}

/// The policy's own `exception` rule allows it.
fn excepted(finding: Finding) -> Finding {
    let by = "an exception of the policy".to_owned();
    let allowed = Some(Allowed { reason: finding.message.clone(), by });
    Finding { allowed, ..finding }
}

fn finding(rule: &Rule, file: &str, namespace: &str, said: &Said) -> Finding {
    // `Combined` and `-` are no files.
    let file = if matches!(file, "Combined" | "-") { "" } else { file };
    let message = if said.msg.is_empty() { "the policy says nothing more" } else { &said.msg };
    let mut finding =
        Finding::new(rule, file, Span::FILE, shortened(message.trim_end_matches('.')));
    if !namespace.is_empty() {
        finding.help = Some(format!("see the policy of package `{namespace}`").into());
    }
    let details =
        said.metadata.as_ref().and_then(|of| of.get("details")).and_then(Value::as_object);
    if let Some(details) = details.filter(|details| !details.is_empty()) {
        finding.excerpt = shortened(&Value::Object(details.clone()).to_string());
    }
    finding
}
