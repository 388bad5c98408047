//! What a report says as a check: in words, in figures by name, and as findings.

use std::collections::BTreeMap;

use super::coverage::Coverage;
use super::duplication::Unit;
use super::load::Load;
use super::quality::Quality;
use super::tests::Tests;
use super::vulnerabilities::Audit;
use super::{NoEvidence, Recognised, Report};
use crate::check::{Check, Sink as _};
use crate::finding::{Finding, Severity, Span};
use crate::rule::Rule;

/// The rules of what reports say, beside those of analyses, audits and policies.
pub mod rules {
    use crate::finding::Severity::{High, Medium};
    use crate::reports::duplication::DUPLICATED;
    use crate::rule::Rule;

    /// A report is no evidence.
    pub const NO_EVIDENCE: Rule = Rule::new(
        "no-evidence",
        High,
        "a report says nothing",
        "A report that is empty, cut off or unknown does not show that anything is right.",
        "have the tool write it again, and see that it ends well",
    );
    /// A test failed.
    pub const FAILED_TEST: Rule = Rule::new("failed-test", High, "a test failed", "", "");
    /// A test failed and passed when it was run again.
    pub const FLAKY_TEST: Rule = Rule::new(
        "flaky-test",
        Medium,
        "a test failed first and passed when it was run again",
        "What fails now and then hides what fails.",
        "find what it depends on: time, order, another test",
    );
    /// A load test crossed a threshold of its own.
    pub const THRESHOLD: Rule =
        Rule::new("load-threshold", High, "a threshold of a load test was crossed", "", "");
    /// A condition of a quality gate is not met.
    pub const QUALITY_GATE: Rule =
        Rule::new("quality-gate", High, "a condition of the quality gate is not met", "", "");

    /// All of them, with that of code that stands twice.
    pub const ALL: &[&Rule] =
        &[&NO_EVIDENCE, &FAILED_TEST, &FLAKY_TEST, &THRESHOLD, &QUALITY_GATE, &DUPLICATED];
}

impl NoEvidence {
    /// The same as a finding, which keeps every gate shut.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let span = self.at.map_or(Span::FILE, |at| Span { start: at, end: at });
        let message = format!("no evidence: {}", self.why);
        Finding::new(&rules::NO_EVIDENCE, &self.file, span, message).undecided()
    }
}

impl Recognised {
    /// The same as a check of one report, by the name of its file.
    #[must_use]
    pub fn check(&self, file: &str) -> Check {
        let mut check = Check { looked_at: 1, ..Check::new(file) };
        check.figures = self.report.figures();
        self.report.findings(file).into_iter().for_each(|finding| check.finding(finding));
        check
    }
}

