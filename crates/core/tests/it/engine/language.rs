//! Runs of workflows: which jobs run, as what instances, and how they end.

use indexmap::IndexMap;
use serde_json::json;
use shipway_core::command::Command as Any;
use shipway_core::effect::{Done, Effect, Outcome};
use shipway_core::ids::{PlanId, RunId};
use shipway_core::journal::{Actor, Cause, StreamId};
use shipway_core::run::{
    Attempt, Command, Event, InstanceState, JobEnd, JobState, Rules, Run, RunResult, RunSpec,
    github_context,
};
use shipway_core::stream::{Record, Stream};

use super::shop;

fn spec(text: &str) -> RunSpec {
    RunSpec {
        id: RunId::new("r1").unwrap(),
        plan: PlanId::new("p1").unwrap(),
        path: ".github/workflows/ci.yml".to_owned(),
        text: text.to_owned().into(),
        trigger: shop::trigger(),
        commit: shop::told(7),
        repository: "/srv/git/shop".to_owned(),
        by: shop::person("ann"),
        only_job: None,
        vars: IndexMap::from([("LEVEL".to_owned(), "high".to_owned())]),
        inputs: serde_json::Map::new(),
        secrets: IndexMap::new(),
        parallel: None,
        called: IndexMap::new(),
        number: 1,
        attempt: Attempt::default(),
        rules: Rules::default(),
    }
}

/// Runs the workflow; `fails` says which instances do, by name. `cancel_at`
/// calls the run off once this instance runs. Told line by line.
fn run_with(spec: RunSpec, fails: &[&str], cancel_at: Option<&str>) -> String {
    let mut stream = Stream::new(StreamId::Run(spec.id.clone()));
    let mut lines = Vec::new();
    step(&mut stream, &mut lines, Any::Run(Command::Start { spec: std::sync::Arc::new(spec) }));
    while let Some((version, effect)) = next(&stream) {
        let Effect::RunJob(job) = effect else { unreachable!() };
        let mut outcome = Outcome::Done { result: Done::Job(Box::new(end(&job.name, fails))) };
        if cancel_at == Some(job.name.as_str()) {
            step(&mut stream, &mut lines, Any::Run(Command::Cancel));
            outcome = Outcome::Cancelled;
        }
        lines.push(format!("{} needs {} matrix {}", job.name, job.needs, job.matrix));
        let now = jiff::Timestamp::UNIX_EPOCH;
        let decided = stream.ended(version, outcome, now).unwrap();
        evolve(&mut stream, &mut lines, decided.records);
    }
    lines.join("\n")
}

fn run(text: &str, fails: &[&str]) -> String {
    run_with(spec(text), fails, None)
}

fn next(stream: &Stream) -> Option<(shipway_core::journal::Version, Effect)> {
    let mut pending = stream.pending.iter();
    let found = pending.find(|(_, effect)| matches!(effect, Effect::RunJob(_)));
    found.map(|(version, effect)| (*version, effect.clone()))
}

fn end(name: &str, fails: &[&str]) -> JobEnd {
    let failed = fails.contains(&name);
    JobEnd {
        outputs: IndexMap::from([("made".to_owned(), format!("by {name}"))]),
        ..JobEnd::bare(
            if failed { RunResult::Failure } else { RunResult::Success },
            failed.then(|| "exit code 1".to_owned()),
        )
    }
}

fn step(stream: &mut Stream, lines: &mut Vec<String>, command: Any) {
    let cause = Cause("input".to_owned());
    let now = jiff::Timestamp::UNIX_EPOCH;
    let decided = stream.command(&command, &Actor::Engine, &cause, now).unwrap();
    evolve(stream, lines, decided.records);
}

fn evolve(stream: &mut Stream, lines: &mut Vec<String>, records: Vec<Record>) {
    for record in records {
        stream.evolve(&record, None, jiff::Timestamp::UNIX_EPOCH).unwrap();
        let Record::Run(event) = record else { continue };
        lines.extend(match event {
            Event::JobSkipped { job, why } => Some(format!("{job} is skipped: {why}")),
            Event::JobFailed { job, why } => Some(format!("{job} fails: {why}")),
            Event::Cancelling => Some("called off".to_owned()),
            Event::Ended { result, why } => {
                Some(format!("= {result}{}", why.map(|w| format!(": {w}")).unwrap_or_default()))
            }
            _ => None,
        });
    }
}

fn workflow(jobs: &str) -> String {
    let mut text = "on: push\njobs:\n".to_owned();
    for line in jobs.lines() {
        text.push_str("  ");
        text.push_str(&line.replace("RUN", "runs-on: ubuntu-latest, steps: [{run: make}]"));
        text.push('\n');
    }
    text
}

