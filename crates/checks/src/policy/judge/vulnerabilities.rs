//! Known vulnerabilities: how many, and for how long.

use jiff::Timestamp;
use shipway_core::config::Severity;
use shipway_core::config::gates::Vulnerabilities;
use shipway_core::gate::Verdict;

use super::joined;
use crate::finding::Kind;
use crate::policy::ruling::{Asked, Ruling, told};
use crate::policy::shown::{self, Seen};
use crate::reports::vulnerabilities::register::Entry;
use crate::reports::vulnerabilities::{Vulnerability, rules};

/// How many of one severity are there that count, and how many may be.
struct Counted<'a> {
    what: &'a str,
    most: Option<u64>,
    severity: Option<Severity>,
}

fn classes(gate: &Vulnerabilities) -> [Counted<'static>; 5] {
    let of = |what, most, severity| Counted { what, most, severity };
    [
        of("critical", gate.critical, Some(Severity::Critical)),
        of("high", gate.high, Some(Severity::High)),
        of("medium", gate.medium, Some(Severity::Medium)),
        of("low", gate.low, Some(Severity::Low)),
        of("of unknown severity", gate.unknown, None),
    ]
}

pub(super) fn of_vulnerabilities(
    name: &str,
    gate: &Vulnerabilities,
    seen: &Seen<shown::Vulnerabilities>,
    now: Timestamp,
) -> Verdict {
    let of = |class: Counted<'_>| class.most.map(|most| format!("{} {most}", class.what));
    let new = if gate.new_only { " that are new" } else { "" };
    let most = joined(classes(gate).map(of).into_iter().collect());
    let asked = Asked {
        gate: name,
        level: gate.level,
        wanted: format!("at most {most}{new}; none overdue"),
        evidence: "audit among the artifacts",
        bring: "upload an audit (npm, cargo-audit, osv-scanner, Trivy, Grype, …) as an artifact of \
                a workflow",
    };
    asked.of(seen, |all| vulnerabilities_ruling(gate, all, now))
}

fn vulnerabilities_ruling(
    gate: &Vulnerabilities,
    shown: &shown::Vulnerabilities,
    now: Timestamp,
) -> Ruling {
    let all = &shown.register.entries;
    let open: Vec<&Entry> = all.iter().filter(|entry| entry.allowed.is_none()).collect();
    let undecided = shown.register.also.iter().filter(|of| of.kind == Kind::Undecided);
    let expired = shown.register.also.iter().filter(|of| of.rule == rules::WAIVER_EXPIRED.id);
    let mut problems: Vec<String> = undecided.chain(expired).map(ToString::to_string).collect();
    let mut found = Vec::new();
    for class in classes(gate) {
        let is = |of: &&&Entry| severity_of(of.vulnerability.severity) == class.severity;
        let there: Vec<_> = open.iter().filter(is).collect();
        // Without an audit of what was there before, everything counts as new.
        let counts = |of: &&&&Entry| of.is_new != Some(false) || !gate.new_only;
        let counted: Vec<String> = there.iter().filter(counts).map(|of| named(of)).collect();
        if !there.is_empty() {
            found.push(Some(format!("{} {}", there.len(), class.what)));
        }
        if class.most.is_some_and(|most| counted.len() as u64 > most) {
            problems.push(format!("{} {}: {}", counted.len(), class.what, told(&counted)));
        }
    }
    let overdue: Vec<String> =
        open.iter().filter(|of| of.is_overdue(now)).map(|of| named(of)).collect();
    if !overdue.is_empty() {
        problems.push(format!("overdue: {}", told(&overdue)));
    }
    let waived = all.len() - open.len();
    if waived > 0 {
        found.push(Some(format!("{waived} waived")));
    }
    let found = joined(found);
    let left_out = shown.register.also.iter().filter(|of| of.rule == rules::LEFT_OUT.id);
    let left_out = left_out.map(|of| of.message.clone());
    Ruling {
        found: if found.is_empty() { "none".to_owned() } else { found },
        problems,
        opens: Some(format!("update them, or waive them in {} with a reason", gate.waivers)),
        notes: shown.idle.iter().cloned().chain(left_out).collect(),
        until: open.iter().filter_map(|of| of.due).filter(|due| *due > now).min(),
        ..Ruling::default()
    }
}

/// `lodash 4.17.20 CVE-2021-23337 (mended in 4.17.21)`.
fn named(of: &Entry) -> String {
    let Vulnerability { package, versions, advisory, fixed_in, .. } = &of.vulnerability;
    let versions = if versions.is_empty() { String::new() } else { versions.join(", ") + " " };
    let fix = if fixed_in.is_empty() {
        String::new()
    } else {
        format!(" (mended in {})", fixed_in.join(", "))
    };
    format!("{package} {versions}{advisory}{fix}")
}

/// As `shipway.yaml` calls it.
fn severity_of(severity: Option<crate::Severity>) -> Option<Severity> {
    severity.map(|severity| match severity {
        crate::Severity::Low => Severity::Low,
        crate::Severity::Medium => Severity::Medium,
        crate::Severity::High => Severity::High,
        crate::Severity::Critical => Severity::Critical,
    })
}
