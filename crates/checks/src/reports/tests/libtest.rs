//! Events of Rust's test harness, a JSON document a line: `cargo test -- --format json`, and
//! `cargo nextest run --message-format libtest-json`.

use serde::Deserialize;

use super::Tests;
use crate::reports::Report;
use crate::reports::beginning::Beginning;
use crate::reports::format::Format;
use crate::reports::json::{self, Count};
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;

pub(super) const FORMAT: Format = Format { name: "libtest", recognise, read };

fn recognise(beginning: &Beginning) -> bool {
    let kind = beginning.json().and_then(|outline| outline.scalar("type"));
    matches!(kind, Some("suite" | "test" | "report")) && beginning.has(&["event"])
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    /// A measurement has none.
    #[serde(default)]
    event: String,
    name: Option<String>,
    stdout: Option<String>,
    message: Option<String>,
    exec_time: Option<f64>,
    passed: Option<Count>,
    failed: Option<Count>,
}

/// What the tests of a suite said, beside what the suite says of them.
#[derive(Default)]
struct Suite {
    passed: u64,
    failed: u64,
}

/// How many tests began, and how many ended. nextest ends some in a later suite.
#[derive(Default)]
struct Runs {
    begun: u64,
    ended: u64,
}

impl Runs {
    fn count(&mut self, line: &Line) {
        match (line.kind.as_str(), line.event.as_str()) {
            ("test", "started") => self.begun += 1,
            ("test", "timeout") => {}
            ("test" | "bench", _) => self.ended += 1,
            _ => {}
        }
    }
}

fn read(source: &mut Source<'_>) -> Result<Report, Fault> {
    let mut tests = Tests::default();
    let mut open: Option<Suite> = None;
    let mut runs = Runs::default();
    json::documents(source, |line: Line| {
        runs.count(&line);
        match line.kind.as_str() {
            "suite" if line.event == "started" => match open.replace(Suite::default()) {
                None => Ok(()),
                Some(_) => Err(Fault::malformed("a suite begins before the one before it ended")),
            },
            "suite" => end(open.take(), &line, &mut tests),
            "test" => test(open.as_mut(), line, &mut tests),
            // Measurements, doctests' compile times, and what later versions add.
            _ => Ok(()),
        }
    })?;
    if open.is_some() {
        return Err(Fault::malformed("it ends in the middle of a suite").at(source.pos()));
    }
    if let Some(missing @ 1..) = runs.begun.checked_sub(runs.ended) {
        return Err(Fault::malformed(format!("{missing} tests began and did not end")));
    }
    super::report(tests)
}

fn test(suite: Option<&mut Suite>, line: Line, tests: &mut Tests) -> Result<(), Fault> {
    let Some(suite) = suite else {
        return Err(Fault::malformed("a test stands outside of a suite"));
    };
    let name = line.name.unwrap_or_default();
    match line.event.as_str() {
        "ok" => {
            suite.passed += 1;
            tests.passed += 1;
        }
        // nextest counts them in each of its suites, so that they are not compared.
        "ignored" => tests.skipped += 1,
        "failed" => {
            suite.failed += 1;
            let said = line.message.or(line.stdout).unwrap_or_default();
            tests.fail(name, &said);
        }
        // It began, or takes long.
        "started" | "timeout" => {}
        event => {
            let event = crate::reports::shortened(event);
            return Err(Fault::malformed(format!("`{event}` is no end of a test")));
        }
    }
    Ok(())
}

/// What the suite says of its tests is what they said.
fn end(suite: Option<Suite>, line: &Line, tests: &mut Tests) -> Result<(), Fault> {
    let Some(Suite { passed, failed }) = suite else {
        return Err(Fault::malformed("a suite ends that did not begin"));
    };
    for (found, said, what) in [(passed, line.passed, "passed"), (failed, line.failed, "failed")] {
        if let Some(Count(said)) = said.filter(|said| said.0 != found) {
            let what = format!("{found} tests {what}, and the suite says that {said} did");
            return Err(Fault::malformed(what));
        }
    }
    match line.event.as_str() {
        "failed" if failed == 0 => {
            tests.fail("a suite".to_owned(), "it failed without a test of its own that failed");
        }
        "ok" | "failed" => {}
        event => {
            let event = crate::reports::shortened(event);
            return Err(Fault::malformed(format!("`{event}` is no end of a suite")));
        }
    }
    if let Some(took) = line.exec_time {
        let took = std::time::Duration::try_from_secs_f64(took);
        let took = took.map_err(|_| Fault::malformed("`exec_time` is no time"))?;
        tests.took = Some(tests.took.unwrap_or_default().saturating_add(took));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a suite comes to in which these lines stand.
    fn read_suite(lines: &str) -> Result<Report, Fault> {
        let text = format!(
            r#"{{"type": "suite", "event": "started", "test_count": 2}} {lines}
            {{"type": "suite", "event": "ok", "passed": 1, "failed": 0, "ignored": 0}}"#
        );
        read(&mut Source::new(&mut text.as_bytes()).unwrap())
    }

    #[test]
    fn a_test_that_begins_and_does_not_end_is_told() {
        let begun =
            |name: &str| format!(r#"{{"type": "test", "event": "started", "name": "{name}"}}"#);
        let a = format!(r#"{} {{"type": "test", "event": "ok", "name": "a"}}"#, begun("a"));
        assert!(read_suite(&a).is_ok());
        let error = read_suite(&format!("{a} {}", begun("b"))).unwrap_err();
        assert_eq!(error.why.to_string(), "1 tests began and did not end");
        let bench = format!(r#"{a} {} {{"type": "bench", "name": "b", "median": 3}}"#, begun("b"));
        assert!(read_suite(&bench).is_ok());
        // Of an ignored one, or one that was run again, the beginning may be missing.
        assert!(read_suite(&format!(r#"{a} {{"type": "test", "event": "ignored"}}"#)).is_ok());
    }
}
