//! The Test Anything Protocol, versions 12 to 14. A plan is required, as the specification says:
//! without one, nobody knows whether the end is missing. Subtests are indented; a point with
//! subtests before it sums them up and is not counted beside them.

use super::Tests;
use crate::reports::beginning::Beginning;
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, shortened};

pub(super) const FORMAT: Format = Format { name: "TAP", recognise, read };

fn recognise(beginning: &Beginning) -> bool {
    let first = beginning.lines().find(|line| !line.starts_with('#'));
    first.is_some_and(|line| {
        line.starts_with("TAP version ")
            || plan(line).is_some()
            || line.starts_with("ok 1")
            || line.starts_with("not ok 1")
    })
}

fn read(source: &mut Source<'_>) -> Result<Report, Fault> {
    let mut reader = Reader { levels: vec![Level::default()], ..Reader::default() };
    let mut line = String::new();
    loop {
        let at = source.pos();
        if !source.line(&mut line)? {
            break;
        }
        reader.line(&line).map_err(|fault| fault.at(at))?;
    }
    reader.end().map_err(|fault| fault.at(source.pos()))
}

#[derive(Default)]
struct Reader {
    tests: Tests,
    /// The document and the subtests that are open in it.
    levels: Vec<Level>,
    /// The indentation of the YAML block that is open.
    yaml: Option<usize>,
    /// The failed test that a YAML block would be about, and what it says.
    failed: Option<(String, String)>,
    bailed: bool,
}

#[derive(Default)]
struct Level {
    indent: usize,
    plan: Option<u64>,
    points: u64,
    /// How many tests had failed when it began.
    failed_before: usize,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), Fault> {
        let text = line.trim();
        let indent = line.len() - line.trim_start().len();
        if let Some(block) = self.yaml {
            if text == "..." && indent <= block {
                self.yaml = None;
            } else if let Some((_, said)) = &mut self.failed
                && said.len() < super::MESSAGE * 4
            {
                said.push_str(line.get(block..).unwrap_or(text));
                said.push('\n');
            }
            return Ok(());
        }
        if text == "---" {
            self.yaml = Some(indent);
            return Ok(());
        }
        if text.starts_with("Bail out!") {
            self.told();
            self.bailed = true;
            self.tests.fail("the run".to_owned(), text);
        } else if let Some(count) = plan(text) {
            self.told();
            let level = self.level(indent)?;
            if level.plan.replace(count).is_some() {
                return Err(Fault::malformed("there are two plans"));
            }
        } else if let Some(point) = Point::of(text) {
            self.told();
            self.point(indent, point)?;
        }
        // Comments, pragmas, and what a program prints between: the protocol allows it.
        Ok(())
    }

    /// The level at an indentation; what is deeper has ended.
    fn level(&mut self, indent: usize) -> Result<&mut Level, Fault> {
        let failed_before = self.tests.failed.len();
        while self.levels.len() > 1 && self.levels.last().is_some_and(|level| level.indent > indent)
        {
            self.end_level()?;
        }
        if self.levels.last().is_none_or(|level| level.indent < indent) {
            self.levels.push(Level { indent, failed_before, ..Level::default() });
        }
        self.levels.last_mut().ok_or_else(|| Fault::malformed("it is indented to nowhere"))
    }

    /// Ends the deepest level; its plan has to be kept.
    fn end_level(&mut self) -> Result<Option<Level>, Fault> {
        let Some(level) = self.levels.pop() else { return Ok(None) };
        match level.plan {
            _ if self.bailed => {}
            None => return Err(Fault::malformed("there is no plan: it may end in the middle")),
            Some(plan) if plan != level.points => {
                let what = format!("{} tests were run, and {plan} planned", level.points);
                return Err(Fault::malformed(what));
            }
            Some(_) => {}
        }
        Ok(Some(level))
    }

    fn point(&mut self, indent: usize, point: Point) -> Result<(), Fault> {
        let deeper = self.levels.last().filter(|level| level.indent > indent && level.points > 0);
        let failed_before = deeper.map(|level| level.failed_before);
        self.level(indent)?.points += 1;
        match (failed_before, point.outcome) {
            // Its subtests were counted.
            (Some(before), Outcome::Failed) if self.tests.failed.len() > before => {}
            (Some(_), Outcome::Passed | Outcome::Skipped) => {}
            (_, Outcome::Failed) => self.failed = Some((point.name, String::new())),
            (None, Outcome::Passed) => self.tests.passed += 1,
            (None, Outcome::Skipped) => self.tests.skipped += 1,
        }
        Ok(())
    }

    /// What was said of the failed test has been read.
    fn told(&mut self) {
        if let Some((name, said)) = self.failed.take() {
            self.tests.fail(name, &said);
        }
    }

    fn end(mut self) -> Result<Report, Fault> {
        if self.yaml.is_some() {
            return Err(Fault::malformed("it ends in the middle of a YAML block"));
        }
        self.told();
        while self.end_level()?.is_some() {}
        super::report(self.tests)
    }
}

/// `1..4`, `1..0 # skipped`.
fn plan(text: &str) -> Option<u64> {
    let count = text.strip_prefix("1..")?;
    count.split([' ', '#']).next()?.parse().ok()
}

struct Point {
    name: String,
    outcome: Outcome,
}

enum Outcome {
    Passed,
    Failed,
    Skipped,
}

impl Point {
    /// `not ok 3 - name # TODO reason`.
    fn of(text: &str) -> Option<Self> {
        let (failed, rest) = match text.strip_prefix("not ok") {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix("ok")?),
        };
        if !rest.is_empty() && !rest.starts_with(' ') {
            return None;
        }
        let rest = rest.trim_start().trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        let rest = rest.strip_prefix("- ").unwrap_or(rest);
        let (name, directive) = match directive(rest) {
            Some(at) => (&rest[..at], rest[at + 1..].trim_start().to_ascii_lowercase()),
            None => (rest, String::new()),
        };
        let outcome = match failed {
            // One that failed was run: so TAP::Harness and Automake have it.
            false if directive.starts_with("skip") => Outcome::Skipped,
            // Not meant to work yet.
            true if directive.starts_with("todo") => Outcome::Skipped,
            true => Outcome::Failed,
            false => Outcome::Passed,
        };
        let name = name.trim().replace("\\#", "#");
        let name = if name.is_empty() { shortened(text) } else { name };
        Some(Self { name, outcome })
    }
}

/// Where the last `#` stands that is not escaped.
fn directive(text: &str) -> Option<usize> {
    let mut hashes = text.match_indices('#').rev().map(|(at, _)| at);
    hashes.find(|at| !text[..*at].ends_with('\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_was_not_skipped() {
        let text =
            "1..4\nok 1 - a # SKIP\nnot ok 2 - b # SKIP no\nnot ok 3 - c # TODO & SKIP no\nok 4\n";
        match read(&mut Source::new(&mut text.as_bytes()).unwrap()).unwrap() {
            Report::Tests(tests) => {
                assert_eq!((tests.passed, tests.skipped, tests.failed.len()), (1, 2, 1));
                assert_eq!(tests.failed[0].name, "b");
            }
            other => panic!("{other:?}"),
        }
    }
}
