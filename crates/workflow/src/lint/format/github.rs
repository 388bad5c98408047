//! For GitHub: workflow commands that become annotations.

use crate::diagnostic::{Diagnostic, Severity};
use crate::lint::Report;

/// One command a finding, each with its line end.
#[must_use]
pub fn github(reports: &[Report]) -> String {
    reports.iter().flat_map(|report| &report.findings).map(command).collect()
}

fn command(finding: &Diagnostic) -> String {
    let kind = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let (start, end) = (finding.span.start, finding.span.end);
    // Columns are only taken when the place is within one line.
    let end = if end.line == start.line && end.column > start.column {
        format!(",endLine={},endColumn={}", end.line, end.column - 1)
    } else {
        String::new()
    };
    let help = finding.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
    let message = data(&format!("{}{help}", finding.message));
    let (file, title) = (property(&finding.file), property(finding.code));
    format!(
        "::{kind} file={file},line={},col={}{end},title={title}::{message}\n",
        start.line, start.column
    )
}

/// Text behind `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
