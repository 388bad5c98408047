//! Jobs of workflows that deploy to an environment: its lock, its approval, and
//! what is recorded.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use shipway_core::command::Command as Any;
use shipway_core::config::Environment as Rules;
use shipway_core::effect::Effect;
use shipway_core::environment::{Command, Environment, JobAsk, JobLeft};
use shipway_core::ids::{JobKey, PlanId, RunId};
use shipway_core::machine::{Decision, Illegal, Input, Machine};
use shipway_core::run::{self, Place, RunResult};

use super::shop;

const CONFIG: &str = "
project: shop
services: {api: {run: ./api}}
environments:
  prod:
    deployed_by: workflow
    approval: {required: 1, unverified: true, expires: 1h}
  free: {deployed_by: workflow}
";

/// An environment in memory, and what it tells runs.
struct Led {
    env: Environment,
    now: Timestamp,
    told: BTreeMap<String, Vec<&'static str>>,
}

impl Led {
    fn new(name: &str) -> Self {
        let env = Environment::new(shop::env(name));
        Self { env, now: Timestamp::UNIX_EPOCH, told: BTreeMap::new() }
    }

    fn rules(&self) -> Rules {
        shop::config(CONFIG).environments[&self.env.name].clone()
    }

    fn ask(&mut self, by: &str, command: Command) -> Result<(), Illegal> {
        let by = shop::person(by);
        self.input(&Input::Command { command, by })
    }

    fn input(&mut self, input: &Input<Command>) -> Result<(), Illegal> {
        for decision in self.env.decide(input, self.now)? {
            match decision {
                Decision::Event(event) => self.env.evolve(&event, self.now)?,
                Decision::Do(Effect::Tell { to, command }) => {
                    let word = match *command {
                        Any::Run(run::Command::Passed { .. }) => "passed",
                        Any::Run(run::Command::Rejected { .. }) => "rejected",
                        other => panic!("{other:?}"),
                    };
                    self.told.entry(to.to_string()).or_default().push(word);
                }
                other => panic!("{other:?}"),
            }
        }
        Ok(())
    }

    fn enter(&mut self, run: &str) {
        let ask = Box::new(JobAsk {
            run: RunId::new(run).unwrap(),
            place: place(),
            plan: PlanId::new("p1").unwrap(),
            job: "deploy".to_owned(),
            workflow: ".github/workflows/ci.yml".to_owned(),
            commit: shop::told(1).id,
            rules: self.rules(),
            record: true,
            by: shop::person("ann"),
        });
        self.ask("ann", Command::Enter { ask }).unwrap();
    }

    fn leave(&mut self, run: &str, result: RunResult) {
        let run = RunId::new(run).unwrap();
        let url = Some("https://shop.example".to_owned());
        let left = Box::new(JobLeft { run, place: place(), result, why: None, url });
        self.ask("ann", Command::Leave { left }).unwrap();
    }

    fn waiting(&self) -> shipway_core::digest::Digest {
        self.env.external.waiting[0].identity
    }
}

fn place() -> Place {
    Place::Job { job: JobKey::new("deploy").unwrap(), index: 0 }
}

#[test]
fn jobs_deploy_one_after_the_other_and_are_recorded() {
    let mut led = Led::new("free");
    led.enter("r1");
    led.enter("r2");
    // A message that comes twice asks once.
    led.enter("r2");
    assert_eq!(led.told, BTreeMap::from([("run/r1".to_owned(), vec!["passed"])]));
    led.leave("r1", RunResult::Success);
    assert_eq!(led.told["run/r2"], ["passed"]);
    led.leave("r2", RunResult::Failure);
    let history = &led.env.external.history;
    let lines: Vec<String> =
        history.iter().map(|d| format!("{} {} {}", d.deployment, d.run, d.result)).collect();
    assert_eq!(lines, ["free.2 r2 failure", "free.1 r1 success"]);
    assert_eq!(led.env.external.current().unwrap().run.as_str(), "r1");
    assert!(led.env.external.active.is_none());
}

#[test]
fn a_job_waits_for_its_approval() {
    let mut led = Led::new("prod");
    led.enter("r1");
    assert!(led.told.is_empty());
    let identity = led.waiting();
    let own = led.ask("ann", Command::Approve { identity });
    assert!(own.unwrap_err().message.contains("nobody approves their own"));
    led.ask("bob", Command::Approve { identity }).unwrap();
    assert_eq!(led.told["run/r1"], ["passed"]);
}

#[test]
fn a_job_is_rejected_or_nobody_answers() {
    let mut led = Led::new("prod");
    led.enter("r1");
    let identity = led.waiting();
    led.ask("bob", Command::Reject { identity, reason: "not today".to_owned() }).unwrap();
    assert_eq!(led.told["run/r1"], ["rejected"]);
    led.enter("r2");
    let identity = led.waiting();
    assert_eq!(led.env.next_deadline(), Some(led.now + SignedDuration::from_hours(1)));
    led.now = led.env.next_deadline().unwrap();
    assert!(led.ask("bob", Command::Approve { identity }).is_err());
    led.input(&Input::Tick).unwrap();
    assert_eq!(led.told["run/r2"], ["rejected"]);
    assert!(led.env.external.waiting.is_empty());
}

#[test]
fn a_pause_holds_jobs_back_and_a_run_that_is_called_off_leaves() {
    let mut led = Led::new("free");
    led.ask("bob", Command::Pause).unwrap();
    led.enter("r1");
    led.enter("r2");
    led.leave("r1", RunResult::Cancelled);
    assert!(led.told.is_empty());
    led.ask("bob", Command::Resume).unwrap();
    assert_eq!(led.told, BTreeMap::from([("run/r2".to_owned(), vec!["passed"])]));
    // Who never had the lock has deployed nothing.
    assert!(led.env.external.history.is_empty());
}
