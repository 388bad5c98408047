//! What is told, and how bad it is; what is no evidence.

use proptest::prelude::*;

use super::*;
use crate::finding::Kind;
use crate::reports::no_evidence::Why;
use crate::reports::{NoEvidence, Recognised, read as read_report};

fn read(text: &str) -> Result<Analysis, NoEvidence> {
    match read_report("r.sarif", &mut text.as_bytes())? {
        Recognised { report: Report::Analysis(analysis), .. } => Ok(analysis),
        other => panic!("{other:?}"),
    }
}

/// A log with one run, of which these members are known.
fn log(run: &str) -> String {
    format!(r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "T"}}}}, {run}}}]}}"#)
}

/// The findings of a run with these rules and these results.
fn findings(rules: &str, results: &str) -> Vec<crate::Finding> {
    let text = format!(
        r#"{{"version": "2.1.0", "runs": [{{
            "results": [{results}],
            "tool": {{"driver": {{"name": "T", "rules": [{rules}]}},
                      "extensions": [{{"name": "E", "rules": [
                        {{"id": "e1", "defaultConfiguration": {{"level": "note"}}}}]}}]}}}}]}}"#
    );
    read(&text).unwrap().findings
}

#[test]
fn the_severity_is_that_of_the_score_and_else_of_the_level() {
    for (rule, result, severity) in [
        ("", "", "medium"),
        ("", r#""level": "error""#, "high"),
        ("", r#""level": "note""#, "low"),
        ("", r#""level": "none""#, "low"),
        (r#", "defaultConfiguration": {"level": "error"}"#, "", "high"),
        (r#", "defaultConfiguration": {"level": "error"}"#, r#""level": "warning""#, "medium"),
        (r#", "properties": {"security-severity": "9.0"}"#, r#""level": "note""#, "critical"),
        (r#", "properties": {"security-severity": "8.9"}"#, "", "high"),
        (r#", "properties": {"security-severity": 4.0}"#, "", "medium"),
        (r#", "properties": {"security-severity": "3.9"}"#, r#""level": "error""#, "low"),
        (r#", "properties": {"security-severity": "high"}"#, r#""level": "error""#, "high"),
        (r#", "defaultConfiguration": {"level": "error"}"#, r#""kind": "informational""#, "low"),
    ] {
        let comma = if result.is_empty() { "" } else { ", " };
        let found = findings(
            &format!(r#"{{"id": "r"{rule}}}"#),
            &format!(r#"{{"ruleId": "r", "message": {{"text": "m"}}{comma}{result}}}"#),
        );
        let [finding] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(finding.severity.as_str(), severity, "{rule} {result}");
    }
}

/// 3.27.10, with the overrides of 3.20.5.
#[test]
fn the_level_is_what_the_tool_was_told_when_it_ran() {
    let rules = r#"{"id": "a", "defaultConfiguration": {"level": "error"}}, {"id": "b"},
        {"id": "s", "properties": {"security-severity": "9.1"}}"#;
    let told = |of: &str, level: &str| {
        format!(r#"{{"descriptor": {of}, "configuration": {{"level": "{level}"}}}}"#)
    };
    let one = |overrides: &str| format!(r#"{{"ruleConfigurationOverrides": [{overrides}]}}"#);
    let by_id = one(&told(r#"{"id": "a"}"#, "note"));
    let both = format!("{by_id}, {}", one(&told(r#"{"index": 0}"#, "warning")));
    for (invocations, result, severity) in [
        ("{}", r#""ruleId": "a""#, "high"),
        (&*by_id, r#""ruleId": "a""#, "low"),
        (&*by_id, r#""ruleId": "a/1""#, "low"),
        (&*by_id, r#""ruleIndex": 0"#, "low"),
        (&*by_id, r#""rule": {"id": "a"}"#, "low"),
        (&*by_id, r#""ruleId": "b""#, "medium"),
        (&*by_id, r#""ruleId": "ab""#, "medium"),
        // A result's own word comes first, and that of its kind.
        (&*by_id, r#""ruleId": "a", "level": "error""#, "high"),
        (&*by_id, r#""ruleId": "b", "kind": "informational""#, "low"),
        // By index, by the extension that it counts in, by the name of a rule that nobody describes.
        (&one(&told(r#"{"index": 1}"#, "error")), r#""ruleId": "b""#, "high"),
        (
            &one(&told(r#"{"index": 0, "toolComponent": {"index": 0}}"#, "error")),
            r#""ruleId": "e1""#,
            "high",
        ),
        (&one(&told(r#"{"id": "x"}"#, "error")), r#""ruleId": "x""#, "high"),
        (&one(&told("{}", "error")), r#""ruleId": "x""#, "medium"),
        // A part of a rule is told apart.
        (&one(&told(r#"{"id": "a/2"}"#, "note")), r#""ruleId": "a/1""#, "high"),
        (&one(&told(r#"{"id": "a/2"}"#, "note")), r#""ruleId": "a/2""#, "low"),
        // Nothing is told of the level.
        (
            &one(r#"{"descriptor": {"id": "a"}, "configuration": {"enabled": false}}"#),
            r#""ruleId": "a""#,
            "high",
        ),
        // Of several invocations, that which found it.
        (&*both, r#""ruleId": "a", "provenance": {"invocationIndex": 0}"#, "low"),
        (&*both, r#""ruleId": "a", "provenance": {"invocationIndex": 1}"#, "medium"),
        (&*both, r#""ruleId": "a", "provenance": {"invocationIndex": 2}"#, "high"),
        (&*both, r#""ruleId": "a", "provenance": {"invocationIndex": -1}"#, "high"),
        (&*both, r#""ruleId": "a""#, "high"),
        // A score is no level.
        (&one(&told(r#"{"id": "s"}"#, "none")), r#""ruleId": "s""#, "critical"),
    ] {
        let text = format!(
            r#"{{"version": "2.1.0", "runs": [{{
                "invocations": [{invocations}],
                "results": [{{{result}, "message": {{"text": "m"}}}}],
                "tool": {{"driver": {{"name": "T", "rules": [{rules}]}},
                          "extensions": [{{"name": "E", "rules": [{{"id": "e1"}}]}}]}}}}]}}"#
        );
        let found = read(&text).unwrap().findings;
        let [finding] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(finding.severity.as_str(), severity, "{invocations} {result}");
    }
}

#[test]
fn a_rule_is_found_by_name_index_or_both_also_in_an_extension() {
    let rules = r#"{"id": "a", "defaultConfiguration": {"level": "error"}, "helpUri": "https://h"},
        {"id": "b", "messageStrings": {"m": {"text": "{0} is {1}"}}}"#;
    let results = r#"
        {"ruleId": "a/1", "message": {"text": "part"}},
        {"ruleIndex": 1, "message": {"id": "m", "arguments": ["it", "so"]}},
        {"ruleId": "a", "ruleIndex": 1, "message": {"text": "name counts"}},
        {"rule": {"index": 0, "toolComponent": {"index": 0}}, "message": {"text": "by index"}},
        {"rule": {"id": "e1", "toolComponent": {"name": "E"}}, "message": {"text": "by name"}},
        {"ruleIndex": -1, "message": {"text": "none"}},
        {"ruleIndex": 99, "message": {}}"#;
    let said: Vec<String> = findings(rules, results).iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    r.sarif:1:1: high: part [a/1]
    r.sarif:1:1: medium: it is so [b]
    r.sarif:1:1: high: name counts [a]
    r.sarif:1:1: low: by index [e1]
    r.sarif:1:1: low: by name [e1]
    r.sarif:1:1: medium: none [unnamed]
    r.sarif:1:1: medium: the tool says nothing more [unnamed]
    "#);
}

#[test]
fn a_place_is_a_path_from_the_root_as_far_as_it_is_known() {
    let run = |location: &str| {
        let text = log(&format!(
            r#""originalUriBaseIds": {{
                "SRCROOT": {{"uri": "file:///srv/app/"}},
                "LIB": {{"uri": "lib", "uriBaseId": "SRCROOT"}},
                "LOOP": {{"uri": "x", "uriBaseId": "LOOP"}}}},
            "artifacts": [{{"location": {{"uri": "indexed.c"}}}}],
            "results": [{{"ruleId": "r", "message": {{"text": "m"}},
                "locations": [{{"physicalLocation": {{{location}}}}}]}}]"#
        ));
        let finding = read(&text).unwrap().findings.remove(0);
        format!("{}:{}-{}", finding.file, finding.span.start, finding.span.end)
    };
    for (location, place) in [
        (
            r#""artifactLocation": {"uri": "src/a%20b.c", "uriBaseId": "SRCROOT"}"#,
            "src/a b.c:1:1-1:1",
        ),
        (r#""artifactLocation": {"uri": "a.c", "uriBaseId": "LIB"}"#, "lib/a.c:1:1-1:1"),
        (r#""artifactLocation": {"uri": "file:///srv/app/x/%C3%A9.c"}"#, "x/é.c:1:1-1:1"),
        (r#""artifactLocation": {"uri": "file:///etc/passwd"}"#, "/etc/passwd:1:1-1:1"),
        (r#""artifactLocation": {"index": 0}, "region": {"startLine": 3}"#, "indexed.c:3:1-3:1"),
        (r#""artifactLocation": {"index": 7}"#, "r.sarif:1:1-1:1"),
        (
            r#""artifactLocation": {"uri": "./src\\a.c"}, "region": {"startLine": 2, "startColumn": 5, "endColumn": 9}"#,
            "src/a.c:2:5-2:9",
        ),
        (
            r#""artifactLocation": {"uri": "a"}, "region": {"startLine": 9, "endLine": 2, "endColumn": 1}"#,
            "a:9:1-9:1",
        ),
        (
            r#""artifactLocation": {"uri": "a"}, "region": {"startLine": -9, "startColumn": 0}"#,
            "a:1:1-1:1",
        ),
        (r#""artifactLocation": {"uri": "%zz%4"}"#, "%zz%4:1:1-1:1"),
        (
            r#""artifactLocation": {"uri": "pkg:npm/a", "uriBaseId": "SRCROOT"}"#,
            "pkg:npm/a:1:1-1:1",
        ),
    ] {
        assert_eq!(run(location), place, "{location}");
    }
    assert!(run(r#""artifactLocation": {"uri": "a", "uriBaseId": "LOOP"}"#).starts_with("x/x/"));
}

#[test]
fn what_says_that_all_is_well_is_no_finding_and_what_is_open_is_undecided() {
    let kinds = |result: &str| {
        let found =
            findings("", &format!(r#"{{"ruleId": "r", "message": {{"text": "m"}}, {result}}}"#));
        found.iter().map(|finding| finding.kind).collect::<Vec<_>>()
    };
    for none in [r#""kind": "pass""#, r#""kind": "notApplicable""#, r#""baselineState": "absent""#]
    {
        assert_eq!(kinds(none), [], "{none}");
    }
    for open in [r#""kind": "open""#, r#""kind": "review""#] {
        assert_eq!(kinds(open), [Kind::Undecided], "{open}");
    }
    assert_eq!(kinds(r#""baselineState": "unchanged""#), [Kind::Found]);
}

#[test]
fn a_suppression_counts_with_a_reason_that_nobody_doubts() {
    for (suppressions, reason) in [
        ("", None),
        (r#"{"kind": "inSource"}"#, None),
        (r#"{"kind": "inSource", "justification": "  "}"#, None),
        (r#"{"kind": "inSource", "justification": "seen"}"#, Some("seen")),
        (r#"{"status": "accepted", "justification": "seen"}"#, Some("seen")),
        (r#"{"status": "underReview", "justification": "seen"}"#, None),
        (r#"{"justification": "seen"}, {"status": "rejected"}"#, None),
    ] {
        let result = format!(
            r#"{{"ruleId": "r", "message": {{"text": "m"}}, "suppressions": [{suppressions}]}}"#
        );
        let finding = findings("", &result).remove(0);
        let said = finding.allowed.as_ref().map(|allowed| allowed.reason.as_str());
        assert_eq!(said, reason, "{suppressions}");
    }
}

#[test]
fn a_fingerprint_is_the_tools_own_and_else_of_what_is_said() {
    let result = |line: u32, rest: &str| {
        let text = format!(
            r#"{{"ruleId": "r", "message": {{"text": "m"}}, {rest} "locations": [{{"physicalLocation":
            {{"artifactLocation": {{"uri": "a"}}, "region": {{"startLine": {line}}}}}}}]}}"#
        );
        findings("", &text).remove(0).fingerprint
    };
    assert_eq!(result(1, ""), result(2, ""));
    let own = r#""partialFingerprints": {"primaryLocationLineHash": "x:1"},"#;
    assert_eq!(result(1, own), result(2, own));
    assert_ne!(result(1, own), result(1, ""));
    assert_ne!(result(1, own), result(1, &own.replace("x:1", "x:2")));
}

#[test]
fn a_tool_that_did_not_do_its_work_leaves_the_analysis_undecided() {
    for (run, said) in [
        (r#""results": [], "invocations": [{"executionSuccessful": false}]"#, "did not succeed"),
        (
            r#""results": [], "invocations": [{"executionSuccessful": false,
                "exitCodeDescription": "out of memory"}]"#,
            "out of memory",
        ),
        (
            r#""results": [], "invocations": [{"executionSuccessful": true,
                "toolExecutionNotifications": [{"level": "error", "message": {"text": "cut"}}]}]"#,
            "could not analyse all: cut",
        ),
        (
            r#""results": [], "invocations": [{"toolConfigurationNotifications":
                [{"level": "error", "message": {"text": "no such rule"}}]}]"#,
            "no such rule",
        ),
        (
            r#""results": [], "externalPropertyFileReferences": {"results": [{"location": {}}]}"#,
            "in another file",
        ),
        (
            r#""results": [], "externalPropertyFileReferences": {"invocations": [{"location": {}}]}"#,
            "in another file",
        ),
        (r#""results": [], "invocations": [{"exitCode": 2}]"#, "code 2"),
        (
            r#""results": [], "invocations": [{"executionSuccessful": true, "exitCode": 1}]"#,
            "code 1",
        ),
        (
            r#""results": [], "invocations": [{"executionSuccessful": true, "exitSignalName": "SIGSEGV"}]"#,
            "SIGSEGV",
        ),
        (r#""results": [], "invocations": [{"exitSignalNumber": 9}]"#, "`9`"),
        (r#""results": [{"kind": "pass"}], "invocations": [{"exitCode": 1}]"#, "code 1"),
        (
            r#""results": [], "invocations": [{"executionSuccessful": true,
                "processStartFailureMessage": "no such file"}]"#,
            "did not start (`processStartFailureMessage`): no such file",
        ),
        (
            r#""results": [], "invocations": [{"executionSuccessful": true,
                "toolExecutionNotifications": [{"message": {"text": "a rule broke"},
                    "exception": {"message": "boom"}}]}]"#,
            "a rule broke (boom)",
        ),
    ] {
        let analysis = read(&log(run)).unwrap();
        let [finding] = analysis.findings.as_slice() else { panic!("{run}: {analysis:?}") };
        assert_eq!((finding.kind, finding.rule.as_str()), (Kind::Undecided, "analysis-incomplete"));
        assert!(finding.message.contains(said), "{run}: {finding}");
    }
    for clean in [
        r#""results": [], "invocations": [{"executionSuccessful": true,
            "toolExecutionNotifications": [{"level": "warning", "message": {"text": "slow"}}]}]"#,
        r#""results": [], "invocations": []"#,
        r#""results": [], "invocations": [{}, {"executionSuccessful": true, "exitCode": 0,
            "exitCodeDescription": "no problem was found"}]"#,
        r#""results": [], "invocations": [{"executionSuccessful": true, "toolExecutionNotifications":
            [{"level": "note", "message": {"text": "no cache"}, "exception": {"message": "e"}}]}]"#,
    ] {
        assert_eq!(read(&log(clean)).unwrap().findings, [], "{clean}");
    }
}

/// Scanners end with 1, or another code, where they found something.
#[test]
fn a_code_that_says_that_something_was_found_is_no_failure() {
    let found = |invocation: &str| {
        let text = log(&format!(
            r#""results": [{{"ruleId": "r", "message": {{"text": "m"}}}}], "invocations": [{invocation}]"#
        ));
        let all = read(&text).unwrap().findings;
        all.iter().map(|finding| finding.rule.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(found(r#"{"executionSuccessful": true, "exitCode": 1}"#), ["r"]);
    assert_eq!(found(r#"{"executionSuccessful": true, "exitCode": 14}"#), ["r"]);
    assert_eq!(found(r#"{"exitCode": 1}"#), ["r"]);
    assert_eq!(found(r#"{"exitCode": 2}"#), ["analysis-incomplete", "r"]);
}

#[test]
fn what_stands_outside_of_the_runs_is_told() {
    let inline = |of: &str| log(r#""results": []"#).replace("\"runs\"", of);
    let text = inline(r#""inlineExternalProperties": [{"results": [{"ruleId": "r"}]}], "runs""#);
    let [finding] = &read(&text).unwrap().findings[..] else { panic!("{text}") };
    assert!(finding.message.contains("`inlineExternalProperties`"), "{finding}");
    assert_eq!(finding.kind, Kind::Undecided);
    let text = inline(r#""inlineExternalProperties": [{"graphs": [{}]}], "runs""#);
    assert_eq!(read(&text).unwrap().findings, []);
}

#[test]
fn one_run_of_two_that_analysed_nothing_is_told() {
    let text = r#"{"version": "2.1.0", "runs": [
        {"tool": {"driver": {"name": "A"}}, "results": []}, {"tool": {"driver": {"name": "B"}}}]}"#;
    let analysis = read(text).unwrap();
    assert_eq!(analysis.tools, ["A", "B"]);
    assert!(analysis.findings[0].message.starts_with("B gives no results"));
}

#[test]
fn what_was_not_analysed_is_no_evidence() {
    for text in [
        r#"{"version": "2.1.0", "runs": []}"#.to_owned(),
        r#"{"version": "2.1.0", "runs": null}"#.to_owned(),
        r#"{"$schema": "https://x/sarif-2.1.0.json"}"#.to_owned(),
        log(r#""results": null"#),
        log(r#""columnKind": "utf16CodeUnits""#),
    ] {
        let error = read(&text).unwrap_err();
        assert!(matches!(error.why, Why::Empty(_)), "{text}: {error}");
    }
    for text in [
        log(r#""results": [], "results": [{}]"#),
        log(r#""results": {}"#),
        log(r#""results": [{"level": "fatal"}]"#),
        log(r#""results": [{"ruleIndex": 1e400}]"#),
        log(r#""results": []"#).replace("2.1.0", "1.0.0"),
        r#"{"version": "2.1.0", "runs": [{"results": []}]}"#.to_owned(),
    ] {
        let error = read(&text).unwrap_err();
        assert!(matches!(error.why, Why::Malformed(_)), "{text}: {error}");
    }
}

proptest! {
    /// A log whose parts are of any type is read or refused; what is read has places in order.
    #[test]
    fn odd_logs_are_read_or_refused(
        values in proptest::collection::vec(
            prop_oneof![
                Just("null"), Just("-1"), Just("1e300"), Just("[]"), Just("{}"), Just("\"\""),
                Just("\"%ff[a](1){0}\""), Just("[null]"), Just("true"), Just("7"), Just("[{}]"),
                Just("[\"x\"]"),
            ],
            12,
        )
    ) {
        let mut next = values.iter().cycle();
        let mut value = || next.next().unwrap();
        let region = format!(
            r#"{{"startLine": {}, "startColumn": {}, "endLine": {}}}"#, value(), value(), value()
        );
        let text = format!(
            r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "T", "rules": {}}}}},
            "artifacts": {}, "invocations": {},
            "results": [{{"ruleId": {}, "ruleIndex": {}, "message": {{"text": {}, "arguments": {}}},
            "suppressions": {}, "locations": [{{"physicalLocation": {{"region": {region},
            "artifactLocation": {{"uri": {}}}}}}}]}}]}}]}}"#,
            value(), value(), value(), value(), value(), value(), value(), value(), value(),
        );
        if let Ok(analysis) = read(&text) {
            for finding in analysis.findings {
                prop_assert!(finding.span.start <= finding.span.end);
                prop_assert!(!finding.message.is_empty());
            }
        }
    }
}
