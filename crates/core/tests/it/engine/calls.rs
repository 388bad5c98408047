//! Runs that call workflows, wait at gates, are lost and are attempted again.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jiff::Timestamp;
use shipway_core::command::Command as Any;
use shipway_core::config::LostJob;
use shipway_core::effect::{Done, Effect, Outcome};
use shipway_core::ids::{PlanId, RunId};
use shipway_core::journal::{Actor, Cause, StreamId, Version};
use shipway_core::run::{
    Again, Attempt, CalledWorkflow, Command, Event, JobEnd, JobSpec, Place, Rules, RunResult,
    RunSpec, again,
};
use shipway_core::stream::{Decided, Record, Stream};

use super::shop;

/// A run in memory: every effect of it, by the job's name.
struct Led {
    stream: Stream,
    events: Vec<Event>,
    jobs: BTreeMap<String, (Version, JobSpec)>,
    told: Vec<(StreamId, Any)>,
    inputs: u32,
}

fn spec(text: &str) -> RunSpec {
    RunSpec {
        id: RunId::new("r1").unwrap(),
        plan: PlanId::new("p1").unwrap(),
        path: ".github/workflows/ci.yml".to_owned(),
        text: text.to_owned().into(),
        called: IndexMap::new(),
        trigger: shop::trigger(),
        commit: shop::told(7),
        repository: "/srv/git/shop".to_owned(),
        by: shop::person("ann"),
        only_job: None,
        vars: IndexMap::new(),
        inputs: serde_json::Map::new(),
        secrets: IndexMap::new(),
        parallel: None,
        number: 1,
        attempt: Attempt::default(),
        rules: Rules::default(),
    }
}

fn calling(text: &str, called: &[(&str, &str)]) -> RunSpec {
    let called = called.iter().map(|(name, text)| {
        let path = format!(".github/workflows/{name}.yml");
        let text = (*text).to_owned().into();
        (path.clone(), CalledWorkflow { path, text, from: None, missing: None })
    });
    RunSpec { called: called.collect(), ..spec(text) }
}

impl Led {
    fn new(spec: RunSpec) -> Self {
        let stream = Stream::new(StreamId::Run(spec.id.clone()));
        let (jobs, told) = (BTreeMap::new(), Vec::new());
        let mut led = Self { stream, events: Vec::new(), jobs, told, inputs: 0 };
        led.ask(Command::Start { spec: std::sync::Arc::new(spec) });
        led
    }

    fn ask(&mut self, command: Command) {
        self.inputs += 1;
        let cause = Cause(format!("input {}", self.inputs));
        let now = Timestamp::UNIX_EPOCH;
        let decided = self.stream.command(&Any::Run(command), &Actor::Engine, &cause, now);
        self.take(decided.unwrap());
    }

    fn take(&mut self, decided: Decided) {
        for record in decided.records {
            self.stream.evolve(&record, None, Timestamp::UNIX_EPOCH).unwrap();
            match record {
                Record::Run(event) => self.events.push(event),
                Record::Intent { effect: Effect::RunJob(job) } => {
                    self.jobs.insert(job.name.clone(), (self.stream.version, *job));
                }
                Record::Intent { effect: Effect::Tell { to, command } } => {
                    self.told.push((to, *command));
                }
                _ => {}
            }
        }
        for effect in decided.cancel {
            let name = self.jobs.iter().find(|(_, (version, _))| *version == effect.version);
            let name = name.map(|(name, _)| name.clone()).unwrap();
            self.outcome(&name, Outcome::Cancelled);
        }
    }

    fn outcome(&mut self, name: &str, outcome: Outcome) {
        let (version, _) = self.jobs.remove(name).unwrap_or_else(|| panic!("{name} runs not"));
        let decided = self.stream.ended(version, outcome, Timestamp::UNIX_EPOCH).unwrap();
        self.take(decided);
    }

    /// A job ends like this, with the output `made`.
    fn end(&mut self, name: &str, result: RunResult) {
        let outputs = IndexMap::from([("made".to_owned(), format!("by {name}"))]);
        let end = JobEnd { outputs, ..JobEnd::bare(result, None) };
        self.outcome(name, Outcome::Done { result: Done::Job(Box::new(end)) });
    }

    fn running(&self) -> Vec<&str> {
        self.jobs.keys().map(String::as_str).collect()
    }

    fn spec_of(&self, name: &str) -> &JobSpec {
        &self.jobs[name].1
    }

