//! What actions are given.

use crate::diagnostic::{Diagnostic, Severity, nearest};
use crate::lint::callee::{Callee, Interface};
use crate::lint::checking::Checking;
use crate::lint::rule::Rule;
use crate::model::{Bindings, StepKind, Uses};
use crate::span::Spanned;

pub(super) const RULES: &[&Rule] = &[&INPUT, &DEPRECATED, &MISSING, &PRE];

const INPUT: Rule = Rule {
    id: "action-input",
    severity: Severity::Error,
    summary: "an action is given an input that it does not have, or not given one that it needs",
    why: "An unknown input has no effect. Inputs are known of local actions, of actions at hand, \
          and of actions that many use; for the latter an unknown input is a warning, since a \
          newer release may have it.",
};
const DEPRECATED: Rule = Rule {
    id: "deprecated-input",
    severity: Severity::Warning,
    summary: "an input that the action itself calls deprecated",
    why: "It will be gone in some later version. The action says what to use instead.",
};
const MISSING: Rule = Rule {
    id: "missing-action",
    severity: Severity::Warning,
    summary: "a local action is not in the repository, or cannot be read",
    why: "`uses: ./path` takes the action from the workspace, so the repository has to hold \
          `path/action.yml` (or a Dockerfile), unless a step before it puts it there.",
};

const PRE: Rule = Rule {
    id: "local-pre",
    severity: Severity::Warning,
    summary: "a local action has a `pre`, which does not run",
    why: "What an action does before the first step cannot come out of the workspace, which steps \
          fill. So the runner leaves it out where an action is used as `./path`, and warns. Of a \
          release, and by `$/path`, it runs.",
};

pub(super) fn check(checking: &Checking<'_>, found: &mut Vec<Diagnostic>) {
    for of in checking.steps() {
        let StepKind::Uses { action, with } = &of.step.kind else { continue };
        match checking.action(&action.value).as_ref() {
            Callee::Action(interface) => {
                inputs(checking, interface, action, with, found);
                if interface.has_pre && matches!(action.value, Uses::Local { .. }) {
                    let message = "`pre` of a local action does not run";
                    let help = "do it in a step, or use the action by `$/` or at a release";
                    found.push(PRE.at(checking.file, action.span, message).with_help(help));
                }
            }
            Callee::Missing => {
                let message = "there is no such action in this repository";
                let help = "the path starts at the root of the repository, and names a folder";
                found.push(MISSING.at(checking.file, action.span, message).with_help(help));
            }
            Callee::Broken => {
                let message = "this action cannot be read; `shipway lint` on its file says why";
                found.push(MISSING.at(checking.file, action.span, message));
            }
            Callee::Unknown | Callee::Workflow(_) | Callee::NotCallable => {}
        }
    }
}

fn inputs(
    checking: &Checking<'_>,
    interface: &Interface,
    action: &Spanned<Uses>,
    with: &Bindings,
    found: &mut Vec<Diagnostic>,
) {
    let Some(named) = with.written() else { return };
    let is = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    // The runner takes these for docker actions by itself.
    let reserved = ["entrypoint", "args"];
    let local = matches!(action.value, Uses::Local { .. } | Uses::SameRepository { .. });
    for (name, binding) in named {
        match interface.inputs.iter().find(|(known, _)| is(known, name)) {
            None if reserved.iter().any(|known| is(known, name)) => {}
            None => {
                let message = format!("`{}` has no input `{name}`", interface.name);
                let mut finding = INPUT.at(checking.file, binding.span, message);
                if !local {
                    finding.severity = Severity::Warning;
                }
                found.push(finding.with_help(there_are(interface, name)));
            }
            Some((_, taken)) => {
                if let Some(instead) = &taken.deprecation {
                    let message = format!("input `{name}` is deprecated: {instead}");
                    found.push(DEPRECATED.at(checking.file, binding.span, message));
                }
            }
        }
    }
    for (name, taken) in &interface.inputs {
        if taken.required && !named.keys().any(|given| is(given, name)) {
            let message = format!("`{}` needs the input `{name}`", interface.name);
            let help = format!("add `{name}` under `with`");
            found.push(INPUT.at(checking.file, action.span, message).with_help(help));
        }
    }
}

fn there_are(interface: &Interface, name: &str) -> String {
    if let Some(near) = nearest(name, interface.inputs.keys()) {
        return format!("did you mean `{near}`?");
    }
    let names: Vec<&str> = interface.inputs.keys().map(String::as_str).collect();
    if names.is_empty() {
        "it takes no inputs".into()
    } else {
        format!("there are: {}", names.join(", "))
    }
}
