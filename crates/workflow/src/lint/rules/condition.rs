//! Conditions that decide nothing, and jobs that can never run.

use std::collections::HashMap;

use crate::diagnostic::{Diagnostic, Severity};
use crate::expr::{BinaryOp, Expression, Node, NodeKind};
use crate::lint::checking::Checking;
use crate::lint::rule::Rule;
use crate::lint::site::{Site, Source};
use crate::lint::types::constant;
use crate::model::{Event, Job};

pub(super) const RULES: &[&Rule] = &[&TEXT, &CONSTANT, &UNREACHABLE, &EVENT];

const TEXT: Rule = Rule {
    id: "condition-is-text",
    severity: Severity::Error,
    summary: "an `if` has text around `${{ … }}`, and so always holds",
    why: "With anything around the braces, the whole is a text, and a text holds unless it is \
          empty: `${{ a }} && ${{ b }}` becomes `false && false`, which is not empty. Even a line \
          end behind the braces counts. Leave the braces out; `if` needs none.",
};
const CONSTANT: Rule = Rule {
    id: "constant-condition",
    severity: Severity::Warning,
    summary: "an `if` always comes to the same",
    why: "Nothing in it depends on anything. Remove the condition, or the job or step.",
};
const UNREACHABLE: Rule = Rule {
    id: "unreachable-job",
    severity: Severity::Warning,
    summary: "a job can never run",
    why: "Its own `if` never holds, or it needs a job that never runs and does not ask for its \
          status (`if: always()`).",
};
const EVENT: Rule = Rule {
    id: "unknown-event-name",
    severity: Severity::Warning,
    summary: "a comparison with `github.event_name` that never holds",
    why: "GitHub has no event of this name, or nothing in `on` starts the workflow by it.",
};

pub(super) fn check(checking: &Checking<'_>, found: &mut Vec<Diagnostic>) {
    for site in &checking.sites {
        if let Source::Condition(condition) = site.source {
            if condition.is_text() {
                let message = "there is text around `${{ … }}`, so this always holds";
                let help = "write the whole condition without braces, or all of it in one pair";
                found.push(TEXT.at(checking.file, condition.span, message).with_help(help));
            } else if let Some((expression, _)) = condition.expressions().next() {
                found.extend(constant_condition(checking, site, expression));
            }
        }
        for (expression, span) in site.expressions() {
            expression.root().visit(&mut |node| {
                if let Some(message) = wrong_event(checking, node) {
                    found.push(EVENT.at(checking.file, span, message));
                }
            });
        }
    }
    unreachable(checking, found);
}

fn constant_condition(
    checking: &Checking<'_>,
    site: &Site<'_>,
    expression: &Expression,
) -> Option<Diagnostic> {
    let Source::Condition(condition) = site.source else { return None };
    let holds = constant(expression)?.is_truthy();
    let message = match holds {
        true => "this condition always holds",
        false => "this condition never holds",
    };
    let help = if holds { "remove the `if`" } else { "remove what it is about" };
    Some(CONSTANT.at(checking.file, condition.span, message).with_help(help))
}

/// Jobs that need one that never runs. The one itself has its condition reported.
fn unreachable(checking: &Checking<'_>, found: &mut Vec<Diagnostic>) {
    let mut never: HashMap<&str, &str> = HashMap::new();
    let asks = |job: &Job| job.condition.uses_status();
    for job in checking.jobs() {
        let mut expressions = job.condition.expressions();
        let constant = expressions.next().and_then(|(expression, _)| constant(expression));
        if !job.condition.is_text() && constant.is_some_and(|value| !value.is_truthy()) {
            never.insert(job.id.as_str(), job.id.as_str());
        }
    }
    loop {
        let before = never.len();
        for job in checking.jobs().filter(|job| !asks(job)) {
            if never.contains_key(job.id.as_str()) {
                continue;
            }
            let Some(need) = job.needs.iter().find(|need| never.contains_key(need.as_str())) else {
                continue;
            };
            never.insert(job.id.as_str(), need.as_str());
            let message = format!("this job never runs: it needs `{}`, which never runs", **need);
            let help = "`if: always()` runs a job whatever became of those it needs";
            found.push(UNREACHABLE.at(checking.file, need.span, message).with_help(help));
        }
        if never.len() == before {
            return;
        }
    }
}

/// `github.event_name == 'x'`, where nothing starts the workflow by `x`.
fn wrong_event(checking: &Checking<'_>, node: &Node) -> Option<String> {
    let NodeKind::Binary { op: BinaryOp::Equal | BinaryOp::NotEqual, left, right } = &node.kind
    else {
        return None;
    };
    let workflow = checking.workflow()?;
    let is_name =
        |node: &Node| crate::lint::types::path(node).eq_ignore_ascii_case("github.event_name");
    let name = match (&left.kind, &right.kind) {
        (_, NodeKind::Literal(value)) if is_name(left) => value.as_str()?,
        (NodeKind::Literal(value), _) if is_name(right) => value.as_str()?,
        _ => return None,
    };
    let Some(event) = Event::ALL.iter().find(|event| event.name().eq_ignore_ascii_case(name))
    else {
        // `dynamic` starts the workflows that GitHub makes by itself.
        return (name != "dynamic").then(|| format!("GitHub has no event `{name}`"));
    };
    // A called workflow sees the event of its caller.
    let started = workflow.on.triggers.contains_key(event)
        || workflow.on.triggers.contains_key(&Event::WorkflowCall);
    (!started).then(|| format!("nothing in `on` starts this workflow by `{event}`"))
}
