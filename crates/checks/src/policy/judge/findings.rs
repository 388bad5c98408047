//! What was found in the code and in what it is made of.

use shipway_core::config::Severity;
use shipway_core::config::gates::{Analysis, Duplication, Licences, Secrets};
use shipway_core::gate::Verdict;

use super::{counted, joined, severity};
use crate::policy::ruling::{Asked, Ruling, told};
use crate::policy::shown::{self, Seen, Share};

pub(super) fn of_secrets(gate: &Secrets, seen: &Seen<shown::Findings>) -> Verdict {
    let asked = Asked {
        gate: "secrets",
        level: gate.level,
        wanted: "none".to_owned(),
        evidence: "search for secrets",
        bring: "",
    };
    asked.of(seen, |findings| {
        let mut ruling = Ruling { found: counted(findings), ..Ruling::default() };
        if findings.from(Severity::Low) + findings.undecided > 0 {
            ruling.problems.push(told(&findings.shown));
            ruling.opens = Some(
                "revoke what is real and remove it; `shipway check secrets` shows the places"
                    .to_owned(),
            );
        }
        ruling
    })
}

pub(super) fn of_analysis(gate: &Analysis, seen: &Seen<shown::Analysis>) -> Verdict {
    let from = severity(gate.from);
    let tools = gate.tools.iter().map(|tool| Some(format!("{tool} has looked")));
    let most = Some(format!("at most {} of severity {from} or worse", gate.at_most));
    let asked = Asked {
        gate: "analysis",
        level: gate.level,
        wanted: joined(std::iter::once(most).chain(tools).collect()),
        evidence: "SARIF among the artifacts",
        bring: "upload the analysis as SARIF, as an artifact of a workflow",
    };
    asked.of(seen, |analysis| {
        let findings = &analysis.findings;
        let mut problems = Vec::new();
        if findings.from(gate.from) > gate.at_most || findings.undecided > 0 {
            problems.push(told(&findings.shown));
        }
        for tool in &gate.tools {
            if !analysis.tools.iter().any(|looked| looked.eq_ignore_ascii_case(tool)) {
                problems.push(format!("no evidence: {tool} has not looked"));
            }
        }
        let opens = Some("mend what was found, or suppress it with a justification".to_owned());
        let found = format!("{} by {}", counted(findings), analysis.tools.join(", "));
        Ruling { found, problems, opens, ..Ruling::default() }
    })
}

pub(super) fn of_licences(gate: &Licences, seen: &Seen<shown::Licences>) -> Verdict {
    let asked = Asked {
        gate: "licences",
        level: gate.level,
        wanted: gate.allow.join(", "),
        evidence: "list of what it is made of (SBOM) among the artifacts",
        bring: "upload an SBOM (CycloneDX, SPDX) as an artifact of a workflow",
    };
    asked.of(seen, |licences| {
        let mut problems = Vec::new();
        if !licences.refused.is_empty() {
            problems.push(format!("not allowed: {}", told(&licences.refused)));
        }
        if !licences.unknown.is_empty() {
            problems.push(format!("not known: {}", told(&licences.unknown)));
        }
        Ruling {
            found: format!("{} packages", licences.packages),
            problems,
            opens: Some("replace these packages, or allow their licences".to_owned()),
            notes: licences.idle.clone(),
            ..Ruling::default()
        }
    })
}

pub(super) fn of_duplication(gate: &Duplication, seen: &Seen<Share>) -> Verdict {
    let asked = Asked {
        gate: "duplication",
        level: gate.level,
        wanted: format!("at most {}", gate.at_most),
        evidence: "look at the code",
        bring: "",
    };
    asked.of(seen, |share| {
        let mut ruling = Ruling { found: share.to_string(), ..Ruling::default() };
        if gate.at_most.is_exceeded_by(share.part, share.of) {
            ruling.problems.push(format!("{share} of the lines stand twice"));
            ruling.opens =
                Some("say it once: `shipway check duplication` shows the places".to_owned());
        }
        ruling
    })
}
