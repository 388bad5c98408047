//! Migrations as a sequence: what was merged is fixed.

use super::{ANY, MigrationRule, Observed, rule};
use crate::finding::Severity::{High, Medium};

const ABOUT_FILES: Observed = Observed::Not("no: it is about files, not about what they do");

/// A merged migration has another content.
pub static CHANGED: MigrationRule = rule(
    "merged-migration-changed",
    High,
    ANY,
    ABOUT_FILES,
    "a migration that was merged is changed",
    "Databases that have it applied never see the change, and tools that keep checksums refuse to \
     go on.",
    "Restore it, and write what is to change into a new migration.",
);
/// A merged migration is gone.
pub static DELETED: MigrationRule = rule(
    "merged-migration-deleted",
    High,
    ANY,
    ABOUT_FILES,
    "a migration that was merged is deleted",
    "Databases that have it applied keep what it did, and new ones never get it.",
    "Restore it, and undo what it did in a new migration.",
);
/// Two migrations with one version.
pub static DUPLICATE: MigrationRule = rule(
    "duplicate-version",
    High,
    ANY,
    ABOUT_FILES,
    "two migrations have the same version",
    "Only one of them is applied, or neither.",
    "Give the new one the next free version.",
);
/// A new migration that sorts before a merged one.
pub static OUT_OF_ORDER: MigrationRule = rule(
    "out-of-order",
    Medium,
    ANY,
    ABOUT_FILES,
    "a new migration sorts before one that was merged",
    "Databases that are further on skip or refuse it, and new ones apply it in another order.",
    "Give it a version behind the last one.",
);

pub(super) static RULES: &[&MigrationRule] = &[&CHANGED, &DELETED, &DUPLICATE, &OUT_OF_ORDER];
