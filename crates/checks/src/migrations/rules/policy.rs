//! What a team has agreed on beyond safety: additive stores, phases.

use super::{ANY, MigrationRule, Observed, rule};
use crate::finding::Severity::{Critical, High};
use crate::migrations::statement::{Change, What};

const AGREED: Observed = Observed::Not("no: it is about what was agreed, not about what happens");

/// Something is changed or taken away where only additions are allowed.
pub static NOT_ADDITIVE: MigrationRule = rule(
    "not-additive",
    Critical,
    ANY,
    AGREED,
    "something else than an addition, under the policy `additive_only`",
    "What is recorded here must stay as it is: events are corrected by further events.",
    "Add beside it, and correct by compensating entries.",
);
/// A migration without the script that compensates for it.
pub static NO_COMPENSATION: MigrationRule = rule(
    "no-compensation",
    High,
    ANY,
    AGREED,
    "no compensating script, under the policy `additive_only`",
    "What is added here could not be set right without thinking about it in the night.",
    "Add a script beside it that compensates for it: NAME.compensate.sql (or the tool's own down \
     migration).",
);
/// A statement in the wrong phase.
pub static WRONG_PHASE: MigrationRule = rule(
    "wrong-phase",
    High,
    ANY,
    AGREED,
    "a statement in the wrong phase",
    "Before the deployment the old version serves: only additions are safe. After it the new version \
     serves, and what it needs must have been there before.",
    "Split the migration: additions into one marked `-- shipway: before-deployment`, what takes away \
     into one marked `-- shipway: after-deployment`.",
);

pub(super) static RULES: &[&MigrationRule] = &[&NOT_ADDITIVE, &NO_COMPENSATION, &WRONG_PHASE];

/// Whether it adds, takes away (or changes), or neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Adds something.
    Adds,
    /// Changes or takes away what is there.
    Takes,
    /// Neither.
    Neither,
}

/// Whether a statement adds or takes away.
#[must_use]
pub fn direction(what: &What<'_>) -> Direction {
    match what {
        What::CreateTable(_)
        | What::CreateIndex { .. }
        | What::Create { .. }
        | What::CreateTrigger { .. }
        | What::CreateFunction { .. }
        | What::AddEnumValue
        | What::Alter {
            change: Change::AddColumn(_) | Change::AddIndex | Change::Attach { .. },
            ..
        } => Direction::Adds,
        What::Drop { .. }
        | What::DropOwned { .. }
        | What::Alter { .. }
        | What::Rename { .. }
        | What::SetSchema { .. }
        | What::RenameEnumValue { .. }
        | What::AlterAttribute { .. }
        | What::Truncate { .. }
        | What::Delete { .. }
        | What::Update { .. }
        | What::Revoke { .. } => {
            match what {
                What::Alter {
                    change: Change::Harmless | Change::Inherit { .. } | Change::Validate { .. },
                    ..
                } => Direction::Neither,
                // A constraint may be refused by the version that serves.
                _ => Direction::Takes,
            }
        }
        _ => Direction::Neither,
    }
}
