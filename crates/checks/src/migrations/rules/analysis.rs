//! What could not be analysed: it keeps the gate shut.

use super::{ANY, MigrationRule, Observed, POSTGRES_MYSQL, Verdicts, rule};
use crate::finding::Severity::{High, Low, Medium};
use crate::migrations::statement::{Change, What};

/// A statement that is not understood.
pub static UNRECOGNISED: MigrationRule = rule(
    "unrecognised",
    High,
    ANY,
    Observed::Not("no: whether it runs says nothing about what it is"),
    "a statement that is not understood",
    "Nothing is known of what it does: it may be a mistake, or SQL that is not known here.",
    "If it is right, allow it with the reason: -- shipway: allow unrecognised: WHY",
);
/// SQL that is put together while it runs.
pub static DYNAMIC: MigrationRule = rule(
    "dynamic-sql",
    High,
    ANY,
    Observed::Not("no: another database may put together another statement"),
    "SQL that is put together while it runs",
    "What it does depends on what it finds, and cannot be read here.",
    "Write the statement out; or allow it with the reason: -- shipway: allow dynamic-sql: WHY",
);
/// A function or a procedure whose body is not at hand.
pub static UNSEEN: MigrationRule = rule(
    "unseen-routine",
    High,
    POSTGRES_MYSQL,
    Observed::Not("no: another database may have another body of it"),
    "a function or a procedure is run that is not in these migrations",
    "It may do anything, and what it does is not written here: only what PostgreSQL itself has is known \
     to change no tables.",
    "Define it in a migration, or write the statements out; or allow it with the reason: \
     -- shipway: allow unseen-routine: WHY",
);
/// Something begins and never ends.
pub static BROKEN: MigrationRule = rule(
    "unterminated",
    High,
    ANY,
    Observed::Not("no: it does not run at all"),
    "a string, a name or a comment that never ends",
    "The database takes everything behind it for a part of it.",
    "End it.",
);
/// A file that cannot be read.
pub static UNREADABLE: MigrationRule = rule(
    "unreadable",
    High,
    ANY,
    Observed::Not("no: there is nothing to run"),
    "a file, or the rest of it, that cannot be read",
    "What is in it is not known.",
    "Save it as UTF-8, with statements of less than 64 MiB.",
);
/// A command of the client.
pub static CLIENT_COMMAND: MigrationRule = rule(
    "client-command",
    High,
    ANY,
    Observed::Not("no: it is psql's, not the server's"),
    "a command of the client that runs something else",
    "It includes a file, runs a program, or executes what a query returns: none of it is written here.",
    "Write the statements out.",
);
/// An allowance that does not count.
pub static BAD_ALLOW: MigrationRule = rule(
    "allow-without-reason",
    Medium,
    ANY,
    Observed::Not("no: it is a comment"),
    "an allowance that does not count",
    "Without a reason, or with a rule that does not exist, nobody can judge it later.",
    "-- shipway: allow RULE: WHY",
);
/// An allowance that nothing needs.
pub static UNUSED_ALLOW: MigrationRule = rule(
    "unused-allow",
    Low,
    ANY,
    Observed::Not("no: it is a comment"),
    "an allowance that nothing needs",
    "It would hide what comes later.",
    "Remove it.",
);
/// A migration that ends or begins transactions of its own where the tool does.
pub static TRANSACTION_CONTROL: MigrationRule = rule(
    "transaction-control",
    Medium,
    ANY,
    Observed::Not("no: it depends on how the migration tool runs the file"),
    "BEGIN or COMMIT in a migration that runs in the tool's transaction, or one that stays open",
    "A COMMIT ends the tool's transaction halfway, so that a failure leaves half of it behind; what is \
     begun and never committed is lost.",
    "Leave transactions to the tool, or tell it not to begin one; commit what is begun.",
);

/// What running a statement showed, and reading it did not.
pub static OBSERVED_ONLY: MigrationRule = rule(
    "observed-only",
    High,
    ANY,
    Observed::Not("it is what proof by execution adds"),
    "running it shows what its text does not",
    "It runs something that is not written here, such as a function of an earlier migration.",
    "Write the statements out; or allow the function's effect with the reason, where it is called.",
);

pub(super) static RULES: &[&MigrationRule] = &[
    &UNRECOGNISED,
    &DYNAMIC,
    &UNSEEN,
    &BROKEN,
    &UNREADABLE,
    &CLIENT_COMMAND,
    &BAD_ALLOW,
    &UNUSED_ALLOW,
    &TRANSACTION_CONTROL,
    &OBSERVED_ONLY,
];

pub(super) fn judge(what: &What, out: &mut Verdicts) {
    match what {
        What::Unrecognised { why } => out.add(&UNRECOGNISED, (*why).to_owned(), &[]),
        What::Alter { table, change: Change::Unrecognised } => {
            out.add(&UNRECOGNISED, format!("a change of `{table}` that is not known"), &[]);
        }
        What::Dynamic { sql: None, .. } => {
            let message = "executes SQL that is put together while it runs".to_owned();
            out.add(&DYNAMIC, message, &[]);
        }
        _ => {}
    }
}
