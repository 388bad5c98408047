//! The rules, one file a subject.

mod call;
mod command;
mod condition;
mod expression;
mod injection;
mod limit;
mod matrix;
mod metadata;
mod names;
mod permissions;
mod pin;
mod runner;
mod trigger;
mod uses;

use super::allow;
use super::checking::Checking;
use super::rule::Rule;
use super::script;
pub(super) use super::script::finding as shellcheck;
use crate::diagnostic::{Diagnostic, Severity};

pub(super) const UNREADABLE: Rule = Rule {
    id: "unreadable-file",
    severity: Severity::Error,
    summary: "a file could not be examined",
    why: "It is not there, may not be read, or is no UTF-8 text. The other files are examined.",
};

/// Looks at a file and adds what it finds.
type Check = fn(&Checking<'_>, &mut Vec<Diagnostic>);

pub(super) const CHECKS: &[Check] = &[
    expression::check,
    condition::check,
    injection::check,
    permissions::check,
    pin::check,
    uses::check,
    call::check,
    trigger::check,
    runner::check,
    matrix::check,
    limit::check,
    names::check,
    command::check,
    metadata::check,
];

/// Every rule, in the order of the documentation.
const RULES: &[&[&Rule]] = &[
    expression::RULES,
    condition::RULES,
    injection::RULES,
    permissions::RULES,
    pin::RULES,
    uses::RULES,
    call::RULES,
    trigger::RULES,
    runner::RULES,
    matrix::RULES,
    limit::RULES,
    names::RULES,
    command::RULES,
    metadata::RULES,
    &[&script::SHELLCHECK, &UNREADABLE],
    &[&allow::WITHOUT_REASON, &allow::UNKNOWN_RULE, &allow::MALFORMED, &allow::UNUSED],
];

/// Every rule, in the order of the documentation.
#[must_use]
pub fn all() -> Vec<&'static Rule> {
    RULES.iter().flat_map(|rules| rules.iter().copied()).collect()
}

/// Whether a comment may allow findings of this name: that of a rule, or a code of the reader.
#[must_use]
pub fn is_rule(name: &str) -> bool {
    all().iter().any(|rule| rule.id == name)
        || name
            .strip_prefix("SW")
            .is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()))
}
