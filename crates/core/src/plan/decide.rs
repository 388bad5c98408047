//! What follows in a plan: runs, then builds, then the release, then one stage
//! after the other.

use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;

use crate::command::Command as AnyCommand;
use crate::config::{Config, Environment, RequiredWorkflows};
use crate::deployment::{Kind, Wanted};
use crate::effect::{BuildSpec, Done, Effect, EffectId, Failure, FailureCode, JudgeSpec, Outcome};
use crate::environment::{self, Candidate, StageEnd};
use crate::gate;
use crate::ids::{RunId, ServiceName};
use crate::journal::StreamId;
use crate::machine::{Decision, Illegal, Input};
use crate::release::{Artifact, Release};
use crate::run::{self, RunResult, RunSpec};

use super::delivery::Open;
use super::{BuildState, Command, Delivery, End, Event, PlannedService, Stage};

pub(super) fn decide(
    state: &Delivery,
    input: &Input<Command>,
    now: Timestamp,
) -> Result<Vec<Decision<Event>>, Illegal> {
    let mut turn = Turn::new(state, now);
    match input {
        Input::Command { command, .. } => turn.command(command)?,
        Input::Ended { effect, outcome } => turn.ended(effect, outcome)?,
        Input::Tick => {}
    }
    Ok(turn.done())
}

type Turn = crate::machine::Turn<Delivery>;

impl Turn {
    fn open(&self) -> Result<&Open, Illegal> {
        match &self.state {
            Delivery::Open(open) => Ok(open),
            Delivery::New => Err(Illegal::new("the plan was not opened")),
            Delivery::Closed { .. } => Err(Illegal::new("the plan is over already")),
        }
    }

    fn command(&mut self, command: &Command) -> Result<(), Illegal> {
        match (command, &self.state) {
            (Command::Open { plan }, Delivery::New) => {
                plan.check()?;
                self.happen(Event::Opened { plan: plan.clone(), order: self.now })?;
                let due = self.open()?.due_at_first();
                self.start(due);
                self.after_runs()
            }
            (Command::Open { .. }, _) => Err(Illegal::new("there is a plan of that name already")),
            // Late news of a plan that is over changes nothing.
            (Command::RunEnded { .. } | Command::StageEnded { .. }, Delivery::Closed { .. }) => {
                Ok(())
            }
            (Command::RunEnded { run, result }, _) => {
                self.happen(Event::RunEnded { run: run.clone(), result: *result })?;
                let due = self.open()?.due_after(run, *result);
                self.start(due);
                self.after_runs()
            }
            (Command::StageEnded { env, end }, _) => {
                self.happen(Event::StageEnded { env: env.clone(), end: end.clone() })?;
                match end {
                    StageEnd::Deployed { .. } | StageEnd::AlreadyThere { .. } => self.next_stage(),
                    StageEnd::Failed { failure } => self.fail(failure.clone()),
                }
            }
            (Command::Cancel, _) => self.cancel_all(),
        }
    }

    fn start(&mut self, runs: Vec<RunSpec>) {
        for spec in runs {
            let to = StreamId::Run(spec.id.clone());
            self.tell(to, AnyCommand::Run(run::Command::Start { spec: Arc::new(spec) }));
        }
    }

    /// Once the required runs have ended: build, or give up. A plan without
    /// services ends when every run has.
    fn after_runs(&mut self) -> Result<(), Illegal> {
        let open = self.open()?;
        if open.builds.is_some() {
            return Ok(());
        }
        let releases = !open.plan.services.is_empty();
        let mut waited_for = open.plan.runs.iter().filter(|run| run.required || !releases);
        let failed = waited_for.clone().find_map(|run| {
            let result = open.runs.get(&run.id).copied().flatten()?;
            // All of its jobs were skipped: nothing is wrong, and nothing shown.
            let fine = matches!(result, RunResult::Success | RunResult::Skipped);
            (!fine).then(|| (run.name.clone(), result))
        });
        // A failed run is final for what is released; others still finish.
        if let Some((name, result)) = failed.clone().filter(|_| releases) {
            return self.fail(run_failure(&name, result));
        }
        if waited_for.any(|run| open.runs.get(&run.id).is_none_or(Option::is_none)) {
            return Ok(());
        }
        match failed {
            Some((name, result)) => self.fail(run_failure(&name, result)),
            None if releases => self.begin_builds(),
            None => self.happen(Event::Closed { end: End::Delivered }),
        }
    }

