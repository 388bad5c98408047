//! What `cargo test` prints: Rust's test harness has no other stable format. Cargo's own lines are
//! read where both of its outputs are kept: a binary without the harness, or one that died, has no
//! result of its own.

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
    reader.unexplained();
    super::report(reader.tests)
}

#[derive(Default)]
struct Reader {
    tests: Tests,
    /// How many binaries said themselves that tests of them failed.
    failed_binaries: usize,
    /// What Cargo says of binaries that failed, and of what could not be built or run.
    told: Vec<String>,
    broken: Vec<String>,
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
        } else if self.open.is_none() {
            // What tests print comes while their binary is open.
            match Told::of(line) {
                Some(Told::Failed) => self.told.push(line.to_owned()),
                Some(Told::Broken) => self.broken.push(line.to_owned()),
                None => {}
            }
        }
        Ok(())
    }

    /// Cargo tells of each binary that failed: if of more than said so themselves, the last of them
    /// did not say it. The two outputs may stand in any order.
    fn unexplained(&mut self) {
        for line in self.told.iter().skip(self.failed_binaries) {
            self.tests.fail("a test binary".to_owned(), line);
        }
        self.broken.iter().for_each(|line| self.tests.fail("the build".to_owned(), line));
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
        if result.starts_with("FAILED") && said == 0 {
            self.tests.fail("a test binary".to_owned(), result);
        }
        self.tests.passed = self.tests.passed.saturating_add(passed.saturating_add(measured));
        self.tests.skipped = self.tests.skipped.saturating_add(ignored);
        self.failed_binaries += usize::from(result.starts_with("FAILED") || said > 0);
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

/// What Cargo itself says of tests.
enum Told {
    /// A binary failed.
    Failed,
    /// Something could not be built, or run.
    Broken,
}

impl Told {
    fn of(line: &str) -> Option<Self> {
        let said = line.strip_prefix("error: ")?;
        let is = |beginnings: &[&str]| beginnings.iter().any(|of| said.starts_with(of));
        if is(&["test failed, to rerun pass", "doctest failed, to rerun pass"]) {
            return Some(Self::Failed);
        }
        is(&["could not compile `", "could not document `", "process didn't exit successfully: `"])
            .then_some(Self::Broken)
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

#[cfg(test)]
mod tests {
    use super::*;

    const PASSED: &str = "running 1 test\ntest a ... ok\n\ntest result: ok. 1 passed; 0 failed; \
                          0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
    const FAILED: &str = "running 1 test\ntest b ... FAILED\n\ntest result: FAILED. 0 passed; \
                          1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
    const TOLD: &str = "error: test failed, to rerun pass `--test custom`\n";

    /// The names of what failed.
    fn failed(text: &str) -> Vec<String> {
        match read(&mut Source::new(&mut text.as_bytes()).unwrap()).unwrap() {
            Report::Tests(tests) => tests.failed.into_iter().map(|failed| failed.name).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_binary_that_fails_without_a_result_of_its_own_is_told() {
        let custom = "     Running tests/custom.rs (target/debug/deps/custom-1)\nno luck\n";
        let died = "\nCaused by:\n  process didn't exit successfully: `custom` (signal: 11)\n";
        assert_eq!(failed(&format!("{PASSED}{custom}{TOLD}{died}")), ["a test binary"]);
        // Cargo's own output may stand before that of the tests.
        assert_eq!(failed(&format!("{TOLD}{PASSED}")), ["a test binary"]);
        assert_eq!(failed(&format!("{FAILED}{TOLD}{custom}{TOLD}")), ["b", "a test binary"]);
        let doc = "error: doctest failed, to rerun pass `--doc`\n";
        assert_eq!(failed(&format!("{PASSED}{doc}")), ["a test binary"]);
    }

    #[test]
    fn what_cannot_be_built_is_told() {
        let error = "error: could not compile `shop` (test \"it\") due to 1 previous error\n";
        assert_eq!(failed(&format!("{PASSED}{error}")), ["the build"]);
    }

    #[test]
    fn what_failed_is_told_once() {
        let all = "error: 1 target failed:\n    `--test custom`\n";
        assert_eq!(failed(&format!("{FAILED}{TOLD}{all}")), ["b"]);
        assert_eq!(failed(&format!("{TOLD}{FAILED}")), ["b"]);
        // A test prints it (`--nocapture`).
        let printed = PASSED.replace("test a", &format!("{TOLD}test a"));
        assert_eq!(failed(&printed), [""; 0]);
        let odd = PASSED.replace("result: ok", "result: FAILED");
        assert_eq!(failed(&odd), ["a test binary"]);
    }
}
