//! SARIF 2.1.0, which GitHub and editors read.
//!
//! Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".

use serde_json::{Value, json as object};

use crate::diagnostic::{Diagnostic, Severity};
use crate::lint::{Ignored, Report, Rule, rules};
use crate::span::Span;

/// One run with all findings; those that are ignored are there, suppressed with their reason.
#[must_use]
pub fn sarif(reports: &[Report], version: &str) -> Value {
    let findings = reports.iter().flat_map(|report| &report.findings).map(result);
    let ignored = reports.iter().flat_map(|report| &report.ignored).map(suppressed);
    let results: Vec<Value> = findings.chain(ignored).collect();
    object!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "shipway",
                "semanticVersion": version,
                "rules": rules().into_iter().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(rule: &Rule) -> Value {
    object!({
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "help": {"text": rule.why, "markdown": rule.why},
        "defaultConfiguration": {"level": level(rule.severity)},
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn result(finding: &Diagnostic) -> Value {
    let help = finding.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
    let mut result = object!({
        "ruleId": finding.code,
        "level": level(finding.severity),
        "message": {"text": format!("{}{help}", finding.message)},
        "locations": [{"physicalLocation": place(&finding.file, finding.span)}],
    });
    if let Some(index) = rules().iter().position(|rule| rule.id == finding.code) {
        result["ruleIndex"] = index.into();
    }
    let related = finding.labels.iter().enumerate().map(|(id, label)| {
        object!({
            "id": id,
            "message": {"text": label.message},
            "physicalLocation": place(&finding.file, label.span),
        })
    });
    let related: Vec<Value> = related.collect();
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    result
}

fn suppressed(ignored: &Ignored) -> Value {
    let mut result = result(&ignored.finding);
    result["suppressions"] = object!([{"kind": "inSource", "justification": ignored.reason}]);
    result
}

fn place(file: &str, span: Span) -> Value {
    object!({
        "artifactLocation": {"uri": uri(file)},
        "region": {
            "startLine": span.start.line,
            "startColumn": span.start.column,
            "endLine": span.end.line.max(span.start.line),
            "endColumn": span.end.column.max(1),
        },
    })
}

/// A relative path as a URI.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.replace('\\', "/").bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
