//! What others say: SonarQube, conftest and OPA.

use shipway_core::config::gates::{Policies, SonarQube};
use shipway_core::gate::Verdict;

use super::joined;
use crate::policy::ruling::{Asked, Ruling, told};
use crate::policy::shown::{self, Seen};

pub(super) fn of_sonarqube(gate: &SonarQube, seen: &Seen<shown::SonarQube>) -> Verdict {
    let ratings = [
        ("reliability", gate.reliability),
        ("security", gate.security),
        ("maintainability", gate.maintainability),
    ];
    let wanted = ratings.iter().map(|(name, limit)| limit.map(|limit| format!("{name} {limit:?}")));
    let own = gate.quality_gate.then(|| "its quality gate".to_owned());
    let asked = Asked {
        gate: "sonarqube",
        level: gate.level,
        wanted: joined(std::iter::once(own).chain(wanted).collect()),
        evidence: "answer of SonarQube among the artifacts",
        bring: "upload what `api/qualitygates/project_status` and `api/measures/component` answer",
    };
    asked.of(seen, |sonar| {
        let mut problems = Vec::new();
        if gate.quality_gate {
            match sonar.passed {
                Some(true) => {}
                Some(false) if sonar.unmet.is_empty() => {
                    problems.push("its quality gate is not passed".to_owned());
                }
                Some(false) => problems.push(told(&sonar.unmet)),
                None => problems.push("its quality gate: no evidence".to_owned()),
            }
        }
        for (name, limit) in ratings {
            match (limit, sonar.ratings.get(name)) {
                (None, _) => {}
                (Some(limit), Some(rating)) if *rating <= limit => {}
                (Some(_), Some(rating)) => problems.push(format!("{name} is rated {rating:?}")),
                (Some(_), None) => problems.push(format!("{name}: no evidence")),
            }
        }
        let passed = sonar.passed.map(|passed| if passed { "passed" } else { "not passed" });
        let rated = sonar.ratings.iter().map(|(name, of)| Some(format!("{name} {of:?}")));
        let found = joined(std::iter::once(passed.map(str::to_owned)).chain(rated).collect());
        let opens = Some("mend what SonarQube lists".to_owned());
        Ruling { found, problems, opens, ..Ruling::default() }
    })
}

pub(super) fn of_policies(gate: &Policies, seen: &Seen<shown::Policies>) -> Verdict {
    let asked = Asked {
        gate: "policies",
        level: gate.level,
        wanted: "nothing is denied".to_owned(),
        evidence: "result of conftest or OPA among the artifacts",
        bring: "upload what `conftest test -o json` or `opa eval` print as an artifact",
    };
    asked.of(seen, |policies| {
        let (denied, warned) = (policies.denied.len(), policies.warned.len());
        let mut ruling = Ruling {
            found: format!("{} asked, {denied} denied, {warned} warned", policies.asked),
            ..Ruling::default()
        };
        if !policies.excepted.is_empty() {
            ruling.found += &format!(", {} excepted", policies.excepted.len());
            let told = policies.excepted.iter();
            ruling.notes = told.map(|of| format!("an exception of the policies: {of}")).collect();
        }
        if policies.asked == 0 {
            ruling.problems.push("no evidence: no rule says what is denied or allowed".to_owned());
            ruling.opens = Some("ask a rule that denies, such as `data.main.deny`".to_owned());
        }
        if denied > 0 {
            ruling.problems.push(told(&policies.denied));
            ruling.opens = Some("change what the policies deny".to_owned());
        }
        ruling
    })
}
