//! SARIF 2.1.0: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::Tool;
use crate::finding::{Finding, Kind, Severity};
use crate::rule::Rule;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn begin(out: &mut impl Write, tool: &Tool<'_>) -> io::Result<()> {
    let rules: Vec<Value> = tool.rules.iter().map(|rule| descriptor(rule)).collect();
    let driver = json!({
        "name": tool.name, "version": tool.version, "rules": rules,
    });
    write!(
        out,
        "{{\"$schema\":{},\"version\":\"2.1.0\",\"runs\":[{{\"tool\":{{\"driver\":{driver}}},\
         \"columnKind\":\"unicodeCodePoints\",\"results\":[",
        json!(SCHEMA)
    )
}

pub(super) fn finding(out: &mut impl Write, finding: &Finding, first: bool) -> io::Result<()> {
    out.write_all(if first { b"\n" } else { b",\n" })?;
    serde_json::to_writer(out, &result(finding))?;
    Ok(())
}

pub(super) fn end(out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"\n]}]}\n")
}

fn descriptor(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": if rule.why.is_empty() { &rule.title } else { &rule.why }},
        "help": {"text": if rule.help.is_empty() { &rule.title } else { &rule.help }},
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {"security-severity": score(rule.severity)},
    })
}

fn result(finding: &Finding) -> Value {
    let span = finding.span;
    let mut region = json!({
        "startLine": span.start.line, "startColumn": span.start.column,
        "endLine": span.end.line, "endColumn": span.end.column,
    });
    if !finding.excerpt.is_empty() {
        region["snippet"] = json!({"text": finding.excerpt});
    }
    let mut text = finding.message.clone();
    if let Some(help) = &finding.help {
        text.push('\n');
        text.push_str(help);
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "kind": match finding.kind { Kind::Found => "fail", Kind::Undecided => "open" },
        "level": match finding.kind { Kind::Found => level(finding.severity), Kind::Undecided => "none" },
        "message": {"text": text},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri(&finding.file)}, "region": region,
        }}],
        "partialFingerprints": {"shipway/v1": finding.fingerprint},
    });
    if let Some(allowed) = &finding.allowed {
        result["suppressions"] = json!([{"kind": "inSource", "status": "accepted",
            "justification": allowed.reason}]);
    }
    result
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// GitHub's reading: over 9.0 critical, over 7.0 high, over 4.0 medium.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.0",
        Severity::Low => "2.0",
    }
}

/// A relative reference (RFC 3986): what is not unreserved or `/` is escaped.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
