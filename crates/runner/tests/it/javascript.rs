//! JavaScript actions in a real Node.

use std::path::Path;

use shipway_runner::protocol::{JobResult, Outcome};

use crate::mirror::Origin;
use crate::support::{Heard, Run};

use Outcome::{Failure, Skipped, Success};

const ACTION: &str = "
name: Say
inputs:
  who: {required: true, description: x}
  two words: {default: 'of ${{ github.repository }} ${{ runner.os }}'}
  old: {deprecationMessage: use who}
outputs: {said: {description: x}}
runs: {using: node20, pre: pre.js, main: main.js, post: post.js, post-if: success()}
";
const PRE: &str = "
require('fs').appendFileSync(process.env.GITHUB_STATE, 'pre=ran\\n');
console.log('pre of', process.env.INPUT_WHO);
";
const MAIN: &str = "
const fs = require('fs'), e = process.env;
console.log('hello', e.INPUT_WHO, e.INPUT_TWO_WORDS, e.STATE_pre);
console.log([e.GITHUB_ACTION, e.GITHUB_ACTION_REPOSITORY, e.GITHUB_ACTION_REF,
  fs.existsSync(e.GITHUB_ACTION_PATH + '/main.js'), process.cwd() === e.GITHUB_WORKSPACE].join(' '));
fs.appendFileSync(e.GITHUB_OUTPUT, 'said=hello ' + e.INPUT_WHO + '\\n');
fs.appendFileSync(e.GITHUB_STATE, 'who=' + e.INPUT_WHO + '\\n');
fs.writeFileSync(e.GITHUB_ACTION_PATH + '/changed', 'x');
if (e.INPUT_WHO === 'nobody') process.exit(3);
";
const POST: &str = "
console.log('bye', process.env.STATE_who, process.env.STATE_pre);
";

fn say(run: &Run) -> Origin {
    let files = [("action.yml", ACTION), ("pre.js", PRE), ("main.js", MAIN), ("post.js", POST)];
    Origin::with(&run.path("mirror"), "acme/say", &files)
}

fn names(heard: &Heard) -> Vec<String> {
    heard.reports().iter().map(|report| report.name.clone()).collect()
}

#[tokio::test]
async fn an_action_acts_before_in_and_after_its_step() {
    let run = Run::new();
    say(&run);
    let heard = run
        .steps(
            "- run: echo first
- {id: a, uses: acme/say@v1, with: {who: you, odd: 1, OLD: x}}
- {uses: acme/say@v1, with: {who: '${{ steps.a.outputs.said }}'}}
- {if: false, uses: acme/say@v1, with: {who: nobody}}",
        )
        .await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    assert_eq!(
        heard.output(),
        "pre of you\npre of \npre of nobody\nfirst\n\
         hello you of acme/shop Linux ran\na acme/say v1 true true\n\
         hello hello you of acme/shop Linux ran\n__acme_say acme/say v1 true true\n\
         bye nobody ran\nbye hello you ran\nbye you ran\n"
            .replace("bye nobody ran\n", "bye undefined ran\n")
    );
    assert_eq!(
        names(&heard),
        [
            "Pre Run acme/say@v1",
            "Pre Run acme/say@v1",
            "Pre Run acme/say@v1",
            "Run echo first",
            "Run acme/say@v1",
            "Run acme/say@v1",
            "Run acme/say@v1",
            "Post Run acme/say@v1",
            "Post Run acme/say@v1",
            "Post Run acme/say@v1",
        ]
    );
    let indices: Vec<usize> = heard.reports().iter().map(|report| report.step).collect();
    assert_eq!(indices, (0..10).collect::<Vec<_>>());
    let messages: Vec<&str> = heard.annotations().iter().map(|a| a.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "Input 'OLD' has been deprecated with message: use who",
            "Unexpected input(s) 'odd', valid inputs are ['who', 'two words', 'old']",
        ]
    );
    let log = heard.log();
    assert!(log.contains("Download action repository 'acme/say@v1' (SHA:"), "{log}");
    assert!(log.contains("##[group]Run acme/say@v1\nwith:\n  who: you\n"), "{log}");
    assert!(!run.path("cache/tree").join("changed").exists());
    assert!(!has_file(&run.path("cache"), "changed"), "a job's copy is its own");
}

fn has_file(folder: &Path, name: &str) -> bool {
    std::fs::read_dir(folder).unwrap().map(Result::unwrap).any(|entry| {
        entry.file_name() == name || entry.path().is_dir() && has_file(&entry.path(), name)
    })
}

