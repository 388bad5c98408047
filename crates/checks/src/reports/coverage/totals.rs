//! What a report says of itself as a whole, held against the lines that it shows.
//!
//! Lines are the evidence, and what tools sum up is not always lines: statements, a line once for each
//! function, closure or class that it is in, rounded shares. So small differences say nothing. A report whose
//! lines look much better than its own sum, or that shows few of the lines that it speaks of, has lost
//! some. Where they look worse, they count, and nothing is passed by it.

use super::Ratio;
use crate::reports::no_evidence::Fault;

/// How much better than its own sum the lines of a report may look, in percent of all. A closure that
/// did not run counts in LLVM's sums, while the line that it stands in did run: in small programs
/// that makes more than ten.
const BETTER: f64 = 25.0;
/// A report shows at least one of so many lines that it speaks of.
const SHOWN: u64 = 4;

/// The sums of a report: what it says, and what it shows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    said: Ratio,
    /// A share that is said without the counts that it is of.
    rate: Option<f64>,
    shown: Ratio,
}

impl Totals {
    /// A line that stands in the report, as often as it does.
    pub(super) const fn show(&mut self, hits: u64) {
        self.shown.lines += 1;
        self.shown.covered += (hits > 0) as u64;
    }

    /// What the report, or a part of it that no other part has in it, says of itself.
    pub(super) const fn say(&mut self, covered: u64, lines: u64) {
        self.said.covered = self.said.covered.saturating_add(covered);
        self.said.lines = self.said.lines.saturating_add(lines);
    }

    /// The share that the report says of itself, from 0 to 1. Some write 0 who do not count.
    pub(super) fn say_rate(&mut self, rate: f64) {
        self.rate = (rate > 0.0).then_some(rate);
    }

    /// Whether the lines are those that the report speaks of; `counted` is what they come to where
    /// each counts once.
    pub(super) fn agree(&self, counted: Ratio) -> Result<(), Fault> {
        let Self { said, rate, shown } = self;
        if said.lines > 0 && shown.lines < said.lines / SHOWN {
            let (said, shown) = (said.lines, shown.lines);
            return Err(Fault::malformed(format!(
                "it speaks of {said} lines and shows {shown}: some are missing"
            )));
        }
        let said = said.percent().or(rate.map(|rate| rate * 100.0));
        let shown = [counted, *shown].into_iter().filter_map(Ratio::percent).reduce(f64::min);
        match (said, shown) {
            (Some(said), Some(shown)) if shown > said + BETTER => Err(Fault::malformed(format!(
                "{shown:.1}% of the lines that it shows ran, and it says {said:.1}% of itself: some \
                 are missing"
            ))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agree(covered: u64, lines: u64, shown: &[u64]) -> Result<(), Fault> {
        let mut totals = Totals::default();
        totals.say(covered, lines);
        shown.iter().for_each(|hits| totals.show(*hits));
        totals.agree(totals.shown)
    }

    #[test]
    fn lines_that_look_much_better_than_the_sum_are_not_all() {
        assert!(agree(0, 0, &[1, 1]).is_ok(), "nothing is said");
        assert!(agree(7, 9, &[1, 1, 1, 1, 1, 1, 1, 0, 0]).is_ok());
        assert!(agree(7, 9, &[1, 1, 1, 1, 1, 1, 0, 0, 0]).is_ok(), "it looks worse");
        assert!(agree(17, 20, &[1, 1, 1, 1, 1, 1, 1, 1, 0]).is_ok(), "some count twice");
        assert!(agree(1, 2, &[1]).is_err());
        assert!(agree(100, 100, &[1; 24]).is_err());
        assert!(agree(100, 100, &[1; 25]).is_ok());
    }

    #[test]
    fn a_share_counts_where_no_lines_are_counted() {
        let mut totals = Totals::default();
        (0..4).for_each(|_| totals.show(1));
        for (rate, is_fine) in [(0.0, true), (0.8, true), (0.5, false), (f64::NAN, true)] {
            totals.say_rate(rate);
            assert_eq!(totals.agree(Ratio { covered: 4, lines: 4 }).is_ok(), is_fine, "{rate}");
        }
        // Each of them once, they may look worse.
        totals.say_rate(0.5);
        assert!(totals.agree(Ratio { covered: 1, lines: 2 }).is_ok());
    }
}