    fn begin_builds(&mut self) -> Result<(), Illegal> {
        let open = self.open()?;
        let plan = &open.plan;
        let Some(config) = &plan.config else {
            return Err(Illegal::new("a plan with services has a configuration"));
        };
        let builds =
            plan.services.iter().filter(|(_, todo)| matches!(todo, PlannedService::Build { .. }));
        let mut specs = Vec::new();
        for (name, _) in builds {
            let Some(service) = config.services.get(name) else {
                return Err(Illegal::new(format!(
                    "the plan builds `{name}`, which is not configured"
                )));
            };
            specs.push(BuildSpec {
                plan: plan.id.clone(),
                service: name.clone(),
                commit: plan.commit.id.clone(),
                repository: plan.repository.clone(),
                config: Box::new(service.clone()),
                runs: artifacts_of(open),
            });
        }
        let services = specs.iter().map(|spec| spec.service.clone()).collect();
        self.happen(Event::BuildsBegun { services })?;
        specs.into_iter().for_each(|spec| self.perform(Effect::Build(spec)));
        self.after_builds()
    }

    fn ended(&mut self, effect: &EffectId, outcome: &Outcome) -> Result<(), Illegal> {
        let Delivery::Open(open) = &self.state else { return Ok(()) };
        if open.judging.as_ref().is_some_and(|judging| judging.effect.as_ref() == Some(effect)) {
            return self.judged(outcome);
        }
        let Some(service) = open.build_of(effect).cloned() else { return Ok(()) };
        match outcome {
            Outcome::Done { result: Done::Built { artifact } } => {
                self.happen(Event::Built { service, artifact: artifact.clone() })?;
                self.after_builds()
            }
            Outcome::Done { .. } => self.fail(Failure::new(
                FailureCode::Build,
                format!("the build of {service} ended without an artifact"),
            )),
            Outcome::Failed { failure } => self.fail(failure.clone()),
            Outcome::Lost | Outcome::Cancelled => self.fail(Failure::new(
                FailureCode::Build,
                format!("the build of {service} was called off"),
            )),
        }
    }

    fn after_builds(&mut self) -> Result<(), Illegal> {
        let open = self.open()?;
        let Some(services) = artifacts(open) else { return Ok(()) };
        let release =
            Release { commit: open.plan.commit.id.clone(), services, runs: runs_of(open) };
        self.happen(Event::Released { id: release.id(), release })?;
        self.next_stage()
    }

    fn next_stage(&mut self) -> Result<(), Illegal> {
        let open = self.open()?;
        let Some(stage) = open.plan.stages.get(open.stages.len()) else {
            return self.happen(Event::Closed { end: End::Delivered });
        };
        let (env, gated) = (stage.env.clone(), stage.gated);
        if gated && open.judging.is_none() {
            return self.judge(env);
        }
        let candidate = Box::new(candidate(open, &env)?);
        self.happen(Event::StageBegun { env: env.clone() })?;
        let command = environment::Command::Propose { candidate };
        self.tell(StreamId::Env(env), AnyCommand::Env(command));
        Ok(())
    }

