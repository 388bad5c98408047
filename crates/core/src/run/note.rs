//! Messages that belong to a job or to a line of a file.

use serde::{Deserialize, Serialize};

/// A message that belongs to a job or to a line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotation {
    /// By which step, from 0; `None`: by the worker itself.
    pub step: Option<usize>,
    /// How bad it is.
    pub level: Level,
    /// A path in the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// A line of the file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The last line that is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_line: Option<u32>,
    /// A column of the line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The last column that is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_column: Option<u32>,
    /// A heading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The message.
    pub message: String,
}

impl Annotation {
    /// One that belongs to no file.
    pub fn bare(step: Option<usize>, level: Level, message: impl Into<String>) -> Self {
        Self {
            step,
            level,
            file: None,
            line: None,
            end_line: None,
            column: None,
            end_column: None,
            title: None,
            message: message.into(),
        }
    }

    /// `file:line:column`, as far as it is known.
    pub fn place(&self) -> Option<String> {
        let mut place = self.file.clone()?;
        for number in [self.line, self.line.and(self.column)].into_iter().flatten() {
            place.push_str(&format!(":{number}"));
        }
        Some(place)
    }
}

/// How bad an [`Annotation`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// `::notice::`
    Notice,
    /// `::warning::`
    Warning,
    /// `::error::`
    Error,
}
