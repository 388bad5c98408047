//! Migrations, and who may let them through.

use shipway_core::config::gates::{MigrationSafety, StatementApproval};
use shipway_core::gate::Verdict;

use super::{counted, severity};
use crate::policy::ruling::{Asked, Ruling, told};
use crate::policy::shown::{self, Seen};

pub(super) fn of_migrations(gate: &MigrationSafety, seen: &Seen<shown::Migrations>) -> Verdict {
    let from = severity(gate.from);
    let or = if gate.approval.is_some() { ", or an approval" } else { "" };
    let asked = Asked {
        gate: "migrations",
        level: gate.level,
        wanted: format!("nothing of severity {from} or worse{or}"),
        evidence: "look at the migrations",
        bring: "",
    };
    asked.of(seen, |migrations| {
        let findings = &migrations.findings;
        let (found, notes) = (counted(findings), migrations.idle.clone());
        let mut ruling = Ruling { found, notes, ..Ruling::default() };
        // What could not be analysed may be anything: nobody can agree to it.
        if findings.undecided > 0 {
            ruling.problems.push(format!("not analysed: {}", told(&findings.shown)));
            ruling.opens = Some("write it so that it can be read".to_owned());
            return ruling;
        }
        // With an approval, what the author allows in the file waits for it as well.
        if findings.from(gate.from) == 0 && migrations.statements.is_empty() {
            return ruling;
        }
        match gate.approval.as_ref().map(|approval| approved(approval, migrations)) {
            Some(Ok(by)) => ruling.evidence.push(by),
            Some(Err(missing)) => {
                let open = migrations.statements.iter().filter(|of| of.agreed.is_none());
                ruling.problems.push(told(&open.map(|of| of.what.clone()).collect::<Vec<_>>()));
                ruling.problems.push(missing.why);
                ruling.opens = Some(format!(
                    "take the safe way that `shipway check migrations` shows, or {}",
                    missing.how
                ));
            }
            None => {
                ruling.problems.push(told(&findings.shown));
                ruling.opens = Some("`shipway check migrations` shows the safe way".to_owned());
            }
        }
        ruling
    })
}

/// What an approval lacks.
struct Missing {
    why: String,
    how: String,
}

/// Who approved the statements, or what is missing for it. On a pull request it takes both the
/// label and one of the people; without one, an agreement of one of them.
fn approved(rule: &StatementApproval, migrations: &shown::Migrations) -> Result<String, Missing> {
    let agreed: Vec<_> = migrations.statements.iter().map(|of| of.agreed.as_ref()).collect();
    if let Some(last) = agreed.last().copied().flatten()
        && agreed.iter().all(Option::is_some)
    {
        return Ok(format!("these statements are approved by {} at {:.0}", last.by, last.at));
    }
    let people = rule.by.join(", ");
    let Some(pull_request) = &migrations.pull_request else {
        return Err(Missing {
            why: "no database administrator has approved these statements".to_owned(),
            how: format!("`shipway approve --as dba` by one of {people}"),
        });
    };
    if !pull_request.verified && !rule.unverified {
        return Err(Missing {
            why: "who labelled and approved the pull request is not verified".to_owned(),
            how:
                "let the hosting service say it: `shipway gate --pull-request NUMBER` (or allow it \
                  with `unverified: true`)"
                    .to_owned(),
        });
    }
    let label = pull_request.labels.contains(&rule.label);
    let by = pull_request.approved_by.iter().find(|by| rule.by.contains(by));
    match (label, by) {
        (true, Some(by)) => {
            let (label, said) = (&rule.label, &pull_request.by);
            Ok(format!("label `{label}` and approval by {by} on the pull request, as {said} says"))
        }
        (true, None) => Err(Missing {
            why: "no database administrator has approved the pull request".to_owned(),
            how: format!("an approving review by one of {people}"),
        }),
        (false, Some(_)) => Err(Missing {
            why: format!("the pull request has no label `{}`", rule.label),
            how: format!("the label `{}`", rule.label),
        }),
        (false, None) => Err(Missing {
            why: "neither label nor approval by a database administrator".to_owned(),
            how: format!("the label `{}` and an approving review by one of {people}", rule.label),
        }),
    }
}
