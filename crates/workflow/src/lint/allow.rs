//! `# shipway: allow RULE: REASON`: findings that somebody has looked at. `shipway check` reads the
//! same words.
//!
//! The comment stands behind what it is about, or on lines of its own right above it. In a
//! script it is a comment of the script. It names one rule or several (`allow a, b: …`).

use crate::diagnostic::{Diagnostic, Severity, nearest};
use crate::span::{Pos, Span};

use super::rule::Rule;

pub(super) const WITHOUT_REASON: Rule = Rule {
    id: "allow-without-reason",
    severity: Severity::Warning,
    summary: "a comment allows something without a reason",
    why: "Whoever reads the file later has to know why the finding does not matter. Write the \
          reason behind a colon: `# shipway: allow unpinned-action: our own, same release`. \
          The comment has no effect without one.",
};
pub(super) const UNKNOWN_RULE: Rule = Rule {
    id: "allow-unknown-rule",
    severity: Severity::Warning,
    summary: "a comment allows what no rule looks for",
    why: "It has no effect. Every finding shows the name of its rule in brackets. Rules of \
          `shipway check` may stand beside those of `shipway lint`.",
};
pub(super) const MALFORMED: Rule = Rule {
    id: "allow-malformed",
    severity: Severity::Warning,
    summary: "a comment to Shipway is not written as it has to be",
    why: "It has no effect. Write `# shipway: allow RULE: REASON`; several rules are separated by \
          commas. `ignore[RULE]`, an earlier form, is not read any more.",
};
pub(super) const UNUSED: Rule = Rule {
    id: "allow-unused",
    severity: Severity::Warning,
    summary: "a comment allows what is not found there",
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

const START: &str = "# shipway: ";

/// What rules there are.
pub(super) struct Names<'a> {
    pub(super) is_rule: &'a dyn Fn(&str) -> bool,
    pub(super) own: &'a [&'static str],
    /// Those of other checks, which read the same comments.
    pub(super) others: &'a [String],
}

/// Takes away what is ignored with a reason, and reports what is wrong with the comments.
pub(super) fn apply(
    file: &str,
    text: &str,
    names: &Names<'_>,
    found: Vec<Diagnostic>,
) -> (Vec<Diagnostic>, Vec<Ignored>) {
    let (mut answers, mut left) = read(file, text, names);
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

fn read(file: &str, text: &str, names: &Names<'_>) -> (Vec<Answer>, Vec<Diagnostic>) {
    let mut answers = Vec::new();
    let mut problems = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    let mut offset = 0;
    for (index, raw) in text.split_inclusive('\n').enumerate() {
        let start = Pos { offset, line: index + 1, column: 1 };
        offset += raw.len();
        let line = raw.trim_end_matches(['\n', '\r']);
        let Some((at, comment)) = comment(line) else { continue };
        let span = Span::new(start.after(&line[..at]), start.after(line));
        let about = line_of(&lines, index, line[..at].trim().is_empty());
        let (rules, reason) = match comment {
            Comment::Allow { rules, reason } => (rules, reason),
            Comment::Malformed { message, rules } => {
                let help = format!("write `{START}allow {rules}: why this does not matter here`");
                problems.push(MALFORMED.at(file, span, message).with_help(help));
                continue;
            }
        };
        for rule in rules.split(',').map(str::trim) {
            if names.others.iter().any(|other| other == rule) {
                continue;
            }
            if !(names.is_rule)(rule) {
                let message = format!("there is no rule `{rule}`");
                let finding = UNKNOWN_RULE.at(file, span, message);
                problems.push(match nearest(rule, names.own.iter().copied()) {
                    Some(near) => finding.with_help(format!("did you mean `{near}`?")),
                    None => finding.with_help("findings show the name of their rule in brackets"),
                });
            } else if reason.is_empty() {
                let message = format!("`{rule}` is not allowed: the comment says no reason");
                let help = format!("write `{START}allow {rule}: why this does not matter here`");
                problems.push(WITHOUT_REASON.at(file, span, message).with_help(help));
            } else {
                let (rule, reason) = (rule.to_owned(), reason.to_owned());
                answers.push(Answer { rule, reason, line: about, span, used: false });
            }
        }
    }
    (answers, problems)
}

/// What a comment says to Shipway.
enum Comment<'a> {
    /// These rules, for this reason; empty if none is given.
    Allow { rules: &'a str, reason: &'a str },
    /// Not how it is written, and the rules that are meant.
    Malformed { message: String, rules: &'a str },
}

/// The comment of a line, and where it starts.
fn comment(line: &str) -> Option<(usize, Comment<'_>)> {
    let at = line.find(START)?;
    if !line[..at].chars().next_back().is_none_or(char::is_whitespace) {
        return None;
    }
    let said = &line[at + START.len()..];
    if let Some(old) = said.strip_prefix("ignore") {
        let inside = old.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let rules = inside.map_or("RULE", |(rules, _)| rules.trim());
        let message = "`ignore` is not read any more".to_owned();
        return Some((at, Comment::Malformed { message, rules }));
    }
    let rest = said.strip_prefix("allow")?;
    if rest.starts_with(|c: char| c.is_alphanumeric()) {
        return None;
    }
    let (rules, reason) = rest.split_once(':').unwrap_or((rest, ""));
    let (rules, reason) = (rules.trim(), reason.trim());
    let words = rules.split(',').all(|rule| rule.split_whitespace().count() == 1);
    Some((
        at,
        match words {
            true => Comment::Allow { rules, reason },
            false if rules.is_empty() => {
                Comment::Malformed { message: "the comment names no rule".into(), rules: "RULE" }
            }
            false => {
                let message = "the reason has to stand behind a colon".to_owned();
                let rules = rules.split_whitespace().next().unwrap_or("RULE");
                Comment::Malformed { message, rules }
            }
        },
    ))
}

/// The line that a comment is about: its own, or the next that is no comment.
fn line_of(lines: &[&str], index: usize, alone: bool) -> usize {
    let is_text = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let next = || lines.iter().skip(index + 1).position(is_text).map(|further| index + 1 + further);
    if alone { next().unwrap_or(index) + 1 } else { index + 1 }
}
