//! Composite actions: steps inside of a step.

use shipway_runner::protocol::{JobResult, Outcome};

use crate::mirror::Origin;
use crate::support::Run;

use Outcome::{Failure, Success};

#[tokio::test]
async fn its_steps_have_inputs_ids_and_variables_of_their_own() {
    let run = Run::new();
    let action = "
inputs: {who: {default: you}, unset: {}}
outputs:
  greeting: {value: '${{ steps.a.outputs.x }} from ${{ inputs.who }}'}
  outer: {value: '${{ steps.outer.outputs.x }}'}
runs:
  using: composite
  steps:
    - {id: a, shell: bash, run: 'echo \"x=hi $WHO $OUT\" >> $GITHUB_OUTPUT', env: {WHO: '${{ inputs.who }}'}}
    - shell: bash
      working-directory: ${{ github.action_path }}
      run: |
        cat data; echo \"${GITHUB_ACTION_PATH##*/} $GITHUB_ACTION_REPOSITORY [${INPUT_WHO-unset}] ${{ github.action_status }}\"
        echo NEW=later >> $GITHUB_ENV
        mkdir -p bin; printf '#!/bin/sh\\necho tool' > bin/tool; chmod +x bin/tool; echo $PWD/bin >> $GITHUB_PATH
    - {shell: bash, run: 'echo $NEW ${{ env.NEW }} ${{ env.OUT }}; tool'}
";
    let files = [("greet/action.yml", action), ("greet/data", "data\n")];
    Origin::with(&run.path("mirror"), "acme/tools", &files);
    let heard = run
        .steps(
            "- {id: outer, run: 'echo x=secret >> $GITHUB_OUTPUT'}
- {id: g, uses: acme/tools/greet@v1, with: {who: me}, env: {OUT: out}}
- run: echo '${{ steps.g.outputs.greeting }}' '[${{ steps.g.outputs.outer }}]' '[${{ steps.a.outputs.x }}]' $NEW; tool",
        )
        .await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    assert_eq!(
        heard.output(),
        "data\ngreet acme/tools [unset] success\nlater later out\ntool\nhi me out from me [] [] later\ntool\n"
    );
    assert_eq!(heard.reports().len(), 3, "one step for a person");
}

#[tokio::test]
async fn a_failure_inside_is_shown_where_it_stands() {
    let run = Run::new();
    let action = "
outputs: {o: {value: '${{ steps.a.outputs.o }}'}}
runs:
  using: composite
  steps:
    - {id: a, shell: bash, run: 'echo o=1 >> $GITHUB_OUTPUT'}
    - {shell: bash, run: exit 1, continue-on-error: true}
    - {shell: bash, run: 'echo ${{ github.action_status }}; exit 7'}
    - {shell: bash, run: echo not reached}
    - {if: failure(), shell: bash, run: 'echo failure ${{ github.action_status }} ${{ job.status }}'}
    - {if: always(), shell: bash, run: echo always}
";
    Origin::with(&run.path("mirror"), "acme/bad", &[("action.yml", action)]);
    let heard = run
        .steps(
            "- {id: b, uses: acme/bad@v1, continue-on-error: true}
- run: echo ${{ steps.b.outcome }} ${{ steps.b.outputs.o }}
- uses: acme/bad@v1",
        )
        .await;
    let one = "success\nfailure failure success\nalways\n";
    assert_eq!(heard.output(), format!("{one}failure 1\n{one}"));
    assert_eq!(heard.conclusions(), [(Failure, Success), (Success, Success), (Failure, Failure)]);
    assert_eq!(
        heard.reason(),
        "step `Run acme/bad@v1` failed: acme/bad@v1/action.yml:8:8: step `Run echo success; exit 7` \
         failed: Process completed with exit code 7."
    );
    let errors: Vec<&str> = heard.annotations().iter().map(|a| a.message.as_str()).collect();
    let (one, seven) =
        ("Process completed with exit code 1.", "Process completed with exit code 7.");
    assert_eq!(errors, [one, seven, one, seven], "each failure is told once");
}

