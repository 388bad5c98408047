//! Every rule has statements that it is about and statements that it is not about; together they
//! are its specification, and the reference.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use shipway_checks::migrations::{Known, Layout, Migration, Options, Part, judge_file, rules};
use shipway_checks::sql::Dialect;
use shipway_checks::{Finding, Kind};

use crate::examples::{self, Example};

pub(crate) fn judged(
    sql: &str,
    dialect: Dialect,
    layout: Layout,
    options: Options,
) -> Vec<Finding> {
    judged_bytes(sql.as_bytes(), dialect, layout, options)
}

fn judged_bytes(sql: &[u8], dialect: Dialect, layout: Layout, options: Options) -> Vec<Finding> {
    let mut findings = Vec::new();
    let migration = Migration::new("m.sql".to_owned(), layout, Part::Up);
    judge_file(sql, &migration, dialect, options, &mut Known::default(), &mut findings).unwrap();
    findings
}

fn of_example(example: &Example) -> Vec<Finding> {
    let options = Options { additive_only: example.additive, ..Options::default() };
    judged(&example.sql, example.dialect, Layout::Plain, options)
}

#[test]
fn bad_statements_are_found_and_good_ones_are_not() {
    let mut wrong = Vec::new();
    for example in examples::all() {
        let findings = of_example(&example);
        let found = findings
            .iter()
            .any(|finding| finding.rule == example.rule.as_str() && finding.allowed.is_none());
        if found != example.bad {
            let rules: Vec<_> = findings.iter().map(ToString::to_string).collect();
            wrong.push(format!("{}: {}\n{}  {rules:#?}", example.rule, example.why, example.sql));
        }
    }
    assert!(wrong.is_empty(), "{} examples:\n{}", wrong.len(), wrong.join("\n"));
}

/// A comment in Latin-1, say.
#[test]
fn text_that_is_not_utf_8_is_judged_alike() {
    let mut looked_at = 0;
    for example in examples::all() {
        // Not within a string, where it would be another text.
        let quoted = |at: usize| example.sql[..at].contains(['\'', '$', '"', '`', '-', '\\']);
        for at in example.sql.match_indices(' ').map(|(at, _)| at).take_while(|at| !quoted(*at)) {
            let (before, behind) = example.sql.as_bytes().split_at(at);
            let said = |comment: &[u8]| {
                let sql = [before, b"/*", comment, b"*/", behind].concat();
                let options = Options { additive_only: example.additive, ..Options::default() };
                let found = judged_bytes(&sql, example.dialect, Layout::Plain, options);
                let said = found.into_iter().map(|of| (of.rule, of.message, of.help));
                said.collect::<Vec<_>>()
            };
            assert_eq!(said("é".as_bytes()), said(b"\xe9\xe9"), "{}", example.sql);
            looked_at += 1;
        }
    }
    assert!(looked_at > 500, "{looked_at}");
}

/// Functions that call each other many times would be followed for hours.
#[test]
fn what_runs_too_much_inside_of_each_other_is_not_followed_for_ever() {
    let calls = "PERFORM f0(); ".repeat(12);
    let mut sql =
        "CREATE FUNCTION f0() RETURNS void AS $$ BEGIN DROP TABLE a; END $$ LANGUAGE plpgsql;\n"
            .to_owned();
    for number in 1..12 {
        let calls = calls.replace("f0", &format!("f{}", number - 1));
        sql.push_str(&format!(
            "CREATE FUNCTION f{number}() RETURNS void AS $$ BEGIN {calls}END $$ LANGUAGE plpgsql;\n"
        ));
    }
    let judged = |sql: &str| judged(sql, Dialect::Postgres, Layout::Plain, Options::default());
    let findings = judged(&format!("{sql}SELECT f11();"));
    assert!(findings.iter().any(|of| of.kind == Kind::Undecided), "nobody knows what it runs");
    let findings = judged(&format!("{sql}SELECT f2();"));
    // Each function is followed once for a statement.
    assert_eq!(findings.iter().filter(|of| of.rule == "drop-table").count(), 1);

    // What calls itself is followed once.
    let itself = "CREATE FUNCTION f() RETURNS void AS $$ BEGIN DROP TABLE a; PERFORM f(); PERFORM \
                  f(); END $$ LANGUAGE plpgsql;\nSELECT f();";
    let findings = judged(itself);
    assert!(findings.iter().all(|of| of.kind == Kind::Found), "{findings:#?}");
    assert_eq!(findings.iter().filter(|of| of.rule == "drop-table").count(), 1);
}

