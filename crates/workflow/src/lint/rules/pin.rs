//! Actions that can change without notice.

use crate::diagnostic::{Diagnostic, Severity};
use crate::lint::checking::Checking;
use crate::lint::known::major;
use crate::lint::rule::Rule;
use crate::model::{JobKind, StepKind, Uses, WorkflowUses};
use crate::span::Span;

pub(super) const RULES: &[&Rule] = &[&UNPINNED, &OUTDATED];

const UNPINNED: Rule = Rule {
    id: "unpinned-action",
    severity: Severity::Warning,
    summary: "an action of others is named by a tag or branch, which can be moved",
    why: "Whoever controls the action's repository (or takes it over) changes what runs here with \
          this repository's secrets. Name the commit, with the version behind it: \
          `uses: owner/name@<40 digits> # v1.2.3`. Tags of `actions/*` and `github/*` are let \
          through: who runs on GitHub trusts GitHub; branches are not. Which owners are trusted is \
          a setting (`trusted-actions`). Images of docker actions are named by digest.",
};
const OUTDATED: Rule = Rule {
    id: "outdated-action",
    severity: Severity::Warning,
    summary: "a version of an action that no longer works, or soon will not",
    why: "GitHub has shut down the service that it talks to, or its runners no longer have the \
          Node that it is made for. Take a newer version.",
};

pub(super) fn check(checking: &Checking<'_>, found: &mut Vec<Diagnostic>) {
    for of in checking.steps() {
        let StepKind::Uses { action, .. } = &of.step.kind else { continue };
        match &action.value {
            Uses::Repository { owner, name, reference, .. } => {
                found.extend(unpinned(checking, owner, name, reference, action.span));
                found.extend(outdated(checking, owner, name, reference, action.span));
            }
            Uses::Docker { image } if !image.contains("@sha256:") => {
                let message = format!("image `{image}` is not named by its digest");
                let help = "write docker://image@sha256:…";
                found.push(UNPINNED.at(checking.file, action.span, message).with_help(help));
            }
            Uses::Docker { .. } | Uses::Local { .. } | Uses::SameRepository { .. } => {}
        }
    }
    for job in checking.jobs() {
        let JobKind::Call(call) = &job.kind else { continue };
        if let WorkflowUses::Repository { owner, name, reference, .. } = &call.uses.value {
            found.extend(unpinned(checking, owner, name, reference, call.uses.span));
        }
    }
}

fn unpinned(
    checking: &Checking<'_>,
    owner: &str,
    name: &str,
    reference: &str,
    span: Span,
) -> Option<Diagnostic> {
    let is_commit =
        matches!(reference.len(), 40 | 64) && reference.bytes().all(|b| b.is_ascii_hexdigit());
    let full = format!("{owner}/{name}");
    let trusted = checking.settings.trusts(&full);
    let is_tag = major(reference).is_some();
    if is_commit || (trusted && is_tag) {
        return None;
    }
    let message = match (trusted, is_tag) {
        (true, _) => format!("`{reference}` of `{full}` may be a branch, which moves"),
        (false, _) => format!("`{full}` is not pinned: `{reference}` can be moved"),
    };
    let help = "name the commit: 40 digits, with the version in a comment behind them";
    Some(UNPINNED.at(checking.file, span, message).with_help(help))
}

fn outdated(
    checking: &Checking<'_>,
    owner: &str,
    name: &str,
    reference: &str,
    span: Span,
) -> Option<Diagnostic> {
    let (oldest, why) = crate::lint::known::oldest(owner, name)?;
    if major(reference)? >= oldest {
        return None;
    }
    let message = format!("`{owner}/{name}@{reference}` is too old: {why}");
    let help = format!("take `{owner}/{name}@v{oldest}` or newer");
    Some(OUTDATED.at(checking.file, span, message).with_help(help))
}
