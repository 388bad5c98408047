//! What each gate says of what was shown.

mod checklist;
mod coverage;
mod findings;
mod load;
mod migrations;
mod others;
mod rule;
mod vulnerabilities;

use jiff::Timestamp;
use shipway_core::config::gates::Tests;
use shipway_core::config::{GateSet, Level, Severity};
use shipway_core::gate::Verdict;

use super::ruling::{Asked, Ruling, told};
use super::shown::{self, Seen, Shown};

use checklist::of_item;
use coverage::of_coverage;
use findings::{of_analysis, of_duplication, of_licences, of_secrets};
use load::of_load;
use migrations::of_migrations;
use others::{of_policies, of_sonarqube};
use rule::of_rule;
use vulnerabilities::of_vulnerabilities;

/// What the gates say, at `now`, in the order in which people read them.
#[must_use]
pub fn judge(gates: &GateSet, shown: &Shown, now: Timestamp) -> Vec<Verdict> {
    let GateSet { tests, coverage, migrations, secrets, .. } = gates;
    let GateSet { vulnerabilities, images, analysis, licences, .. } = gates;
    let GateSet { load, sonarqube, duplication, policies, rules, .. } = gates;
    let given = [
        gates_changed(shown),
        tests.as_ref().map(|gate| of_tests(gate, &shown.tests)),
        coverage.as_ref().map(|gate| of_coverage(gate, &shown.coverage)),
        migrations.as_ref().map(|gate| of_migrations(gate, &shown.migrations)),
        secrets.as_ref().map(|gate| of_secrets(gate, &shown.secrets)),
        vulnerabilities
            .as_ref()
            .map(|gate| of_vulnerabilities("vulnerabilities", gate, &shown.vulnerabilities, now)),
        images.as_ref().map(|gate| of_vulnerabilities("images", gate, &shown.images, now)),
        analysis.as_ref().map(|gate| of_analysis(gate, &shown.analysis)),
        licences.as_ref().map(|gate| of_licences(gate, &shown.licences)),
        load.as_ref().map(|gate| of_load(gate, &shown.load)),
        sonarqube.as_ref().map(|gate| of_sonarqube(gate, &shown.sonarqube)),
        duplication.as_ref().map(|gate| of_duplication(gate, &shown.duplication)),
        policies.as_ref().map(|gate| of_policies(gate, &shown.policies)),
    ];
    let own = rules.iter().map(|(name, rule)| of_rule(name, rule, shown));
    let items = gates.checklist.iter();
    let items = items.map(|(name, item)| of_item(name, item, shown.checklist.get(name)));
    given.into_iter().flatten().chain(own).chain(items).collect()
}

/// A change of the gates is judged by nobody but a person.
fn gates_changed(shown: &Shown) -> Option<Verdict> {
    let changed = shown.gates_changed.as_ref()?;
    let asked = Asked {
        gate: "policy",
        level: Level::Required,
        wanted: "gates that are left alone, or a person who accepts the change".to_owned(),
        evidence: "",
        bring: "",
    };
    let what = told(&changed.what);
    let mut ruling = Ruling { found: format!("changed: {what}"), ..Ruling::default() };
    match &changed.agreed {
        Some((by, at)) => ruling.evidence.push(format!("accepted by {by} at {at:.0}")),
        None => {
            ruling.problems.push(format!("this changes what it is judged by: {what}"));
            ruling.opens =
                Some("somebody accepts it: `shipway approve --as gatekeeper`".to_owned());
        }
    }
    let evidence = std::mem::take(&mut ruling.evidence);
    Some(asked.verdict(ruling, evidence))
}

fn of_tests(gate: &Tests, seen: &Seen<shown::Tests>) -> Verdict {
    let asked = Asked {
        gate: "tests",
        level: gate.level,
        wanted: format!("{} of at least {} pass", gate.pass_rate, gate.at_least),
        evidence: "report of tests among the artifacts",
        bring: "upload a report of tests (JUnit, TRX, TAP, …) as an artifact of a workflow",
    };
    asked.of(seen, |tests| {
        let failed = tests.failed.len() as u64;
        let ran = tests.passed + failed;
        let mut ruling = Ruling {
            found: format!("{} passed, {failed} failed, {} skipped", tests.passed, tests.skipped),
            ..Ruling::default()
        };
        if ran < gate.at_least {
            ruling.problems.push(format!("{ran} tests ran, {} are needed", gate.at_least));
        }
        if !gate.pass_rate.is_reached_by(tests.passed, ran) {
            ruling.problems.push(format!("failed: {}", told(&tests.failed)));
        }
        ruling.opens = Some("mend the tests that fail".to_owned());
        ruling
    })
}

fn joined(parts: Vec<Option<String>>) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// `2 critical, 1 high`; `nothing` where there is nothing.
fn counted(findings: &shown::Findings) -> String {
    let of = |count: u64, what: &str| (count > 0).then(|| format!("{count} {what}"));
    let text = joined(vec![
        of(findings.critical, "critical"),
        of(findings.high, "high"),
        of(findings.medium, "medium"),
        of(findings.low, "low"),
        of(findings.undecided, "not analysed"),
        of(findings.allowed, "allowed with a reason"),
    ]);
    if text.is_empty() { "nothing".to_owned() } else { text }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}