/// With a look at the whole block for each of its statements, this would take minutes.
#[test]
fn a_large_block_is_looked_at_once() {
    let count = 20_000;
    let drops: String = (0..count).map(|number| format!("DROP TABLE t{number};\n")).collect();
    let sql = format!("DO $$ BEGIN\n{drops}END $$;\n");
    let findings = judged(&sql, Dialect::Postgres, Layout::Plain, Options::default());
    let dropped: Vec<_> = findings.iter().filter(|of| of.rule == "drop-table").collect();
    assert_eq!(dropped.len(), count);
    assert_eq!(dropped[count - 1].span.start.line, count + 1);
    assert_eq!(dropped[count - 1].span.start.column, 1);
    let same = |of: &&&Finding| of.fingerprint == dropped[0].fingerprint;
    assert_eq!(dropped.iter().filter(same).count(), 1);

    // The same without a block, all on one line, and without a semicolon.
    let names: Vec<String> = (0..count).map(|number| format!("tä{number}")).collect();
    let findings = judged(
        &format!("DROP TABLE {};", names.join(", ")),
        Dialect::Postgres,
        Layout::Plain,
        Options::default(),
    );
    assert_eq!(findings.iter().filter(|of| of.rule == "drop-table").count(), count);
    let sql = "DROP TABLE tä ".repeat(count);
    let findings = judged(&sql, Dialect::Postgres, Layout::Plain, Options::default());
    let last = findings.iter().rfind(|of| of.rule == "drop-table").unwrap();
    assert_eq!(last.span.start.column, 14 * (count - 1) + 1);
}

/// What an example of one rule is not about is understood all the same.
#[test]
fn nothing_else_is_left_unrecognised() {
    let about_that =
        ["unrecognised", "dynamic-sql", "unseen-routine", "unterminated", "client-command"];
    for example in examples::all().iter().filter(|of| !about_that.contains(&of.rule.as_str())) {
        let undecided: Vec<_> =
            of_example(example).into_iter().filter(|of| of.kind == Kind::Undecided).collect();
        assert!(undecided.is_empty(), "{}: {}{undecided:#?}", example.rule, example.sql);
    }
}

#[test]
fn every_rule_has_examples_and_every_example_a_rule() {
    // Rules about files have their tests beside them.
    let about_files = [
        "merged-migration-changed",
        "merged-migration-deleted",
        "duplicate-version",
        "out-of-order",
        "no-compensation",
        "unreadable",
        "observed-only",
    ];
    let examples = examples::all();
    for rule in rules::all() {
        let id = rule.rule.id.as_str();
        if about_files.contains(&id) {
            continue;
        }
        let of = |bad: bool, dialect: Dialect| {
            examples.iter().any(|of| of.rule == id && of.bad == bad && of.dialect == dialect)
        };
        assert!(Dialect::ALL.iter().any(|dialect| of(false, *dialect)), "{id} has no good example");
        assert!(Dialect::ALL.iter().any(|dialect| of(true, *dialect)), "{id} has no bad example");
    }
    for example in &examples {
        assert!(
            rules::all().iter().any(|rule| rule.rule.id == example.rule.as_str()),
            "{example:?}"
        );
    }
}

/// The severities that were given.
#[test]
fn the_eight_have_their_severities() {
    let severity = |id: &str| {
        let rule = rules::all().into_iter().find(|rule| rule.rule.id == id).unwrap();
        rule.rule.severity.as_str()
    };
    assert_eq!(
        [
            "drop-table",
            "drop-column",
            "truncate",
            "alter-column-type",
            "rename-column",
            "rename-table",
            "set-not-null",
            "drop-constraint"
        ]
        .map(severity),
        ["critical", "critical", "critical", "high", "high", "high", "medium", "medium"]
    );
}

#[test]
fn the_reference_says_what_the_rules_and_their_examples_say() {
    let text = reference();
    let path =
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/migration-rules.md"));
    if std::env::var_os("SHIPWAY_BLESS").is_some() {
        fs::write(path, &text).unwrap();
    }
    assert!(
        fs::read_to_string(path).unwrap_or_default() == text,
        "docs/reference/migration-rules.md is not what the rules say: run `SHIPWAY_BLESS=1 cargo \
         test -p shipway-checks rules` and commit it"
    );
}

fn reference() -> String {
    let mut text = String::from(
        "# Migration rules\n\nMade from the rules and their examples in \
         `crates/checks/tests/it/rules`; a test compares. How they are\nused is in \
         [the guide](../guide/migrations.md).\n\n| rule | severity | of | seen by running it |\n|---|---|---|---|\n",
    );
    let rules = rules::all();
    for rule in &rules {
        let dialects: Vec<_> = rule.dialects.iter().map(|of| of.name()).collect();
        let (id, severity) = (&rule.rule.id, rule.rule.severity);
        let seen = rule.observed.text();
        writeln!(text, "| [{id}](#{id}) | {severity} | {} | {seen} |", dialects.join(", "))
            .unwrap();
    }
    let examples = examples::all();
    for rule in &rules {
        let of = &rule.rule;
        write!(text, "\n## {}\n\n**{}**: {}. {}\n", of.id, of.severity, of.title, of.why).unwrap();
        write!(text, "\nThe safe way:\n\n```text\n{}\n```\n", of.help).unwrap();
        for (bad, title) in [(true, "Found"), (false, "Not found")] {
            let shown = examples.iter().filter(|it| of.id == it.rule.as_str() && it.bad == bad);
            let shown: Vec<_> = shown.map(shown_as).collect();
            if !shown.is_empty() {
                write!(text, "\n{title}:\n\n```sql\n{}```\n", shown.concat()).unwrap();
            }
        }
    }
    text
}

fn shown_as(example: &Example) -> String {
    let mut whose = match example.dialect {
        Dialect::Postgres => String::new(),
        other => format!("{other}: "),
    };
    if example.additive {
        whose.push_str("additive_only: ");
    }
    format!("-- {whose}{}\n{}", example.why, example.sql)
}
