//! For people.

use crate::lint::Report;

/// The findings of a file, each with the line it is about. `source` is the file's text.
#[must_use]
pub fn text(report: &Report, source: &str) -> String {
    let all: Vec<String> = report.findings.iter().map(|finding| finding.render(source)).collect();
    all.join("\n")
}
