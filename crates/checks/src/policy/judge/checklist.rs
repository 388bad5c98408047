//! Items of the checklist that a job of the commit's workflows looked at.

use shipway_core::config::gates::ChecklistItem;
use shipway_core::gate::Verdict;

use crate::policy::ruling::{Asked, Ruling, told};
use crate::policy::shown::{Seen, Tried};

pub(super) fn of_item(name: &str, item: &ChecklistItem, seen: Option<&Seen<Tried>>) -> Verdict {
    let artifact = &item.artifact;
    let asked = Asked {
        gate: name,
        level: item.level,
        wanted: format!("what `{artifact}` tried passes"),
        evidence: &format!("report of tests or policies in an artifact `{artifact}`"),
        bring: &format!(
            "have a job try it, and upload what came of it (JUnit, TAP, conftest, …) as `{artifact}`"
        ),
    };
    asked.of(seen.unwrap_or(&Seen::default()), |tried| {
        let (passed, failed) = (tried.passed, tried.failed.len());
        let mut ruling =
            Ruling { found: format!("{passed} passed, {failed} failed"), ..Ruling::default() };
        if failed > 0 {
            ruling.problems.push(format!("failed: {}", told(&tried.failed)));
        } else if passed == 0 {
            ruling.problems.push("nothing was tried".to_owned());
        }
        ruling.opens = Some("mend what failed".to_owned());
        ruling
    })
}