#[test]
fn what_a_failure_means_for_those_that_need_it() {
    let text = workflow(
        "a: {RUN}
b: {needs: a, RUN}
c: {needs: b, RUN}
always: {needs: b, if: always(), RUN}
after: {needs: always, RUN}
rescue: {needs: c, if: failure(), RUN}
named: {needs: [a, b], if: \"!cancelled() && needs.a.result == 'failure'\", RUN}",
    );
    insta::assert_snapshot!(run(&text, &["a"]), @r#"
    a needs {} matrix null
    b is skipped: job `a`, which it needs, ended with failure
    c is skipped: job `a`, which it needs, ended with failure
    always needs {"b":{"result":"skipped","outputs":{}}} matrix null
    after is skipped: job `a`, which it needs, ended with failure
    rescue needs {"c":{"result":"skipped","outputs":{}}} matrix null
    named needs {"a":{"result":"failure","outputs":{"made":"by a"}},"b":{"result":"skipped","outputs":{}}} matrix null
    = failure: a: exit code 1
    "#);
}

#[test]
fn conditions_see_their_contexts() {
    let text = workflow(
        "main: {if: github.ref == 'refs/heads/main', RUN}
other: {if: github.ref_name == 'other', RUN}
high: {if: vars.level == 'high', RUN}
tagged: {if: \"github.ref_type == 'tag'\", RUN}
last: {needs: main, if: \"needs.main.outputs.made == 'by main'\", RUN}",
    );
    insta::assert_snapshot!(run(&text, &[]), @r#"
    other is skipped: its `if` does not hold
    tagged is skipped: its `if` does not hold
    main needs {} matrix null
    high needs {} matrix null
    last needs {"main":{"result":"success","outputs":{"made":"by main"}}} matrix null
    = success
    "#);
}

#[test]
fn a_matrix_comes_from_what_is_needed() {
    let text = workflow(
        "one: {strategy: {matrix: {os: [linux, mac], v: [1, 2], exclude: [{os: mac, v: 1}]}}, RUN}
two:
  name: try ${{ matrix.v }} (${{ strategy.job-index }} of ${{ strategy.job-total }})
  needs: one
  strategy: {matrix: {v: \"${{ fromJSON(format('[\\\"{0}\\\", 8]', needs.one.outputs.made)) }}\"}}
  runs-on: ubuntu-latest
  steps: [{run: make}]",
    );
    insta::assert_snapshot!(run(&text, &[]), @r#"
    one (linux, 1) needs {} matrix {"os":"linux","v":1}
    one (linux, 2) needs {} matrix {"os":"linux","v":2}
    one (mac, 2) needs {} matrix {"os":"mac","v":2}
    try by one (mac, 2) (0 of 2) needs {"one":{"result":"success","outputs":{"made":"by one (mac, 2)"}}} matrix {"v":"by one (mac, 2)"}
    try 8 (1 of 2) needs {"one":{"result":"success","outputs":{"made":"by one (mac, 2)"}}} matrix {"v":8}
    = success
    "#);
}

#[test]
fn one_failure_calls_the_others_off_unless_it_may_fail() {
    let jobs = |more: &str| {
        workflow(&format!(
            "t: {{strategy: {{max-parallel: 1, matrix: {{n: [1, 2, 3]}}}}, {more}RUN}}"
        ))
    };
    let fast = run(&jobs(""), &["t (1)"]);
    let allowed = run(&jobs("continue-on-error: \"${{ matrix.n == 1 }}\", "), &["t (1)"]);
    insta::assert_snapshot!(format!("{fast}\n--\n{allowed}"), @r#"
    t (1) needs {} matrix {"n":1}
    = failure: t (1): exit code 1
    --
    t (1) needs {} matrix {"n":1}
    t (2) needs {} matrix {"n":2}
    t (3) needs {} matrix {"n":3}
    = success
    "#);
}

#[test]
fn a_run_that_is_called_off_skips_all_but_what_asks_for_it() {
    let text = workflow("a: {RUN}\nb: {needs: a, RUN}\nclean: {needs: a, if: always(), RUN}");
    insta::assert_snapshot!(run_with(spec(&text), &[], Some("a")), @r#"
    called off
    a needs {} matrix null
    b is skipped: the run was called off
    clean needs {"a":{"result":"cancelled","outputs":{}}} matrix null
    = cancelled: a: it was called off
    "#);
}

#[test]
fn only_one_job_and_what_it_needs() {
    let text = workflow("a: {RUN}\nb: {needs: a, RUN}\nc: {needs: b, RUN}\nd: {RUN}");
    let mut only = spec(&text);
    only.only_job = Some("b".to_owned());
    let mut unknown = spec(&text);
    unknown.only_job = Some("x".to_owned());
    let both = [run_with(only, &[], None), run_with(unknown, &[], None)];
    insta::assert_snapshot!(both.join("\n--\n"), @r#"
    a needs {} matrix null
    b needs {"a":{"result":"success","outputs":{"made":"by a"}}} matrix null
    = success
    --
    = failure: .github/workflows/ci.yml has no job `x`; its jobs are: a, b, c, d
    "#);
}

#[test]
fn what_is_wrong_with_a_workflow_fails_its_run() {
    let text = workflow("a: {needs: b, RUN}");
    let computed = workflow("a: {strategy: {matrix: \"${{ fromJSON('[1]') }}\"}, RUN}");
    let calls = workflow("a: {uses: ./.github/workflows/other.yml}");
    let all = [run(&text, &[]), run(&computed, &[]), run(&calls, &[])];
    insta::assert_snapshot!(all.join("\n--\n"), @"
    = failure: error[SW0309]: job `a` needs `b`, which does not exist
     --> .github/workflows/ci.yml:3:14
      |
    3 |   a: {needs: b, runs-on: ubuntu-latest, steps: [{run: make}]}
      |              ^
      = help: jobs of this file: a

    --
    a fails: .github/workflows/ci.yml:3:26: `matrix`: a matrix must be an object, not a list
    = failure: .github/workflows/ci.yml:3:26: `matrix`: a matrix must be an object, not a list
    --
    a fails: .github/workflows/ci.yml:3:13: the run knows no workflow `.github/workflows/other.yml`
    = failure: .github/workflows/ci.yml:3:13: the run knows no workflow `.github/workflows/other.yml`
    ");
}

#[test]
fn a_run_ends_only_once() {
    let stream = Stream::new(StreamId::Run(RunId::new("r1").unwrap()));
    let cause = Cause("input".to_owned());
    let cancel = Any::Run(Command::Cancel);
    let refused = stream.command(&cancel, &Actor::Engine, &cause, jiff::Timestamp::UNIX_EPOCH);
    assert_eq!(refused.unwrap_err().message, "the run was not started");
}

/// A job that the engine lost counts as failed, and the others go on.
#[test]
fn a_lost_job_fails() {
    let text = workflow("a: {RUN}\nb: {RUN}");
    let mut stream = Stream::new(StreamId::Run(RunId::new("r1").unwrap()));
    let mut lines = Vec::new();
    step(
        &mut stream,
        &mut lines,
        Any::Run(Command::Start { spec: std::sync::Arc::new(spec(&text)) }),
    );
    let (again, lost) = stream.recover();
    assert_eq!((again.len(), lost.len()), (0, 2));
    let ended = stream.ended(lost[0], Outcome::Lost, jiff::Timestamp::UNIX_EPOCH).unwrap();
    evolve(&mut stream, &mut lines, ended.records);
    let (_, run) = stream.run().unwrap();
    let Run::UnderWay(run) = run else { panic!("{run:?}") };
    let states: Vec<_> = run.jobs.values().map(|job| &job.state).collect();
    assert!(matches!(states[0], JobState::Done { result: RunResult::Failure, .. }));
    let JobState::Running { instances, .. } = states[1] else { panic!("{states:?}") };
    assert!(matches!(instances[0].state, InstanceState::Running { .. }));
}

#[test]
fn the_github_context_tells_event_ref_and_repository() {
    let mut spec = spec(&workflow("a: {RUN}"));
    let local = github_context(&spec);
    assert_eq!(local["repository"], "shop");
    assert_eq!(local["ref_name"], "main");
    assert_eq!(local["ref_type"], "branch");
    assert_eq!(local["actor"], "ann");
    assert_eq!(local["workflow"], ".github/workflows/ci.yml");
    assert_eq!(local["api_url"], "https://api.github.com");
    spec.trigger.git_ref = "refs/pull/5/merge".to_owned();
    spec.trigger.event = "pull_request".to_owned();
    spec.trigger.payload = json!({
        "sender": {"login": "eve", "id": 3},
        "repository": {"full_name": "acme/shop", "html_url": "https://git.acme.dev/acme/shop"},
        "pull_request": {"head": {"ref": "topic"}, "base": {"ref": "main"}},
    });
    let hosted = github_context(&spec);
    let keys = [
        "repository",
        "repository_owner",
        "actor",
        "actor_id",
        "ref_name",
        "head_ref",
        "base_ref",
        "server_url",
        "api_url",
        "workflow_ref",
    ];
    let told: Vec<_> = keys.iter().map(|key| format!("{key}: {}", hosted[*key])).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    repository: "acme/shop"
    repository_owner: "acme"
    actor: "eve"
    actor_id: "3"
    ref_name: "5/merge"
    head_ref: "topic"
    base_ref: "main"
    server_url: "https://git.acme.dev"
    api_url: "https://git.acme.dev/api/v3"
    workflow_ref: "acme/shop/.github/workflows/ci.yml@refs/pull/5/merge"
    "#);
}
