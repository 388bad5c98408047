//! What follows in a run from what it is told and from the ends of its jobs.

use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;

use crate::command::Command as AnyCommand;
use crate::config::LostJob;
use crate::effect::{Done, EffectId, Outcome};
use crate::ids::JobKey;
use crate::journal::StreamId;
use crate::machine::{Decision, Illegal, Input};
use crate::plan;

use super::language;
use super::{Command, Event, InstanceState, JobEnd, Place, Run, RunResult, RunSpec, UnderWay};

/// As often a lost job is begun again: what takes the engine with it each time
/// is not to do so for ever.
const MAX_LOST: u32 = 3;

pub(super) fn decide(
    state: &Run,
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

pub(super) type Turn = crate::machine::Turn<Run>;

impl Turn {
    pub(super) fn run(&self) -> Result<&UnderWay, Illegal> {
        match &self.state {
            Run::UnderWay(run) => Ok(run),
            Run::New => Err(Illegal::new("the run was not started")),
            Run::Ended { .. } => Err(Illegal::new("the run is over already")),
        }
    }

    fn command(&mut self, command: &Command) -> Result<(), Illegal> {
        let run = match (&self.state, command) {
            (Run::New, Command::Start { spec }) => return self.start(Arc::clone(spec)),
            (_, Command::Start { .. }) => {
                return Err(Illegal::new("there is a run of that name already"));
            }
            (Run::New, _) => return Err(Illegal::new("the run was not started")),
            // Late news of a run that is over changes nothing.
            (Run::Ended { .. }, _) => return Ok(()),
            (Run::UnderWay(run), _) => run,
        };
        match command {
            Command::Start { .. } => Ok(()),
            Command::Cancel | Command::GiveWay { place: Place::Run, .. } if run.cancelling => {
                Ok(())
            }
            Command::Cancel => self.cancel_run("the run was called off"),
            Command::GiveWay { place: Place::Run, why } => self.cancel_run(why),
            Command::Passed { place: Place::Run } if run.waiting => {
                self.happen(Event::Admitted)?;
                self.advance()
            }
            Command::Refused { place: Place::Run, why } if run.waiting => {
                self.end(RunResult::Cancelled, Some(why.clone()))
            }
            Command::Passed { place: Place::Run }
            | Command::Refused { place: Place::Run, .. }
            | Command::Rejected { place: Place::Run, .. } => Ok(()),
            Command::Passed { place: Place::Job { job, index } } => {
                self.passed(job, *index)?;
                self.advance()
            }
            Command::Refused { place: Place::Job { job, index }, why } => {
                self.refused(job, *index, cancelled(why))?;
                self.advance()
            }
            Command::Rejected { place: Place::Job { job, index }, why } => {
                self.refused(job, *index, failed(why))?;
                self.advance()
            }
            Command::GiveWay { place: Place::Job { job, index }, why } => {
                self.call_off_instance(job, *index, why)?;
                self.advance()
            }
        }
    }

    fn start(&mut self, spec: Arc<RunSpec>) -> Result<(), Illegal> {
        match language::begin(&spec) {
            Ok(begun) => {
                let (jobs, name, concurrency) = (begun.jobs, begun.name, begun.concurrency);
                let group = concurrency.clone();
                self.happen(Event::Started { spec, jobs, name, concurrency })?;
                match group {
                    Some(group) => self.enter(&group, Place::Run),
                    None => self.advance(),
                }
            }
            Err(why) => {
                let (jobs, name, concurrency) = (IndexMap::new(), None, None);
                self.happen(Event::Started { spec, jobs, name, concurrency })?;
                self.end(RunResult::Failure, Some(why))
            }
        }
    }

    /// Running jobs are called off, unless their `if` holds for a run that is
    /// called off; those that never began are over in the same way.
    fn cancel_run(&mut self, why: &str) -> Result<(), Illegal> {
        if self.run()?.waiting {
            return self.end(RunResult::Cancelled, Some(why.to_owned()));
        }
        self.happen(Event::Cancelling)?;
        let run = self.run()?;
        let ends = |key: &&JobKey| !language::goes_on_when_cancelled(run, key);
        let keys: Vec<JobKey> = run.jobs.keys().filter(ends).cloned().collect();
        for key in keys {
            self.call_off(&key, why)?;
        }
        self.advance()
    }

    /// Calls off every instance of a job. What a call has called is called off
    /// job by job.
    pub(super) fn call_off(&mut self, key: &JobKey, why: &str) -> Result<(), Illegal> {
        let count = self.run()?.jobs.get(key).map_or(0, |job| job.instances().len());
        (0..count).try_for_each(|index| self.call_off_instance(key, index, why))
    }

    pub(super) fn call_off_instance(
        &mut self,
        key: &JobKey,
        index: usize,
        why: &str,
    ) -> Result<(), Illegal> {
        let run = self.run()?;
        let Some(instance) = run.instance(key, index) else { return Ok(()) };
        match &instance.state {
            InstanceState::Waiting | InstanceState::Gated { .. } => {
                self.end_instance(key, index, cancelled(why))
            }
            InstanceState::Running { effect: Some(effect), .. } => {
                let effect = effect.clone();
                self.cancel(effect);
                Ok(())
            }
            InstanceState::Running { cancelling: false, .. } if instance.what.call.is_some() => {
                if !run.cancelling {
                    let job = key.clone();
                    self.happen(Event::InstanceCancelling { job, index })?;
                }
                let run = self.run()?;
                let called = run.called_by(key, index).map(|(key, _)| key.clone());
                let called: Vec<JobKey> = called.collect();
                called.iter().try_for_each(|key| self.call_off(key, why))
            }
            InstanceState::Running { .. } | InstanceState::Ended { .. } => Ok(()),
        }
    }

    fn ended(&mut self, effect: &EffectId, outcome: &Outcome) -> Result<(), Illegal> {
        let Run::UnderWay(run) = &self.state else { return Ok(()) };
        let Some((job, index)) = run.instance_of(effect) else { return Ok(()) };
        let end = match outcome {
            Outcome::Done { result: Done::Job(end) } => (**end).clone(),
            Outcome::Done { .. } => failed("its worker told no result"),
            Outcome::Lost if run.is_cancelling(&job) => cancelled("it was called off"),
            Outcome::Cancelled => cancelled("it was called off"),
            Outcome::Failed { failure } => {
                JobEnd { tail: failure.output.clone(), ..failed(&failure.message) }
            }
            Outcome::Lost if self.is_retried(&job, index)? => {
                self.happen(Event::InstanceLost { job, index })?;
                return self.advance();
            }
            Outcome::Lost => failed("the engine ended while it ran; nothing of it is left running"),
        };
        self.end_instance(&job, index, end)?;
        self.advance()
    }

    fn is_retried(&self, job: &JobKey, index: usize) -> Result<bool, Illegal> {
        let run = self.run()?;
        let often = run.instance(job, index).is_none_or(|instance| instance.lost >= MAX_LOST);
        Ok(run.spec.rules.on_lost == LostJob::Retry && !often)
    }

    /// An instance is over: it leaves its gates, and a failure calls off the
    /// others, if the matrix is to fail fast.
    pub(super) fn end_instance(
        &mut self,
        key: &JobKey,
        index: usize,
        end: JobEnd,
    ) -> Result<(), Illegal> {
        self.leave_gates(key, index, &end)?;
        let fails = end.result == RunResult::Failure && self.fails_fast(key, index)?;
        let (job, end) = (key.clone(), Box::new(end));
        self.happen(Event::InstanceEnded { job, index, end })?;
        if fails {
            self.call_off(key, "another combination of the matrix failed")?;
        }
        Ok(())
    }

    fn fails_fast(&self, key: &JobKey, index: usize) -> Result<bool, Illegal> {
        let job = self.run()?.jobs.get(key);
        Ok(match job.map(|job| &job.state) {
            Some(super::JobState::Running { instances, fail_fast, .. }) => {
                *fail_fast && !instances.get(index).is_some_and(|i| i.what.continue_on_error)
            }
            _ => false,
        })
    }

    pub(super) fn end_if_done(&mut self) -> Result<(), Illegal> {
        let run = self.run()?;
        let results: Option<Vec<RunResult>> = run.jobs.values().map(|job| job.result()).collect();
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
            super::JobState::Done { result: of, why, .. } if *of == result => why.clone(),
            _ => None,
        });
        self.end(result, why.filter(|_| result != RunResult::Success))
    }

    pub(super) fn end(&mut self, result: RunResult, why: Option<String>) -> Result<(), Illegal> {
        let run = self.run()?;
        let (plan, id, group) =
            (run.spec.plan.clone(), run.spec.id.clone(), run.concurrency.clone());
        // Before the end: a stream that is over and waits for nothing is
        // forgotten, and must not be told to start a second time.
        if let Some(group) = group {
            self.leave(&group, Place::Run)?;
        }
        let command = plan::Command::RunEnded { run: id, result };
        self.tell(StreamId::Plan(plan), AnyCommand::Plan(command));
        self.happen(Event::Ended { result, why })
    }
}

pub(super) fn cancelled(why: &str) -> JobEnd {
    JobEnd::bare(RunResult::Cancelled, Some(why.to_owned()))
}

pub(super) fn failed(why: &str) -> JobEnd {
    JobEnd::bare(RunResult::Failure, Some(why.to_owned()))
}
