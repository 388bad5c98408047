//! A world that is led step by step, and told as people would tell it.

use shipway_core::command::Command as Any;
use shipway_core::config::Config;
use shipway_core::deployment::Change;
use shipway_core::effect::{Effect, EffectId, EffectKind};
use shipway_core::environment::{Command, Environment, Event as Env, StageEnd};
use shipway_core::journal::StreamId;
use shipway_core::machine::Illegal;
use shipway_core::plan::{self, End, Event as Plan};
use shipway_core::run::{Event as Run, RunResult};
use shipway_core::stream::Record;

use super::shop;
use super::world::{How, World};

pub(super) struct Story {
    pub(super) world: World,
    config: Config,
    told: usize,
}

impl Story {
    pub(super) fn new(yaml: &str) -> Self {
        Self { world: World::new(), config: shop::config(yaml), told: 0 }
    }

    /// Plan `id` ships commit `n`.
    pub(super) fn ship(&mut self, id: &str, n: u64) -> &mut Self {
        self.world.pass(1);
        let plan = Box::new(shop::plan(id, n, &self.config, "ann"));
        let open = Any::Plan(plan::Command::Open { plan });
        self.world.ask(&shop::plan_stream(id), open, &shop::person("ann")).unwrap();
        self
    }

    /// Somebody asks an environment for something; it may say no.
    pub(super) fn try_ask(&mut self, env: &str, by: &str, what: Command) -> Result<(), Illegal> {
        self.world.pass(1);
        self.world.ask(&shop::env_stream(env), Any::Env(what), &shop::person(by))
    }

    pub(super) fn ask(&mut self, env: &str, by: &str, what: Command) -> &mut Self {
        self.try_ask(env, by, what).unwrap();
        self
    }

    pub(super) fn approve(&mut self, by: &str) -> &mut Self {
        let waiting = self.env("production").waiting.clone().expect("something waits");
        self.ask("production", by, Command::Approve { identity: waiting.identity })
    }

    pub(super) fn cancel(&mut self, plan: &str) -> &mut Self {
        let cancel = Any::Plan(plan::Command::Cancel);
        self.world.ask(&shop::plan_stream(plan), cancel, &shop::person("ann")).unwrap();
        self
    }

    /// Everything goes well until `env` is at an effect of this kind.
    pub(super) fn until(&mut self, env: &str, kind: EffectKind) -> &mut Self {
        for _ in 0..100 {
            if self.at(env, kind).is_some() {
                return self;
            }
            let others: Vec<EffectId> = self.world.running.keys().cloned().collect();
            for id in others {
                self.world.finish(&id, How::Well);
                self.world.hand_over();
                if self.at(env, kind).is_some() {
                    return self;
                }
            }
        }
        panic!("{env} never comes to {}", kind.name());
    }

    /// Everything but what `env` does goes well.
    pub(super) fn beside(&mut self, env: &str) -> &mut Self {
        let stream = shop::env_stream(env);
        loop {
            self.world.hand_over();
            let mut others = self.world.running.keys().filter(|id| id.stream != stream);
            let Some(id) = others.next().cloned() else { return self };
            assert!(self.world.finish(&id, How::Well));
        }
    }

    fn at(&self, env: &str, kind: EffectKind) -> Option<EffectId> {
        let stream = shop::env_stream(env);
        let mut running = self.world.running.iter();
        let found = running.find(|(id, e)| id.stream == stream && e.kind() == kind);
        found.map(|(id, _)| id.clone())
    }

    /// Everything goes well until `env` is at an effect of this kind, which
    /// ends like this.
    pub(super) fn end(&mut self, env: &str, kind: EffectKind, how: How) -> &mut Self {
        self.until(env, kind);
        let id = self.at(env, kind).unwrap();
        assert!(self.world.finish(&id, how), "{} does not end so", kind.name());
        self.world.hand_over();
        self
    }

    /// Everything goes well until only people can go on.
    pub(super) fn settle(&mut self) -> &mut Self {
        self.world.settle();
        self
    }

    pub(super) fn env(&self, name: &str) -> &Environment {
        self.world.live.stream(&shop::env_stream(name)).and_then(|s| s.env()).unwrap().1
    }

    /// What happened since it was told last.
    pub(super) fn tell(&mut self) -> String {
        let entries = self.world.journal.iter().zip(&self.world.records).skip(self.told);
        let lines: Vec<String> =
            entries.filter_map(|(entry, record)| line(&entry.stream, record)).collect();
        self.told = self.world.records.len();
        lines.join("\n")
    }
}

fn line(stream: &StreamId, record: &Record) -> Option<String> {
    let what = match record {
        Record::Plan(event) => plan_line(event)?,
        Record::Run(Run::Ended { result, .. }) => format!("ended with {result}"),
        Record::Group(event) => format!("{event:?}"),
        Record::Run(_) | Record::Ended { .. } | Record::Gates(_) => return None,
        Record::Env(event) => env_line(event)?,
        Record::Intent { effect } => format!("  > {}", effect_line(effect)?),
    };
    Some(format!("{stream}: {what}"))
}

