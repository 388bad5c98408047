//! Events of `go test -json` (`cmd/test2json`), a JSON document a line.

use std::collections::HashMap;

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
    super::report(reader.tests)
}

#[derive(Default)]
struct Reader {
    tests: Tests,
    packages: HashMap<String, Package>,
    /// What tests and packages that have not ended printed.
    printed: HashMap<(String, Option<String>), String>,
}

#[derive(Default)]
struct Package {
    ended: bool,
    /// Whether a test of it failed.
    failed: bool,
}

impl Reader {
    fn event(&mut self, event: Event) {
        let Event { action, package, test, output } = event;
        // What the compiler says belongs to no package.
        if package.is_empty() {
            return;
        }
        let state = self.packages.entry(package.clone()).or_default();
        let key = (package, test);
        if let Some(output) = output {
            let printed = self.printed.entry(key).or_default();
            // Not that it began, or went on.
            if printed.len() < super::MESSAGE * 4 && !output.starts_with("=== ") {
                printed.push_str(&output);
            }
            return;
        }
        let ends = matches!(action.as_str(), "pass" | "fail" | "skip");
        if !ends {
            return;
        }
        let printed = self.printed.remove(&key).unwrap_or_default();
        match (key, action.as_str()) {
            ((_, Some(_)), "pass") => self.tests.passed += 1,
            ((_, Some(_)), "skip") => self.tests.skipped += 1,
            ((package, Some(test)), _) => {
                state.failed = true;
                self.tests.fail(format!("{package}: {test}"), &printed);
            }
            ((package, None), action) => {
                state.ended = true;
                // It could not be built, or died outside of a test.
                if action == "fail" && !state.failed {
                    self.tests.fail(package, &printed);
                }
            }
        }
    }
}
