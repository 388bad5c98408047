//! Fills a project's journal with deployments that might have been, for
//! `benches/status`: `fill_journal PROJECT ENTRIES`.

use std::collections::VecDeque;
use std::env;
use std::error::Error;
use std::time::Duration;

use jiff::Timestamp;
use shipway_core::command::Command;
use shipway_core::config::{self, Config, Facts, PathKind};
use shipway_core::digest::Digest;
use shipway_core::effect::{Done, Effect, EffectId, Outcome};
use shipway_core::guard::{Verdict, Watched};
use shipway_core::ids::{CommitId, EnvName, PlanId, ProjectId, ServiceName};
use shipway_core::journal::{Actor, Cause, NewEntry, StreamId};
use shipway_core::plan::{self, Commit, Plan, PlannedService, PlannedStage, Trigger};
use shipway_core::release::Artifact;
use shipway_core::stream::{Decided, Record, Stream};
use shipway_server::folders::{Folders, UserEnv};
use shipway_server::follow::Views;
use shipway_store::{Append, Batch, Durability, Epoch, Holder, Journal, Store};

const CONFIG: &str = "\
project: bench
workflows: {required: []}
services:
  web: {run: ./web, smoke: ./smoke}
environments:
  staging: {branch: main}
  production: {from: staging}
";

struct Anything;

impl Facts for Anything {
    fn at(&self, _: &str) -> Option<PathKind> {
        Some(PathKind::Folder)
    }

    fn expression(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn names_in(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

struct Filler {
    store: Store,
    epoch: Epoch,
    views: Views,
    at: Timestamp,
    todo: VecDeque<(EffectId, Effect)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().collect();
    let [_, project, entries] = &arguments[..] else {
        return Err("usage: fill_journal PROJECT ENTRIES".into());
    };
    let user = UserEnv {
        home: env::var_os("HOME"),
        state_home: env::var_os("XDG_STATE_HOME"),
        data_home: env::var_os("XDG_DATA_HOME"),
    };
    let folders = Folders::for_user(&user, &ProjectId::new(project)?)?;
    let config = config::read("shipway.yaml", CONFIG, &Anything)
        .map_err(|problems| format!("{problems:?}"))?;
    let store = Store::open_or_create(&folders.store())?;
    let epoch =
        store.journal().acquire(&Holder::this_process("fill"), Duration::from_secs(3600))?;
    let views = Views::load(&store)?;
    let at = Timestamp::now();
    let mut filler = Filler { store, epoch, views, at, todo: VecDeque::new() };
    let wanted: u64 = entries.parse()?;
    let mut n = 0;
    while filler.views.live.seq.0 < wanted {
        filler.ship(&config, n)?;
        n += 1;
    }
    filler.views.keep(&filler.store)?;
    filler.store.journal().release(epoch)?;
    Ok(())
}

impl Filler {
    fn ship(&mut self, config: &Config, n: u64) -> Result<(), Box<dyn Error>> {
        let plan = plan(config, n)?;
        let to = StreamId::Plan(plan.id.clone());
        let command = Command::Plan(plan::Command::Open { plan: Box::new(plan) });
        self.tell(&to, &command, &Cause(format!("input {n}")))?;
        while let Some((id, effect)) = self.todo.pop_front() {
            let outcome = match effect {
                Effect::Tell { to, command } => {
                    self.tell(&to, &command, &Cause(id.to_string()))?;
                    Outcome::DONE
                }
                Effect::Build(_) => {
                    let digest = Digest::of(&n.to_le_bytes());
                    let artifact = Artifact::Tree { digest, bytes: 1 };
                    Outcome::Done { result: Done::Built { artifact } }
                }
                Effect::Watch(_) => {
                    let (readings, notes, output) = (Vec::new(), Vec::new(), Vec::new());
                    let watched = Watched { verdict: Verdict::Healthy, readings, notes, output };
                    Outcome::Done { result: Done::Watched(Box::new(watched)) }
                }
                _ => Outcome::DONE,
            };
            let stream = self.stream(&id.stream);
            let now = self.now()?;
            let decided = stream.ended(id.version, outcome, now)?;
            self.commit(&stream, decided, Cause(format!("end of {id}")), now)?;
        }
        Ok(())
    }

    fn now(&mut self) -> Result<Timestamp, jiff::Error> {
        self.at = self.at.checked_add(jiff::SignedDuration::from_millis(1))?;
        Ok(self.at)
    }

    fn stream(&self, id: &StreamId) -> Stream {
        self.views.live.stream(id).cloned().unwrap_or_else(|| Stream::new(id.clone()))
    }

    fn tell(
        &mut self,
        to: &StreamId,
        command: &Command,
        cause: &Cause,
    ) -> Result<(), Box<dyn Error>> {
        let stream = self.stream(to);
        let now = self.now()?;
        let decided = stream.command(command, &Actor::Engine, cause, now)?;
        self.commit(&stream, decided, cause.clone(), now)
    }

    fn commit(
        &mut self,
        stream: &Stream,
        decided: Decided,
        cause: Cause,
        now: Timestamp,
    ) -> Result<(), Box<dyn Error>> {
        let mut entries = Vec::new();
        for record in &decided.records {
            let (actor, payload) = (Actor::Engine, serde_json::to_string(record)?);
            entries.push(NewEntry { at: now, actor, cause: Some(cause.clone()), payload });
        }
        if entries.is_empty() {
            return Ok(());
        }
        let append = Append { stream: stream.id.clone(), expected: stream.version, entries };
        let batch = Batch { appends: vec![append], settled: Vec::new() };
        for entry in self.store.journal().append(self.epoch, batch, Durability::Grouped)? {
            if let Some(Record::Intent { effect }) = self.views.apply(&entry)? {
                let id = EffectId { stream: entry.stream, version: entry.version };
                self.todo.push_back((id, effect));
            }
        }
        Ok(())
    }
}

fn plan(config: &Config, n: u64) -> Result<Plan, Box<dyn Error>> {
    let web = ServiceName::new("web")?;
    let build = PlannedService::Build { why: "app.py changed".to_owned() };
    let stage = |name: &str| -> Result<PlannedStage, Box<dyn Error>> {
        Ok(PlannedStage { env: EnvName::new(name)?, why: "it follows".to_owned(), gated: false })
    };
    Ok(Plan {
        id: PlanId::new(format!("{n:08x}.1"))?,
        trigger: Trigger {
            event: "push".to_owned(),
            git_ref: "refs/heads/main".to_owned(),
            payload: serde_json::Value::Null,
        },
        commit: Commit {
            id: CommitId::new(format!("{n:040x}"))?,
            subject: format!("Change number {n}"),
            author: "Ann".to_owned(),
            at: Timestamp::UNIX_EPOCH,
        },
        repository: "/nowhere".to_owned(),
        config: Some(Box::new(config.clone())),
        runs: Vec::new(),
        not_run: Vec::new(),
        services: [(web, build)].into_iter().collect(),
        stages: vec![stage("staging")?, stage("production")?],
        by: Actor::Unverified { user: "ann".to_owned() },
    })
}