fn plan_line(event: &Plan) -> Option<String> {
    Some(match event {
        Plan::Opened { plan, .. } => format!("ships {}", plan.commit.subject),
        Plan::RunEnded { result: RunResult::Success, .. }
        | Plan::Built { .. }
        | Plan::StageJudging { .. }
        | Plan::StageJudged { .. } => return None,
        Plan::RunEnded { run, result } => format!("{run} ended with {result}"),
        Plan::BuildsBegun { services } => {
            let names: Vec<_> = services.iter().map(ToString::to_string).collect();
            format!("builds {}", names.join(", "))
        }
        Plan::Released { .. } => "has a release".to_owned(),
        Plan::StageBegun { env } => format!("asks to go to {env}"),
        Plan::StageEnded { env, end } => match end {
            StageEnd::Deployed { .. } => format!("serves in {env}"),
            StageEnd::AlreadyThere { deployment } => {
                format!("served in {env} already ({deployment})")
            }
            StageEnd::Failed { failure } => format!("does not serve in {env}: {failure}"),
        },
        Plan::Closed { end: End::Delivered } => "delivered".to_owned(),
        Plan::Closed { end: End::Failed { failure } } => format!("failed: {failure}"),
    })
}

fn env_line(event: &Env) -> Option<String> {
    Some(match event {
        Env::Proposed { candidate, approval_until, .. } => {
            let asks = if approval_until.is_some() { "; somebody has to approve it" } else { "" };
            format!("{:?} of {} is accepted{asks}", candidate.kind, candidate.commit.short())
        }
        Env::Dropped { failure, .. } => format!("lets go of it: {failure}"),
        Env::AlreadyThere { deployment, .. } => format!("has it already: {deployment}"),
        Env::Judged { verdict } => format!("gate {} is {:?}", verdict.gate, verdict.position),
        Env::Approved { by, .. } => format!("approved by {by}"),
        Env::Cleared { .. } => "may begin".to_owned(),
        Env::Started { plan, .. } => {
            let steps: Vec<String> = plan.steps.iter().map(ToString::to_string).collect();
            format!("begins {}: {}", plan.id, steps.join(", "))
        }
        Env::StepDone { .. } | Env::BackStepDone { trouble: None } => return None,
        Env::StepRepeated { .. } => "does that step again".to_owned(),
        Env::Asked { question } => format!("asks a person: {question:?}"),
        Env::Answered => "is answered: go on".to_owned(),
        Env::Stopping { failure } => format!("stops: {failure}"),
        Env::TurnedBack { failure, .. } => format!("turns back: {failure}"),
        Env::BackStepDone { trouble: Some(trouble) } => format!("a step back failed: {trouble}"),
        Env::Succeeded { deployment } => format!("{deployment} serves"),
        Env::Failed { deployment, serving, .. } => {
            let serving = serving.as_ref().map_or("nothing".to_owned(), ToString::to_string);
            format!("{deployment} failed; {serving} serves")
        }
        Env::Paused => "paused".to_owned(),
        Env::Resumed => "resumed".to_owned(),
        Env::JobAsked { ask, approval_until, .. } => {
            let asks = if approval_until.is_some() { "; somebody has to approve it" } else { "" };
            format!("job {} of {} wants to deploy{asks}", ask.job, ask.run)
        }
        Env::JobDropped { run, why, .. } => format!("lets go of a job of {run}: {why}"),
        Env::JobBegan { ask, deployment } => {
            let name = deployment.as_ref().map_or("nothing".to_owned(), ToString::to_string);
            format!("job {} of {} begins {name}", ask.job, ask.run)
        }
        Env::JobLeft { left } => format!("a job of {} ended with {}", left.run, left.result),
    })
}

fn effect_line(effect: &Effect) -> Option<String> {
    let name = effect.kind().name();
    Some(match effect {
        Effect::Tell { .. } | Effect::RunJob(_) | Effect::Build(_) | Effect::Judge(_) => {
            return None;
        }
        Effect::Migrate(command) | Effect::Smoke(command) => format!("{name} {}", command.service),
        Effect::Watch(spec) if spec.until_answered => "watch, until a person answers".to_owned(),
        Effect::Watch(_) => name.to_owned(),
        Effect::Start(change)
        | Effect::Shift(change)
        | Effect::Finish(change)
        | Effect::Return(change)
        | Effect::Remove(change) => format!("{name} {}: {}", change.service, shares(change)),
    })
}

fn shares(change: &Change) -> String {
    let versions = change.versions.iter();
    let shares: Vec<String> = versions.map(|v| format!("{} {}%", v.version.id, v.weight)).collect();
    if shares.is_empty() { "nothing runs".to_owned() } else { shares.join(", ") }
}