impl Report {
    /// What it says, in words: `81.4% of 160 lines ran`.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Coverage(coverage) => {
                let total = coverage.total();
                let percent = total.percent().unwrap_or_default();
                format!("{percent:.1}% of {} lines in {}", total.lines, files(coverage.files.len()))
            }
            Self::Tests(tests) => tests_in_words(tests),
            Self::Analysis(analysis) => {
                format!("{} found by {}", analysis.findings.len(), analysis.tools.join(", "))
            }
            Self::Vulnerabilities(audit) => {
                let found = audit.found.len();
                match audit.is_of_a_scan() {
                    true => format!("{found} found by {}", audit.tools.join(", ")),
                    false => format!("{found} told of, no scan"),
                }
            }
            Self::Sbom(sbom) => match &sbom.audit {
                Some(audit) => {
                    let (packages, found) = (sbom.packages.len(), audit.found.len());
                    format!("{packages} packages, {found} found by {}", audit.tools.join(", "))
                }
                None => format!("{} packages", sbom.packages.len()),
            },
            Self::PolicyResults(policies) => {
                format!("{} answers of {}", policies.evaluated, policies.engine)
            }
            Self::Load(load) => load_in_words(load),
            Self::Quality(quality) => quality_in_words(quality),
            Self::Duplication(duplication) => {
                let percent = duplication.percent().unwrap_or_default();
                let (of, unit) = (duplication.of, duplication.unit.as_str());
                format!("{percent:.1}% of {of} {unit} stand twice")
            }
        }
    }

    /// What it says, in figures by name. Shares are in percent, times in milliseconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts; exact to 2^53")]
    pub fn figures(&self) -> BTreeMap<String, f64> {
        let counts: Vec<(&str, u64)> = match self {
            Self::Coverage(coverage) => return coverage_figures(coverage),
            Self::Load(load) => return load_figures(load),
            Self::Quality(quality) => return quality_figures(quality),
            Self::PolicyResults(policies) => return policies.figures.clone(),
            Self::Tests(tests) => vec![
                ("tests.passed", tests.passed),
                ("tests.failed", tests.failed.len() as u64),
                ("tests.skipped", tests.skipped),
                ("tests.flaky", tests.flaky.len() as u64),
            ],
            Self::Analysis(analysis) => vec![("analysis.found", analysis.findings.len() as u64)],
            Self::Vulnerabilities(audit) => vulnerability_counts(audit),
            Self::Sbom(sbom) => {
                let unlicensed = sbom.packages.iter().filter(|of| of.licences.is_empty()).count();
                let mut counts = sbom.audit.as_ref().map(vulnerability_counts).unwrap_or_default();
                counts.push(("sbom.packages", sbom.packages.len() as u64));
                counts.push(("sbom.unlicensed", unlicensed as u64));
                counts
            }
            Self::Duplication(duplication) => {
                let percent = duplication.percent().map(|percent| ("duplication.percent", percent));
                let counted = match duplication.unit {
                    Unit::Lines => "duplication.lines",
                    Unit::Tokens => "duplication.tokens",
                };
                let counts = [
                    (counted, duplication.of as f64),
                    ("duplication.duplicated", duplication.duplicated as f64),
                ];
                return percent.into_iter().chain(counts).map(named).collect();
            }
        };
        counts.into_iter().map(|(name, count)| named((name, count as f64))).collect()
    }

    /// What it says as findings, for `file`.
    #[must_use]
    pub fn findings(&self, file: &str) -> Vec<Finding> {
        let of = |rule: &Rule, message: &str| Finding::new(rule, file, Span::FILE, message);
        match self {
            Self::Coverage(_) => Vec::new(),
            Self::Sbom(sbom) => {
                sbom.audit.as_ref().map(|audit| audit.findings(file)).unwrap_or_default()
            }
            Self::Tests(tests) => {
                let failed = tests.failed.iter().map(|failed| {
                    let excerpt = failed.message.clone();
                    Finding {
                        excerpt,
                        ..of(&rules::FAILED_TEST, &format!("{} failed", failed.name))
                    }
                });
                let flaky = tests.flaky.iter().map(|name| {
                    of(&rules::FLAKY_TEST, &format!("{name} passed when it was run again"))
                });
                failed.chain(flaky).collect()
            }
            Self::Analysis(analysis) => analysis.findings.clone(),
            Self::Vulnerabilities(audit) => audit.findings(file),
            Self::PolicyResults(policies) => policies.findings.clone(),
            Self::Load(load) => {
                let crossed = load.crossed.iter();
                crossed
                    .map(|which| of(&rules::THRESHOLD, &format!("{which} was crossed")))
                    .collect()
            }
            Self::Quality(quality) => {
                quality.unmet.iter().map(|unmet| of(&rules::QUALITY_GATE, unmet)).collect()
            }
            Self::Duplication(duplication) => duplication.places.clone(),
        }
    }
}

fn named((name, figure): (&str, f64)) -> (String, f64) {
    (name.to_owned(), figure)
}

fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

fn tests_in_words(tests: &Tests) -> String {
    let mut words = format!("{} passed", tests.passed);
    let more = [
        (tests.failed.len() as u64, "failed"),
        (tests.skipped, "skipped"),
        (tests.flaky.len() as u64, "flaky"),
    ];
    for (count, what) in more.into_iter().filter(|(count, _)| *count > 0) {
        words += &format!(", {count} {what}");
    }
    words
}

fn load_in_words(load: &Load) -> String {
    let mut words = format!("{} requests", load.requests);
    if let Some(rate) = load.rate {
        words += &format!(", {rate:.1}/s");
    }
    if let Some(errors) = load.error_rate {
        words += &format!(", {:.2}% failed", errors * 100.0);
    }
    for (took, name) in [(load.p50, "p50"), (load.p95, "p95"), (load.p99, "p99")] {
        if let Some(took) = took {
            words += &format!(", {name} {:.1} ms", took.as_secs_f64() * 1e3);
        }
    }
    words
}

