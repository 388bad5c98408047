//! JUnit's XML in its dialects: Ant's, Surefire's (reruns), pytest's, jest-junit's, gotestsum's,
//! nextest's, GoogleTest's, Node's. There is no standard; what all have in common is `testsuite`,
//! which may be nested, and `testcase` with `failure`, `error` or `skipped` in it.
//!
//! What counts is what stands there. What a suite says of itself in attributes is compared: one
//! that speaks of more tests or failures than it shows is cut or broken. Surefire counts each run
//! of a test that was run again.

use super::Tests;
use crate::reports::beginning::Beginning;
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::xml::{Element, Node, Xml};
use crate::reports::{Report, shortened};

pub(super) const FORMAT: Format = Format { name: "JUnit", recognise, read };

fn recognise(beginning: &Beginning) -> bool {
    ["testsuites", "testsuite"].iter().any(|name| beginning.root(name).is_some())
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
    super::report(reader.tests)
}

#[derive(Default)]
struct Reader {
    tests: Tests,
    suites: Vec<Suite>,
    case: Option<Case>,
    /// The failure or error whose text comes.
    wrong: Option<Wrong>,
}

/// A suite that has not ended: what it says of itself, and what it showed.
struct Suite {
    element: Element,
    said: Counts,
    shown: Counts,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    tests: u64,
    failing: u64,
}

/// A test that has not ended.
struct Case {
    name: String,
    failed: Option<String>,
    /// Whether `failed` is of an element of its own.
    is_told: bool,
    skipped: bool,
    /// Failed runs beside the one that counts.
    reruns: u64,
}

/// Something that is wrong with a test or a suite.
struct Wrong {
    tag: &'static str,
    message: String,
}

impl Reader {
    fn open(&mut self, element: &Element) -> Result<(), Fault> {
        match element.name() {
            "testsuites" | "testsuite" => {
                let said = said(element)?;
                self.suites.push(Suite {
                    element: element.clone(),
                    said,
                    shown: Counts::default(),
                });
                if self.suites.len() == 1 {
                    self.tests.took = took(element)?;
                }
            }
            "testcase" => {
                if self.suites.is_empty() {
                    return Err(element.wrong("it stands outside of a suite"));
                }
                // GoogleTest's word for one that is switched off.
                let off = element.text("status")?.is_some_and(|status| status == "notrun");
                let name = name(element)?;
                let failed = failed(element)?;
                self.case = Some(Case { name, failed, is_told: false, skipped: off, reruns: 0 });
            }
            "skipped" | "disabled" => self.of_case(|case| case.skipped = true),
            "flakyFailure" | "flakyError" | "rerunFailure" | "rerunError" => {
                self.of_case(|case| case.reruns += 1);
            }
            tag @ ("failure" | "error") if self.wrong.is_none() => {
                let mut message = element.text("message")?.unwrap_or_default();
                // What it says in full comes behind.
                message.push('\n');
                let tag = if tag == "failure" { "failure" } else { "error" };
                self.wrong = Some(Wrong { tag, message });
            }
            _ => {}
        }
        Ok(())
    }

