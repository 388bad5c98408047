//! What `cargo test` prints: Rust's test harness has no other stable format.

use std::time::Duration;

use super::Tests;
use crate::reports::beginning::Beginning;
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, shortened};

pub(super) const FORMAT: Format = Format { name: "cargo test", recognise, read };

fn recognise(beginning: &Beginning) -> bool {
    let mut lines = beginning.lines();
    // Cargo's own lines stand before, when both of its outputs are kept.
    lines.any(|line| planned(line).is_some())
}

fn read(source: &mut Source<'_>) -> Result<Report, Fault> {
    let mut reader = Reader::default();
    let mut line = String::new();
    loop {
        let at = source.pos();
        if !source.line(&mut line)? {
            break;
        }
        reader.line(&line).map_err(|fault| fault.at(at))?;
    }
    if reader.open.is_some() {
        return Err(Fault::malformed("it ends in the middle of a test binary").at(source.pos()));
    }
    super::report(reader.tests)
}

#[derive(Default)]
struct Reader {
    tests: Tests,
    /// How many tests the binary that runs has, and the names of those that failed.
    open: Option<(u64, Vec<String>)>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), Fault> {
        if let Some(count) = planned(line) {
            if self.open.replace((count, Vec::new())).is_some() {
                return Err(Fault::malformed("the test binary before did not end"));
            }
        } else if let Some(result) = line.strip_prefix("test result: ") {
            self.end(result)?;
        } else if let Some((name, "FAILED")) = line.strip_prefix("test ").and_then(outcome)
            && let Some((_, failed)) = &mut self.open
        {
            failed.push(name.to_owned());
        }
        Ok(())
    }

    /// `FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.39s`.
    fn end(&mut self, result: &str) -> Result<(), Fault> {
        let wrong = || Fault::malformed(format!("`{}` is no result", shortened(result)));
        let Some((planned, failed)) = self.open.take() else {
            return Err(Fault::malformed("a result stands behind no test binary"));
        };
        let (_, counts) = result.split_once(". ").ok_or_else(wrong)?;
        let count = |what: &str| {
            let of = counts.split("; ").find_map(|part| part.strip_suffix(what))?;
            of.trim().parse::<u64>().ok()
        };
        let passed = count("passed").ok_or_else(wrong)?;
        let said = count("failed").ok_or_else(wrong)?;
        let ignored = count("ignored").ok_or_else(wrong)?;
        let measured = count("measured").unwrap_or_default();
        let all = [said, ignored, measured].into_iter().fold(passed, u64::saturating_add);
        // Without the harness's own lines (`--quiet`), the names are not known.
        if all != planned || (failed.len() as u64) > said {
            let what = format!("{all} tests ended, and {planned} were to be run");
            return Err(Fault::malformed(what));
        }
        self.tests.passed = self.tests.passed.saturating_add(passed.saturating_add(measured));
        self.tests.skipped = self.tests.skipped.saturating_add(ignored);
        let unnamed = usize::try_from(said).unwrap_or(usize::MAX) - failed.len();
        failed.into_iter().for_each(|name| self.tests.fail(name, ""));
        if unnamed > 0 {
            self.tests.fail(format!("{unnamed} tests without a name"), result);
        }
        let took =
            counts.rsplit_once("finished in ").and_then(|(_, took)| took.trim().strip_suffix('s'));
        let took = took.and_then(|took| Duration::try_from_secs_f64(took.parse().ok()?).ok());
        if let Some(took) = took {
            self.tests.took = Some(self.tests.took.unwrap_or_default().saturating_add(took));
        }
        Ok(())
    }
}

/// `running 4 tests`.
fn planned(line: &str) -> Option<u64> {
    let (count, what) = line.strip_prefix("running ")?.split_once(' ')?;
    ["test", "tests"].contains(&what).then(|| count.parse().ok())?
}

/// `tests::adds_up ... ok`: the name, and how it ended.
fn outcome(line: &str) -> Option<(&str, &str)> {
    line.rsplit_once(" ... ").map(|(name, outcome)| (name, outcome.trim()))
}