    fn judge(&mut self, env: crate::ids::EnvName) -> Result<(), Illegal> {
        let open = self.open()?;
        let spec = JudgeSpec {
            plan: open.plan.id.clone(),
            env: env.clone(),
            commit: open.plan.commit.id.clone(),
            repository: open.plan.repository.clone(),
            runs: artifacts_of(open),
        };
        self.happen(Event::StageJudging { env })?;
        self.perform(Effect::Judge(spec));
        Ok(())
    }

    fn judged(&mut self, outcome: &Outcome) -> Result<(), Illegal> {
        let Some(env) = self.open()?.judging.as_ref().map(|judging| judging.env.clone()) else {
            return Ok(());
        };
        let called_off = || {
            let why = format!("judging the gates of {env} was called off");
            Failure::new(FailureCode::Gate, why)
        };
        match outcome {
            Outcome::Done { result: Done::Judged(judged) } => {
                let verdicts = judged.verdicts.clone();
                self.happen(Event::StageJudged { env, verdicts })?;
                let record = gate::Command::Record { judged: judged.clone() };
                self.tell(StreamId::Gates, AnyCommand::Gates(record));
                self.next_stage()
            }
            Outcome::Failed { failure } => self.fail(failure.clone()),
            Outcome::Done { .. } | Outcome::Lost | Outcome::Cancelled => self.fail(called_off()),
        }
    }

    fn fail(&mut self, failure: Failure) -> Result<(), Illegal> {
        self.call_off()?;
        self.happen(Event::Closed { end: End::Failed { failure } })
    }

    /// Builds under way are cancelled; a stage under way is withdrawn.
    fn call_off(&mut self) -> Result<(), Illegal> {
        let open = self.open()?;
        let building = open.builds.iter().flatten().filter_map(|(_, state)| match state {
            BuildState::Building { effect } => effect.clone(),
            BuildState::Built { .. } => None,
        });
        let building: Vec<_> = building.collect();
        let open_stage = open.stages.last().filter(|stage| stage.end.is_none());
        let stage = open_stage.map(|Stage { env, .. }| env.clone());
        let plan = open.plan.id.clone();
        let judging = open.judging.as_ref().and_then(|judging| judging.effect.clone());
        building.into_iter().chain(judging).for_each(|effect| self.cancel(effect));
        if let Some(env) = stage {
            let command = environment::Command::Withdraw { plan };
            self.tell(StreamId::Env(env), AnyCommand::Env(command));
        }
        Ok(())
    }

    fn cancel_all(&mut self) -> Result<(), Illegal> {
        let open = self.open()?;
        let running = open.runs.iter().filter(|(_, result)| result.is_none());
        let running = running.filter(|(id, _)| open.has_begun(id));
        let running: Vec<RunId> = running.map(|(id, _)| id.clone()).collect();
        for run in running {
            self.tell(StreamId::Run(run), AnyCommand::Run(run::Command::Cancel));
        }
        self.fail(Failure::new(FailureCode::Aborted, "called off"))
    }
}

fn run_failure(name: &str, result: RunResult) -> Failure {
    Failure::new(FailureCode::Run, format!("workflow `{name}` ended with {result}"))
}

/// The runs that passed, those of earlier plans by their own names.
fn runs_of(open: &Open) -> Vec<RunId> {
    let passed = open
        .plan
        .runs
        .iter()
        .filter(|run| open.runs.get(&run.id).copied().flatten() == Some(RunResult::Success));
    passed.map(|run| run.passed.clone().unwrap_or_else(|| run.id.clone())).collect()
}

/// The same, each by its first attempt: all attempts have their artifacts
/// there.
fn artifacts_of(open: &Open) -> Vec<RunId> {
    let first = |id: RunId| {
        let run = open.plan.runs.iter().find(|run| run.id == id);
        run.and_then(|run| run.attempt.first.clone()).unwrap_or(id)
    };
    runs_of(open).into_iter().map(first).collect()
}

