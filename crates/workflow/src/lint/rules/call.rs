//! Workflows that call others.

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Severity, nearest};
use crate::lint::callee::{Callee, type_of};
use crate::lint::checking::Checking;
use crate::lint::rule::Rule;
use crate::lint::site::{Role, Site, Source};
use crate::lint::types::{Type, infer};
use crate::model::{Call, CallJob, JobKind, Secrets};
use crate::span::Span;

pub(super) const RULES: &[&Rule] = &[&CALL];

const CALL: Rule = Rule {
    id: "workflow-call",
    severity: Severity::Error,
    summary: "a called workflow is not there, or its inputs and secrets do not fit",
    why: "The run would not start. The called workflow declares under `on.workflow_call` which \
          inputs (with their types) and secrets it takes.",
};

pub(super) fn check(checking: &Checking<'_>, found: &mut Vec<Diagnostic>) {
    for job in checking.jobs() {
        let JobKind::Call(call) = &job.kind else { continue };
        let span = call.uses.span;
        let message = match checking.called(&call.uses.value).as_ref() {
            Callee::Workflow(takes) => {
                inputs(checking, call, takes, found);
                secrets(checking, call, takes, found);
                continue;
            }
            Callee::Missing => "there is no such workflow in this repository",
            Callee::NotCallable => "this workflow has no `on: workflow_call`: it cannot be called",
            Callee::Broken => "this workflow cannot be read; `shipway lint` on its file says why",
            Callee::Unknown | Callee::Action(_) => continue,
        };
        found.push(CALL.at(checking.file, span, message));
    }
}

fn inputs(checking: &Checking<'_>, call: &CallJob, takes: &Call, found: &mut Vec<Diagnostic>) {
    let Some(named) = call.with.written() else { return };
    let is = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    for (name, binding) in named {
        let Some((_, input)) = takes.inputs.iter().find(|(known, _)| is(known, name)) else {
            found.push(unknown(checking, "input", name, binding.span, &takes.inputs));
            continue;
        };
        let wanted = type_of(&input.kind);
        let given = match binding.value.as_literal() {
            Some(value) => Type::of(&value),
            None => computed(checking, &binding.value),
        };
        // Numbers are text, too.
        let fits = given == wanted
            || matches!(given, Type::Any | Type::Null)
            || (wanted == Type::String && given == Type::Number);
        if !fits {
            let message = format!("input `{name}` has to be {wanted}, not {given}");
            found.push(CALL.at(checking.file, binding.value.span, message));
        }
    }
    for (name, input) in &takes.inputs {
        if input.required && !named.keys().any(|given| is(given, name)) {
            let message = format!("the called workflow needs the input `{name}`");
            let help = format!("add `{name}` under `with`");
            found.push(CALL.at(checking.file, call.uses.span, message).with_help(help));
        }
    }
}

/// The type of a value with expressions.
fn computed(checking: &Checking<'_>, template: &crate::expr::Template) -> Type {
    let at = |site: &&Site<'_>| {
        site.role == Role::Value
            && matches!(site.source, Source::Template(own) if std::ptr::eq(own, template))
    };
    match (template.as_expression(), checking.sites.iter().find(at)) {
        (Some(expression), Some(site)) => infer(expression, &site.contexts).of,
        (None, _) => Type::String,
        (Some(_), None) => Type::Any,
    }
}

fn secrets(checking: &Checking<'_>, call: &CallJob, takes: &Call, found: &mut Vec<Diagnostic>) {
    let Secrets::Named(secrets) = &call.secrets else { return };
    let Some(named) = secrets.written() else { return };
    let is = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    for (name, binding) in named {
        if !takes.secrets.keys().any(|known| is(known, name)) {
            found.push(unknown(checking, "secret", name, binding.span, &takes.secrets));
        }
    }
    for (name, secret) in &takes.secrets {
        if secret.required && !named.keys().any(|given| is(given, name)) {
            let message = format!("the called workflow needs the secret `{name}`");
            let help = format!("add `{name}` under `secrets`, or write `secrets: inherit`");
            found.push(CALL.at(checking.file, call.uses.span, message).with_help(help));
        }
    }
}

fn unknown<T>(
    checking: &Checking<'_>,
    what: &str,
    name: &str,
    span: Span,
    known: &IndexMap<String, T>,
) -> Diagnostic {
    let finding =
        CALL.at(checking.file, span, format!("the called workflow takes no {what} `{name}`"));
    let names: Vec<&str> = known.keys().map(String::as_str).collect();
    match nearest(name, names.iter().copied()) {
        Some(near) => finding.with_help(format!("did you mean `{near}`?")),
        None if names.is_empty() => finding.with_help(format!("it takes no {what}s")),
        None => finding.with_help(format!("there are: {}", names.join(", "))),
    }
}
