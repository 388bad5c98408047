//! Matrices with values that come twice, or exclude nothing.

use crate::diagnostic::{Diagnostic, Severity};
use crate::lint::checking::Checking;
use crate::lint::rule::Rule;
use crate::matrix::is_filter;
use crate::span::Spanned;
use crate::yaml::{Entry, Mapping, Node, NodeKind};

pub(super) const RULES: &[&Rule] = &[&DUPLICATE, &EXCLUDE];

const DUPLICATE: Rule = Rule {
    id: "matrix-duplicate",
    severity: Severity::Warning,
    summary: "a row of a matrix has a value twice",
    why: "The job runs twice with the same values.",
};
const EXCLUDE: Rule = Rule {
    id: "matrix-exclude",
    severity: Severity::Warning,
    summary: "an `exclude` takes nothing out of the matrix",
    why: "Its values have to be values of the rows. A key that is no row is an error: GitHub makes no \
          job of such a matrix.",
};

pub(super) fn check(checking: &Checking<'_>, found: &mut Vec<Diagnostic>) {
    for job in checking.jobs() {
        let node = checking
            .written_job(job)
            .and_then(|job| job.get("strategy")?.as_mapping()?.get("matrix"));
        let Some(node) = node else { continue };
        if let Some(matrix) = node.as_mapping() {
            duplicates(checking, matrix, found);
            excludes(checking, matrix, node.has_expressions(), found);
        }
    }
}

fn duplicates(checking: &Checking<'_>, matrix: &Mapping, found: &mut Vec<Diagnostic>) {
    for row in matrix.iter().filter(|row| !is_filter(&row.key)) {
        let mut seen: Vec<(String, &Node)> = Vec::new();
        for item in row.value.as_sequence().unwrap_or_default() {
            let Some(shown) = shown(item) else { continue };
            match seen.iter().find(|(other, _)| *other == shown) {
                Some((_, first)) => {
                    let message = format!("row `{}` has this value already", *row.key);
                    let finding = DUPLICATE.at(checking.file, item.at(), message);
                    found.push(finding.with_label(first.at(), "first here"));
                }
                None if seen.len() < MAX_VALUES => seen.push((shown, item)),
                None => break,
            }
        }
    }
}

/// A matrix yields 256 jobs at the most, so longer rows fail anyway.
const MAX_VALUES: usize = 256;

/// A value that is known, as text that tells values apart.
fn shown(node: &Node) -> Option<String> {
    match &node.kind {
        NodeKind::Scalar(scalar) if scalar.text.contains("${{") => None,
        NodeKind::Scalar(scalar) => Some(format!("{:?}", scalar.value) + &scalar.text),
        NodeKind::Sequence(items) => {
            let items: Option<Vec<String>> = items.iter().map(shown).collect();
            items.map(|items| format!("[{}]", items.join(",")))
        }
        NodeKind::Mapping(mapping) => {
            let members = mapping
                .iter()
                .map(|entry| Some(format!("{:?}:{}", entry.key.value, shown(&entry.value)?)));
            let members: Option<Vec<String>> = members.collect();
            members.map(|members| format!("{{{}}}", members.join(",")))
        }
    }
}

/// Where nothing is computed, the reader has told what names no row.
fn excludes(
    checking: &Checking<'_>,
    matrix: &Mapping,
    is_computed: bool,
    found: &mut Vec<Diagnostic>,
) {
    let rows: Vec<_> = matrix.iter().filter(|row| !is_filter(&row.key)).collect();
    let items = matrix.get("exclude").and_then(Node::as_sequence).unwrap_or_default();
    for entry in items.iter().filter_map(Node::as_mapping).flatten() {
        let Some(row) = rows.iter().find(|row| row.key.eq_ignore_ascii_case(&entry.key)) else {
            if is_computed {
                found.push(no_row(checking, &entry.key, &rows));
            }
            continue;
        };
        if entry.value.has_expressions() {
            continue;
        }
        let Some(values) = row.value.as_sequence() else { continue };
        if !values.iter().any(|value| may_fit(&entry.value, value)) {
            let message = format!("row `{}` has no such value, so this excludes nothing", *row.key);
            found.push(EXCLUDE.at(checking.file, entry.value.at(), message));
        }
    }
}

fn no_row(checking: &Checking<'_>, key: &Spanned<String>, rows: &[&Entry]) -> Diagnostic {
    let message = format!("the matrix has no row `{}`: the job fails", key.value);
    let names: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
    let help = format!("rows: {}", names.join(", "));
    let mut finding = EXCLUDE.at(checking.file, key.span, message).with_help(help);
    finding.severity = Severity::Error;
    finding
}

/// Whether a filter may fit a value: an object fits by some of its members, a list by its first
/// items.
fn may_fit(filter: &Node, value: &Node) -> bool {
    if filter.has_expressions() || value.has_expressions() {
        return true;
    }
    match (&filter.kind, &value.kind) {
        (NodeKind::Scalar(a), NodeKind::Scalar(b)) => {
            a.value == b.value && a.text == b.text || a.text.eq_ignore_ascii_case(&b.text)
        }
        (NodeKind::Sequence(a), NodeKind::Sequence(b)) => {
            a.len() <= b.len() && a.iter().zip(b).all(|(a, b)| may_fit(a, b))
        }
        (NodeKind::Mapping(a), NodeKind::Mapping(b)) => a
            .iter()
            .all(|entry| b.get(&entry.key).is_some_and(|value| may_fit(&entry.value, value))),
        _ => false,
    }
}
