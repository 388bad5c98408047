//! Events of `go test -json` (`cmd/test2json`), a JSON document a line.
//!
//! A test that began and has no end did not pass. Two have none although all is well: benchmarks,
//! and subtests whose last line was lost in what they printed (<https://go.dev/issue/40771>); those
//! passed if the test that they are in did.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;

use super::Tests;
use crate::reports::beginning::Beginning;
use crate::reports::format::Format;
use crate::reports::json;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, shortened};

pub(super) const FORMAT: Format = Format { name: "go test -json", recognise, read };

fn recognise(beginning: &Beginning) -> bool {
    beginning.has(&["Action", "Package"]) || beginning.has(&["Action", "ImportPath"])
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    action: String,
    #[serde(default)]
    package: String,
    import_path: Option<String>,
    test: Option<String>,
    output: Option<String>,
}

fn read(source: &mut Source<'_>) -> Result<Report, Fault> {
    let mut reader = Reader::default();
    json::documents(source, |event: Event| {
        reader.event(event);
        Ok(())
    })?;
    if let Some((package, _)) = reader.packages.iter().find(|(_, package)| !package.ended) {
        let package = shortened(package);
        return Err(
            Fault::malformed(format!("it ends in the middle of {package}")).at(source.pos())
        );
    }
    reader.not_built();
    super::report(reader.tests)
}

#[derive(Default)]
struct Reader {
    tests: Tests,
    packages: HashMap<String, Package>,
    /// What tests and packages that have not ended printed.
    printed: HashMap<(String, Option<String>), String>,
    /// What could not be built.
    not_built: BTreeSet<String>,
}

#[derive(Default)]
struct Package {
    ended: bool,
    /// Whether a test of it failed.
    failed: bool,
    /// Tests that have not ended.
    running: BTreeSet<String>,
    /// Tests that passed and may have had others in them.
    passed: BTreeSet<String>,
}

impl Package {
    /// The tests that have no end and should have one, now that the package has ended.
    fn without_an_end(&mut self) -> Vec<String> {
        let passed = std::mem::take(&mut self.passed);
        let is_fine = |test: &str| {
            let top = test.split_once('/').map(|(top, _)| top);
            test.starts_with("Benchmark") || top.is_some_and(|top| passed.contains(top))
        };
        let running = std::mem::take(&mut self.running);
        running.into_iter().filter(|test| !is_fine(test)).collect()
    }
}

impl Reader {
    fn event(&mut self, event: Event) {
        let Event { action, package, import_path, test, output } = event;
        // What the compiler says belongs to no package.
        if package.is_empty() {
            if action == "build-fail" {
                self.not_built.insert(import_path.unwrap_or_default());
            }
            return;
        }
        let state = self.packages.entry(package.clone()).or_default();
        if let Some(output) = output {
            let printed = self.printed.entry((package, test)).or_default();
            // Not that it began, or went on.
            if printed.len() < super::MESSAGE * 4 && !output.starts_with("=== ") {
                printed.push_str(&output);
            }
            return;
        }
        match (action.as_str(), test) {
            // It may be another run of a package that ended.
            ("start", None) => state.ended = false,
            ("run", Some(test)) => {
                state.ended = false;
                state.running.insert(test);
            }
            ("pass" | "fail" | "skip", Some(test)) => self.end_test(&action, package, test),
            ("pass" | "fail" | "skip", None) => self.end_package(&action, package),
            _ => {}
        }
    }

    fn end_test(&mut self, action: &str, package: String, test: String) {
        let printed = self.printed.remove(&(package.clone(), Some(test.clone())));
        let state = self.packages.entry(package.clone()).or_default();
        state.running.remove(&test);
        match action {
            "pass" => {
                self.tests.passed += 1;
                state.passed.insert(test);
            }
            "skip" => self.tests.skipped += 1,
            _ => {
                state.failed = true;
                self.tests.fail(format!("{package}: {test}"), &printed.unwrap_or_default());
            }
        }
    }

    fn end_package(&mut self, action: &str, package: String) {
        let printed = self.printed.remove(&(package.clone(), None)).unwrap_or_default();
        let state = self.packages.entry(package.clone()).or_default();
        state.ended = true;
        for test in state.without_an_end() {
            state.failed = true;
            let said = self.printed.remove(&(package.clone(), Some(test.clone())));
            let said = format!("it did not end\n{}", said.unwrap_or_default());
            self.tests.fail(format!("{package}: {test}"), &said);
        }
        // It could not be built, or died outside of a test.
        if action == "fail" && !state.failed {
            self.tests.fail(package, &printed);
        }
    }

    /// A package fails whose parts cannot be built, and says so; what nobody says is told here.
    fn not_built(&mut self) {
        if self.tests.failed.is_empty() {
            for path in std::mem::take(&mut self.not_built) {
                self.tests.fail(path, "it could not be built");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of what failed where these lines stand between the beginning of a package, of
    /// which one test passed, and its end.
    fn failed(lines: &[(&str, &str)], end: &str) -> Vec<String> {
        let event = |(action, test): &(&str, &str)| {
            format!(r#"{{"Action": "{action}", "Package": "p", "Test": "{test}"}}"#)
        };
        let lines: Vec<String> =
            [("run", "A"), ("pass", "A")].iter().chain(lines).map(event).collect();
        read_all(&format!(r#"{} {{"Action": "{end}", "Package": "p"}}"#, lines.join("\n")))
    }

    fn read_all(text: &str) -> Vec<String> {
        match read(&mut Source::new(&mut text.as_bytes()).unwrap()).unwrap() {
            Report::Tests(tests) => tests.failed.into_iter().map(|failed| failed.name).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_test_that_begins_and_does_not_end_fails() {
        assert_eq!(failed(&[], "pass"), [""; 0]);
        assert_eq!(failed(&[("run", "B")], "pass"), ["p: B"]);
        assert_eq!(failed(&[("run", "B"), ("run", "B/x")], "fail"), ["p: B", "p: B/x"]);
        // Run again (`-count`): it ends as often as it begins.
        assert_eq!(failed(&[("run", "A")], "pass"), ["p: A"]);
    }

    #[test]
    fn benchmarks_and_subtests_of_what_passed_need_no_end() {
        assert_eq!(failed(&[("run", "BenchmarkTotal")], "pass"), [""; 0]);
        assert_eq!(failed(&[("run", "A/x")], "pass"), [""; 0]);
        assert_eq!(failed(&[("run", "B"), ("run", "B/x"), ("pass", "B")], "pass"), [""; 0]);
    }

    #[test]
    fn a_second_run_has_to_end_as_well() {
        let begun = r#"{"Action": "start", "Package": "p"}"#;
        let passed =
            r#"{"Action": "pass", "Package": "p", "Test": "A"} {"Action": "pass", "Package": "p"}"#;
        let text = format!("{begun} {passed} {begun}");
        let error = read(&mut Source::new(&mut text.as_bytes()).unwrap()).unwrap_err();
        assert_eq!(error.why.to_string(), "it ends in the middle of p");
    }

    #[test]
    fn what_cannot_be_built_fails() {
        let passed =
            r#"{"Action": "pass", "Package": "p", "Test": "A"} {"Action": "pass", "Package": "p"}"#;
        let broken = r#"{"ImportPath": "q [q.test]", "Action": "build-fail"}"#;
        assert_eq!(read_all(&format!("{broken} {passed}")), ["q [q.test]"]);
        let told = r#"{"Action": "fail", "Package": "q", "FailedBuild": "q [q.test]"}"#;
        assert_eq!(read_all(&format!("{broken} {passed} {told}")), ["q"]);
    }
}
