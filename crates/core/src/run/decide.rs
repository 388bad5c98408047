//! What follows in a run: jobs begin when what they need is done.

use indexmap::IndexMap;
use jiff::Timestamp;

use crate::command::Command as AnyCommand;
use crate::effect::{Done, Effect, EffectId, Outcome};
use crate::ids::{JobKey, RunId};
use crate::journal::StreamId;
use crate::machine::{Decision, Illegal, Input, Machine};
use crate::plan;

use super::language::{self, Judgement};
use super::{
    Command, Event, InstanceState, JobEnd, JobSpec, JobState, Run, RunResult, RunSpec, UnderWay,
};

pub(super) fn decide(
    state: &Run,
    input: &Input<Command>,
    now: Timestamp,
) -> Result<Vec<Decision<Event>>, Illegal> {
    let mut turn = Turn { state: state.clone(), now, out: Vec::new() };
    match input {
        Input::Command { command, .. } => turn.command(command)?,
        Input::Ended { effect, outcome } => turn.ended(effect, outcome)?,
        Input::Tick => {}
    }
    Ok(turn.out)
}

struct Turn {
    state: Run,
    now: Timestamp,
    out: Vec<Decision<Event>>,
}

impl Turn {
    fn happen(&mut self, event: Event) -> Result<(), Illegal> {
        self.state.evolve(&event, self.now)?;
        self.out.push(Decision::Event(event));
        Ok(())
    }

    fn run(&self) -> Result<&UnderWay, Illegal> {
        match &self.state {
            Run::UnderWay(run) => Ok(run),
            Run::New => Err(Illegal::new("the run was not started")),
            Run::Ended { .. } => Err(Illegal::new("the run is over already")),
        }
    }

    fn command(&mut self, command: &Command) -> Result<(), Illegal> {
        match (command, &self.state) {
            (Command::Start { spec }, Run::New) => self.start(spec),
            (Command::Start { .. }, _) => Err(Illegal::new("there is a run of that name already")),
            (Command::Cancel, Run::UnderWay(run)) if !run.cancelling => self.cancel(),
            // Called off twice, or when it is over: nothing to do.
            (Command::Cancel, Run::UnderWay(_) | Run::Ended { .. }) => Ok(()),
            (Command::Cancel, Run::New) => Err(Illegal::new("the run was not started")),
        }
    }

    fn start(&mut self, spec: &RunSpec) -> Result<(), Illegal> {
        match language::jobs(spec) {
            Ok(jobs) => {
                self.happen(Event::Started { spec: Box::new(spec.clone()), jobs })?;
                self.advance()
            }
            Err(why) => {
                let jobs = IndexMap::new();
                self.happen(Event::Started { spec: Box::new(spec.clone()), jobs })?;
                self.end(RunResult::Failure, Some(why))
            }
        }
    }

    /// Running instances are called off; those that never began are over.
    fn cancel(&mut self) -> Result<(), Illegal> {
        self.happen(Event::Cancelling)?;
        let keys: Vec<JobKey> = self.run()?.jobs.keys().cloned().collect();
        for key in keys {
            self.call_off(&key, "the run was called off")?;
        }
        self.advance()
    }

    fn call_off(&mut self, key: &JobKey, why: &str) -> Result<(), Illegal> {
        let job = self.run()?.jobs.get(key);
        let Some(JobState::Running { instances, .. }) = job.map(|job| job.state.clone()) else {
            return Ok(());
        };
        for (index, instance) in instances.iter().enumerate() {
            match &instance.state {
                InstanceState::Running { effect: Some(effect) } => {
                    self.out.push(Decision::Cancel(effect.clone()));
                }
                InstanceState::Waiting => {
                    let end = Box::new(cancelled(why));
                    self.happen(Event::InstanceEnded { job: key.clone(), index, end })?;
                }
                InstanceState::Running { effect: None } | InstanceState::Ended { .. } => {}
            }
        }
        Ok(())
    }

    fn ended(&mut self, effect: &EffectId, outcome: &Outcome) -> Result<(), Illegal> {
        let Run::UnderWay(run) = &self.state else { return Ok(()) };
        let Some((job, index)) = run.instance_of(effect) else { return Ok(()) };
        let end = match outcome {
            Outcome::Done { result: Done::Job(end) } => (**end).clone(),
            Outcome::Done { .. } => failed("its worker told no result".to_owned(), Vec::new()),
            Outcome::Lost if run.cancelling => cancelled("it was called off"),
            Outcome::Cancelled => cancelled("it was called off"),
            Outcome::Failed { failure } => failed(failure.message.clone(), failure.output.clone()),
            Outcome::Lost => failed(
                "the engine ended while it ran; nothing of it is left running".to_owned(),
                Vec::new(),
            ),
        };
        let failed = end.result == RunResult::Failure;
        self.happen(Event::InstanceEnded { job: job.clone(), index, end: Box::new(end) })?;
        if failed && self.fails_fast(&job, index)? {
            self.call_off(&job, "another combination of the matrix failed")?;
        }
        self.advance()
    }