fn quality_in_words(quality: &Quality) -> String {
    let gate = quality.passed.map(|passed| {
        if passed { "the gate passed".to_owned() } else { "the gate did not pass".to_owned() }
    });
    let ratings = quality.ratings.iter().map(|(name, rating)| format!("{name} {rating}"));
    let measures = quality.measures.iter().map(|(name, figure)| format!("{name} {figure}"));
    gate.into_iter().chain(ratings).chain(measures).collect::<Vec<_>>().join(", ")
}

#[expect(clippy::cast_precision_loss, reason = "counts; exact to 2^53")]
fn coverage_figures(coverage: &Coverage) -> BTreeMap<String, f64> {
    let total = coverage.total();
    let percent = total.percent().map(|percent| ("coverage.total", percent));
    let counts =
        [("coverage.lines", total.lines as f64), ("coverage.covered", total.covered as f64)];
    percent.into_iter().chain(counts).map(named).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts; exact to 2^53")]
fn load_figures(load: &Load) -> BTreeMap<String, f64> {
    let time = |took: Option<std::time::Duration>| took.map(|took| took.as_secs_f64() * 1e3);
    let figures = [
        ("load.requests", Some(load.requests as f64)),
        ("load.rate", load.rate),
        ("load.users", load.users.map(|users| users as f64)),
        ("load.errors", load.error_rate.map(|rate| rate * 100.0)),
        ("load.p50", time(load.p50)),
        ("load.p95", time(load.p95)),
        ("load.p99", time(load.p99)),
    ];
    figures.into_iter().filter_map(|(name, figure)| Some(named((name, figure?)))).collect()
}

/// A rating is SonarQube's number: 1 is A.
fn quality_figures(quality: &Quality) -> BTreeMap<String, f64> {
    let gate =
        quality.passed.map(|passed| ("quality.passed".to_owned(), f64::from(u8::from(passed))));
    let ratings = quality
        .ratings
        .iter()
        .map(|(name, rating)| (format!("quality.{name}_rating"), f64::from(*rating as u8) + 1.0));
    let measures =
        quality.measures.iter().map(|(name, figure)| (format!("quality.{name}"), *figure));
    gate.into_iter().chain(ratings).chain(measures).collect()
}

fn vulnerability_counts(audit: &Audit) -> Vec<(&'static str, u64)> {
    let count = |of: Option<Severity>| {
        audit.found.iter().filter(|found| found.severity == of).count() as u64
    };
    vec![
        ("vulnerabilities.critical", count(Some(Severity::Critical))),
        ("vulnerabilities.high", count(Some(Severity::High))),
        ("vulnerabilities.medium", count(Some(Severity::Medium))),
        ("vulnerabilities.low", count(Some(Severity::Low))),
        ("vulnerabilities.unknown", count(None)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognised(text: &str) -> Recognised {
        super::super::read("r", &mut text.as_bytes()).unwrap()
    }

    #[test]
    fn a_report_is_a_check_with_figures_and_findings() {
        let tests = "<testsuite><testcase name=\"a\"/><testcase name=\"b\"><failure message=\"no\"/>\
                     </testcase></testsuite>";
        let check = recognised(tests).check("junit.xml");
        assert_eq!((check.figures["tests.passed"], check.figures["tests.failed"]), (1.0, 1.0));
        assert_eq!(check.findings[0].to_string(), "junit.xml:1:1: high: b failed [failed-test]");
        let lcov = recognised("SF:a.c\nDA:1,1\nDA:2,0\nDA:3,0\nend_of_record\n");
        assert_eq!(lcov.report.words(), "33.3% of 3 lines in 1 file");
        assert_eq!(lcov.report.figures()["coverage.covered"], 1.0);
    }

    #[test]
    fn no_evidence_is_a_finding_that_shuts_every_gate() {
        let error = super::super::read("a.info", &mut &b"SF:a\nDA:x,1\n"[..]).unwrap_err();
        let finding = error.finding();
        assert!(finding.shuts(Severity::Critical));
        assert_eq!((finding.file.as_str(), finding.span.start.line), ("a.info", 2));
    }
}
