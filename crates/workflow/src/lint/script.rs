//! The scripts of `run` steps, for shellcheck, and its findings back in the file.

use super::checking::Content;
use super::rule::Rule;
use crate::diagnostic::{Diagnostic, Severity};
use crate::expr::{Part, Template};
use crate::model::{Defaults, Job, JobKind, Step, StepKind};
use crate::span::{Pos, Span};
use crate::yaml::{SourceMap, Style};

pub(super) const SHELLCHECK: Rule = Rule {
    id: "shellcheck",
    severity: Severity::Warning,
    summary: "shellcheck finds something in a script",
    why: "Scripts of `run` steps are handed to shellcheck where it is installed, with every \
          `${{ … }}` replaced by a word. Its levels error and warning are warnings here, info \
          and style are notes: GitHub runs the script all the same. Beside \
          `# shipway: allow shellcheck: reason`, its own `# shellcheck disable=SC…` works.",
};

/// A shell that shellcheck knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shell {
    /// `bash`
    Bash,
    /// `sh`
    Sh,
}

/// A script, as shellcheck should see it.
#[derive(Clone, Debug)]
pub struct Script<'a> {
    /// Its shell.
    pub shell: Shell,
    /// Its text: each expression is replaced by a word of the same length in its place, so that
    /// lines and columns stay.
    pub text: String,
    script: &'a Template,
    /// The file.
    source: &'a str,
}

/// Something that shellcheck said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptProblem {
    /// Its number, such as 2086.
    pub code: u32,
    /// How bad it is.
    pub severity: Severity,
    /// What it is.
    pub message: String,
    /// Where in the file.
    pub span: Span,
}

impl Script<'_> {
    /// The place in the file of a line and a column of the text, both counted from 1.
    #[must_use]
    pub fn place(&self, line: usize, column: usize) -> Pos {
        let before: usize =
            self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(char_count).sum();
        let column = column.saturating_sub(1);
        // The text has as many characters as what is written, expressions included.
        let written = self.script.text();
        let offset =
            written.char_indices().nth(before + column).map_or(written.len(), |(at, _)| at);
        let span = self.script.span;
        let style = match span.slice(self.source).and_then(|text| text.chars().next()) {
            Some('"') => Style::DoubleQuoted,
            Some('\'') => Style::SingleQuoted,
            _ => Style::Plain,
        };
        SourceMap::new(written, style, span, self.source).locate(offset)
    }
}

fn char_count(text: &str) -> usize {
    text.chars().count()
}

/// What a finding of shellcheck is in the file.
pub(super) fn finding(file: &str, problem: &ScriptProblem) -> Diagnostic {
    let message = format!("SC{}: {}", problem.code, problem.message);
    let mut finding = SHELLCHECK.at(file, problem.span, message);
    finding.severity = problem.severity;
    finding
}

pub(super) fn scripts<'a>(content: &'a Content, source: &'a str) -> Vec<Script<'a>> {
    let defaults = match content {
        Content::Workflow(workflow) => Some(&workflow.defaults),
        Content::Action(_) | Content::Nothing => None,
    };
    let steps = content.steps();
    steps.into_iter().filter_map(|of| script(of.step, of.job, defaults, source)).collect()
}

fn script<'a>(
    step: &'a Step,
    job: Option<&Job>,
    defaults: Option<&Defaults>,
    source: &'a str,
) -> Option<Script<'a>> {
    let StepKind::Run { script, shell, .. } = &step.kind else { return None };
    let defaults = match job.map(|job| &job.kind) {
        Some(JobKind::Steps(job)) => defaults.map(|defaults| job.defaults.or(defaults)),
        Some(JobKind::Call(_)) | None => None,
    };
    let chosen = shell.as_ref().or(defaults.and_then(|defaults| defaults.shell.as_ref()));
    let shell = match chosen {
        Some(template) => shell_named(template)?,
        None if job.is_some_and(on_windows) => return None,
        None => Shell::Bash,
    };
    Some(Script { shell, text: replaced(script), script, source })
}

/// The shell of `bash`, `sh -e {0}` and the like.
fn shell_named(template: &Template) -> Option<Shell> {
    match template.text().split_whitespace().next()? {
        "bash" | "/bin/bash" | "/usr/bin/bash" => Some(Shell::Bash),
        "sh" | "/bin/sh" => Some(Shell::Sh),
        _ => None,
    }
}

/// Whether a job runs on Windows, where the shell is PowerShell unless it says; or may.
fn on_windows(job: &Job) -> bool {
    let JobKind::Steps(steps) = &job.kind else { return false };
    steps.runs_on.labels.iter().any(|label| {
        let text = label.text().to_lowercase();
        text.contains("windows") || (!label.is_literal() && may_be_windows(job, &text))
    })
}

/// Whether the matrix, from which the label comes, names Windows anywhere.
fn may_be_windows(job: &Job, label: &str) -> bool {
    let Some(strategy) = &job.strategy else { return true };
    !label.contains("matrix.")
        || match strategy {
            crate::model::Strategy::Computed(_) => true,
            crate::model::Strategy::Written { matrix, .. } => {
                let all = matrix.as_ref().map(crate::model::Tree::templates).unwrap_or_default();
                all.iter().any(|t| !t.is_literal() || t.text().to_lowercase().contains("windows"))
            }
        }
}

/// The script with a word for every expression, as long as what it stands for.
fn replaced(script: &Template) -> String {
    let mut text = String::new();
    let mut rest = script.text();
    for part in script.parts() {
        match part {
            Part::Text(plain) => {
                text.push_str(plain);
                rest = rest.get(plain.len()..).unwrap_or_default();
            }
            Part::Expression { .. } => {
                let (expression, after) = rest.split_at(expression_end(rest));
                rest = after;
                let lines: Vec<&str> = expression.split('\n').collect();
                for (index, line) in lines.iter().enumerate() {
                    let last = index + 1 == lines.len();
                    text.push_str(&word(char_count(line), last));
                    if !last {
                        text.push('\n');
                    }
                }
            }
            Part::Literal(value) => text.push_str(&value.to_text()),
        }
    }
    text
}

/// A word of so many characters; one that goes on in the next line ends with `\`.
fn word(length: usize, last: bool) -> String {
    match length {
        0 => String::new(),
        _ if last => "x".repeat(length),
        _ => "x".repeat(length - 1) + "\\",
    }
}

/// Where the expression ends that the text begins with; `}}` in a string does not end it.
fn expression_end(text: &str) -> usize {
    let mut quoted = false;
    let mut last = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '}' if last == '}' && !quoted => return at + 1,
            _ => {}
        }
        last = c;
    }
    text.len()
}