    fn fails_fast(&self, key: &JobKey, index: usize) -> Result<bool, Illegal> {
        let job = self.run()?.jobs.get(key);
        Ok(match job.map(|job| &job.state) {
            Some(JobState::Running { instances, fail_fast, .. }) => {
                let may_fail = |i: &super::Instance| i.what.continue_on_error;
                *fail_fast && !instances.get(index).is_some_and(may_fail)
            }
            _ => false,
        })
    }

    /// Judges every job whose needs are done, until none is left; then begins
    /// instances as far as the limits allow.
    fn advance(&mut self) -> Result<(), Illegal> {
        while let Some(key) = self.ready()? {
            let event = match language::judge(self.run()?, &key) {
                Judgement::Run { instances, fail_fast, max_parallel } => {
                    Event::JobExpanded { job: key, instances, fail_fast, max_parallel }
                }
                Judgement::Skip { why } => Event::JobSkipped { job: key, why },
                Judgement::Fail { why } => Event::JobFailed { job: key, why },
            };
            self.happen(event)?;
        }
        self.begin_instances()?;
        self.end_if_done()
    }

    fn ready(&self) -> Result<Option<JobKey>, Illegal> {
        let run = self.run()?;
        let done = |need: &JobKey| run.jobs.get(need).is_some_and(|job| job.result().is_some());
        let mut jobs = run.jobs.iter();
        let ready =
            jobs.find(|(_, job)| job.state == JobState::Waiting && job.needs.iter().all(done));
        Ok(ready.map(|(key, _)| key.clone()))
    }

    fn begin_instances(&mut self) -> Result<(), Illegal> {
        let run = self.run()?;
        let limit = run.spec.parallel.map_or(usize::MAX, usize::from).max(1);
        let mut free = limit.saturating_sub(run.running());
        let mut begin = Vec::new();
        for (key, job) in &run.jobs {
            let JobState::Running { instances, fail_fast, max_parallel } = &job.state else {
                continue;
            };
            let running =
                instances.iter().filter(|i| matches!(i.state, InstanceState::Running { .. }));
            let mut allowed = max_parallel.unwrap_or(usize::MAX).saturating_sub(running.count());
            for (index, instance) in instances.iter().enumerate() {
                if instance.state != InstanceState::Waiting || allowed == 0 || free == 0 {
                    continue;
                }
                (allowed, free) = (allowed - 1, free - 1);
                begin.push(JobSpec {
                    run: run.spec.id.clone(),
                    job: key.clone(),
                    index,
                    total: instances.len(),
                    name: instance.what.name.clone(),
                    matrix: instance.what.matrix.clone(),
                    needs: language::needs(run, key),
                    fail_fast: *fail_fast,
                    max_parallel: *max_parallel,
                });
            }
        }
        for spec in begin {
            let (job, index) = (spec.job.clone(), spec.index);
            self.happen(Event::InstanceStarted { job, index })?;
            self.out.push(Decision::Do(Effect::RunJob(Box::new(spec))));
        }
        Ok(())
    }

    fn end_if_done(&mut self) -> Result<(), Illegal> {
        let run = self.run()?;
        let results: Option<Vec<RunResult>> = run.jobs.values().map(super::Job::result).collect();
        let Some(results) = results else { return Ok(()) };
        let has = |result| results.contains(&result);
        let result = if has(RunResult::Failure) {
            RunResult::Failure
        } else if run.cancelling || has(RunResult::Cancelled) {
            RunResult::Cancelled
        } else if has(RunResult::Success) {
            RunResult::Success
        } else {
            RunResult::Skipped
        };
        let why = run.jobs.values().find_map(|job| match &job.state {
            JobState::Done { result: of, why, .. } if *of == result => why.clone(),
            _ => None,
        });
        self.end(result, why.filter(|_| result != RunResult::Success))
    }

    fn end(&mut self, result: RunResult, why: Option<String>) -> Result<(), Illegal> {
        let spec = &self.run()?.spec;
        let (plan, run): (_, RunId) = (spec.plan.clone(), spec.id.clone());
        let command = AnyCommand::Plan(plan::Command::RunEnded { run, result });
        let (to, command) = (StreamId::Plan(plan), Box::new(command));
        // Before the end: a stream that is over and waits for nothing is
        // forgotten, and must not be told to start a second time.
        self.out.push(Decision::Do(Effect::Tell { to, command }));
        self.happen(Event::Ended { result, why })
    }
}

fn cancelled(why: &str) -> JobEnd {
    JobEnd::bare(RunResult::Cancelled, Some(why.to_owned()))
}

fn failed(reason: String, tail: Vec<String>) -> JobEnd {
    JobEnd { tail, ..JobEnd::bare(RunResult::Failure, Some(reason)) }
}