/// Every service's artifact, in declared order; `None` while one is missing.
fn artifacts(open: &Open) -> Option<IndexMap<ServiceName, Artifact>> {
    let builds = open.builds.as_ref()?;
    let artifact = |(name, todo): (&ServiceName, &PlannedService)| match todo {
        PlannedService::Reuse { artifact, .. } => Some((name.clone(), artifact.clone())),
        PlannedService::Build { .. } => match builds.get(name)? {
            BuildState::Built { artifact } => Some((name.clone(), artifact.clone())),
            BuildState::Building { .. } => None,
        },
    };
    open.plan.services.iter().map(artifact).collect()
}

fn candidate(open: &Open, env: &crate::ids::EnvName) -> Result<Candidate, Illegal> {
    let missing = |what: &str| Illegal::new(format!("the plan has no {what}"));
    let config = open.plan.config.as_ref().ok_or_else(|| missing("configuration"))?;
    let rules = config.environments.get(env).ok_or_else(|| missing("such environment"))?;
    let release = open.release.as_ref().ok_or_else(|| missing("release"))?;
    Ok(Candidate {
        plan: Some(open.plan.id.clone()),
        order: open.order,
        kind: Kind::Ship,
        release: release.id(),
        commit: release.commit.clone(),
        wanted: wanted(Some(open), release, config, rules)?,
        rules: rules.clone(),
        verdicts: verdicts(open, config),
        by: open.plan.by.clone(),
    })
}

/// What shall be of each service of `release` under `rules`.
pub(super) fn wanted(
    open: Option<&Open>,
    release: &Release,
    config: &Config,
    rules: &Environment,
) -> Result<IndexMap<ServiceName, Wanted>, Illegal> {
    let one = |(name, artifact): (&ServiceName, &Artifact)| {
        let both = config.services.get(name).zip(rules.services.get(name));
        let (service, place) =
            both.ok_or_else(|| Illegal::new(format!("service `{name}` is not configured")))?;
        let commit = match open.and_then(|open| open.plan.services.get(name)) {
            Some(PlannedService::Reuse { commit, .. }) => commit,
            Some(PlannedService::Build { .. }) | None => &release.commit,
        };
        let wanted = Wanted {
            artifact: artifact.clone(),
            commit: commit.clone(),
            config: service.clone(),
            place: place.clone(),
        };
        Ok((name.clone(), wanted))
    };
    release.services.iter().map(one).collect()
}

/// What every gate of the next stage says.
fn verdicts(open: &Open, config: &Config) -> Vec<gate::Verdict> {
    let judged = open.judging.as_ref().and_then(|judging| judging.verdicts.clone());
    let mut all = vec![workflows_gate(open, config)];
    all.extend(judged.into_iter().flatten());
    all
}

/// The gate that every project has: its workflows have succeeded.
fn workflows_gate(open: &Open, config: &Config) -> gate::Verdict {
    // Of these alone: what else passed is no evidence of what was required.
    let shown = open.plan.runs.iter().filter(|run| run.required);
    let shown =
        shown.filter(|run| open.runs.get(&run.id).copied().flatten() == Some(RunResult::Success));
    let passed: Vec<String> =
        shown.map(|run| run.passed.as_ref().unwrap_or(&run.id).to_string()).collect();
    let required = open.plan.runs.iter().any(|run| run.required);
    let position = match &config.workflows.required {
        RequiredWorkflows::Only(files) if files.is_empty() => {
            gate::Position::Open { evidence: vec!["shipway.yaml requires no workflow".to_owned()] }
        }
        _ if !required => gate::Position::shut(
            "no workflow ran for this commit, so nothing shows that it works (write \
             `workflows: {required: []}` to ship without)",
        ),
        _ if passed.is_empty() => gate::Position::shut(
            "every job of every workflow was skipped, so nothing shows that this commit works",
        ),
        RequiredWorkflows::All | RequiredWorkflows::Only(_) => {
            gate::Position::Open { evidence: passed }
        }
    };
    gate::Verdict::required("workflows", position)
}
