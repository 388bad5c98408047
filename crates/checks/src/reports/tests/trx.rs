//! Visual Studio's test results (`.trx`, namespace `TeamTest/2010`), which `dotnet test --logger
//! trx` writes.

use super::Tests;
use crate::reports::Report;
use crate::reports::beginning::Beginning;
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::xml::{Element, Node, Xml};

pub(super) const FORMAT: Format = Format { name: "TRX", recognise, read };

fn recognise(beginning: &Beginning) -> bool {
    beginning.root("TestRun").is_some()
}

fn read(source: &mut Source<'_>) -> Result<Report, Fault> {
    let mut xml = Xml::new(source);
    let mut reader = Reader::default();
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(element) => reader.open(&element)?,
            Node::Text(text) => reader.text(&text),
            Node::Close(name) => reader.close(&name)?,
        }
    }
    reader.end()
}

#[derive(Default)]
struct Reader {
    tests: Tests,
    /// Results that have not ended, the outermost first.
    open: Vec<Case>,
    /// How many have others in them: those are counted instead of it.
    groups: u64,
    in_message: bool,
    /// Whether something went wrong beside the tests: the process that runs them died, for example.
    has_error: bool,
    summary: Option<Summary>,
}

struct Case {
    name: String,
    outcome: Outcome,
    message: String,
    is_group: bool,
}

#[derive(Clone, Copy)]
enum Outcome {
    Passed,
    Failed,
    NotRun,
}

/// What the run says of itself.
struct Summary {
    outcome: String,
    total: u64,
    failed: u64,
}

impl Reader {
    fn open(&mut self, element: &Element) -> Result<(), Fault> {
        match element.name() {
            "UnitTestResult"
            | "TestResultAggregation"
            | "GenericTestResult"
            | "WebTestResult"
            | "ManualTestResult"
            | "LoadTestResult" => {
                if let Some(around) = self.open.last_mut() {
                    around.is_group = true;
                }
                let name = element.needed("testName")?;
                let outcome = outcome(element)?;
                self.open.push(Case { name, outcome, message: String::new(), is_group: false });
            }
            "Message" | "StackTrace" => self.in_message = true,
            "ResultSummary" => {
                let outcome = element.text("outcome")?.unwrap_or_default();
                self.summary = Some(Summary { outcome, total: 0, failed: 0 });
            }
            "RunInfo" => {
                self.has_error |= element.text("outcome")?.as_deref() == Some("Error");
            }
            "Counters" => {
                let count = |name: &str| Ok(element.number::<u64>(name)?.unwrap_or_default());
                let failed = ["failed", "error", "timeout", "aborted", "disconnected"];
                let failed: Vec<u64> =
                    failed.into_iter().map(count).collect::<Result<_, Fault>>()?;
                if let Some(summary) = &mut self.summary {
                    summary.total = count("total")?;
                    summary.failed = failed.into_iter().fold(0, u64::saturating_add);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if let Some(case) = self.open.last_mut().filter(|_| self.in_message)
            && case.message.len() < super::MESSAGE * 4
        {
            case.message.push_str(text);
        }
    }

    fn close(&mut self, name: &str) -> Result<(), Fault> {
        match name {
            "Message" | "StackTrace" => {
                self.text("\n");
                self.in_message = false;
            }
            name if name.ends_with("Result") || name == "TestResultAggregation" => {
                let Some(case) = self.open.pop() else { return Ok(()) };
                match case.outcome {
                    // It fails when one in it does, which says so itself.
                    _ if case.is_group => self.groups += 1,
                    Outcome::Passed => self.tests.passed += 1,
                    Outcome::NotRun => self.tests.skipped += 1,
                    Outcome::Failed => self.tests.fail(case.name, &case.message),
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end(mut self) -> Result<Report, Fault> {
        if let Some(Summary { outcome, total, failed }) = self.summary {
            let shown = self.tests.total() + self.groups;
            if total > shown {
                let what = format!("it speaks of {total} results and shows {shown}");
                return Err(Fault::malformed(what));
            }
            let shown = self.tests.failed.len() as u64 + self.groups;
            if failed > shown {
                let what = format!("it speaks of {failed} failed results and shows {shown}");
                return Err(Fault::malformed(what));
            }
            let broke = self.has_error
                || !["Completed", "Passed", "Warning", ""].contains(&outcome.as_str());
            if broke && self.tests.failed.is_empty() {
                let outcome = crate::reports::shortened(&outcome);
                let error = if self.has_error { ", with an error in `RunInfos`" } else { "" };
                let said = format!("its outcome is {outcome}{error}");
                self.tests.fail("the run".to_owned(), &said);
            }
        }
        super::report(self.tests)
    }
}

/// The outcomes of `TestOutcome` in `vstst.xsd`. One that is missing is an error there, too.
fn outcome(element: &Element) -> Result<Outcome, Fault> {
    Ok(match element.text("outcome")?.unwrap_or_default().as_str() {
        "Passed" | "Warning" | "Completed" => Outcome::Passed,
        "NotExecuted" | "NotRunnable" | "Inconclusive" | "Pending" => Outcome::NotRun,
        _ => Outcome::Failed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_beside_the_tests_is_a_failure() {
        let failed = |info: &str| {
            let text = format!(
                "<TestRun><Results><UnitTestResult testName='a' outcome='Passed'/></Results>\
                 <ResultSummary outcome='Completed'><Counters total='1'/><RunInfos>\
                 <RunInfo outcome='{info}'/></RunInfos></ResultSummary></TestRun>"
            );
            match read(&mut Source::new(&mut text.as_bytes()).unwrap()).unwrap() {
                Report::Tests(tests) => tests.failed.len(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!((failed("Warning"), failed("Error")), (0, 1));
    }
}
