//! `# shipway: ignore[rule] reason`: findings that somebody has looked at.
//!
//! The comment stands behind what it is about, or on lines of its own right above it. In a
//! script it is a comment of the script. It names one rule or several (`ignore[a, b]`).

use crate::diagnostic::{Diagnostic, Severity, nearest};
use crate::span::{Pos, Span};

use super::rule::Rule;

pub(super) const WITHOUT_REASON: Rule = Rule {
    id: "ignore-without-reason",
    severity: Severity::Warning,
    summary: "an ignore comment says no reason",
    why: "Whoever reads the file later has to know why the finding does not matter. Write the \
          reason behind the bracket: `# shipway: ignore[unpinned-action] our own, same release`. \
          The comment has no effect without one.",
};
pub(super) const UNKNOWN_RULE: Rule = Rule {
    id: "ignore-unknown-rule",
    severity: Severity::Warning,
    summary: "an ignore comment names a rule that does not exist",
    why: "It has no effect. Every finding shows the name of its rule in brackets.",
};
pub(super) const UNUSED: Rule = Rule {
    id: "ignore-unused",
    severity: Severity::Warning,
    summary: "an ignore comment has nothing to ignore",
    why: "What it was about is gone, or stands on another line. Remove it: it would hide the \
          next finding of its kind.",
};

/// A finding that a comment answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// What was found.
    pub finding: Diagnostic,
    /// Why it does not matter.
    pub reason: String,
}

/// One rule of one comment.
struct Answer {
    rule: String,
    reason: String,
    /// The line it is about.
    line: usize,
    span: Span,
    used: bool,
}

const START: &str = "# shipway: ignore";

/// Takes away what is ignored with a reason, and reports what is wrong with the comments.
pub(super) fn apply(
    file: &str,
    text: &str,
    is_rule: impl Fn(&str) -> bool,
    names: &[&'static str],
    found: Vec<Diagnostic>,
) -> (Vec<Diagnostic>, Vec<Ignored>) {
    let (mut answers, mut left) = read(file, text, is_rule, names);
    let mut ignored = Vec::new();
    for finding in found {
        let answer = answers
            .iter_mut()
            .find(|answer| answer.line == finding.span.start.line && answer.rule == finding.code);
        match answer {
            Some(answer) => {
                answer.used = true;
                ignored.push(Ignored { finding, reason: answer.reason.clone() });
            }
            None => left.push(finding),
        }
    }
    for answer in answers.iter().filter(|answer| !answer.used) {
        let message = format!("nothing here is found by `{}`", answer.rule);
        let help = "remove it from the comment, or put the comment on the line of the finding";
        left.push(UNUSED.at(file, answer.span, message).with_help(help));
    }
    left.sort_by_key(|finding| (finding.span.start, finding.code));
    (left, ignored)
}

fn read(
    file: &str,
    text: &str,
    is_rule: impl Fn(&str) -> bool,
    names: &[&'static str],
) -> (Vec<Answer>, Vec<Diagnostic>) {
    let mut answers = Vec::new();
    let mut problems = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    let mut offset = 0;
    for (index, raw) in text.split_inclusive('\n').enumerate() {
        let start = Pos { offset, line: index + 1, column: 1 };
        offset += raw.len();
        let line = raw.trim_end_matches(['\n', '\r']);
        let Some((at, inside, reason)) = comment(line) else { continue };
        let span = Span::new(start.after(&line[..at]), start.after(line));
        let about = line_of(&lines, index, line[..at].trim().is_empty());
        let Some(inside) = inside else {
            let message = "the comment names no rule";
            let help = format!("write `{START}[rule] reason`");
            problems.push(UNKNOWN_RULE.at(file, span, message).with_help(help));
            continue;
        };
        for rule in inside.split(',').map(str::trim) {
            if !is_rule(rule) {
                let message = format!("there is no rule `{rule}`");
                let finding = UNKNOWN_RULE.at(file, span, message);
                problems.push(match nearest(rule, names.iter().copied()) {
                    Some(near) => finding.with_help(format!("did you mean `{near}`?")),
                    None => finding.with_help("findings show the name of their rule in brackets"),
                });
            } else if reason.is_empty() {
                let message = format!("`{rule}` is not ignored: the comment says no reason");
                let help = format!("write `{START}[{rule}] why this does not matter here`");
                problems.push(WITHOUT_REASON.at(file, span, message).with_help(help));
            } else {
                let (rule, reason) = (rule.to_owned(), reason.to_owned());
                answers.push(Answer { rule, reason, line: about, span, used: false });
            }
        }
    }
    (answers, problems)
}

/// The comment of a line: where it starts, what is in its brackets, and the reason.
fn comment(line: &str) -> Option<(usize, Option<&str>, &str)> {
    let at = line.find(START)?;
    let separate = line[..at].chars().next_back().is_none_or(char::is_whitespace);
    let rest = &line[at + START.len()..];
    if !separate || rest.starts_with(|c: char| c.is_alphanumeric()) {
        return None;
    }
    let inside = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    Some(match inside {
        Some((rules, reason)) => (at, Some(rules), reason.trim_start_matches(':').trim()),
        None => (at, None, ""),
    })
}

/// The line that a comment is about: its own, or the next that is no comment.
fn line_of(lines: &[&str], index: usize, alone: bool) -> usize {
    let is_text = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let next = || lines.iter().skip(index + 1).position(is_text).map(|further| index + 1 + further);
    if alone { next().unwrap_or(index) + 1 } else { index + 1 }
}
