//! Who may do what, and what guards it.

use super::{MigrationRule, Observed, POSTGRES, POSTGRES_MYSQL, Verdicts, rule};
use crate::finding::Severity::{High, Medium};
use crate::migrations::statement::{Change, Object, What};

static REVOKE: MigrationRule = rule(
    "revoke",
    Medium,
    POSTGRES_MYSQL,
    Observed::Changed,
    "a right is taken away",
    "Whoever still needs it fails at once.",
    "Revoke it after the deployment of a version that does not need it.",
);
static DROP_ROLE: MigrationRule = rule(
    "drop-role",
    High,
    POSTGRES_MYSQL,
    Observed::Changed,
    "a role is dropped",
    "Whoever connects by it is out, and it is the cluster's, not this database's alone.",
    "Take its rights away, look for its connections for a while, and drop it outside of migrations.",
);
static DROP_POLICY: MigrationRule = rule(
    "drop-policy",
    High,
    POSTGRES,
    Observed::Dropped,
    "a policy of row security is dropped",
    "Rows become visible, or vanish, for whoever the policy was about.",
    "Create the policy that takes its place first, in the same transaction.",
);
static ROW_SECURITY: MigrationRule = rule(
    "row-security",
    High,
    POSTGRES,
    Observed::Changed,
    "row security is switched",
    "Switched on without policies, every row vanishes for all but the owner; switched off, every row \
     is there for all.",
    "Create the policies on `{table}` first, in the same transaction, and try them as the program's \
     role.",
);
static DISABLE_TRIGGER: MigrationRule = rule(
    "disable-trigger",
    High,
    POSTGRES,
    Observed::Changed,
    "a trigger is switched off",
    "What it keeps right is wrong from now on for everybody, foreign keys (ALL) included.",
    "For this transaction alone: SET LOCAL session_replication_role = replica; or leave it on.",
);

static SERVER_CHANGE: MigrationRule = rule(
    "server-change",
    High,
    POSTGRES_MYSQL,
    Observed::Not("no: it is not about one database, and proof's server ends with it"),
    "the server is changed, not this database alone",
    "It holds for everybody who uses the server, and nothing undoes it where the migration is undone: \
     logs that are removed are what replicas and restoring need.",
    "Do it where the server is set up; for this connection alone: SET SESSION …, or SET LOCAL ….",
);

pub(super) static RULES: &[&MigrationRule] =
    &[&REVOKE, &DROP_ROLE, &DROP_POLICY, &ROW_SECURITY, &DISABLE_TRIGGER, &SERVER_CHANGE];

pub(super) fn judge(what: &What<'_>, out: &mut Verdicts) {
    match what {
        What::Revoke { words } => {
            out.add(&REVOKE, format!("takes a right away ({words})"), &[]);
        }
        What::ChangesServer { how } => out.add(&SERVER_CHANGE, (*how).to_owned(), &[]),
        What::Drop { object: Object::Role, names, .. } => {
            for name in names {
                out.add(&DROP_ROLE, format!("drops the role `{name}`"), &[]);
            }
        }
        What::Drop { object: Object::Policy, names, on, .. } => {
            let of = on.as_ref().map(|on| format!(" of `{on}`")).unwrap_or_default();
            for name in names {
                out.add(&DROP_POLICY, format!("drops the policy `{name}`{of}"), &[]);
            }
        }
        What::Alter { table, change } => match change {
            Change::RowSecurity { how } => {
                let message = format!("{how} ROW LEVEL SECURITY on `{table}`");
                out.add(&ROW_SECURITY, message, &[("table", &table.text())]);
            }
            Change::DisableTrigger { trigger } => {
                let message = format!("switches the trigger `{trigger}` of `{table}` off");
                out.add(&DISABLE_TRIGGER, message, &[]);
            }
            _ => {}
        },
        _ => {}
    }
}
