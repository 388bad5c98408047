//! Coverage of the lines that a change adds or alters.
//!
//! A file that changed and that no report speaks of must not pass as covered: if the reports speak
//! of other files of its kind, it is `unmeasured`, which keeps a gate shut until it is measured or
//! left out by name. Tests themselves need no coverage.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::{Placed, Ratio};
use crate::source_file::is_test;

/// Lines of a file, from 1, the end excluded.
pub type Lines = Range<u32>;

/// How much of a change ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfChange {
    /// How many of the changed lines that can run did.
    pub ratio: Ratio,
    /// Those that did not, by file.
    pub missed: BTreeMap<String, Vec<u32>>,
    /// Changed files that no report speaks of, although reports speak of others of their kind.
    pub unmeasured: Vec<String>,
}

impl OfChange {
    /// Whether there is nothing that could run: that is no 100 %, and no failure.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.ratio.lines == 0 && self.unmeasured.is_empty()
    }
}

impl Placed {
    /// How much of a change ran, which is given as the lines of each file that it adds or alters.
    /// Files that are left out ([`Placed::leave_out`]) have to be left out of it, too.
    #[must_use]
    pub fn of_change(&self, changed: &BTreeMap<String, Vec<Lines>>) -> OfChange {
        let kinds: BTreeSet<&str> = self.files.keys().filter_map(|file| kind(file)).collect();
        let mut found = OfChange::default();
        for (name, ranges) in changed {
            let Some(file) = self.files.get(name) else {
                let is_measured = kind(name).is_some_and(|kind| kinds.contains(kind));
                let adds = ranges.iter().any(|range| !range.is_empty());
                if is_measured && adds && !is_test(name) {
                    found.unmeasured.push(name.clone());
                }
                continue;
            };
            let lines = ranges.iter().flat_map(|range| of(range, &file.lines));
            let lines: BTreeMap<u32, u64> = lines.map(|(line, hits)| (*line, *hits)).collect();
            let missed: Vec<u32> =
                lines.iter().filter(|(_, hits)| **hits == 0).map(|(line, _)| *line).collect();
            found.ratio +=
                Ratio { covered: (lines.len() - missed.len()) as u64, lines: lines.len() as u64 };
            if !missed.is_empty() {
                found.missed.insert(name.clone(), missed);
            }
        }
        found
    }
}

/// The lines of a range. One that ends before it starts has none.
fn of<'l>(
    range: &Lines,
    lines: &'l BTreeMap<u32, u64>,
) -> impl Iterator<Item = (&'l u32, &'l u64)> {
    lines.range(range.start..range.end.max(range.start))
}

/// What a file is written in, by its ending. Of types alone (`.d.ts`) nothing runs.
fn kind(file: &str) -> Option<&str> {
    let name = file.rsplit('/').next()?;
    let (_, ending) = name.rsplit_once('.')?;
    (!name.ends_with(".d.ts")).then_some(ending)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::coverage::FileCoverage;

    fn placed() -> Placed {
        let lines = [(1, 1), (2, 0), (5, 3), (6, 0)].into();
        let file = FileCoverage { lines, ..FileCoverage::default() };
        Placed { files: [("src/a.py".to_owned(), file)].into(), unplaced: Vec::new() }
    }

    fn change(of: &[(&str, Lines)]) -> OfChange {
        let changed = of.iter().map(|(name, lines)| ((*name).to_owned(), vec![lines.clone()]));
        placed().of_change(&changed.collect())
    }

    #[test]
    fn only_changed_lines_that_can_run_count() {
        let found = change(&[("src/a.py", 2..6)]);
        assert_eq!(found.ratio, Ratio { covered: 1, lines: 2 });
        assert_eq!(found.missed["src/a.py"], [2]);
        // Ranges that overlap count once.
        let twice = [("src/a.py".to_owned(), vec![1..3, 2..4])].into();
        assert_eq!(placed().of_change(&twice).ratio, Ratio { covered: 1, lines: 2 });
    }

    #[test]
    fn where_nothing_can_run_there_is_nothing_to_cover() {
        for of in [("src/a.py", 3..5), ("README.md", 1..9), ("tests/test_a.py", 1..9)] {
            let found = change(std::slice::from_ref(&of));
            assert!(found.is_nothing(), "{of:?}: {found:?}");
            assert_eq!(found.ratio.percent(), None);
        }
        #[expect(clippy::reversed_empty_ranges, reason = "it is not to panic")]
        let odd = change(&[("src/a.py", 5..2)]);
        assert!(odd.is_nothing());
    }

    #[test]
    fn a_file_of_a_measured_kind_that_no_report_has_is_told() {
        let found = change(&[("src/new.py", 1..9)]);
        assert_eq!(found.unmeasured, ["src/new.py"]);
        assert!(!found.is_nothing());
        // Lines that are only taken away need no test.
        assert!(change(&[("src/gone.py", 4..4)]).is_nothing());
    }
}
