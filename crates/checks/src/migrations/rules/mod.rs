//! What is looked for in migrations: one family a file, each with its rules and how they are
//! recognised.

mod access;
mod analysis;
mod columns;
mod constraints;
mod data;
mod destructive;
mod history;
mod indexes;
mod locks;
mod mysql;
mod policy;
mod renames;
mod storage;

use std::borrow::Cow;

pub use analysis::*;
pub use history::*;
pub use indexes::no_transaction;
pub use locks::*;
pub use policy::*;

use super::context::Context;
use super::statement::{Change, What};
use crate::finding::Severity;
use crate::rule::Rule;
use crate::sql::Dialect;

/// What running a statement on a real database shows of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// Something is dropped (`sql_drop`), or a column, a constraint is.
    Dropped,
    /// A table or an index is written anew: its file changes.
    Rewritten,
    /// A table is read from its beginning to its end.
    Scanned,
    /// Rows are written or removed, or a table is emptied.
    Written,
    /// A lock is taken that stops writers or readers.
    Locked,
    /// A lock of an earlier statement is still held.
    Held,
    /// The statement fails.
    Refused,
    /// Something has another name or place afterwards, or is switched off.
    Changed,
    /// It cannot be seen: why.
    Not(&'static str),
}

impl Observed {
    /// As the reference says it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Dropped => "yes: something is dropped",
            Self::Rewritten => "yes: a table or an index is written anew",
            Self::Scanned => "yes: a table is read from end to end",
            Self::Written => "yes: rows are written or removed",
            Self::Locked => "yes: a lock that stops writers or readers is taken",
            Self::Held => "yes: a lock of an earlier statement is still held",
            Self::Refused => "yes: the statement fails",
            Self::Changed => "yes: the catalogue says otherwise afterwards",
            Self::Not(why) => why,
        }
    }
}

/// A rule about migrations.
#[derive(Debug)]
pub struct MigrationRule {
    /// Its name, severity, reasons and safe way. The safe way has the statement's names for
    /// `{table}`, `{column}`, `{name}`, `{to}`, `{type}`.
    pub rule: Rule,
    /// Whose statements it is about.
    pub dialects: &'static [Dialect],
    /// What running it shows.
    pub observed: Observed,
}

const ANY: &[Dialect] = &Dialect::ALL;
const POSTGRES: &[Dialect] = &[Dialect::Postgres];
const POSTGRES_MYSQL: &[Dialect] = &[Dialect::Postgres, Dialect::Mysql];
const MYSQL: &[Dialect] = &[Dialect::Mysql];
const SQLITE: &[Dialect] = &[Dialect::Sqlite];

/// A rule, said shortly: id, severity, dialects, observed, title, why, safe way.
const fn rule(
    id: &'static str,
    severity: Severity,
    dialects: &'static [Dialect],
    observed: Observed,
    title: &'static str,
    why: &'static str,
    help: &'static str,
) -> MigrationRule {
    MigrationRule { rule: Rule::new(id, severity, title, why, help), dialects, observed }
}

/// What a rule says of a statement.
#[derive(Debug)]
pub struct Verdict {
    /// The rule.
    pub rule: &'static MigrationRule,
    /// What is there, in one sentence without a full stop.
    pub message: String,
    /// The safe way, with the statement's names.
    pub help: Cow<'static, str>,
}

/// Collects what the rules say of one part of a statement.
#[derive(Debug, Default)]
pub struct Verdicts(pub Vec<Verdict>);

impl Verdicts {
    /// Adds what a rule says; `names` are put into its safe way.
    pub(super) fn add(
        &mut self,
        rule: &'static MigrationRule,
        message: String,
        names: &[(&str, &str)],
    ) {
        let help = with_names(rule.rule.help.clone(), names);
        self.0.push(Verdict { rule, message, help });
    }
}

/// The safe way with a statement's names in it; a sign that has no name stays as it is.
fn with_names(help: Cow<'static, str>, names: &[(&str, &str)]) -> Cow<'static, str> {
    if names.is_empty() || memchr::memchr(b'{', help.as_bytes()).is_none() {
        return help;
    }
    let mut filled = String::with_capacity(help.len() + 64);
    let mut rest = &*help;
    while let Some(at) = memchr::memchr(b'{', rest.as_bytes()) {
        let (before, sign) = rest.split_at(at);
        filled.push_str(before);
        let behind = |key: &str| sign[1..].strip_prefix(key)?.strip_prefix('}');
        match names.iter().find_map(|(key, name)| Some((name, behind(key)?))) {
            Some((name, behind)) => {
                filled.push_str(name);
                rest = behind;
            }
            None => {
                filled.push('{');
                rest = &sign[1..];
            }
        }
    }
    filled.push_str(rest);
    Cow::Owned(filled)
}

/// What every family says of one part of a statement.
pub(super) fn judge(what: &What<'_>, context: &Context, out: &mut Verdicts) {
    if of_no_rule(what) {
        return;
    }
    if let What::Alter { table, change } = what
        && context.is_new(table)
        && (context.is_surely_new(table) || !matches!(change, Change::DropColumn { .. }))
    {
        // Nobody uses the table yet.
        columns::judge_new(table, change, context, out);
        return indexes::judge(what, context, out);
    }
    destructive::judge(what, context, out);
    renames::judge(what, context, out);
    columns::judge(what, context, out);
    constraints::judge(what, context, out);
    indexes::judge(what, context, out);
    data::judge(what, context, out);
    storage::judge(what, context, out);
    access::judge(what, out);
    mysql::judge(what, context, out);
    analysis::judge(what, out);
}

/// What every family would pass over; much of what there is.
fn of_no_rule(what: &What<'_>) -> bool {
    matches!(
        what,
        What::Harmless
            | What::Set { .. }
            | What::Insert { .. }
            | What::Calls { .. }
            | What::CreateFunction { .. }
            | What::Begin
            | What::End
            | What::Rollback
    )
}

/// Every rule there is, by family.
#[must_use]
pub fn all() -> Vec<&'static MigrationRule> {
    let families: [&[&'static MigrationRule]; 13] = [
        destructive::RULES,
        renames::RULES,
        columns::RULES,
        constraints::RULES,
        indexes::RULES,
        locks::RULES,
        data::RULES,
        storage::RULES,
        access::RULES,
        mysql::RULES,
        history::RULES,
        policy::RULES,
        analysis::RULES,
    ];
    families.concat()
}
