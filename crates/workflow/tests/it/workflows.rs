//! Workflows that others collected: valid ones are read, invalid ones refused.

use shipway_workflow::Diagnostic;
use shipway_workflow::lint::{Nowhere, Settings, Subject};
use shipway_workflow::model::Workflow;

use crate::corpus;

/// Valid files that are refused, and why.
const REFUSED: &[(&str, &str)] = &[
    ("918.yaml", "`create` has no filter on tags: GitHub's parser refuses it too"),
    ("workflow_call_job.yaml", "one `uses` is an expression, and its value names no workflow"),
];

fn problems(name: &str, text: &str) -> Option<String> {
    let problems = Workflow::read(name, text).err()?;
    Some(problems.iter().map(|problem| problem.render(text)).collect())
}

#[test]
fn valid_workflows_are_read() {
    let mut wrong = Vec::new();
    for (folder, count) in [("actionlint-ok", 64), ("schemastore-valid", 37)] {
        let Some(path) = corpus::folder(&format!("workflows/{folder}")) else { return };
        let files = corpus::files(&path, "yaml").unwrap();
        assert!(files.len() >= count, "{folder} has {} files", files.len());
        for (name, text) in files {
            let expected = REFUSED.iter().any(|(refused, _)| *refused == name);
            match problems(&name, &text) {
                Some(_) if expected => {}
                Some(problems) => wrong.push(format!("{folder}/{name}\n{problems}")),
                None if expected => wrong.push(format!("{folder}/{name} is read after all")),
                None => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Files that fit the schema, with a finding of level error: GitHub's runner fails each when it
/// comes to that place.
const ERRORS: &[(&str, &str, &str)] = &[(
    "env-with-simple-expression.yaml",
    "expression-type",
    "`env: ${{ matrix.env }}` is the string `MYVAR=1`, and the runner wants a mapping there",
)];

#[test]
fn valid_workflows_have_no_errors() {
    let mut wrong = Vec::new();
    let mut excused = std::collections::BTreeSet::new();
    for folder in ["actionlint-ok", "schemastore-valid"] {
        let Some(path) = corpus::folder(&format!("workflows/{folder}")) else { return };
        for (name, text) in corpus::files(&path, "yaml").unwrap() {
            if REFUSED.iter().any(|(refused, _)| *refused == name) {
                continue;
            }
            let report = Subject::workflow(&name, &text).check(&Nowhere, &Settings::default(), &[]);
            for finding in report.findings.into_iter().filter(Diagnostic::is_error) {
                let expected =
                    |(file, rule, _): &&(&str, &str, &str)| *file == name && *rule == finding.code;
                match ERRORS.iter().find(expected) {
                    Some((file, ..)) => drop(excused.insert(*file)),
                    None => wrong.push(finding.render(&text)),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(excused.len(), ERRORS.len(), "an exception is none any more: {excused:?}");
}

/// Every problem of every file, one a line.
fn report(files: &[(String, String)]) -> String {
    let lines = files.iter().flat_map(|(name, text)| {
        let problems = Workflow::read(name, text).err().unwrap_or_default();
        problems.into_iter().map(|problem| problem.to_string())
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// All 20 are refused, each for what its name says, at the key or value that is to blame.
#[test]
fn invalid_workflows_are_refused() {
    let Some(folder) = corpus::folder("workflows/schemastore-invalid") else { return };
    let files = corpus::files(&folder, "yaml").unwrap();
    assert_eq!(files.len(), 20);
    insta::assert_snapshot!(report(&files), @r"
    all-steps-must-contain-run-or-uses.yaml:9:9: error[SW0302]: the step says neither `run` nor `uses`, so there is nothing to do
    bad_pull_request_event_declaration.yaml:5:5: error[SW0301]: unknown key `ignore-paths` in `pull_request`
    container-command-is-invalid.yaml:10:7: error[SW0301]: unknown key `command` in `container`
    container-entrypoint-is-invalid.yaml:10:7: error[SW0301]: unknown key `entrypoint` in `container`
    empty_json_must_always_fail.yaml:2:1: error[SW0302]: the workflow has no `on`, which is required
    empty_json_must_always_fail.yaml:2:1: error[SW0302]: the workflow has no `jobs`, which is required
    env-must-be-object-or-has-from-json.yaml:8:10: error[SW0303]: `env` must be a mapping, not a string
    env-must-be-object-or-has-from-json.yaml:14:14: error[SW0303]: `env` must be a mapping, not a string
    issue-comment-invalid-type.yaml:6:9: error[SW0304]: `opened` is no activity type of `issue_comment`
    permissions-event-has-wrong-level.yaml:5:10: error[SW0304]: `execute` is no level for `pages`
    permissions-event-has-wrong-property-keys.yaml:5:3: error[SW0301]: unknown key `files` in `permissions`
    permissions-must-be-object-or-string.yaml:4:14: error[SW0304]: `123` is no level for `permissions`
    permissions-string-is-not-from-enum.yaml:4:14: error[SW0304]: `speak-all` is no level for `permissions`
    reusable-workflow-input-must-declare-type.yaml:8:7: error[SW0302]: input `constraints` has no `type`, which is required
    reusable-workflow-uses-has-wrong-filetype.yaml:9:11: error[SW0311]: `./.github/workflows/somefile.exe` names no workflow
    reusable-workflow-uses-has-wrong-pattern.yaml:9:11: error[SW0311]: `some-other@String.com` names no workflow
    runs-on.yaml:9:12: error[SW0304]: `runs-on` must not be empty
    steps-must-contain-run-or-uses.yaml:9:9: error[SW0302]: the step says neither `run` nor `uses`, so there is nothing to do
    with-must-be-object-or-has-from-json-copy.yaml:11:15: error[SW0303]: `with` must be a mapping, not a string
    workflow_dispatch-inputs-bool-default-.yaml:10:18: error[SW0303]: the default of this input must be `true` or `false`, not a string
    workflow_dispatch-inputs-choice-without-options.yaml:6:7: error[SW0302]: input `choice` is a choice without `options`
    workflow_dispatch-inputs-string-default-bool.yaml:10:18: error[SW0303]: the default of this input must be a string, not a boolean
    ");
}