    /// How jobs and the run ended.
    fn ends(&self) -> String {
        let line = |event: &Event| match event {
            Event::JobSkipped { job, .. } => Some(format!("{job} skipped")),
            Event::JobFailed { job, why } => Some(format!("{job} fails: {why}")),
            Event::InstanceEnded { job, index, end } => Some(match &end.reason {
                Some(why) => format!("{job}[{index}] {}: {why}", end.result),
                None => format!("{job}[{index}] {}", end.result),
            }),
            Event::Ended { result, .. } => Some(format!("= {result}")),
            _ => None,
        };
        self.events.iter().filter_map(line).collect::<Vec<_>>().join("\n")
    }
}

const BUILD: &str = "
on:
  workflow_call:
    inputs:
      target: {type: string, required: true}
      fast: {type: boolean, default: true}
    outputs:
      what: {value: '${{ jobs.make.outputs.made }}'}
permissions: {contents: write}
jobs:
  make: {runs-on: ubuntu-latest, steps: [{run: make}], outputs: {made: x}}
  test: {needs: make, if: inputs.fast, runs-on: ubuntu-latest, steps: [{run: make}]}
";

const CALLER: &str = "
name: All
on: push
permissions: {contents: read, packages: write}
jobs:
  build:
    strategy: {matrix: {t: [a, b]}}
    uses: ./.github/workflows/build.yml
    with: {target: '${{ matrix.t }}'}
  after: {needs: build, runs-on: ubuntu-latest, steps: [{run: make}]}
";

