use super::{Found, Report, Settings, Subject, Surroundings, format};
use crate::model::Uses;

struct Files(&'static [(&'static str, &'static str)]);

impl Surroundings for Files {
    fn file(&self, path: &str) -> Found {
        let file = self.0.iter().find(|(name, _)| *name == path);
        file.map_or(Found::Missing, |(_, text)| Found::Text((*text).into()))
    }

    fn action(&self, uses: &Uses) -> Found {
        match uses {
            Uses::Repository { owner, .. } if owner == "somebody" => Found::Text(ACTION.into()),
            _ => Found::Unknown,
        }
    }
}

const ACTION: &str = "\
name: x
description: x
inputs: {old: {deprecationMessage: use new}, must: {required: true}}
outputs: {path: {value: x}}
runs: {using: composite, steps: []}
";

fn settings() -> Settings {
    Settings { other_rules: vec!["github-pat".to_owned()], ..Settings::default() }
}

fn report(text: &str) -> Report {
    Subject::workflow("f.yml", text).check(&Files(&[]), &settings(), &[])
}

/// The findings of a workflow whose jobs are these lines, but for those on permissions.
fn found(jobs: &str) -> String {
    let text = format!("on: [push]\npermissions: {{}}\njobs:\n{jobs}");
    let lines = report(&text).findings.into_iter().map(|finding| finding.to_string());
    lines.collect::<Vec<_>>().join("\n")
}

fn steps(steps: &str) -> String {
    found(&format!("  a:\n    runs-on: ubuntu-latest\n    steps:\n{steps}"))
}

#[test]
fn findings_are_allowed_with_a_reason_alone() {
    let text = "\
on: push
permissions: {}
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: o/a@v1 # shipway: allow unpinned-action: our own
      # shipway: allow unpinned-action: next line
      # and a comment between
      - uses: o/b@v1
      - uses: o/c@v1 # shipway: allow unpinned-action
      - uses: o/d@v1 # shipway: allow unpined-action: a slip
      - run: x # shipway: allow untrusted-input: nothing here
      - run: x # shipway: allow
      - run: x # shipway: allow untrusted-input it is ours
      - run: x # shipway: ignore[untrusted-input] the earlier form
      - run: x # shipway: allow github-pat: a rule of another check
      - run: |
          # shipway: allow untrusted-input: only maintainers push
          echo ${{ github.head_ref }}
";
    let report = report(text);
    let lines: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    f.yml:11:15: warning[unpinned-action]: `o/c` is not pinned: `v1` can be moved
    f.yml:11:22: warning[allow-without-reason]: `unpinned-action` is not allowed: the comment says no reason
    f.yml:12:15: warning[unpinned-action]: `o/d` is not pinned: `v1` can be moved
    f.yml:12:22: warning[allow-unknown-rule]: there is no rule `unpined-action`
    f.yml:13:16: warning[allow-unused]: nothing here is found by `untrusted-input`
    f.yml:14:16: warning[allow-malformed]: the comment names no rule
    f.yml:15:16: warning[allow-malformed]: the reason has to stand behind a colon
    f.yml:16:16: warning[allow-malformed]: `ignore` is not read any more
    ");
    let help = report.findings.last().and_then(|finding| finding.help.clone());
    let wanted = "write `# shipway: allow untrusted-input: why this does not matter here`";
    assert_eq!(help.as_deref(), Some(wanted));
    let reasons: Vec<&str> = report.ignored.iter().map(|i| i.reason.as_str()).collect();
    assert_eq!(reasons, ["our own", "next line", "only maintainers push"]);
}

#[test]
fn strangers_write_into_scripts() {
    let text = "      - run: echo ${{ contains(github.event.issue.title, 'x') && github.event.issue.body }}
      - run: echo ${{ toJSON(github.event) }} ${{ github.event.issue.number }}
      - run: echo ${{ env.TITLE }} ${{ env.SAFE }}
        env: {TITLE: '${{ github.event.issue.title }}', SAFE: '${{ github.sha }}'}
      - run: echo ${{ github.event.commits[0].message || 'none' }}
      - run: echo ${{ github.head_ref == 'x' }} ${{ startsWith(github.head_ref, 'x') }}
";
    insta::assert_snapshot!(steps(text), @r"
    f.yml:7:66: error[untrusted-input]: strangers decide about `github.event.issue.body`, which is put into a script
    f.yml:8:30: error[untrusted-input]: strangers decide about `github.event`, which is put into a script
    f.yml:9:23: error[untrusted-input]: strangers decide about `env.TITLE` (it is `github.event.issue.title`), which is put into a script
    f.yml:11:23: error[untrusted-input]: strangers decide about `github.event.commits.0.message`, which is put into a script
    ");
}

#[test]
fn texts_are_no_numbers_and_fractions_of_limits_are_cut() {
    let jobs = "  a:
    runs-on: ubuntu-latest
    timeout-minutes: ${{ vars.MINUTES }}
    continue-on-error: ${{ github.event_name }}
    strategy: {max-parallel: 1.5, matrix: {a: [1]}}
    steps:
      - {run: x, timeout-minutes: '${{ matrix.a }}', continue-on-error: '${{ env.X }}'}
      - {run: x, timeout-minutes: '${{ fromJSON(vars.X) }}'}
      - {run: x, timeout-minutes: 0.5}
      - {run: x, timeout-minutes: 2}
";
    insta::assert_snapshot!(found(jobs), @r"
    f.yml:6:22: error[expression-type]: this is a string, and a number is wanted here
    f.yml:7:24: error[expression-type]: this is a string, and `true` or `false` is wanted here
    f.yml:8:30: note[fraction-of-limit]: of `max-parallel: 1.5` GitHub makes 1
    f.yml:10:74: error[expression-type]: this is a string, and `true` or `false` is wanted here
    f.yml:12:35: note[fraction-of-limit]: of `timeout-minutes: 0.5` GitHub makes no limit
    ");
}

#[test]
fn what_excludes_nothing() {
    let jobs = "  a:
    runs-on: ubuntu-latest
    strategy: {matrix: {os: [x, '${{ vars.os }}'], exclude: [{os: y}, {arch: z}, {arch: '${{ vars.a }}'}]}}
    steps: []
  b:
    runs-on: ubuntu-latest
    strategy: {matrix: {os: [x], exclude: [{os: y}, {arch: z}]}}
    steps: []
";
    insta::assert_snapshot!(found(jobs), @r"
    f.yml:6:72: error[matrix-exclude]: the matrix has no row `arch`: the job fails
    f.yml:6:83: error[matrix-exclude]: the matrix has no row `arch`: the job fails
    f.yml:10:49: warning[matrix-exclude]: row `os` has no such value, so this excludes nothing
    f.yml:10:54: error[SW0301]: `exclude` names `arch`, and the matrix has no such row
    ");
}

#[test]
fn what_could_not_be_read_is_not_told_twice() {
    let jobs = "  a:\n    runs-on: ubuntu-latest\n    steps:\n      - id: one\n        rnu: x\n      \
                - run: echo ${{ steps.one.outputs.x }} ${{ steps.two.outputs.x }}\n  b: {}\n  \
                c:\n    needs: [b]\n    runs-on: ubuntu-latest\n    steps: [{run: 'echo ${{ needs.b.outputs.x }}'}]\n";
    insta::assert_snapshot!(found(jobs), @r"
    f.yml:7:9: error[SW0302]: the step says neither `run` nor `uses`, so there is nothing to do
    f.yml:8:9: error[SW0301]: unknown key `rnu` in a step
    f.yml:9:56: warning[unknown-member]: no step before this one has the id `two`
    f.yml:10:3: error[SW0302]: job `b` has no `runs-on`, which is required
    ");
}

#[test]
fn actions_at_hand_are_known() {
    let text = "      - {uses: somebody/x@v1, id: x, with: {old: 1, odd: 2}} # shipway: allow unpinned-action: test
      - run: echo ${{ steps.x.outputs.path }} ${{ steps.x.outputs.pth }}
      - uses: ./nowhere
";
    insta::assert_snapshot!(steps(text), @r"
    f.yml:7:16: error[action-input]: `somebody/x@v1` needs the input `must`
    f.yml:7:45: warning[deprecated-input]: input `old` is deprecated: use new
    f.yml:7:53: warning[action-input]: `somebody/x@v1` has no input `odd`
    f.yml:8:67: warning[unknown-member]: `steps.x.outputs` has no member `pth`
    f.yml:9:15: warning[missing-action]: there is no such action in this repository
    ");
}

#[test]
fn pre_of_a_local_action_does_not_run() {
    let files = Files(&[
        ("js/action.yml", "runs: {using: node24, main: m.js, pre: p.js}\n"),
        ("docker/action.yml", "runs: {using: docker, image: Dockerfile, pre-entrypoint: p.sh}\n"),
        ("plain/action.yml", "runs: {using: node24, main: m.js, post: p.js}\n"),
    ]);
    let text = "\
on: push
permissions: {}
jobs:
  a:
    runs-on: ubuntu-latest
    steps: [{uses: ./js}, {uses: ./docker}, {uses: ./plain}, {uses: $/js}]
";
    let report = Subject::workflow("f.yml", text).check(&files, &Settings::default(), &[]);
    let lines: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    f.yml:6:20: warning[local-pre]: `pre` of a local action does not run
    f.yml:6:34: warning[local-pre]: `pre` of a local action does not run
    ");
}

#[test]
fn called_workflows_are_known() {
    let files = Files(&[(
        ".github/workflows/called.yml",
        "on:\n  workflow_call:\n    inputs: {n: {type: number, required: true}, b: {type: boolean}}\n    \
         secrets: {s: {required: true}}\n    outputs: {o: {value: x}}\njobs: {a: {runs-on: x, steps: []}}\n",
    )]);
    let text = "\
on: push
permissions: {}
jobs:
  a: {uses: ./.github/workflows/called.yml, with: {b: yes, m: 1}}
  b:
    uses: ./.github/workflows/called.yml
    with: {n: '${{ github.ref }}'}
    secrets: {s: x, t: y}
  c: {uses: ./.github/workflows/none.yml}
  d:
    needs: b
    runs-on: ubuntu-latest
    steps: [{run: 'echo ${{ needs.b.outputs.p }}'}]
";
    let report = Subject::workflow("f.yml", text).check(&files, &Settings::default(), &[]);
    let lines: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    f.yml:4:13: error[workflow-call]: the called workflow needs the input `n`
    f.yml:4:13: error[workflow-call]: the called workflow needs the secret `s`
    f.yml:4:55: error[workflow-call]: input `b` has to be a boolean, not a string
    f.yml:4:60: error[workflow-call]: the called workflow takes no input `m`
    f.yml:7:15: error[workflow-call]: input `n` has to be a number, not a string
    f.yml:8:21: error[workflow-call]: the called workflow takes no secret `t`
    f.yml:9:13: error[workflow-call]: there is no such workflow in this repository
    f.yml:13:45: warning[unknown-member]: `needs.b.outputs` has no member `p`
    ");
}

#[test]
fn tokens_and_strangers_code() {
    let text = "\
on: pull_request_target
jobs:
  a:
    runs-on: ubuntu-latest
    permissions: write-all
    steps:
      - uses: actions/checkout@v4
        with: {ref: '${{ github.event.pull_request.head.sha }}'}
      - uses: actions/checkout@main
";
    let lines: Vec<String> = report(text).findings.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    f.yml:5:18: warning[excessive-permissions]: the token of job `a` may do everything
    f.yml:8:21: error[untrusted-checkout]: `pull_request_target` has secrets, and this checks out a stranger's code
    f.yml:9:15: warning[unpinned-action]: `main` of `actions/checkout` may be a branch, which moves
    ");
}

#[test]
fn jobs_that_never_run_and_conditions_that_decide_nothing() {
    let jobs = "  a: {if: false, runs-on: ubuntu-latest, steps: []}
  b: {needs: a, runs-on: ubuntu-latest, steps: []}
  c: {needs: b, if: always(), runs-on: ubuntu-latest, steps: []}
  d: {if: \"github.event_name == 'pul_request'\", runs-on: ubuntu-latest, steps: []}
  e: {if: \"github.event_name == 'release'\", runs-on: ubuntu-latest, steps: []}
";
    insta::assert_snapshot!(found(jobs), @r"
    f.yml:4:11: warning[constant-condition]: this condition never holds
    f.yml:5:14: warning[unreachable-job]: this job never runs: it needs `a`, which never runs
    f.yml:7:11: warning[unknown-event-name]: GitHub has no event `pul_request`
    f.yml:8:11: warning[unknown-event-name]: nothing in `on` starts this workflow by `release`
    ");
}

/// Every visible character of a script is found where it is written, whatever the style.
#[test]
fn places_of_scripts() {
    let text = "\
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: echo $A
      - run: |
          echo ö ${{ github.ref }}
            $B
      - run: >-
          echo
          $C
      - run: \"echo \\\"x\\\" $D\"
      - run: 'echo ''x'' $E'
      - run: |
          echo ${{ github.ref
          }} $F
";
    let subject = Subject::workflow("f.yml", text);
    let scripts = subject.scripts();
    assert_eq!(scripts.len(), 6);
    for (script, name) in scripts.iter().zip(["$A", "$B", "$C", "$D", "$E", "$F"]) {
        let (line, found) =
            script.text.lines().enumerate().find_map(|(i, l)| Some((i, l.find(name)?))).unwrap();
        let column = script.text.lines().nth(line).unwrap()[..found].chars().count();
        let place = script.place(line + 1, column + 1);
        assert_eq!(&text[place.offset..place.offset + 2], name, "{script:?}");
        assert!(!script.text.contains("${{"), "{script:?}");
    }
}

#[test]
fn formats_say_the_same() {
    let text = "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          # shipway: allow untrusted-input: a, b: 50%\n          echo ${{ github.head_ref }}\n      - uses: o/a@v1\n";
    let report = report(text);
    assert_eq!(
        format::github(std::slice::from_ref(&report)),
        "::warning file=f.yml,line=10,col=15,endLine=10,endColumn=20,title=unpinned-action::`o/a` is not \
         pinned: `v1` can be moved%0Aname the commit: 40 digits, with the version in a comment behind them\n"
    );
    let json = format::json(std::slice::from_ref(&report));
    assert_eq!(json["findings"][0]["rule"], "unpinned-action");
    assert_eq!(json["ignored"][0]["reason"], "a, b: 50%");
    let sarif = format::sarif(std::slice::from_ref(&report), "1.2.3");
    // What the schema of SARIF 2.1.0 requires.
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "shipway");
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    for result in results {
        assert!(result["message"]["text"].is_string());
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "f.yml");
        for key in ["startLine", "startColumn", "endLine", "endColumn"] {
            assert!(place["region"][key].as_u64().unwrap() >= 1);
        }
    }
    assert_eq!(results[1]["suppressions"][0]["kind"], "inSource");
}

#[test]
fn actions_are_examined() {
    let text = "\
name: x
inputs: {who: {}}
branding: {color: pink}
runs:
  using: composite
  steps:
    - {run: 'echo ${{ inputs.woh }}', shell: fish}
";
    let report = Subject::action("a/action.yml", text).check(&Files(&[]), &settings(), &[]);
    let lines: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    a/action.yml:1:1: warning[action-metadata]: the action has no `description`
    a/action.yml:3:19: warning[action-metadata]: `pink` is no colour for `branding`
    a/action.yml:7:30: warning[unknown-member]: there is no input `woh`
    a/action.yml:7:46: error[unknown-shell]: `fish` is no shell that GitHub knows
    ");
}
