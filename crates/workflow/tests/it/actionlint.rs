//! What actionlint says about its examples, and what is said here: the table of
//! `docs/design/lint.md`. `SHIPWAY_BLESS=1` writes it.

use std::path::Path;

use shipway_workflow::Diagnostic;
use shipway_workflow::lint::{Found, Settings, Subject, Surroundings};

use crate::corpus;

/// What is not said here, and why; by file and line.
const LEFT_OUT: &[(&str, usize, &str)] = &[
    (
        "deprecated_inputs",
        9,
        "known of an action that is at hand; the built-in table has the most used ones",
    ),
    ("pyflakes_integration", 10, "no linter for Python is run"),
    ("pyflakes_integration", 19, "no linter for Python is run"),
    ("pyflakes_integration", 23, "no linter for Python is run"),
    ("shellcheck_integration", 6, "shellcheck is run by the command, and tested there"),
    ("shellcheck_integration", 14, "shellcheck is run by the command, and tested there"),
    ("type_checks", 7, "GitHub makes text of the key, and the access works"),
    ("workflow_dispatch_input_types", 35, "GitHub makes text of the key, and the access works"),
    ("workflow_dispatch_input_types", 37, "GitHub makes text of the key, and the access works"),
    ("unexpected_mapping_values", 8, "GitHub takes any number, and rounds it down"),
    ("yaml_anchor_usage", 18, "behind the recursion nothing more is read"),
    (
        "action_metadata_syntax_validation",
        8,
        "said about the action's own file, which is linted, too",
    ),
];

/// The repository that the examples speak of.
struct Repository;

const ACTION: &str = "\
name: My action
description: greets
inputs:
  name: {description: who, default: me}
  message: {description: what, required: true}
  addition: {description: more}
outputs: {some_value: {value: x}}
runs: {using: composite, steps: [{run: 'true', shell: bash}]}
";

impl Surroundings for Repository {
    fn file(&self, path: &str) -> Found {
        match path {
            ".github/actions/my-action/action.yml"
            | ".github/actions/my-action-with-output/action.yml" => Found::Text(ACTION.into()),
            ".github/workflows/not-existing.yml" => Found::Missing,
            _ => Found::Unknown,
        }
    }

    fn has_time_zone(&self, name: &str) -> Option<bool> {
        Some(matches!(name, "UTC" | "Asia/Tokyo" | "America/New_York"))
    }
}

/// Where actionlint says something, and under which of its rules.
fn theirs(out: &str) -> Vec<(usize, String)> {
    let lines = out.lines().map(|line| line.trim_matches('/').replace('\\', ""));
    lines
        .filter_map(|line| {
            let number = line.split(':').nth(1)?.parse().ok()?;
            let rule = line.rsplit_once('[')?.1.trim_end_matches(']').to_owned();
            Some((number, rule))
        })
        .collect()
}

/// Ours for a line of theirs: on the line, or on the next (a key and its value).
fn ours(findings: &[Diagnostic], line: usize) -> Option<&Diagnostic> {
    let policy = ["missing-permissions", "unpinned-action"];
    let at = |line: usize| {
        findings.iter().find(move |f| f.span.start.line == line && !policy.contains(&f.code))
    };
    at(line).or_else(|| at(line + 1)).or_else(|| if line == 0 { findings.first() } else { None })
}

fn table(folder: &Path) -> String {
    let mut rows = Vec::new();
    let out = corpus::files(folder, "out").unwrap();
    assert_eq!(out.len(), 51);
    for (name, out) in out {
        let name = name.trim_end_matches(".out");
        let text = std::fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap();
        let file = format!("{name}.yaml");
        let report = Subject::workflow(&file, &text).check(&Repository, &Settings::default(), &[]);
        for (line, rule) in theirs(&out) {
            let reason = LEFT_OUT.iter().find(|(file, at, _)| *file == name && *at == line);
            let said = ours(&report.findings, line);
            let ours = match (said, reason) {
                (_, Some((.., reason))) => format!("— | {reason}"),
                (Some(f), None) => {
                    let message = f.message.replace('|', "\\|").replace('\n', " ");
                    format!("{} `{}` | {message}", f.span.start.line, f.code)
                }
                (None, None) => panic!("nothing is said about {name}:{line} [{rule}]"),
            };
            rows.push(format!("| {name} | {line} {rule} | {ours} |"));
        }
    }
    rows.join("\n")
}

#[test]
fn every_diagnosis_is_made_or_left_out_for_a_reason() {
    let Some(folder) = corpus::folder("workflows/actionlint-examples") else { return };
    let head = "| example | actionlint: line, rule | here: line, rule | what is said, or why not |\n\
                |---|---|---|---|\n";
    let table = format!("{head}{}\n", table(&folder));
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/design/lint.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let marker = "<!-- The table is written by a test: SHIPWAY_BLESS=1 cargo test -p shipway-workflow -->\n\n";
    let (prose, written) = text.split_once(marker).unwrap();
    if std::env::var_os("SHIPWAY_BLESS").is_some() {
        std::fs::write(&page, format!("{prose}{marker}{table}")).unwrap();
    } else {
        assert_eq!(written, table, "SHIPWAY_BLESS=1 writes the table anew");
    }
}
