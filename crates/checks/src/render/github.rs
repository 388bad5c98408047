//! Workflow commands: `::error file=…,line=…,col=…,title=…::message`.
//!
//! <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>

use std::io::{self, Write};

use crate::finding::{Finding, Kind, Severity};

pub(super) fn finding(out: &mut impl Write, finding: &Finding) -> io::Result<()> {
    let command = match (&finding.allowed, finding.kind, finding.severity) {
        (Some(_), ..) => "notice",
        (None, Kind::Undecided, _) | (None, _, Severity::Critical | Severity::High) => "error",
        (None, Kind::Found, Severity::Medium) => "warning",
        (None, Kind::Found, Severity::Low) => "notice",
    };
    let Finding { file, span, message, rule, .. } = finding;
    let mut text = message.clone();
    match (&finding.allowed, &finding.help) {
        (Some(allowed), _) => text.push_str(&format!(" (allowed: {})", allowed.reason)),
        (None, Some(help)) => text.push_str(&format!("\n{help}")),
        (None, None) => {}
    }
    writeln!(
        out,
        "::{command} file={},line={},endLine={},col={},title={}::{}",
        property(file),
        span.start.line,
        span.end.line,
        span.start.column,
        property(rule.as_str()),
        data(&text)
    )
}

/// What is behind `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
