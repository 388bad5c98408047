//! Which lines ran: lcov, Cobertura, JaCoCo, Go's cover profile, llvm-cov and Istanbul.

mod change;
mod cobertura;
mod go_cover;
mod istanbul;
mod jacoco;
mod lcov;
mod llvm_cov;
mod placed;
mod totals;

use std::collections::BTreeMap;

use super::format::Format;
use super::no_evidence::Fault;
use super::{Report, shortened};

pub use change::{Lines as ChangedLines, OfChange};
use totals::Totals;

pub use placed::{Placed, Root, Tree, Unplaced};

pub(super) const FORMATS: &[Format] = &[
    lcov::FORMAT,
    cobertura::FORMAT,
    jacoco::FORMAT,
    go_cover::FORMAT,
    llvm_cov::FORMAT,
    istanbul::FORMAT,
];

/// Which lines of which files ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// By file, as the report names it, with `/`.
    pub files: BTreeMap<String, FileCoverage>,
}

/// Which lines of a file ran: how often each line that can run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileCoverage {
    /// Hits by line, from 1.
    pub lines: BTreeMap<u32, u64>,
    /// Branches by the line that they leave from, where the report has them.
    pub branches: BTreeMap<u32, Branches>,
}

/// The ways on from a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Branches {
    /// Those that were taken.
    pub taken: u32,
    /// All of them.
    pub all: u32,
}

/// How many lines that can run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Ratio {
    /// That did.
    pub covered: u64,
    /// That can.
    pub lines: u64,
}

impl Ratio {
    /// In percent, from 0 to 100; nothing where no line can run: that is no 100 %.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "exact to 2^53 lines")]
    pub fn percent(self) -> Option<f64> {
        (self.lines > 0).then(|| self.covered as f64 * 100.0 / self.lines as f64)
    }
}

impl Branches {
    /// Those of two reports of one line add up.
    pub(super) const fn add(&mut self, taken: u32, all: u32) {
        self.taken = self.taken.saturating_add(taken);
        self.all = self.all.saturating_add(all);
    }
}

impl std::ops::AddAssign for Ratio {
    fn add_assign(&mut self, other: Self) {
        self.covered += other.covered;
        self.lines += other.lines;
    }
}

impl FileCoverage {
    /// Counts hits of a line: those of two reports add up.
    pub(super) fn hit(&mut self, line: u32, hits: u64) {
        let sum = self.lines.entry(line).or_default();
        *sum = sum.saturating_add(hits);
    }

    /// Adds what else is said of it: hits add up, and of branches the widest view counts.
    pub(super) fn merge(&mut self, other: Self) {
        other.lines.into_iter().for_each(|(line, hits)| self.hit(line, hits));
        for (line, Branches { taken, all }) in other.branches {
            let kept = self.branches.entry(line).or_default();
            kept.taken = kept.taken.max(taken);
            kept.all = kept.all.max(all);
        }
    }

    /// How many of its lines ran.
    #[must_use]
    pub fn ratio(&self) -> Ratio {
        let covered = self.lines.values().filter(|hits| **hits > 0).count();
        Ratio { covered: covered as u64, lines: self.lines.len() as u64 }
    }
}

impl Coverage {
    /// Adds what a report says of a file; what it said of it before adds up.
    pub(super) fn add(&mut self, name: String, file: FileCoverage) {
        self.files.entry(name).or_default().merge(file);
    }

    /// How many of all lines ran.
    #[must_use]
    pub fn total(&self) -> Ratio {
        let mut total = Ratio::default();
        self.files.values().for_each(|file| total += file.ratio());
        total
    }
}

/// What a reader found; a report without a line is no evidence.
fn report(coverage: Coverage) -> Result<Report, Fault> {
    if coverage.files.values().all(|file| file.lines.is_empty()) {
        return Err(Fault::empty("it says nothing of any line"));
    }
    Ok(Report::Coverage(coverage))
}

/// The same, of a report that sums up itself.
fn report_of(coverage: Coverage, totals: &Totals) -> Result<Report, Fault> {
    let counted = coverage.total();
    let report = report(coverage)?;
    totals.agree(counted)?;
    Ok(report)
}

/// A line's number, from 1.
fn line_number(text: &str) -> Result<u32, Fault> {
    let number = text.trim().parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| Fault::malformed(format!("`{}` is no line", shortened(text))))
}

/// How often something ran.
fn hits(text: &str) -> Result<u64, Fault> {
    let wrong = || Fault::malformed(format!("`{}` is no number of hits", shortened(text)));
    text.trim().parse().map_err(|_| wrong())
}

/// Counts the lines of a report, which are bounded: each costs memory.
#[derive(Default)]
struct Lines(usize);

impl Lines {
    const MOST: usize = 20_000_000;

    fn one_more(&mut self) -> Result<(), Fault> {
        self.0 += 1;
        if self.0 > Self::MOST {
            return Err(Fault::hostile(format!("it speaks of more than {} lines", Self::MOST)));
        }
        Ok(())
    }
}
