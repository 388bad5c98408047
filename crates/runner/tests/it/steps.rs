//! What a step sees, and what follows from how it ends.

use shipway_runner::protocol::{Event, JobResult, Outcome, Secret};

use crate::support::{Heard, Run, workflow};

use Outcome::{Failure, Skipped, Success};

#[tokio::test]
async fn a_script_sees_its_variables() {
    let mut run = Run::new();
    run.vars.insert("V".to_owned(), "var".to_owned());
    let text = "
on: push
env: {A: workflow, B: workflow, C: workflow}
jobs:
  j:
    runs-on: x
    env: {B: job, C: job, D: '${{ vars.V }}-${{ github.sha }}'}
    steps:
      - run: echo \"$A $B $C $D $E\"
        env: {C: step, E: '${{ env.B }} ${{ github.event.head.message }}'}
      - run: echo \"$CI $GITHUB_ACTIONS $GITHUB_REPOSITORY $RUNNER_OS $GITHUB_JOB $GITHUB_ACTION\"
      - run: |
          cat \"$GITHUB_EVENT_PATH\"; echo
          [ \"$PWD\" = \"$GITHUB_WORKSPACE\" ] && echo in the workspace
          [ -d \"$RUNNER_TEMP\" ] && echo temp
        env: {GITHUB_REPOSITORY: spoofed}
";
    let heard = run.job("j", text).await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    let sha = run.git(&["rev-parse", "HEAD"]);
    assert_eq!(
        heard.output(),
        format!(
            "workflow job step var-{sha} job hi\n\
             true true acme/shop Linux j __run_2\n\
             {{\"head\":{{\"message\":\"hi\"}}}}\nin the workspace\ntemp\n"
        )
    );
}

#[tokio::test]
async fn what_a_failure_means_for_the_steps_after_it() {
    let heard = Run::new()
        .steps(
            "- {id: a, run: exit 3}
- run: echo not reached
- {if: always(), run: 'echo always ${{ steps.a.outcome }} ${{ job.status }}'}
- {if: failure(), run: echo failure}
- {if: cancelled(), run: echo cancelled}
- {if: success(), run: echo success}
- {if: '${{ !cancelled() }}', run: echo not cancelled}",
        )
        .await;
    assert_eq!(heard.result(), JobResult::Failure);
    assert_eq!(heard.output(), "always failure failure\nfailure\nnot cancelled\n");
    assert_eq!(heard.reason(), "step `Run exit 3` failed: Process completed with exit code 3.");
    let both = |outcome| (outcome, outcome);
    let expected = [Failure, Skipped, Success, Success, Skipped, Skipped, Success].map(both);
    assert_eq!(heard.conclusions(), expected);
}

#[tokio::test]
async fn a_tolerated_failure_is_an_outcome_and_no_conclusion() {
    let heard = Run::new()
        .steps(
            "- {id: a, run: exit 1, continue-on-error: true}
- run: echo ${{ steps.a.outcome }} ${{ steps.a.conclusion }}
- {if: failure(), run: echo no}",
        )
        .await;
    assert_eq!(heard.result(), JobResult::Success);
    assert_eq!(heard.output(), "failure success\n");
    assert_eq!(heard.conclusions()[0], (Failure, Success));
}

#[tokio::test]
async fn shells_behave_as_on_github() {
    let heard = Run::new()
        .steps(
            "- {run: 'false | true; echo default has no pipefail'}
- {shell: bash, continue-on-error: true, run: 'false | true; echo not reached'}
- {shell: sh, continue-on-error: true, run: 'false; echo not reached'}
- {shell: python, run: 'import os; print(\"python\", os.getcwd() == os.environ[\"GITHUB_WORKSPACE\"])'}
- {shell: 'sed -n p {0}', run: \"as it is\\n\"}
- {shell: fish, continue-on-error: true, run: x}
- {working-directory: sub, continue-on-error: true, run: pwd}
- run: mkdir sub
- {working-directory: sub, run: basename $PWD}",
        )
        .await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    assert_eq!(heard.output(), "default has no pipefail\npython True\nas it is\nsub\n");
    let reasons: Vec<_> = heard.reports().iter().filter_map(|r| r.reason.clone()).collect();
    assert_eq!(reasons[..2], ["Process completed with exit code 1."; 2]);
    assert!(reasons[2].starts_with("Invalid shell option `fish`."), "{}", reasons[2]);
    assert!(reasons[3].contains("there is no folder"), "{}", reasons[3]);
}

/// As `InitializeJob` of actions/runner has it: not key by key.
#[tokio::test]
async fn defaults_of_a_job_replace_those_of_the_workflow() {
    let text = "
on: push
defaults: {run: {shell: 'sed s/x/workflow/ {0}', working-directory: /}}
jobs:
  j:
    runs-on: x
    defaults: {run: {shell: 'sed s/x/job/ {0}'}}
    steps:
      - run: x
      - {run: 'basename $PWD', shell: bash}
  w:
    runs-on: x
    steps:
      - {run: pwd, shell: bash}
      - run: x
";
    let heard = Run::new().job("j", text).await;
    assert_eq!(heard.output().trim_end(), "jobworkspace", "{}", heard.log());
    let heard = Run::new().job("w", text).await;
    assert_eq!(heard.output().trim_end(), "/\nworkflow", "{}", heard.log());
}

/// As `FinalizeJob` of actions/runner has it.
#[tokio::test]
async fn the_url_of_an_environment_has_a_value_and_no_secret() {
    let job = async |url: &str| {
        let mut run = Run::new();
        run.secrets.insert("S".to_owned(), Secret::new("hunter2hunter2"));
        let text = format!(
            "on: push\njobs:\n  j:\n    runs-on: x\n    environment: {{name: e, url: \"{url}\"}}\n    \
             env: {{S: '${{{{ secrets.S }}}}'}}\n    steps: [{{run: echo done}}]\n"
        );
        run.job("j", &text).await
    };
    let url = |heard: &Heard| {
        heard.events.iter().find_map(|event| match event {
            Event::EnvironmentUrl { url } => Some(url.clone()),
            _ => None,
        })
    };
    let told = job("https://${{ github.job }}").await;
    assert_eq!((told.result(), url(&told).as_deref()), (JobResult::Success, Some("https://j")));
    let secret = job("https://${{ env.S }}").await;
    assert_eq!((secret.result(), url(&secret)), (JobResult::Success, None));
    assert!(secret.annotations()[0].message.contains("may contain secret"), "{}", secret.log());
    let wrong = job("${{ fromJSON('') }}").await;
    assert_eq!((wrong.result(), url(&wrong)), (JobResult::Failure, None));
    assert!(wrong.reason().contains("Failed to evaluate environment url"), "{}", wrong.reason());
}

#[tokio::test]
async fn outputs_reach_steps_and_jobs_but_secrets_do_not() {
    let mut run = Run::new();
    run.secrets.insert("S".to_owned(), Secret::new("hunter2hunter2"));
    let text = "
on: push
jobs:
  j:
    runs-on: x
    outputs:
      plain: ${{ steps.a.outputs.x }}
      old: ${{ steps.a.outputs.old }}
      secret: ${{ steps.a.outputs.s }}
      missing: ${{ steps.nope.outputs.x }}
    steps:
      - id: a
        run: |
          echo 'x=one' >> $GITHUB_OUTPUT
          echo \"s=$S\" >> $GITHUB_OUTPUT
          echo '::set-output name=old::two'
        env: {S: '${{ secrets.S }}'}
      - run: echo ${{ steps.a.outputs.x }}
";
    let heard = run.job("j", text).await;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(heard.outputs(), [pair("plain", "one"), pair("old", "two")]);
    assert_eq!(heard.reports()[0].outputs["s"], "***");
    let messages: Vec<&str> = heard.annotations().iter().map(|a| a.message.as_str()).collect();
    assert!(messages.iter().any(|m| m.contains("`set-output` command is deprecated")));
    assert!(messages.contains(&"Skip output 'secret' since it may contain secret."));
}

#[tokio::test]
async fn what_is_wrong_is_refused_before_anything_runs() {
    let run = Run::new();
    let heard = run.steps("- run: touch ran\n- uses: acme/nowhere@v4\n").await;
    assert_eq!(heard.result(), JobResult::Failure);
    let reason = heard.reason();
    let expected =
        "not begun: .github/workflows/w.yml:7:15: cannot get the action `acme/nowhere@v4`";
    assert!(reason.starts_with(expected), "{reason}");
    assert!(!run.path("jobs/j/workspace/ran").exists());
    assert!(heard.events.is_empty());
    let heard = run.steps("- runn: x").await;
    assert!(heard.reason().contains("w.yml:6:9"), "{}", heard.reason());
    let heard = run.job("nope", &workflow("- run: x")).await;
    assert_eq!(heard.reason(), "not begun: .github/workflows/w.yml has no job `nope`");
}

#[tokio::test]
async fn an_expression_that_fails_fails_its_step() {
    let heard = Run::new()
        .steps("- run: echo ${{ fromJSON('{') }}\n- {if: failure(), run: echo after}")
        .await;
    assert_eq!(heard.result(), JobResult::Failure);
    assert!(heard.reason().contains(".github/workflows/w.yml:6:"), "{}", heard.reason());
    assert_eq!(heard.output(), "after\n");
}

#[tokio::test]
async fn a_background_process_serves_later_steps_and_dies_with_the_job() {
    let heard = Run::new()
        .steps(
            "- run: |
    mkfifo ask answer
    (while read line < ask; do echo \"got $line\" > answer; done) &
    (setsid sleep 1000 &)
    echo $! > pid
- run: echo hello > ask; cat answer; cat pid",
        )
        .await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    let output = heard.output();
    let (answer, pid) = output.trim().split_once('\n').unwrap();
    assert_eq!(answer, "got hello");
    assert!(!crate::support::runs(pid.parse().unwrap()));
}

#[tokio::test]
async fn what_a_step_does_in_the_background_counts_once_it_is_waited_for() {
    let heard = Run::new()
        .steps(
            "- id: server
  background: true
  run: |
    while ! test -e go; do sleep 0.01; done
    echo V=1 >> $GITHUB_ENV; echo out=2 >> $GITHUB_OUTPUT
- run: echo \"before <$V> <${{ steps.server.outcome }}>\"; touch go
- wait: server
- run: echo \"after <$V> <${{ steps.server.outputs.out }}> <${{ steps.server.outcome }}>\"",
        )
        .await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    assert_eq!(heard.output(), "before <> <>\nafter <1> <2> <success>\n");
}

#[tokio::test]
async fn steps_in_parallel_run_at_once_and_are_waited_for() {
    let heard = Run::new()
        .steps(
            "- parallel:
    - run: while ! test -e b; do sleep 0.01; done; touch a
    - run: touch b; while ! test -e a; do sleep 0.01; done
- run: ls",
        )
        .await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    assert_eq!(heard.output(), "a\nb\n");
}

#[tokio::test]
async fn a_step_in_the_background_fails_whoever_waits_and_not_before() {
    let heard = Run::new()
        .steps(
            "- id: bad
  name: bad
  background: true
  run: exit 1
- run: echo goes on
- wait-all:
- run: echo never",
        )
        .await;
    assert_eq!(heard.result(), JobResult::Failure);
    assert_eq!(heard.reason(), "step `Wait` failed: in the background, bad failed");
    assert_eq!(heard.output(), "goes on\n");
    let heard = Run::new().steps("- background: true\n  run: exit 1").await;
    assert_eq!(heard.result(), JobResult::Failure, "waited for at the end");
}

#[tokio::test]
async fn a_step_that_is_called_off_is_no_failure() {
    let heard = Run::new()
        .steps(
            "- id: server
  background: true
  run: exec sleep 1000
- cancel: server
- run: echo ${{ steps.server.outcome }}",
        )
        .await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    assert_eq!(heard.output(), "cancelled\n");
}
