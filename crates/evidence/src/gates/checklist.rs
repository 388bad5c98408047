//! What shows the items of the checklist: reports in the artifacts that are named for them.

use std::collections::BTreeMap;

use globset::Glob;
use shipway_checks::policy::shown::{Seen, Tried};
use shipway_checks::reports::Report;
use shipway_checks::reports::policy_results::rules;

use super::reports::{Piece, seen_among};
use super::{Look, LookError};

/// What shows each item that is asked for.
pub(super) fn items(
    look: &Look<'_>,
    pieces: &[Piece],
) -> Result<BTreeMap<String, Seen<Tried>>, LookError> {
    let mut items = BTreeMap::new();
    for (name, item) in &look.asked.checklist {
        let glob = Glob::new(&item.artifact)
            .map_err(|error| LookError::Judge(format!("gates.checklist.{name}: {error}")))?
            .compile_matcher();
        let is_of_it = |piece: &&Piece| {
            piece.file.artifact.as_ref().is_some_and(|artifact| glob.is_match(artifact))
        };
        let of = pieces.iter().filter(is_of_it);
        items.insert(name.clone(), seen_among(of, |_| true, |_, report| tried(report), sum));
    }
    Ok(items)
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
            let passed = results.evaluated.saturating_sub(failed.len() as u64);
            Some(Tried { passed, failed })
        }
        _ => None,
    }
}

fn sum(all: Vec<Tried>) -> Tried {
    let passed = all.iter().map(|one| one.passed).sum();
    Tried { passed, failed: all.into_iter().flat_map(|one| one.failed).collect() }
}
