//! Problems in a file: what, where, and what to do about it.
//!
//! A [`Diagnostic`] has a stable code, so that documentation and suppressions can name it:
//!
//! | codes | of |
//! |---|---|
//! | `SW01xx` | YAML itself |
//! | `SW02xx` | expressions |
//! | `SW03xx` | workflows and actions (`action.yml`) |
//! | `SW05xx` | `shipway.yaml` (in `shipway-core`) |
//! | words such as `untrusted-input` | the rules of [`lint`](crate::lint) |

mod nearest;
mod render;

use std::fmt;

use serde::Serialize;

pub use nearest::nearest;

use crate::span::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Likely not what was meant; the file is used all the same.
    Warning,
    /// The file cannot be used.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// Another place that matters for a problem, such as the first of two definitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is there.
    pub message: String,
}

/// One problem in one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Stable id, such as `SW0101`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The file as the caller named it.
    pub file: String,
    /// Where in the file.
    pub span: Span,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Other places that matter.
    pub labels: Vec<Label>,
}

impl Diagnostic {
    /// A problem that makes the file unusable.
    #[must_use]
    pub fn error(
        code: &'static str,
        file: impl Into<String>,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity: Severity::Error,
            file: file.into(),
            span,
            message: message.into(),
            help: None,
            labels: Vec::new(),
        }
    }

    /// A problem that leaves the file usable.
    #[must_use]
    pub fn warning(
        code: &'static str,
        file: impl Into<String>,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, file, span, message) }
    }

    /// The same problem with advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same problem with another place that matters.
    #[must_use]
    pub fn with_label(mut self, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label { span, message: message.into() });
        self
    }

    /// Whether this makes the file unusable.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The problem with an excerpt of `source`, the text of the file, for a terminal without
    /// colours. Ends with a newline.
    #[must_use]
    pub fn render(&self, source: &str) -> String {
        render::render(self, source)
    }
}

/// One line: `file:line:column: severity[code]: message`.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, severity, file, span, message, .. } = self;
        let (line, column) = (span.start.line, span.start.column);
        write!(f, "{file}:{line}:{column}: {severity}[{code}]: {message}")
    }
}

impl std::error::Error for Diagnostic {}
