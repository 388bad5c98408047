//! What people and programs read.

use shipway_checks::render::{Format, Report, Tool};
use shipway_checks::{Allowed, Finding, Pos, Rule, Severity, Sink as _, Span};

const RULE: Rule = Rule::new(
    "drop-table",
    Severity::Critical,
    "a table is dropped",
    "Its rows are gone.",
    "Rename it first,\nand wait.",
);

fn span(line: usize, column: usize, to: usize) -> Span {
    Span { start: Pos { line, column }, end: Pos { line, column: to } }
}

fn written(format: Format) -> String {
    let mut out = Vec::new();
    let tool = Tool { name: "shipway check migrations", version: "1.2.3", rules: &[&RULE] };
    let mut report = Report::new(&mut out, format, &tool);
    let mut first = Finding::new(&RULE, "db/a b.sql", span(3, 5, 21), "drops the table `a`");
    first.excerpt = "DROP TABLE a".into();
    let mut second = Finding::new(&RULE, "db/b.sql", span(1, 1, 2), "100% gone: a, b");
    second.allowed = Some(Allowed { reason: "empty since May".into(), by: "line 2".into() });
    report.finding(first);
    report.finding(second);
    report.finding(Finding::new(&RULE, "db/c.sql", Span::FILE, "cannot be read").undecided());
    report.finish("3 files").unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn text_says_where_what_how_bad_and_what_to_do() {
    insta::assert_snapshot!(written(Format::Text), @r"
    db/a b.sql:3:5: critical: drops the table `a` [drop-table]
        DROP TABLE a
      help: Rename it first,
            and wait.
    db/b.sql:1:1: allowed: 100% gone: a, b [drop-table]
      allowed by line 2: empty since May
    db/c.sql:1:1: not analysed: cannot be read [drop-table]
      help: Rename it first,
            and wait.
    3 files: 1 critical, 1 not analysed, 1 allowed
    ");
}

#[test]
fn github_gets_escaped_commands() {
    insta::assert_snapshot!(written(Format::Github), @r"
    ::error file=db/a b.sql,line=3,endLine=3,col=5,title=drop-table::drops the table `a`%0ARename it first,%0Aand wait.
    ::notice file=db/b.sql,line=1,endLine=1,col=1,title=drop-table::100%25 gone: a, b (allowed: empty since May)
    ::error file=db/c.sql,line=1,endLine=1,col=1,title=drop-table::cannot be read%0ARename it first,%0Aand wait.
    ");
}

#[test]
fn json_is_one_document_with_a_tally() {
    let document: serde_json::Value = serde_json::from_str(&written(Format::Json)).unwrap();
    assert_eq!(document["tally"]["critical"], 1);
    assert_eq!(document["looked_at"], "3 files");
    let finding = &document["findings"][0];
    assert_eq!(finding["rule"], "drop-table");
    assert_eq!(finding["severity"], "critical");
    assert_eq!(finding["span"]["start"], serde_json::json!({"line": 3, "column": 5}));
    assert_eq!(document["findings"][1]["allowed"]["reason"], "empty since May");
    assert_eq!(document["findings"][2]["kind"], "undecided");
}

#[test]
fn sarif_has_rules_results_and_suppressions() {
    let document: serde_json::Value = serde_json::from_str(&written(Format::Sarif)).unwrap();
    assert_eq!(document["version"], "2.1.0");
    let run = &document["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "drop-table");
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "db/a%20b.sql");
    assert_eq!(place["region"]["startLine"], 3);
    assert_eq!(place["region"]["endColumn"], 21);
    assert_eq!(place["region"]["snippet"]["text"], "DROP TABLE a");
    assert_eq!(results[1]["suppressions"][0]["justification"], "empty since May");
    assert_eq!(
        (results[2]["kind"].as_str(), results[2]["level"].as_str()),
        (Some("open"), Some("none"))
    );
}