    fn of_case(&mut self, change: impl FnOnce(&mut Case)) {
        if let Some(case) = &mut self.case {
            change(case);
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(Wrong { message, .. }) = &mut self.wrong
            && message.len() < super::MESSAGE * 4
        {
            message.push_str(text);
        }
    }

    fn close(&mut self, name: &str) -> Result<(), Fault> {
        if self.wrong.as_ref().is_some_and(|wrong| wrong.tag == name)
            && let Some(Wrong { message, .. }) = self.wrong.take()
        {
            self.went_wrong(message);
        }
        match name {
            "testcase" => self.end_case(),
            "testsuites" | "testsuite" => self.end_suite()?,
            _ => {}
        }
        Ok(())
    }

    fn went_wrong(&mut self, message: String) {
        if let Some(case) = &mut self.case {
            // The first that says more than an attribute does.
            match &mut case.failed {
                Some(_) if case.is_told => {}
                failed => *failed = Some(message),
            }
            case.is_told = true;
            return;
        }
        // Of the suite itself: it could not be loaded, or set up.
        let Some(suite) = self.suites.last_mut() else { return };
        suite.shown.failing += 1;
        let name = suite.element.text("name").ok().flatten();
        self.tests.fail(name.unwrap_or_else(|| "a suite".to_owned()), &message);
    }

    fn end_case(&mut self) {
        let Some(Case { name, failed, skipped, reruns, .. }) = self.case.take() else { return };
        if let Some(suite) = self.suites.last_mut() {
            suite.shown.tests += 1 + reruns;
            suite.shown.failing += u64::from(failed.is_some()) + reruns;
        }
        match failed {
            // A test that is to be written fails, and is skipped.
            _ if skipped => self.tests.skipped += 1,
            Some(message) => self.tests.fail(name, &message),
            None => {
                self.tests.passed += 1;
                if reruns > 0 {
                    self.tests.flaky.push(name);
                }
            }
        }
    }

    fn end_suite(&mut self) -> Result<(), Fault> {
        let Some(Suite { element, said, shown }) = self.suites.pop() else { return Ok(()) };
        for (said, shown, what) in [
            (said.tests, shown.tests, "tests"),
            (said.failing, shown.failing, "failures and errors"),
        ] {
            if said > shown {
                return Err(element.wrong(format!("it speaks of {said} {what} and shows {shown}")));
            }
        }
        if let Some(around) = self.suites.last_mut() {
            around.shown.tests += shown.tests;
            around.shown.failing += shown.failing;
        }
        Ok(())
    }
}

/// What a suite says of itself. Tests that were skipped need not be shown.
fn said(element: &Element) -> Result<Counts, Fault> {
    let count = |name: &str| Ok(element.number::<u64>(name)?.unwrap_or_default());
    let left_out = count("skipped")?.saturating_add(count("disabled")?);
    let left_out = left_out.saturating_add(count("ignored")?);
    Ok(Counts {
        tests: count("tests")?.saturating_sub(left_out),
        failing: count("failures")?.saturating_add(count("errors")?),
    })
}

/// What says in an attribute alone that it failed: `status` or `result`, as CTest and others have it.
fn failed(element: &Element) -> Result<Option<String>, Fault> {
    const FAILED: &[&str] =
        &["fail", "failed", "failure", "error", "errored", "aborted", "timeout", "crashed"];
    for name in ["status", "result"] {
        let said = element.text(name)?.unwrap_or_default();
        if FAILED.contains(&said.trim().to_ascii_lowercase().as_str()) {
            return Ok(Some(format!("its `{name}` is `{said}`")));
        }
    }
    Ok(None)
}

/// `time`, in seconds; Surefire writes `1,234.5`.
fn took(element: &Element) -> Result<Option<std::time::Duration>, Fault> {
    let Some(text) = element.text("time")?.filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    let seconds = text.replace(',', "").trim().parse::<f64>();
    let took =
        seconds.ok().and_then(|seconds| std::time::Duration::try_from_secs_f64(seconds).ok());
    took.map(Some).ok_or_else(|| element.wrong(format!("`time` is `{}`", shortened(&text))))
}

/// The name with what it is in, once.
fn name(element: &Element) -> Result<String, Fault> {
    let name = element.text("name")?.unwrap_or_default();
    let of = element.text("classname")?.unwrap_or_default();
    let (name, of) = (name.trim(), of.trim());
    if of.is_empty() || name.starts_with(of) {
        return Ok(name.to_owned());
    }
    Ok(format!("{of}: {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_in_an_attribute_alone_that_it_failed_did() {
        let failed = |case: &str| {
            let text = format!("<testsuite tests='1'><testcase name='a' {case}</testsuite>");
            match read(&mut Source::new(&mut text.as_bytes()).unwrap()).unwrap() {
                Report::Tests(tests) => tests.failed.into_iter().map(|of| of.message).next(),
                other => panic!("{other:?}"),
            }
        };
        for fine in ["status='run' result='completed'/>", "status='passed'/>", "result='success'/>"]
        {
            assert_eq!(failed(fine), None, "{fine}");
        }
        assert_eq!(failed("status='Failed'/>").unwrap(), "its `status` is `Failed`");
        assert_eq!(failed("result='failure'/>").unwrap(), "its `result` is `failure`");
        let told = failed("status='fail'><failure message='no'/></testcase>");
        assert_eq!(told.unwrap(), "no");
    }
}