#[tokio::test]
async fn what_comes_after_depends_on_its_condition() {
    let run = Run::new();
    say(&run);
    let always =
        ACTION.replace("post-if: success()", "post-if: always()").replace("pre: pre.js, ", "");
    let files = [("action.yml", always.as_str()), ("main.js", MAIN), ("post.js", POST)];
    Origin::with(&run.path("mirror"), "acme/always", &files);
    let heard = run
        .steps(
            "- {uses: acme/always@v1, with: {who: nobody}}
- {uses: acme/say@v1, with: {who: you}}",
        )
        .await;
    assert_eq!(heard.result(), JobResult::Failure);
    assert_eq!(heard.output().lines().last(), Some("bye nobody undefined"));
    let both = |outcome| (outcome, outcome);
    // The second one acted before, so it could act after; but its condition asks for success.
    assert_eq!(heard.conclusions(), [Success, Failure, Skipped, Success, Skipped].map(both));
    assert_eq!(
        heard.reason(),
        "step `Run acme/always@v1` failed: Process completed with exit code 3."
    );
}

#[tokio::test]
async fn a_post_step_that_fails_fails_the_job() {
    let run = Run::new();
    let action = "runs: {using: node20, main: ok.js, post: bad.js}";
    let files = [
        ("action.yml", action),
        ("ok.js", ""),
        ("bad.js", "console.log('::error::no'); process.exit(1)"),
    ];
    Origin::with(&run.path("mirror"), "acme/bad", &files);
    let heard = run.steps("- uses: acme/bad@v1").await;
    assert_eq!(heard.result(), JobResult::Failure);
    assert_eq!(heard.reason(), "step `Post Run acme/bad@v1` failed: no");
    assert_eq!(heard.annotations().len(), 1, "the action told it itself");
}

#[tokio::test]
async fn what_cannot_be_had_is_told_before_the_first_step() {
    let mut run = Run::new();
    say(&run);
    let files = [("sub/action.yml", "runs: {using: node20, main: missing.js}")];
    Origin::with(&run.path("mirror"), "acme/broken", &files);
    let heard = run
        .steps("- run: touch ran\n- uses: acme/say@v2\n- uses: acme/broken@v1\n- uses: acme/broken/sub@v1")
        .await;
    let reason = heard.reason();
    assert!(reason.contains("w.yml:7:15: cannot get the action `acme/say@v2`"), "{reason}");
    assert!(reason.contains("acme/say has no tag or branch v2"), "{reason}");
    assert!(
        reason.contains(
            "w.yml:8:15: Can't find 'action.yml', 'action.yaml' or 'Dockerfile' under \
             'acme/broken@v1'."
        ),
        "{reason}"
    );
    assert!(!run.path("jobs/j/workspace/ran").exists());

    let heard = run.steps("- uses: acme/broken/sub@v1\n- uses: ./nothing").await;
    assert!(
        heard.reason().contains("acme/broken@v1/sub/action.yml: File not found: 'missing.js'"),
        "{}",
        heard.reason()
    );
    let heard = run.steps("- uses: ./nothing").await;
    assert!(
        heard.reason().contains("Did you forget to run actions/checkout"),
        "{}",
        heard.reason()
    );

    run.actions.node = Some("/nowhere/node".into());
    let heard = run.steps("- {uses: acme/say@v1, with: {who: you}}").await;
    assert!(
        heard.reason().contains("w.yml:6:16: /nowhere/node is no usable Node: No such file"),
        "{}",
        heard.reason()
    );
}

#[tokio::test]
async fn a_locked_run_runs_what_is_pinned_and_nothing_else() {
    let mut run = Run::new();
    let origin = say(&run);
    let pinned = origin.git(&["rev-parse", "HEAD"]);
    origin.commit(&[("main.js", "console.log('moved')")]);
    origin.git(&["tag", "--force", "v1"]);
    run.actions.locked = true;
    run.commit(".github/actions.lock", &format!("version 1\nacme/say@v1 {pinned}\n"));
    let step = "- {uses: acme/say@v1, with: {who: you}}";
    let heard = run.steps(step).await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.reason());
    assert!(heard.output().contains("hello you"), "{}", heard.log());
    let heard = run.steps("- {uses: acme/say@main, with: {who: you}}").await;
    assert!(
        heard.reason().contains("`acme/say@main` is not pinned in .github/actions.lock"),
        "{}",
        heard.reason()
    );
    run.commit(".github/actions.lock", "version 1\nacme/say@v1\n");
    let heard = run.steps(step).await;
    assert!(heard.reason().contains(".github/actions.lock:2:1"), "{}", heard.reason());
}
