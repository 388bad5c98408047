//! For programs.

use serde_json::{Value, json as object};

use crate::diagnostic::Diagnostic;
use crate::lint::Report;

/// The findings of all files: `findings`, and those that are `ignored` with their `reason`.
/// Lines and columns are counted from 1; the end is behind the last character.
#[must_use]
pub fn json(reports: &[Report]) -> Value {
    let findings = reports.iter().flat_map(|report| &report.findings).map(finding);
    let ignored = reports.iter().flat_map(|report| &report.ignored).map(|ignored| {
        let mut value = finding(&ignored.finding);
        value["reason"] = ignored.reason.as_str().into();
        value
    });
    object!({
        "findings": findings.collect::<Vec<_>>(),
        "ignored": ignored.collect::<Vec<_>>(),
    })
}

fn finding(finding: &Diagnostic) -> Value {
    let (start, end) = (finding.span.start, finding.span.end);
    object!({
        "rule": finding.code,
        "severity": finding.severity,
        "file": finding.file,
        "line": start.line,
        "column": start.column,
        "endLine": end.line,
        "endColumn": end.column,
        "message": finding.message,
        "help": finding.help,
    })
}
