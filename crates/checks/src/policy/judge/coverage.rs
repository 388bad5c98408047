//! Which lines ran.

use shipway_core::config::gates::Coverage;
use shipway_core::config::value::Percent;
use shipway_core::gate::Verdict;

use super::joined;
use crate::policy::ruling::{Asked, Ruling, told};
use crate::policy::shown::{self, Seen, Share};

pub(super) fn of_coverage(gate: &Coverage, seen: &Seen<shown::Coverage>) -> Verdict {
    let of = |what: &str, limit: &Option<Percent>| limit.map(|limit| format!("{limit} {what}"));
    let each = |all: &indexmap::IndexMap<String, Percent>| {
        all.iter().map(|(name, limit)| Some(format!("{limit} of {name}"))).collect::<Vec<_>>()
    };
    let mut wanted = vec![of("of all lines", &gate.total)];
    wanted.push(of("of changed lines", &gate.changed_lines));
    wanted.extend(each(&gate.services));
    wanted.extend(each(&gate.flags));
    wanted.push(gate.may_fall.map(|fall| format!("at most {fall} less than before")));
    let asked = Asked {
        gate: "coverage",
        level: gate.level,
        wanted: joined(wanted),
        evidence: "coverage report among the artifacts",
        bring: "upload a coverage report (lcov, Cobertura, JaCoCo, …) as an artifact of a workflow",
    };
    asked.of(seen, |coverage| coverage_ruling(gate, coverage))
}

fn coverage_ruling(gate: &Coverage, coverage: &shown::Coverage) -> Ruling {
    let mut problems = Vec::new();
    let mut must = |what: &str, limit: Percent, share: Option<Share>| match share {
        Some(share) if limit.is_reached_by(share.part, share.of) => {}
        Some(share) => problems.push(format!("{what}: {share}, {limit} is asked for")),
        None => problems.push(format!("{what}: no evidence")),
    };
    if let Some(limit) = gate.total {
        must("all lines", limit, Some(coverage.total));
    }
    for (name, limit) in &gate.services {
        must(&format!("service {name}"), *limit, coverage.services.get(name).copied());
    }
    for (name, limit) in &gate.flags {
        must(&format!("flag {name}"), *limit, coverage.flags.get(name).copied());
    }
    // A change without a line that can run has nothing to cover.
    let nothing_changed =
        coverage.changed == Some(Share::default()) && coverage.unmeasured.is_empty();
    if let Some(limit) = gate.changed_lines.filter(|_| !nothing_changed) {
        if coverage.changed != Some(Share::default()) {
            must("changed lines", limit, coverage.changed);
        }
        if !coverage.unmeasured.is_empty() {
            let files = told(&coverage.unmeasured);
            problems.push(format!("changed files that no report measures: {files}"));
        }
    }
    let mut notes = Vec::new();
    if gate.may_fall.is_some() && coverage.before.is_none() {
        notes.push("what was covered before is not known: it was compared with nothing".to_owned());
    }
    if let (Some(fall), Some(before), Some(now)) =
        (gate.may_fall, coverage.before, coverage.total.percent())
        && before - now > fall.ratio() * 100.0
    {
        problems.push(format!("all lines: {now:.1}%, and {before:.1}% before"));
    }
    let changed = coverage.changed.map(|changed| match changed.of {
        0 => "no changed line to cover".to_owned(),
        _ => format!("{changed} of changed lines"),
    });
    Ruling {
        found: joined(vec![Some(coverage.total.to_string()), changed]),
        problems,
        opens: Some("test what is not covered: `shipway check coverage` lists it".to_owned()),
        notes,
        ..Ruling::default()
    }
}
