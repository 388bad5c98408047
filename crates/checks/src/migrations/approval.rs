//! What somebody has to agree to before a change of the schema may take away what is there.

use serde::Serialize;

use crate::finding::{Finding, Fingerprint, Pos};
use crate::rule::RuleId;

/// Rules about what loses data, or breaks the version that still serves.
const DESTRUCTIVE: &[&str] = &[
    "drop-table",
    "drop-column",
    "truncate",
    "drop-schema",
    "drop-database",
    "drop-owned",
    "drop-cascade",
    "drop-object",
    "drop-role",
    "drop-policy",
    "drop-constraint",
    "delete-without-where",
    "update-without-where",
    "alter-column-type",
    "alter-composite-type",
    "set-not-null",
    "rename-column",
    "rename-table",
    "rename-object",
    "enum-rename-value",
    "set-schema",
    "sqlite-table-rebuild",
    "observed-only",
];

/// The destructive statements of a change, as whoever agrees to them sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// What makes them these statements and no others. It changes with every statement, with the
    /// file and the order that they stand in, and with what they run; it stays when lines move,
    /// and whatever else the change does.
    pub digest: Fingerprint,
    /// What they do, by file and in the order in which they stand there.
    pub operations: Vec<Operation>,
}

/// What one statement does that wants approval; a statement may do several such things.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Operation {
    /// The migration's file.
    pub file: String,
    /// Where the statement begins.
    pub at: Pos,
    /// The statement, shortened.
    pub statement: String,
    /// The rule that found it.
    pub rule: RuleId,
    /// What it does, in one sentence without a full stop.
    pub operation: String,
    /// Why its author allows it in the file itself. That is for whoever approves to read: nobody
    /// approves his own statement.
    pub reason: Option<String>,
}

impl Approval {
    /// What of a change's findings wants approval; `None` if nothing does.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Option<Self> {
        let mut found: Vec<&Finding> =
            findings.iter().filter(|of| is_destructive(&of.rule)).collect();
        if found.is_empty() {
            return None;
        }
        // The order within a file says what is lost: a copy before a drop is none after it.
        found.sort_by(|a, b| a.file.cmp(&b.file).then(a.span.start.cmp(&b.span.start)));
        let digest = Fingerprint::of(found.iter().map(|of| of.fingerprint.as_str()));
        Some(Self { digest, operations: found.into_iter().map(operation).collect() })
    }
}

/// Whether findings of a rule want approval.
#[must_use]
pub fn is_destructive(rule: &RuleId) -> bool {
    DESTRUCTIVE.contains(&rule.as_str())
}

fn operation(finding: &Finding) -> Operation {
    Operation {
        file: finding.file.clone(),
        at: finding.span.start,
        statement: finding.excerpt.clone(),
        rule: finding.rule.clone(),
        operation: finding.message.clone(),
        reason: finding.allowed.as_ref().map(|allowed| allowed.reason.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Known, Layout, Migration, Options, Part, judge_file, rules};
    use super::*;
    use crate::sql::Dialect;

    fn judged(path: &str, sql: &str) -> Vec<Finding> {
        let path = path.to_owned();
        let migration = Migration::new(path, Layout::Plain, Part::Up);
        let (options, mut known) = (Options::default(), Known::default());
        let (mut findings, text) = (Vec::new(), sql.as_bytes());
        judge_file(text, &migration, Dialect::Postgres, options, &mut known, &mut findings)
            .unwrap();
        findings
    }

    fn of(sql: &str) -> Approval {
        Approval::of(&judged("m/1.sql", sql)).unwrap()
    }

    #[test]
    fn every_destructive_rule_is_a_rule() {
        let known: Vec<_> = rules::all().iter().map(|rule| rule.rule.id.as_str()).collect();
        for rule in DESTRUCTIVE {
            assert!(known.contains(rule), "{rule}");
        }
    }

    #[test]
    fn what_only_adds_wants_no_approval() {
        let adds = "ALTER TABLE orders ADD COLUMN note text; CREATE INDEX a ON orders (note);";
        assert_eq!(Approval::of(&judged("m/1.sql", adds)), None);
    }

    #[test]
    fn whoever_approves_sees_file_statement_and_operation() {
        let approval = of("SELECT 1;\n-- shipway: allow drop-table: unused since May\n\
             DROP TABLE drafts;\nALTER TABLE orders DROP COLUMN note, ADD COLUMN memo text;");
        let told: Vec<_> = approval
            .operations
            .iter()
            .map(|of| {
                let reason = of.reason.as_deref().unwrap_or("-");
                format!("{}:{} | {} | {} | {reason}", of.file, of.at, of.statement, of.operation)
            })
            .collect();
        assert_eq!(
            told,
            [
                "m/1.sql:3:1 | DROP TABLE drafts | drops the table `drafts` and its rows | \
                 unused since May",
                "m/1.sql:4:1 | ALTER TABLE orders DROP COLUMN note | drops the column `note` of `orders` and its values | -",
            ]
        );
    }

    #[test]
    fn moved_lines_and_what_takes_nothing_away_leave_it_valid() {
        let approved = of("DROP TABLE drafts; TRUNCATE orders;").digest;
        for same in [
            "\n\n-- why\nDROP TABLE drafts;\n\nTRUNCATE orders;",
            "CREATE TABLE a (id int); DROP TABLE drafts; SELECT 1; TRUNCATE orders; ANALYZE;",
        ] {
            assert_eq!(of(same).digest, approved, "{same}");
        }
        let (a, b) = (judged("m/1.sql", "DROP TABLE a"), judged("m/2.sql", "DROP TABLE b"));
        let one = Approval::of(&[&a[..], &b[..]].concat()).unwrap().digest;
        assert_eq!(Approval::of(&[&b[..], &a[..]].concat()).unwrap().digest, one);
    }

    #[test]
    fn a_change_in_the_statements_voids_it() {
        let approved = of("DROP TABLE drafts; TRUNCATE orders;").digest;
        for other in [
            "DROP TABLE drafts;",
            "DROP TABLE orders; TRUNCATE drafts;",
            "TRUNCATE orders; DROP TABLE drafts;",
            "DROP TABLE drafts; TRUNCATE orders; TRUNCATE orders;",
            "DROP TABLE drafts; TRUNCATE orders CASCADE;",
            "DROP TABLE IF EXISTS drafts; TRUNCATE orders;",
        ] {
            assert_ne!(of(other).digest, approved, "{other}");
        }
        let elsewhere = judged("m/2.sql", "DROP TABLE drafts; TRUNCATE orders;");
        assert_ne!(Approval::of(&elsewhere).unwrap().digest, approved);
    }

    /// What a function does is written in another statement than the one that runs it.
    #[test]
    fn a_change_in_what_a_statement_runs_voids_it() {
        let runs = |condition: &str, outer: &str| {
            of(&format!(
                "CREATE FUNCTION f() RETURNS void AS $f$ BEGIN IF {condition} THEN \
                 DROP TABLE drafts; END IF; END $f$ LANGUAGE plpgsql; \
                 CREATE FUNCTION g() RETURNS void AS $f$ BEGIN IF {outer} THEN PERFORM f(); \
                 END IF; END $f$ LANGUAGE plpgsql; SELECT g();"
            ))
            .digest
        };
        let approved = runs("is_old()", "is_idle()");
        assert_eq!(runs("is_old()", "is_idle()"), approved);
        assert_ne!(runs("true", "is_idle()"), approved);
        assert_ne!(runs("is_old()", "true"), approved);
    }
}
