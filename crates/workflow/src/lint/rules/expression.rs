//! Expressions that can only come to nothing.

use crate::diagnostic::{Diagnostic, Severity};
use crate::lint::checking::Checking;
use crate::lint::rule::Rule;
use crate::lint::site::{Role, Site, word};
use crate::lint::types::{Kind, Type, infer};
use crate::span::Span;

pub(super) const RULES: &[&Rule] =
    &[&UNKNOWN_MEMBER, &TYPE, &OBJECT_AS_TEXT, &COMPARISON, &FORMAT, &JSON];

const UNKNOWN_MEMBER: Rule = Rule {
    id: "unknown-member",
    severity: Severity::Warning,
    summary: "an expression names a member that its context does not have",
    why: "GitHub runs the workflow, and the value is always empty: a step, a job in `needs`, an \
          input, an output or a key of the matrix is misspelled, or comes later. `steps` knows the steps before, `needs` the \
          jobs that the job itself names, `inputs` what `workflow_dispatch` and `workflow_call` \
          declare. Outputs are known of local actions, of called workflows in the repository and \
          of actions that many use.",
};
const TYPE: Rule = Rule {
    id: "expression-type",
    severity: Severity::Error,
    summary: "a value of the wrong type: a member of a string, a text where a number is wanted",
    why: "Such an expression has no useful value: members of a string are empty, a list is never \
          equal to a string, and functions return `false` or nothing for what they do not take. A \
          text where a number or a boolean is wanted fails the job, though it says `10` or `true`.",
};
const OBJECT_AS_TEXT: Rule = Rule {
    id: "object-as-text",
    severity: Severity::Error,
    summary: "an object or a list stands where text is wanted",
    why: "The text would be `Object` or `Array`. Take a member of it, or write `toJSON(…)`.",
};
const COMPARISON: Rule = Rule {
    id: "mixed-comparison",
    severity: Severity::Warning,
    summary: "a boolean is compared by `<` or `>`",
    why: "Both sides are converted to numbers, which is seldom meant: `true > 0` holds.",
};
const FORMAT: Rule = Rule {
    id: "format-arguments",
    severity: Severity::Error,
    summary: "`format` has more or fewer arguments than places",
    why: "A place without an argument is an error when the workflow runs. An argument without a \
          place is left out (a warning).",
};
const JSON: Rule = Rule {
    id: "invalid-json",
    severity: Severity::Error,
    summary: "`fromJSON` is given text that is no JSON",
    why: "It fails when the workflow runs. GitHub takes more than JSON: single quotes, keys without \
          quotes, comments and a comma before the end are no mistakes.",
};

pub(super) fn check(checking: &Checking<'_>, found: &mut Vec<Diagnostic>) {
    for site in &checking.sites {
        for (expression, span) in site.expressions() {
            let inferred = infer(expression, &site.contexts);
            for problem in inferred.problems {
                let (rule, severity) = rule_of(problem.kind);
                let place = word(checking.source, span, expression.text(), problem.offset);
                let mut finding = rule.at(checking.file, place, problem.message);
                finding.severity = severity;
                finding.help = problem.help;
                found.push(finding);
            }
            found.extend(misfit(checking, site, &inferred.of, span));
        }
    }
}

fn rule_of(kind: Kind) -> (&'static Rule, Severity) {
    let rule = match kind {
        Kind::Member => &UNKNOWN_MEMBER,
        Kind::Type => &TYPE,
        Kind::Comparison => &COMPARISON,
        Kind::Format | Kind::UnusedArgument => &FORMAT,
        Kind::Json => &JSON,
    };
    let milder = kind == Kind::UnusedArgument;
    (rule, if milder { Severity::Warning } else { rule.severity })
}

/// A value that does not fit where it stands.
fn misfit(checking: &Checking<'_>, site: &Site<'_>, of: &Type, span: Span) -> Option<Diagnostic> {
    let finding = |rule: &'static Rule, message: String| rule.at(checking.file, span, message);
    match site.role {
        Role::Text | Role::Script if of.is_collection() => {
            let message = format!("this is {of}, and text is wanted here");
            let help = "take a member of it, or write `toJSON(…)`";
            Some(finding(&OBJECT_AS_TEXT, message).with_help(help))
        }
        Role::Value if of.is_collection() && !site.is_whole() => {
            let message = format!("this is {of}, and stands inside of a text");
            let help = "take a member of it, or write `toJSON(…)`";
            Some(finding(&OBJECT_AS_TEXT, message).with_help(help))
        }
        Role::Object if !matches!(of, Type::Any | Type::Object(_)) => {
            let message = format!("this is {of}, and an object is wanted here");
            let help = "`fromJSON(…)` makes an object of a text";
            Some(finding(&TYPE, message).with_help(help))
        }
        Role::Bool if site.is_whole() && !matches!(of, Type::Any | Type::Bool) => {
            let message = format!("this is {of}, and `true` or `false` is wanted here");
            Some(of_text(finding(&TYPE, message), of))
        }
        Role::Number if site.is_whole() && !matches!(of, Type::Any | Type::Number) => {
            let message = format!("this is {of}, and a number is wanted here");
            Some(of_text(finding(&TYPE, message), of))
        }
        _ => None,
    }
}

/// What helps where the value is a text.
fn of_text(finding: Diagnostic, of: &Type) -> Diagnostic {
    match of {
        Type::String => finding.with_help("`fromJSON(…)` makes a value of a text; GitHub does not"),
        _ => finding,
    }
}
