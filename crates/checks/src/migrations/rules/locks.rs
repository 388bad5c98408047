//! How long others wait.

use super::{MigrationRule, Observed, POSTGRES, POSTGRES_MYSQL, rule};
use crate::finding::Severity::{Low, Medium};

/// Several statements while a strong lock is held.
pub static LOCK_HELD: MigrationRule = rule(
    "strong-lock-held",
    Medium,
    POSTGRES,
    Observed::Held,
    "more work is done while a strong lock is held",
    "A lock is held until the transaction ends: nobody can use `{table}` while the next statements \
     take their time, and two tables locked in turn may deadlock with the program.",
    "Put what comes after it into a transaction (a migration) of its own, or do the long work first.",
);
/// A strong lock without a limit to the waiting for it.
pub static NO_LOCK_TIMEOUT: MigrationRule = rule(
    "no-lock-timeout",
    Low,
    POSTGRES_MYSQL,
    Observed::Not("no: what happens depends on the other transactions of the moment"),
    "a strong lock is waited for without a limit",
    "While it waits behind one long query, every query that comes waits behind it.",
    "Before it: SET lock_timeout = '2s'; and let the migration be tried again when it gives up \
     (MySQL: SET lock_wait_timeout = 2;).",
);

pub(super) static RULES: &[&MigrationRule] = &[&LOCK_HELD, &NO_LOCK_TIMEOUT];
