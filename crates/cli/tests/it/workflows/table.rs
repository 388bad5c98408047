//! `docs/reference/github-actions.md` says what is so: each of its rows names
//! the cases that show it, and what does not work is refused.

use std::collections::BTreeSet;
use std::path::Path;

use super::{AREAS, cases};

/// A row: a feature, and how far it goes.
struct Row {
    line: usize,
    feature: String,
    github: String,
    act: String,
    shipway: String,
    cases: Vec<String>,
    note: String,
}

fn rows() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/github-actions.md");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().enumerate().filter(|(_, line)| line.starts_with("| "));
    let rows = lines.filter(|(_, line)| !line.starts_with("| feature |")).map(|(number, line)| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [feature, github, act, shipway, cases, note] = cells[..] else {
            panic!("github-actions.md:{}: a row has 6 cells: {line}", number + 1);
        };
        let cases = cases.split(',').map(str::trim).filter(|case| *case != "-");
        Row {
            line: number + 1,
            feature: feature.to_owned(),
            github: github.to_owned(),
            act: act.to_owned(),
            shipway: shipway.to_owned(),
            cases: cases.map(str::to_owned).collect(),
            note: note.to_owned(),
        }
    });
    rows.collect()
}

#[test]
fn every_row_says_how_far_it_goes() {
    let mut wrong = Vec::new();
    for row in rows() {
        let mut say = |what: &str| {
            wrong.push(format!("github-actions.md:{}: {}: {what}", row.line, row.feature));
        };
        if !["yes", "no"].contains(&row.github.as_str()) {
            say("GitHub has it or not: yes or no");
        }
        if !["yes", "partly", "no"].contains(&row.act.as_str()) {
            say("act: yes, partly or no");
        }
        if !["yes", "partly", "no"].contains(&row.shipway.as_str()) {
            say("Shipway: yes, partly or no");
        }
        if row.shipway != "yes" && row.note.is_empty() {
            say("a note has to say what is missing");
        }
        if row.shipway != "no" && row.cases.is_empty() {
            say("names no case that shows it");
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn rows_and_cases_name_each_other() {
    let all: BTreeSet<String> =
        AREAS.iter().flat_map(|area| cases(area)).map(|case| case.name).collect();
    let rows = rows();
    let named: BTreeSet<String> = rows.iter().flat_map(|row| row.cases.clone()).collect();
    // What takes a person or a terminal is shown by a test of its own.
    let tests = include_str!("../runs.rs");
    let (tested, named): (BTreeSet<_>, BTreeSet<_>) =
        named.into_iter().partition(|name| name.starts_with("runs::"));
    for test in tested {
        let function = format!("fn {}()", test.trim_start_matches("runs::"));
        assert!(tests.contains(&function), "github-actions.md names {test}, which is no test");
    }
    let unknown: Vec<_> = named.difference(&all).collect();
    assert!(unknown.is_empty(), "github-actions.md names cases that are not there: {unknown:?}");
    let unnamed: Vec<_> = all.difference(&named).collect();
    assert!(unnamed.is_empty(), "no row of github-actions.md names these cases: {unnamed:?}");
}

/// What does not work ends a command with a message, in a case of its own, or
/// has nothing to be tested by.
#[test]
fn what_does_not_work_is_refused() {
    for row in rows().iter().filter(|row| row.shipway == "no") {
        for name in &row.cases {
            let area = name.split('/').next().unwrap();
            let found = cases(area).into_iter().find(|case| case.name == *name);
            let Some(case) = found else { continue };
            let is_refused = |command: &super::expected::Command| {
                let jobs = command.jobs.iter().flat_map(|jobs| jobs.values());
                let told =
                    !command.says.is_empty() || jobs.into_iter().any(|job| job.why.is_some());
                command.exit != 0 && told
            };
            assert!(
                case.expected.commands.iter().any(is_refused),
                "github-actions.md:{}: {name} does not show how it is refused",
                row.line
            );
        }
    }
}
