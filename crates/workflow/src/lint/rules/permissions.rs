//! What the token of a run may do, and whose code gets it.

use crate::diagnostic::{Diagnostic, Severity};
use crate::lint::checking::Checking;
use crate::lint::rule::Rule;
use crate::model::{Event, Job, Permissions, StepKind, Uses};

pub(super) const RULES: &[&Rule] = &[&MISSING, &EXCESSIVE, &HEAD];

const MISSING: Rule = Rule {
    id: "missing-permissions",
    severity: Severity::Warning,
    summary: "nothing says what the token of a job may do",
    why: "Without `permissions`, a job gets what the repository's settings allow, in many still \
          everything. Say it once for the workflow (`permissions: {contents: read}`), and more in \
          the jobs that need more.",
};
const EXCESSIVE: Rule = Rule {
    id: "excessive-permissions",
    severity: Severity::Warning,
    summary: "`write-all`, or writing for every job of a workflow that only one needs",
    why: "Every step and action of the job can push code, publish packages and change settings. \
          Name the scopes that are needed, in the job that needs them.",
};
const HEAD: Rule = Rule {
    id: "untrusted-checkout",
    severity: Severity::Error,
    summary: "a privileged event checks out the code of a pull request",
    why: "`pull_request_target` and `workflow_run` have the repository's secrets and a token that \
          can write. Code of a fork that is checked out and then built or tested runs with them. \
          Build in `pull_request`, and only use the result here; or take the head as data alone, \
          and say so in an ignore comment.",
};

pub(super) fn check(checking: &Checking<'_>, found: &mut Vec<Diagnostic>) {
    let Some(workflow) = checking.workflow() else { return };
    if workflow.permissions.is_none() {
        let without: Vec<&Job> = checking.jobs().filter(|job| job.permissions.is_none()).collect();
        if let Some(first) = without.first() {
            let names: Vec<&str> = without.iter().map(|job| job.id.as_str()).collect();
            let message = match names.as_slice() {
                [one] => format!("nothing says what the token of job `{one}` may do"),
                _ => format!("nothing says what the tokens of {} jobs may do", names.len()),
            };
            let help = "add `permissions: {contents: read}` to the workflow, and more where needed";
            found.push(MISSING.at(checking.file, first.id.span, message).with_help(help));
        }
    }
    excessive(checking, found);
    let privileged = [Event::PullRequestTarget, Event::WorkflowRun]
        .into_iter()
        .find(|event| workflow.on.triggers.contains_key(event));
    if let Some(event) = privileged {
        untrusted_checkout(checking, event, found);
    }
}

fn excessive(checking: &Checking<'_>, found: &mut Vec<Diagnostic>) {
    let Some(root) = checking.root.and_then(|root| root.as_mapping()) else { return };
    let Some(workflow) = checking.workflow() else { return };
    let written = std::iter::once((workflow.permissions.as_ref(), root.get("permissions"), None));
    let jobs = checking.jobs().map(|job| {
        let node = checking.written_job(job).and_then(|fields| fields.get("permissions"));
        (job.permissions.as_ref(), node, Some(job))
    });
    for (permissions, node, job) in written.chain(jobs) {
        let (Some(Permissions::WriteAll), Some(node)) = (permissions, node) else { continue };
        let message = match job {
            Some(job) => format!("the token of job `{}` may do everything", job.id.value),
            None => "the tokens of all jobs may do everything".to_owned(),
        };
        let help = "name the scopes that are needed, such as `contents: write`";
        found.push(EXCESSIVE.at(checking.file, node.at(), message).with_help(help));
    }
}

fn untrusted_checkout(checking: &Checking<'_>, event: Event, found: &mut Vec<Diagnostic>) {
    for of in checking.steps() {
        let StepKind::Uses { action, with } = &of.step.kind else { continue };
        let Uses::Repository { owner, name, .. } = &action.value else { continue };
        if !(owner.eq_ignore_ascii_case("actions") && name.eq_ignore_ascii_case("checkout")) {
            continue;
        }
        for input in ["ref", "repository"] {
            let Some(value) = with.get(input) else { continue };
            let text = value.text().to_lowercase();
            let head =
                ["github.head_ref", "pull_request.head.", "workflow_run.head_", "refs/pull/"];
            if head.iter().any(|head| text.contains(head)) {
                let message =
                    format!("`{event}` has secrets, and this checks out a stranger's code");
                let help = "use `pull_request` for building and testing what others propose";
                found.push(HEAD.at(checking.file, value.span, message).with_help(help));
            }
        }
    }
}