#[test]
fn a_call_runs_the_jobs_of_its_workflow_and_takes_its_outputs() {
    let mut led = Led::new(calling(CALLER, &[("build", BUILD)]));
    assert_eq!(led.running(), ["build (a) / make", "build (b) / make"]);
    let job = led.spec_of("build (b) / make");
    assert_eq!(job.job.as_str(), "build.1.make");
    assert_eq!(serde_json::json!(job.calls[0].inputs).to_string(), r#"{"target":"b","fast":true}"#);
    // Only what the caller has as well.
    assert_eq!(serde_json::json!(job.permissions).to_string(), r#"{"contents":"read"}"#);
    led.end("build (a) / make", RunResult::Success);
    assert_eq!(led.running(), ["build (a) / test", "build (b) / make"]);
    led.end("build (b) / make", RunResult::Success);
    led.end("build (b) / test", RunResult::Success);
    led.end("build (a) / test", RunResult::Success);
    let needs = led.spec_of("after").needs.to_string();
    assert_eq!(needs, r#"{"build":{"result":"success","outputs":{"what":"by build (a) / make"}}}"#);
    led.end("after", RunResult::Success);
    assert!(led.ends().ends_with("= success"), "{}", led.ends());
}

#[test]
fn a_call_that_fails_calls_off_the_others_of_its_matrix() {
    let mut led = Led::new(calling(CALLER, &[("build", BUILD)]));
    led.end("build (a) / make", RunResult::Failure);
    insta::assert_snapshot!(led.ends(), @"
    build.0.make[0] failure
    build.0.test skipped
    build[0] failure
    build.1.make[0] cancelled: it was called off
    build.1.test skipped
    build[1] cancelled: build (b) / make: it was called off
    after skipped
    = failure
    ");
}

#[test]
fn what_a_call_gives_has_to_be_what_its_workflow_takes() {
    let with = |with: &str| {
        let text = format!(
            "on: push\njobs:\n  b: {{uses: ./.github/workflows/build.yml, with: {{{with}}}}}\n"
        );
        Led::new(calling(&text, &[("build", BUILD)])).ends()
    };
    let all = [
        with("fast: true"),
        with("target: x, fats: true"),
        with("target: x, fast: 'yes'"),
        with("target: x, fast: '${{ inputs.fast }}'"),
    ];
    insta::assert_snapshot!(all.join("\n--\n"), @"
    b fails: .github/workflows/ci.yml:3:13: input `target` is required by the called workflow
    = failure
    --
    b fails: .github/workflows/ci.yml:3:13: the called workflow has no input `fats`; did you mean `fast`?
    = failure
    --
    b fails: .github/workflows/ci.yml:3:13: input `fast` has to be true or false, not a string
    = failure
    --
    b fails: .github/workflows/ci.yml:3:13: input `fast` has to be true or false, not null
    = failure
    ");
}

#[test]
fn always_goes_on_when_the_run_is_called_off() {
    let text = "
on: push
jobs:
  plain: {runs-on: ubuntu-latest, steps: [{run: make}]}
  stays: {if: always(), runs-on: ubuntu-latest, steps: [{run: make}]}
  next: {needs: plain, runs-on: ubuntu-latest, steps: [{run: make}]}
  clean: {needs: plain, if: cancelled(), runs-on: ubuntu-latest, steps: [{run: make}]}
";
    let mut led = Led::new(spec(text));
    led.ask(Command::Cancel);
    assert_eq!(led.running(), ["clean", "stays"]);
    led.end("stays", RunResult::Success);
    led.end("clean", RunResult::Success);
    assert!(led.ends().ends_with("= cancelled"), "{}", led.ends());
}

const GROUPS: &str = "
on: push
concurrency: {group: 'ci-${{ github.ref }}', cancel-in-progress: true}
jobs:
  one: {concurrency: deploy, runs-on: ubuntu-latest, steps: [{run: make}]}
  own: {concurrency: CI-refs/heads/main, runs-on: ubuntu-latest, steps: [{run: make}]}
";

#[test]
fn a_run_and_its_jobs_wait_for_their_turn() {
    let mut led = Led::new(spec(GROUPS));
    assert!(led.running().is_empty());
    led.ask(Command::Passed { place: Place::Run });
    assert!(led.running().is_empty());
    let job = shipway_core::ids::JobKey::new("one").unwrap();
    let place = Place::Job { job, index: 0 };
    led.ask(Command::Passed { place: place.clone() });
    assert_eq!(led.running(), ["one"]);
    led.ask(Command::GiveWay { place, why: "a newer one came".to_owned() });
    insta::assert_snapshot!(led.ends(), @"
    own[0] cancelled: Canceling since a deadlock for concurrency group 'CI-refs/heads/main' was detected between 'top level workflow' and 'own'
    one[0] cancelled: it was called off
    = cancelled
    ");
    let groups: Vec<String> = led
        .told
        .iter()
        .map(|(to, command)| {
            let word = serde_json::to_value(command).unwrap();
            format!("{to} {}", word["command"]["command"].as_str().unwrap())
        })
        .map(|line| line.split('.').next().unwrap().to_owned() + line.rsplit(' ').next().unwrap())
        .collect();
    assert_eq!(
        groups,
        [
            "group/ci-refs-heads-mainenter",
            "group/deployenter",
            "group/deployleave",
            "group/ci-refs-heads-mainleave",
            "plan/p1 run_endedrun_ended",
        ]
    );
}

#[test]
fn a_run_that_is_superseded_runs_nothing() {
    let mut led = Led::new(spec(GROUPS));
    led.ask(Command::Refused { place: Place::Run, why: "a newer one came".to_owned() });
    assert_eq!(led.ends(), "= cancelled");
    assert!(led.running().is_empty());
}

#[test]
fn a_lost_job_is_begun_again_if_that_is_configured() {
    let text = "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: make}]}}\n";
    let rules = Rules { on_lost: LostJob::Retry, ..Rules::default() };
    let mut led = Led::new(RunSpec { rules, ..spec(text) });
    for _ in 0..3 {
        led.outcome("a", Outcome::Lost);
        assert_eq!(led.running(), ["a"]);
    }
    led.outcome("a", Outcome::Lost);
    assert!(led.ends().ends_with("= failure"), "{}", led.ends());
    let lost = led.events.iter().filter(|event| matches!(event, Event::InstanceLost { .. }));
    assert_eq!(lost.count(), 3);

    let mut led = Led::new(spec(text));
    led.outcome("a", Outcome::Lost);
    assert!(led.ends().ends_with("= failure"), "{}", led.ends());
}

#[test]
fn what_nothing_here_can_run_fails_and_says_why() {
    let text = "
on: push
jobs:
  win: {runs-on: windows-latest, steps: [{run: make}]}
  deploy: {environment: nowhere, runs-on: ubuntu-latest, steps: [{run: make}]}
";
    let labels = Some(vec!["ubuntu-*".to_owned()]);
    let rules = Rules { labels, environments: Some(IndexMap::new()), ..Rules::default() };
    let led = Led::new(RunSpec { rules, ..spec(text) });
    insta::assert_snapshot!(led.ends(), @"
    win[0] failure: `runs-on: windows-latest` needs Windows, and Shipway runs jobs on Linux
    deploy[0] failure: shipway.yaml has no environment `nowhere`; add it under `environments` with `deployed_by: workflow`
    = failure
    ");
}

#[test]
fn the_last_instance_to_end_sets_an_output() {
    let text = "
on: push
jobs:
  m: {strategy: {matrix: {v: [1, 2]}}, runs-on: ubuntu-latest, steps: [{run: make}]}
  after: {needs: m, runs-on: ubuntu-latest, steps: [{run: make}]}
";
    let mut led = Led::new(spec(text));
    led.end("m (2)", RunResult::Success);
    led.end("m (1)", RunResult::Success);
    assert_eq!(led.spec_of("after").needs["m"]["outputs"]["made"], "by m (1)");
}

#[test]
fn a_further_attempt_takes_over_what_succeeded() {
    let text = "
on: push
jobs:
  a: {runs-on: ubuntu-latest, steps: [{run: make}]}
  m: {needs: a, strategy: {fail-fast: false, matrix: {v: [1, 2]}}, runs-on: ubuntu-latest, steps: [{run: make}]}
  b: {needs: m, if: always(), runs-on: ubuntu-latest, steps: [{run: make}]}
  c: {needs: a, runs-on: ubuntu-latest, steps: [{run: make}]}
";
    let mut led = Led::new(RunSpec { id: RunId::new("c0ffee.1.ci").unwrap(), ..spec(text) });
    let plan = PlanId::new("c0ffee.2").unwrap();
    let bob = shop::person("bob");
    assert!(again(&led.events, &Again::All, &plan, &bob).is_err(), "it is not over");
    led.end("a", RunResult::Success);
    led.end("m (1)", RunResult::Success);
    led.end("m (2)", RunResult::Failure);
    led.end("b", RunResult::Success);
    led.end("c", RunResult::Success);

    // The failed instance and what needs its job.
    let failed = again(&led.events, &Again::Failed, &plan, &bob).unwrap();
    assert_eq!(failed.id.as_str(), "c0ffee.2.ci");
    assert_eq!((failed.attempt.number, failed.first().as_str()), (2, "c0ffee.1.ci"));
    let mut second = Led::new(failed);
    assert_eq!(second.running(), ["m (2)"]);
    assert_eq!(second.spec_of("m (2)").needs["a"]["outputs"]["made"], "by a");
    second.end("m (2)", RunResult::Success);
    assert_eq!(second.running(), ["b"]);
    second.end("b", RunResult::Success);
    assert!(second.ends().ends_with("= success"), "{}", second.ends());

    // From one job: all of it, and what needs it; the others stay as they are.
    let from = Again::From("m".to_owned());
    let third = Led::new(again(&second.events, &from, &plan, &bob).unwrap());
    assert_eq!(third.running(), ["m (1)", "m (2)"]);
    let all = Led::new(again(&second.events, &Again::All, &plan, &bob).unwrap());
    assert_eq!(all.running(), ["a"]);
    let nothing = again(&second.events, &Again::Failed, &plan, &bob);
    assert!(nothing.unwrap_err().to_string().contains("every job"));
}

#[test]
fn a_further_attempt_goes_into_called_workflows() {
    let mut led = Led::new(calling(CALLER, &[("build", BUILD)]));
    led.end("build (a) / make", RunResult::Success);
    led.end("build (b) / make", RunResult::Success);
    led.end("build (a) / test", RunResult::Success);
    led.end("build (b) / test", RunResult::Failure);
    let plan = PlanId::new("p.2").unwrap();
    let failed = again(&led.events, &Again::Failed, &plan, &shop::person("bob")).unwrap();
    let mut second = Led::new(failed);
    assert_eq!(second.running(), ["build (b) / test"]);
    second.end("build (b) / test", RunResult::Success);
    assert_eq!(second.running(), ["after"]);
}

#[test]
fn a_run_that_calls_what_cannot_be_had_begins_no_job_now_or_later() {
    let text = "on: push\njobs:\n  \
        one: {runs-on: x, steps: [{run: a}]}\n  two: {uses: ./.github/workflows/b.yml}\n";
    let mut spec = calling(text, &[("b", "")]);
    let why = "ci.yml:4:15: it is not there";
    for called in spec.called.values_mut() {
        called.missing = Some(why.to_owned());
    }
    let led = Led::new(spec);
    assert_eq!(led.running(), [""; 0]);
    let Some(Event::Ended { result, why: told }) = led.events.last() else { panic!() };
    assert_eq!((*result, told.as_deref()), (RunResult::Failure, Some(why)));
    let plan = PlanId::new("p2").unwrap();
    let next = again(&led.events, &Again::All, &plan, &shop::person("bob"));
    assert!(next.unwrap_err().to_string().contains("is planned anew"));
}
