//! Rules of one's own: expressions over all that was shown. One is judged only if there is whole
//! evidence of everything that it is about: where there is none, a figure of 0 says nothing. Only
//! one that asks whether there is any goes on without.

use shipway_core::config::gates::Rule;
use shipway_core::gate::Verdict;

use crate::finding::Kind;
use crate::policy::ruling::{Asked, Ruling, told};
use crate::policy::shown::{Findings, Seen, Shown, Vulnerabilities};
use crate::policy::{expression, figures};

pub(super) fn of_rule(name: &str, rule: &Rule, shown: &Shown) -> Verdict {
    let text = &rule.open_if;
    let asked =
        Asked { gate: name, level: rule.level, wanted: text.clone(), evidence: "", bring: "" };
    let mut ruling = Ruling::default();
    let figures = figures(shown);
    let kinds = expression::kinds(text);
    let doubts: Vec<String> = kinds.iter().flat_map(|kind| doubts(text, kind, shown)).collect();
    match expression::evaluate(text, &figures) {
        _ if !doubts.is_empty() => {
            ruling.found = "no verdict".to_owned();
            ruling.problems = doubts;
        }
        Ok(true) => ruling.found = "true".to_owned(),
        Ok(false) => {
            ruling.found = "false".to_owned();
            ruling.problems.push(format!("`{text}` is false"));
        }
        // An error is no verdict, and no verdict is shut.
        Err(error) => {
            ruling.found = "no verdict".to_owned();
            ruling.problems.push(error.to_string());
        }
    }
    asked.verdict(ruling, expression::used(text, &figures))
}

/// Why what was shown of a kind does not say all of it.
fn doubts(text: &str, kind: &str, shown: &Shown) -> Vec<String> {
    // Who asks whether there is any, or for what is undecided, knows of it.
    let may_lack = expression::asks_whether_there_is(text, kind);
    let asks = expression::asks_for(text, kind, "undecided");
    let findings = |of: &Findings| if asks { Vec::new() } else { undecided(of) };
    let doubts = match kind {
        "coverage" => doubts_of(&shown.coverage, |_| Vec::new()),
        "tests" => doubts_of(&shown.tests, |_| Vec::new()),
        "vulnerabilities" => doubts_of(&shown.vulnerabilities, not_audited),
        "images" => doubts_of(&shown.images, not_audited),
        "analysis" => doubts_of(&shown.analysis, |of| findings(&of.findings)),
        "secrets" => doubts_of(&shown.secrets, findings),
        "migrations" => doubts_of(&shown.migrations, |of| findings(&of.findings)),
        "licences" => doubts_of(&shown.licences, |_| Vec::new()),
        "load" => doubts_of(&shown.load, |_| Vec::new()),
        "sonarqube" => doubts_of(&shown.sonarqube, |_| Vec::new()),
        "duplication" => doubts_of(&shown.duplication, |_| Vec::new()),
        // What was not evaluated is among what is denied.
        "policies" => doubts_of(&shown.policies, |_| Vec::new()),
        _ => Some(vec![format!("`{kind}` is no kind of evidence")]),
    };
    match doubts {
        Some(doubts) => doubts,
        None if may_lack => Vec::new(),
        None => vec![format!("no evidence for `{kind}`")],
    }
}

/// Nothing if nothing was shown.
fn doubts_of<T>(seen: &Seen<T>, undecided: impl FnOnce(&T) -> Vec<String>) -> Option<Vec<String>> {
    match &seen.what {
        _ if !seen.broken.is_empty() => Some(seen.broken.clone()),
        what => what.as_ref().map(undecided),
    }
}

fn undecided(of: &Findings) -> Vec<String> {
    if of.undecided == 0 {
        return Vec::new();
    }
    // They are the first that are shown.
    let most = usize::try_from(of.undecided).unwrap_or(usize::MAX);
    let first: Vec<String> = of.shown.iter().take(most).cloned().collect();
    vec![format!("{} not analysed: {}", of.undecided, told(&first))]
}

fn not_audited(of: &Vulnerabilities) -> Vec<String> {
    let undecided = of.register.also.iter().filter(|of| of.kind == Kind::Undecided);
    undecided.map(ToString::to_string).collect()
}
