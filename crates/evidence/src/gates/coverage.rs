//! Which lines ran, of all and of those that the change adds.

use globset::{Glob, GlobSet, GlobSetBuilder};
use shipway_checks::policy::shown::{Coverage, Seen, Share};
use shipway_checks::reports::coverage::{Coverage as Reported, Placed, Ratio};
use shipway_checks::reports::{Kind, Report};
use shipway_core::config::gates;

use super::reports::{Piece, seen as sorted};
use super::{Look, LookError, ReportFile};
use crate::coverage::Files;
use crate::git::{Since, added_lines};

/// Reads it off the reports, by the repository's own names of files.
pub(super) fn seen(
    look: &Look<'_>,
    since: Option<&Since>,
    pieces: &[Piece],
) -> Result<Seen<Coverage>, LookError> {
    let Some(gate) = &look.asked.coverage else { return Ok(Seen::default()) };
    let files = Files::of(look.root)?;
    let excluded = patterns(&gate.exclude)?;
    let pick = |piece: &Piece, report: &'_ Report| match report {
        Report::Coverage(coverage) => Some((Labels::of(&piece.file), coverage.clone())),
        _ => None,
    };
    let place = |coverage: Reported| {
        let mut placed = files.place(coverage);
        placed.leave_out(|file| excluded.is_match(file));
        placed
    };
    let mut whole = sorted(pieces, Kind::Coverage, pick, |all| {
        all.into_iter().map(|(of, coverage)| (of, place(coverage))).collect::<Vec<_>>()
    });
    let Some(reports) = whole.what.take() else {
        return Ok(Seen { what: None, sources: whole.sources, broken: whole.broken });
    };
    let mut placed = Placed::default();
    reports.iter().for_each(|(_, of)| placed.merge(of.clone()));
    // A file that may be one or the other of the repository counts for neither.
    whole.broken.extend(
        placed.unplaced.iter().filter(|of| !of.candidates.is_empty()).map(|of| {
            format!("coverage of `{}`: it may be {}", of.file, of.candidates.join(" or "))
        }),
    );
    let changed = match since {
        Some(since) => {
            let mut lines = added_lines(since)?;
            lines.retain(|file, _| !excluded.is_match(file));
            Some(placed.of_change(&lines))
        }
        None => None,
    };
    let what = Coverage {
        total: share(placed.total()),
        // Without anything to compare with, every line is new.
        changed: Some(share(changed.as_ref().map_or_else(|| placed.total(), |of| of.ratio))),
        unmeasured: changed.map(|of| of.unmeasured).unwrap_or_default(),
        services: look.services.shares(|name, folder| {
            let folder = if folder == "." { "" } else { folder };
            share(of_service(&reports, name).below(folder))
        }),
        flags: flags(gate, &reports),
        before: look.coverage_before,
    };
    Ok(Seen { what: Some(what), sources: whole.sources, broken: whole.broken })
}

/// What `reports` says that a report is about.
struct Labels {
    service: Option<String>,
    flag: Option<String>,
}

impl Labels {
    fn of(file: &ReportFile) -> Self {
        Self { service: file.service.clone(), flag: file.flag.clone() }
    }
}

/// What ran in the tests of a service: of the reports that are about another, nothing counts for it.
fn of_service(reports: &[(Labels, Placed)], name: &str) -> Placed {
    let mut placed = Placed::default();
    let about = |of: &Labels| of.service.as_deref().is_none_or(|service| service == name);
    let counting = reports.iter().filter(|(of, _)| about(of));
    counting.for_each(|(_, of)| placed.merge(of.clone()));
    placed
}

const fn share(of: Ratio) -> Share {
    Share { part: of.covered, of: of.lines }
}

fn flags(
    gate: &gates::Coverage,
    reports: &[(Labels, Placed)],
) -> std::collections::BTreeMap<String, Share> {
    let of = |flag: &String| {
        let mut placed = Placed::default();
        let named = reports.iter().filter(|(of, _)| of.flag.as_ref() == Some(flag));
        named.for_each(|(_, of)| placed.merge(of.clone()));
        (flag.clone(), share(placed.total()))
    };
    gate.flags.keys().map(of).collect()
}

fn patterns(all: &[String]) -> Result<GlobSet, LookError> {
    let wrong = |error: globset::Error| LookError::Judge(format!("gates.coverage: {error}"));
    let mut set = GlobSetBuilder::new();
    for pattern in all {
        set.add(Glob::new(pattern).map_err(wrong)?);
    }
    set.build().map_err(wrong)
}

#[cfg(test)]
mod tests {
    use shipway_checks::reports::coverage::Tree;
    use shipway_checks::reports::read;

    use super::*;

    #[test]
    fn what_ran_in_the_tests_of_another_service_counts_for_none_but_that() {
        let report = |service: Option<&str>, lines: &str| {
            let text = format!("SF:api/a.c\n{lines}end_of_record\n");
            let Report::Coverage(coverage) = read("l", &mut text.as_bytes()).unwrap().report else {
                panic!("{text}")
            };
            let labels = Labels { service: service.map(str::to_owned), flag: None };
            (labels, coverage.placed(&Tree::new(["api/a.c"], &[])))
        };
        let one = "DA:1,1\nDA:2,0\nDA:3,0\n";
        let other = "DA:1,0\nDA:2,1\nDA:3,0\n";
        let none = "DA:1,0\nDA:2,0\nDA:3,1\n";
        let reports = [report(Some("api"), one), report(Some("web"), other), report(None, none)];
        let covered = |name| share(of_service(&reports, name).below("api")).part;
        assert_eq!((covered("api"), covered("web"), covered("docs")), (2, 2, 1));
    }
}