#[tokio::test]
async fn nothing_follows_a_condition_that_cannot_be_evaluated() {
    let run = Run::new();
    let action = "
outputs: {o: {value: '${{ steps.a.outputs.o }}'}}
runs:
  using: composite
  steps:
    - {id: a, shell: bash, run: 'echo o=1 >> $GITHUB_OUTPUT'}
    - {if: \"fromJSON('x') == 1\", shell: bash, run: echo no}
    - {if: always(), shell: bash, run: echo not reached}
";
    Origin::with(&run.path("mirror"), "acme/undecided", &[("action.yml", action)]);
    let heard = run
        .steps(
            "- {id: u, uses: acme/undecided@v1}
- {if: \"always() && fromJSON('x') == 1\", run: echo no}
- {if: always(), run: 'echo ${{ steps.u.outputs.o }} goes on'}",
        )
        .await;
    assert_eq!(heard.output(), "1 goes on\n");
    let found = heard.conclusions();
    assert_eq!(found, [(Failure, Failure), (Failure, Failure), (Success, Success)]);
    let place = "step `Run acme/undecided@v1` failed: acme/undecided@v1/action.yml:7:8: step";
    assert!(heard.reason().starts_with(place), "{}", heard.reason());
}

const JS: &str = "runs: {using: node20, pre: pre.js, main: main.js, post: post.js}";

fn script(what: &str) -> String {
    format!("console.log('{what}', process.env['INPUT_NAME'])")
}

#[tokio::test]
async fn actions_inside_of_actions_act_before_and_after_in_order() {
    let run = Run::new();
    let js = JS.replace("runs:", "inputs: {name: {default: x}}\nruns:");
    let (pre, main, post) = (script("pre"), script("main"), script("post"));
    let files =
        [("action.yml", js.as_str()), ("pre.js", &pre), ("main.js", &main), ("post.js", &post)];
    let mirror = run.path("mirror");
    Origin::with(&mirror, "acme/js", &files);
    let inner = "
inputs: {name: {}}
runs:
  using: composite
  steps:
    - {uses: acme/js@v1, with: {name: '${{ inputs.name }}1'}}
    - {uses: acme/js@v1, with: {name: '${{ inputs.name }}2'}}
    - {uses: $/other}
";
    let other = "runs: {using: composite, steps: [{shell: sh, run: echo other}]}";
    let files = [("inner/action.yml", inner), ("other/action.yaml", other)];
    Origin::with(&mirror, "acme/nest", &files);
    let outer = "
runs:
  using: composite
  steps:
    - {uses: acme/nest/inner@v1, with: {name: a}}
    - {uses: ./local, with: {name: l}}
";
    Origin::with(&mirror, "acme/outer", &[("action.yml", outer)]);
    run.commit("local/action.yml", inner.replace("$/other", "acme/nest/other@v1").as_str());
    let heard = run
        .steps("- uses: actions/checkout@v4\n- uses: acme/outer@v1\n- {uses: acme/js@v1, with: {name: z}}")
        .await;
    assert_eq!(heard.result(), JobResult::Success, "{}\n{}", heard.reason(), heard.log());
    let output = heard.output();
    let (_, output) = output.split_once("pre a1").unwrap();
    assert_eq!(
        format!("pre a1{output}")
            .replace("HEAD is now at", "\0")
            .split('\0')
            .map(|part| {
                part.lines()
                    .filter(|line| !line.contains("local/action.yml"))
                    .collect::<Vec<_>>()
                    .join(",")
            })
            .collect::<Vec<_>>()
            .join(",")
            .replace(",,", ","),
        "pre a1,pre a2,pre z,main a1,main a2,other,main l1,main l2,other,main z,\
         post z,post l2,post l1,post a2,post a1"
    );
    let told: Vec<&str> = heard.annotations().iter().map(|a| a.message.as_str()).collect();
    assert_eq!(told, ["`pre` execution is not supported for local action from './local'"]);
    let names: Vec<&str> = heard.reports().iter().map(|report| report.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "Pre Run acme/outer@v1",
            "Pre Run acme/js@v1",
            "Run actions/checkout@v4",
            "Run acme/outer@v1",
            "Run acme/js@v1",
            "Post Run acme/js@v1",
            "Post Run acme/outer@v1",
        ]
    );
}

#[tokio::test]
async fn actions_that_use_themselves_are_refused() {
    let run = Run::new();
    let action = "runs: {using: composite, steps: [{uses: acme/loop@v1}]}";
    Origin::with(&run.path("mirror"), "acme/loop", &[("action.yml", action)]);
    let heard = run.steps("- uses: acme/loop@v1").await;
    assert!(
        heard
            .reason()
            .ends_with("acme/loop@v1/action.yml: more than 10 actions inside of each other"),
        "{}",
        heard.reason()
    );
    run.commit("loop/action.yml", "runs: {using: composite, steps: [{uses: ./loop}]}");
    let heard = run.steps("- uses: actions/checkout@v4\n- uses: ./loop").await;
    assert!(
        heard.reason().contains("more than 10 actions inside of each other"),
        "{}",
        heard.reason()
    );
}

#[tokio::test]
async fn what_is_wrong_with_an_action_is_shown_in_its_file() {
    let run = Run::new();
    let action = "runs:\n  using: composite\n  steps:\n    - run: echo no shell\n";
    Origin::with(&run.path("mirror"), "acme/bad", &[("action.yml", action)]);
    let heard = run.steps("- uses: acme/bad@v1").await;
    let reason = heard.reason();
    assert!(reason.contains("acme/bad@v1/action.yml:4:7"), "{reason}");
    assert!(reason.contains("has no `shell`, which is required"), "{reason}");
}

#[tokio::test]
async fn an_action_of_the_commit_needs_no_checkout() {
    let run = Run::new();
    let action =
        "runs: {using: composite, steps: [{shell: sh, run: 'cat $GITHUB_ACTION_PATH/data'}]}";
    run.commit("tools/data", "from the commit\n");
    run.commit("tools/action.yml", action);
    let heard = run.steps("- uses: $/tools").await;
    assert_eq!(heard.output(), "from the commit\n", "{}", heard.log());
    let heard = run.steps("- uses: $/none").await;
    assert!(heard.reason().contains("under '$/none'"), "{}", heard.reason());
}

#[tokio::test]
async fn a_timeout_ends_all_of_it_and_a_cancellation_lets_always_run() {
    let run = Run::new();
    let action = "
runs:
  using: composite
  steps:
    - {shell: bash, run: 'echo begun; sleep 100'}
    - {if: always(), shell: bash, run: echo always}
    - {shell: bash, run: echo never}
";
    Origin::with(&run.path("mirror"), "acme/slow", &[("action.yml", action)]);
    let heard = run.steps("- {uses: acme/slow@v1, timeout-minutes: 0.005}").await;
    assert_eq!(heard.result(), JobResult::Failure);
    assert!(heard.reason().contains("has timed out after 0.005 minutes"), "{}", heard.reason());
    assert_eq!(heard.output(), "begun\n");

    let text = "
on: push
jobs: {j: {runs-on: x, timeout-minutes: 0.01, steps: [{uses: acme/slow@v1}]}}
";
    let heard = run.job("j", text).await;
    assert_eq!(heard.result(), JobResult::Cancelled);
    assert_eq!(heard.output(), "begun\nalways\n", "{}", heard.log());
}
