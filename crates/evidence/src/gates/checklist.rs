//! What shows the items of the checklist: reports in the artifacts that are named for them.

use std::collections::BTreeMap;

use globset::{Glob, GlobMatcher};
use shipway_checks::policy::shown::{Seen, Tried};
use shipway_checks::reports::Report;
use shipway_checks::reports::policy_results::rules;
use shipway_core::config::gates::ChecklistItem;

use super::reports::{Piece, seen_among};
use super::{Look, LookError};

/// What shows each item that is asked for.
pub(super) fn items(
    look: &Look<'_>,
    pieces: &[Piece],
) -> Result<BTreeMap<String, Seen<Tried>>, LookError> {
    let mut items = BTreeMap::new();
    for (name, item) in &look.asked.checklist {
        let glob = glob(name, item)?;
        let of = pieces.iter().filter(|piece| is_in(piece, &glob));
        items.insert(name.clone(), seen_among(of, |_| true, |_, report| tried(report), sum));
    }
    Ok(items)
}

/// The pieces that are of no item: the others are evidence for the checklist alone, not for the gates
/// of tests and policies. The judge says which they are, so that no change hides its tests that fail by
/// naming their artifact.
pub(super) fn others<'p>(
    look: &Look<'_>,
    pieces: &'p [Piece],
) -> Result<Vec<&'p Piece>, LookError> {
    let judge = match (look.judge, look.gates.before) {
        (Some(_), before) => before,
        (None, _) => Some(look.gates.after),
    };
    let items = judge.into_iter().flat_map(|gates| &gates.on_the_way_to(look.to).checklist);
    let globs = items.map(|(name, item)| glob(name, item)).collect::<Result<Vec<_>, _>>()?;
    let is_other = |piece: &&Piece| !globs.iter().any(|glob| is_in(piece, glob));
    Ok(pieces.iter().filter(is_other).collect())
}

fn glob(name: &str, item: &ChecklistItem) -> Result<GlobMatcher, LookError> {
    Glob::new(&item.artifact)
        .map(|glob| glob.compile_matcher())
        .map_err(|error| LookError::Judge(format!("gates.checklist.{name}: {error}")))
}

/// Whether it is in an artifact of this name.
fn is_in(piece: &Piece, glob: &GlobMatcher) -> bool {
    piece.file.artifact.as_ref().is_some_and(|artifact| glob.is_match(artifact))
}

/// What a report says was tried. Others than those of tests and policies say nothing of right and
/// wrong.
fn tried(report: &Report) -> Option<Tried> {
    match report {
        Report::Tests(tests) => Some(Tried {
            passed: tests.passed,
            failed: tests.failed.iter().map(|failed| failed.name.clone()).collect(),
        }),
        Report::PolicyResults(results) => {
            let is_denied = |of: &&shipway_checks::Finding| {
                of.rule != rules::WARNING.id && of.allowed.is_none()
            };
            let failed: Vec<String> =
                results.findings.iter().filter(is_denied).map(ToString::to_string).collect();
            let passed = results.judged().saturating_sub(failed.len() as u64);
            Some(Tried { passed, failed })
        }
        _ => None,
    }
}

fn sum(all: Vec<Tried>) -> Tried {
    let passed = all.iter().map(|one| one.passed).sum();
    Tried { passed, failed: all.into_iter().flat_map(|one| one.failed).collect() }
}

#[cfg(test)]
mod tests {
    use shipway_checks::policy::shown::Source;
    use shipway_checks::reports::read;
    use shipway_core::config::{GateSet, Gates, Level};
    use shipway_core::gate::Ledger;

    use super::super::reports::tests as of_tests;
    use super::super::{ReportFile, Versions};
    use super::*;

    fn piece(artifact: &str, case: &str) -> Piece {
        let text =
            format!("<testsuite><testcase name=\"{artifact}\">{case}</testcase></testsuite>");
        let source = Source {
            file: "out.xml".to_owned(),
            tool: String::new(),
            from: String::new(),
            at: None,
            digest: None,
        };
        let file = ReportFile {
            path: "out.xml".into(),
            source,
            artifact: Some(artifact.to_owned()),
            service: None,
            flag: None,
            named: false,
        };
        Piece { file, read: read("out.xml", &mut text.as_bytes()) }
    }

    fn asking(artifact: &str) -> Gates {
        let mut gates = Gates::default();
        let item = ChecklistItem { artifact: artifact.to_owned(), level: Level::Warning };
        gates.pull_request.checklist.insert("item".to_owned(), item);
        gates
    }

    /// The tests that fail, as the gate of tests sees them.
    fn failing(judge: Option<&str>, before: Option<&Gates>, after: &Gates) -> Vec<String> {
        let (asked, ledger) = (GateSet::default(), Ledger::default());
        let look = Look { judge, ..Look::at_nothing(&asked, Versions { before, after }, &ledger) };
        let pieces = [piece("unit", "<failure/>"), piece("dashboards", "<failure/>")];
        let others = others(&look, &pieces).unwrap();
        of_tests(others.into_iter()).what.map(|tests| tests.failed).unwrap_or_default()
    }

    #[test]
    fn what_is_of_the_checklist_is_no_test_if_the_base_says_so() {
        let (none, dashboards, all) = (Gates::default(), asking("dash*"), asking("*"));
        assert_eq!(failing(Some("b"), Some(&dashboards), &none), ["unit"]);
        // A change that names more hides nothing.
        assert_eq!(failing(Some("b"), Some(&dashboards), &all), ["unit"]);
        assert_eq!(failing(Some("b"), Some(&none), &all), ["unit", "dashboards"]);
        assert_eq!(failing(Some("b"), None, &all), ["unit", "dashboards"]);
        // Without a base, it says itself what it is judged by.
        assert_eq!(failing(None, None, &dashboards), ["unit"]);
    }
}
