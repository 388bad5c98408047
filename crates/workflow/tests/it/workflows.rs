//! Workflows that others collected: valid ones are read, invalid ones refused.

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

/// Of actionlint's examples, those are refused here that GitHub refuses; what the others show is
/// for a lint to say.
#[test]
fn actionlints_examples() {
    let Some(folder) = corpus::folder("workflows/actionlint-examples") else { return };
    let files = corpus::files(&folder, "yaml").unwrap();
    assert_eq!(files.len(), 51);
    insta::assert_snapshot!(report(&files), @r#"
    broken_yaml.yaml:6:17: error[SW0101]: mapping values are not allowed in this context
    contexts_and_builtin_funcs.yaml:7:24: error[SW0201]: Unrecognized named-value: 'unknown_context'. Located at position 1 within expression: unknown_context
    contexts_and_builtin_funcs.yaml:11:24: error[SW0201]: Unrecognized function: 'startWith'. Located at position 1 within expression: startWith('hello, world', 'lo,')
    contexts_and_builtin_funcs.yaml:13:24: error[SW0201]: Too few parameters supplied: 'startsWith'. Located at position 1 within expression: startsWith('hello, world')
    contexts_special_functions_availability.yaml:14:17: error[SW0201]: Unrecognized named-value: 'runner'. Located at position 1 within expression: runner.temp
    contexts_special_functions_availability.yaml:18:17: error[SW0201]: Unrecognized named-value: 'env'. Located at position 1 within expression: env.NAME
    contexts_special_functions_availability.yaml:24:33: error[SW0201]: Unrecognized function: 'success'. Located at position 1 within expression: success()
    cron_schedule_check.yaml:4:13: error[SW0304]: `0 */3 * *` is no time for `cron`: it has 4 fields, not 5
    cyclic_deps_needs.yaml:4:13: error[SW0310]: jobs need each other in a circle: prepare needs build needs install needs prepare
    dangling_alias.yaml:9:14: error[SW0104]: alias `*credentials` has no anchor `&credentials` before it
    expression_syntax_error.yaml:7:24: error[SW0201]: Unexpected symbol: '"hello"'. Located at position 1 within expression: "hello"
    expression_syntax_error.yaml:9:26: error[SW0201]: Unexpected symbol: '+'. Located at position 3 within expression: 1 + 1
    expression_syntax_error.yaml:11:63: error[SW0201]: Unexpected end of expression: ')'. Located at position 40 within expression: toJson(hashFiles('**/lock', '**/cache/')
    expression_syntax_error.yaml:13:36: error[SW0201]: Unexpected end of expression: '.'. Located at position 13 within expression: github.event.
    glob.yaml:9:9: error[SW0306]: `v*+` is no filter pattern: `+` must follow a character or `[…]`, not a special character
    glob.yaml:11:9: error[SW0306]: `v[9-1]` is no filter pattern: the range `9-1` is backwards
    id_naming_convention.yaml:5:3: error[SW0307]: `foo-v1.2.3` is no id for a job
    id_naming_convention.yaml:10:13: error[SW0307]: `echo for test` is no id for a step
    id_naming_convention.yaml:12:3: error[SW0307]: `-hello-world-` is no id for a job
    id_naming_convention.yaml:17:3: error[SW0307]: `2d-game` is no id for a job
    invalid_action_format.yaml:7:15: error[SW0311]: `actions/checkout` names no action
    invalid_action_format.yaml:9:15: error[SW0311]: `checkout@v2` names no action
    invalid_action_format.yaml:13:15: error[SW0311]: `.github/my-actions/do-something` names no action
    invalid_ids_in_needs.yaml:9:13: error[SW0309]: job `bar` needs `unknown`, which does not exist
    job_step_ids_duplicate.yaml:10:13: error[SW0308]: step id `STEP_ID` is already used in this job
    job_step_ids_duplicate.yaml:12:3: error[SW0102]: key `TEST` is already defined in another case
    main.yaml:3:5: error[SW0301]: unknown key `branch` in `push`
    missing_required_keys.yaml:3:3: error[SW0302]: job `test` has no `runs-on`, which is required
    missing_required_keys.yaml:8:9: error[SW0102]: key `VERSION_NAME` is already defined in another case
    permissions.yaml:4:14: error[SW0304]: `write` is no level for `permissions`
    permissions.yaml:11:7: error[SW0301]: unknown key `check` in `permissions`
    permissions.yaml:13:15: error[SW0304]: `readable` is no level for `issues`
    permissions.yaml:15:15: error[SW0304]: `write` is no level for `models`
    unexpected_keys.yaml:6:5: error[SW0301]: unknown key `default` in job `test`
    unexpected_keys.yaml:12:9: error[SW0301]: unknown key `Shell` in a step
    unexpected_mapping_values.yaml:6:18: error[SW0303]: `fail-fast` must be `true` or `false`, not a string
    unexpected_mapping_values.yaml:13:26: error[SW0303]: `timeout-minutes` must be a number, not a string
    webhook_checks.yaml:4:5: error[SW0301]: unknown key `branch` in `push`
    webhook_checks.yaml:7:5: error[SW0306]: `paths` and `paths-ignore` exclude each other
    webhook_checks.yaml:10:12: error[SW0304]: `created` is no activity type of `issues`
    webhook_checks.yaml:13:5: error[SW0301]: unknown key `tags` in `release`
    webhook_checks.yaml:15:3: error[SW0305]: GitHub has no event `pullreq`
    workflow_call_definitions.yaml:15:18: error[SW0303]: the default of this input must be a number, not a string
    workflow_call_definitions.yaml:20:15: error[SW0304]: `object` is no type of an input
    workflow_call_jobs.yaml:6:5: error[SW0313]: `runs-on` cannot stand beside `uses` in job `job1`
    workflow_call_jobs.yaml:9:11: error[SW0311]: `./.github/workflows/ci.yml@main` names no workflow
    workflow_call_jobs.yaml:12:5: error[SW0313]: `with` cannot stand without `uses` in job `job3`
    workflow_dispatch_input_types.yaml:6:15: error[SW0304]: `text` is no type of an input
    workflow_dispatch_input_types.yaml:8:7: error[SW0302]: input `kind` is a choice without `options`
    workflow_dispatch_input_types.yaml:16:18: error[SW0304]: `Chobi` is no option of this input
    workflow_dispatch_input_types.yaml:22:18: error[SW0303]: the default of this input must be `true` or `false`, not a string
    workflow_dispatch_input_types.yaml:26:18: error[SW0303]: the default of this input must be a number, not a string
    yaml_anchor_usage.yaml:22:14: error[SW0104]: alias `*recursive` lies inside its own anchor `&recursive`
    yaml_anchors.yaml:13:11: error[SW0301]: unknown key `email` in `credentials`
    "#);
}
