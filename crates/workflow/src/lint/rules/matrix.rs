//! Matrices with values that come twice, or exclude nothing.

use crate::diagnostic::{Diagnostic, Severity};
use crate::lint::checking::Checking;
use crate::lint::rule::Rule;
use crate::yaml::{Mapping, Node, NodeKind};

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
    why: "Its keys have to be rows of the matrix, and its values values of these rows.",
};

pub(super) fn check(checking: &Checking<'_>, found: &mut Vec<Diagnostic>) {
    for job in checking.jobs() {
        let matrix = checking
            .written_job(job)
            .and_then(|job| job.get("strategy")?.as_mapping()?.get("matrix")?.as_mapping());
        if let Some(matrix) = matrix {
            duplicates(checking, matrix, found);
            excludes(checking, matrix, found);
        }
    }
}

fn duplicates(checking: &Checking<'_>, matrix: &Mapping, found: &mut Vec<Diagnostic>) {
    for row in matrix.iter().filter(|row| !is_special(&row.key)) {
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

fn is_special(key: &str) -> bool {
    matches!(key, "include" | "exclude")
}

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

fn excludes(checking: &Checking<'_>, matrix: &Mapping, found: &mut Vec<Diagnostic>) {
    let rows: Vec<_> = matrix.iter().filter(|row| !is_special(&row.key)).collect();
    let items = matrix.get("exclude").and_then(Node::as_sequence).unwrap_or_default();
    for entry in items.iter().filter_map(Node::as_mapping).flatten() {
        if entry.value.text().is_some_and(|text| text.contains("${{")) {
            continue;
        }
        let Some(row) = rows.iter().find(|row| row.key.eq_ignore_ascii_case(&entry.key)) else {
            let message =
                format!("the matrix has no row `{}`, so this excludes nothing", *entry.key);
            let names: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
            let help = format!("rows: {}", names.join(", "));
            found.push(EXCLUDE.at(checking.file, entry.key.span, message).with_help(help));
            continue;
        };
        let Some(values) = row.value.as_sequence() else { continue };
        if !values.iter().any(|value| may_fit(&entry.value, value)) {
            let message = format!("row `{}` has no such value, so this excludes nothing", *row.key);
            found.push(EXCLUDE.at(checking.file, entry.value.at(), message));
        }
    }
}

/// Whether a filter may fit a value: an object fits by some of its members.
fn may_fit(filter: &Node, value: &Node) -> bool {
    let computed = |node: &Node| node.text().is_some_and(|text| text.contains("${{"));
    if computed(filter) || computed(value) {
        return true;
    }
    match (&filter.kind, &value.kind) {
        (NodeKind::Scalar(a), NodeKind::Scalar(b)) => {
            a.value == b.value && a.text == b.text || a.text.eq_ignore_ascii_case(&b.text)
        }
        (NodeKind::Sequence(a), NodeKind::Sequence(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| may_fit(a, b))
        }
        (NodeKind::Mapping(a), NodeKind::Mapping(b)) => a
            .iter()
            .all(|entry| b.get(&entry.key).is_some_and(|value| may_fit(&entry.value, value))),
        _ => false,
    }
}
