//! What shows the items of the checklist: reports in the artifacts that are named for them.

use std::collections::BTreeMap;

use globset::{Glob, GlobMatcher};
use shipway_checks::policy::shown::{Seen, Tried};
use shipway_checks::reports::Report;
use shipway_checks::reports::policy_results::rules;

use super::reports::{Piece, seen_among};
use super::{Look, LookError};
use shipway_core::config::gates::ChecklistItem;

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
/// of tests and policies. The base says which they are, so that no change hides its tests that fail by
/// naming their artifact.
pub(super) fn others<'p>(
    look: &Look<'_>,
    pieces: &'p [Piece],
) -> Result<Vec<&'p Piece>, LookError> {
    let judge = match (look.base, look.gates.before) {
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
