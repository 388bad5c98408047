//! What a rule is.

use crate::diagnostic::{Diagnostic, Severity};
use crate::span::Span;

/// Something that is looked for in every file.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its stable name, written in `# shipway: allow …`.
    pub id: &'static str,
    /// How bad a finding is, as a rule; a finding may be milder.
    pub severity: Severity,
    /// What it finds, in one line.
    pub summary: &'static str,
    /// Why that matters and what to do, in Markdown.
    pub why: &'static str,
}

impl Rule {
    /// A finding of this rule.
    pub(super) fn at(
        &'static self,
        file: &str,
        span: Span,
        message: impl Into<String>,
    ) -> Diagnostic {
        let mut finding = Diagnostic::error(self.id, file, span, message);
        finding.severity = self.severity;
        finding
    }
}
