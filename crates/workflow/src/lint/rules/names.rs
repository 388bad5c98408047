//! Names and values that are written where they should not be.

use std::collections::HashSet;

use crate::diagnostic::{Diagnostic, Severity};
use crate::lint::checking::{Checking, Content};
use crate::lint::rule::Rule;
use crate::model::{Bindings, Container, JobKind, Name, Services};

pub(super) const RULES: &[&Rule] = &[&CREDENTIALS, &VARIABLE, &NEED];

const CREDENTIALS: Rule = Rule {
    id: "hardcoded-credentials",
    severity: Severity::Error,
    summary: "a password for a registry stands in the file",
    why: "Everybody who can read the repository can read it. Store it as a secret, and write \
          `${{ secrets.NAME }}`.",
};
const VARIABLE: Rule = Rule {
    id: "variable-name",
    severity: Severity::Error,
    summary: "a variable of `env` has a name that shells cannot use",
    why: "A name with `=` sets another variable; one with spaces or `&` cannot be read by a shell.",
};
const NEED: Rule = Rule {
    id: "duplicate-need",
    severity: Severity::Warning,
    summary: "`needs` names a job twice",
    why: "Names of jobs ignore case. Remove one.",
};

pub(super) fn check(checking: &Checking<'_>, found: &mut Vec<Diagnostic>) {
    for job in checking.jobs() {
        let mut seen = HashSet::new();
        for need in &job.needs {
            if !seen.insert(need.to_lowercase()) {
                let message = format!("job `{}` needs `{}` already", job.id.value, need.value);
                found.push(NEED.at(checking.file, need.span, message));
            }
        }
        let JobKind::Steps(steps) = &job.kind else { continue };
        let services = match &steps.services {
            Services::Named(named) => named.values().collect(),
            Services::Computed(_) => Vec::new(),
        };
        for container in steps.container.iter().chain(services) {
            found.extend(password(checking, container));
        }
    }
    for bindings in environments(checking) {
        let Bindings::Named(named) = bindings else { continue };
        for (name, binding) in named.iter().filter(|(_, binding)| binding.name == Name::Written) {
            let illegal = |c: char| c == '=' || c == '&' || c.is_whitespace() || c.is_control();
            if name.is_empty() || name.contains(illegal) {
                let message = format!("`{name}` is no name for a variable");
                let help = "use letters, digits and `_`";
                found.push(VARIABLE.at(checking.file, binding.span, message).with_help(help));
            }
        }
    }
}

fn password(checking: &Checking<'_>, container: &Container) -> Option<Diagnostic> {
    let password = container.parts().credentials?.get("password")?;
    if !password.is_literal() || password.text().is_empty() {
        return None;
    }
    let message = "the password stands in the file";
    let help = "store it as a secret, and write `${{ secrets.NAME }}`";
    Some(CREDENTIALS.at(checking.file, password.span, message).with_help(help))
}

/// Every `env` of the file.
fn environments<'a>(checking: &Checking<'a>) -> Vec<&'a Bindings> {
    let mut all = Vec::new();
    if let Content::Workflow(workflow) = checking.content {
        all.push(&workflow.env);
        for job in workflow.jobs.values() {
            let JobKind::Steps(steps) = &job.kind else { continue };
            all.push(&steps.env);
            all.extend(steps.container.iter().filter_map(|container| container.parts().env));
        }
    }
    all.extend(checking.steps().into_iter().map(|of| &of.step.env));
    all
}
