//! How far a run is.

use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::concurrency::Concurrency;
use crate::effect::{Effect, EffectId};
use crate::ids::JobKey;
use crate::machine::{Decision, Illegal, Input, Machine};

use super::{
    Call, Command, Event, Instance, InstanceState, Job, JobState, RunResult, RunSpec, decide,
};

/// A run's state.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Run {
    /// Nothing was asked yet.
    #[default]
    New,
    /// Its jobs follow each other.
    UnderWay(UnderWay),
    /// It is over.
    Ended {
        /// What it was.
        run: UnderWay,
        /// How it ended.
        result: RunResult,
        /// Why, where it is not success.
        why: Option<String>,
    },
}

/// A run under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnderWay {
    /// What it executes.
    pub spec: Arc<RunSpec>,
    /// When it began.
    pub started: Timestamp,
    /// Its jobs, in the file's order; those of called workflows behind the job
    /// that calls. A decision works on a copy of the state, and few jobs change
    /// in it.
    pub jobs: IndexMap<JobKey, Arc<Job>>,
    /// It is being called off.
    pub cancelling: bool,
    /// Its name, if the workflow gives runs one (`run-name`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The concurrency group that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// It waits for its turn there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waiting: bool,
}

impl Run {
    /// The run, unless nothing was asked yet.
    pub const fn begun(&self) -> Option<&UnderWay> {
        match self {
            Self::New => None,
            Self::UnderWay(run) | Self::Ended { run, .. } => Some(run),
        }
    }

    /// Something of it goes on, or can, without an answer from elsewhere: of a
    /// person, of an environment, of a concurrency group.
    pub fn is_busy(&self) -> bool {
        let Self::UnderWay(run) = self else { return false };
        let instances = || run.jobs.values().flat_map(|job| job.instances());
        let asks =
            |state: &InstanceState| matches!(state, InstanceState::Gated { asking: true, .. });
        let runs =
            |state: &InstanceState| matches!(state, InstanceState::Running { effect: Some(_), .. });
        !instances().any(|instance| asks(&instance.state))
            || instances().any(|instance| runs(&instance.state))
    }
}

impl Machine for Run {
    type Command = Command;
    type Event = Event;

    fn decide(
        &self,
        input: &Input<Command>,
        now: Timestamp,
    ) -> Result<Vec<Decision<Event>>, Illegal> {
        decide::decide(self, input, now)
    }

    fn evolve(&mut self, event: &Event, at: Timestamp) -> Result<(), Illegal> {
        match (event, &mut *self) {
            (Event::Started { spec, jobs, name, concurrency }, Self::New) => {
                *self = Self::UnderWay(UnderWay {
                    spec: Arc::clone(spec),
                    started: at,
                    jobs: waiting_jobs(jobs).collect(),
                    cancelling: false,
                    name: name.clone(),
                    concurrency: concurrency.clone(),
                    waiting: concurrency.is_some(),
                });
                Ok(())
            }
            (Event::Ended { result, why }, Self::UnderWay(run)) => {
                *self = Self::Ended { run: run.clone(), result: *result, why: why.clone() };
                Ok(())
            }
            (_, Self::UnderWay(run)) => run.evolve(event),
            _ => Err(Illegal::new("the run does not expect this now")),
        }
    }

    fn began(&mut self, id: &EffectId, effect: &Effect) {
        let (Self::UnderWay(run), Effect::RunJob(spec)) = (self, effect) else { return };
        let instance = run.instance_mut(&spec.job, spec.index);
        if let Some(InstanceState::Running { effect, .. }) = instance.map(|i| &mut i.state) {
            *effect = Some(id.clone());
        }
    }

    fn wants(&self, _id: &EffectId, _effect: &Effect) -> bool {
        true
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        None
    }
}

fn waiting_jobs(
    jobs: &IndexMap<JobKey, Vec<JobKey>>,
) -> impl Iterator<Item = (JobKey, Arc<Job>)> + '_ {
    let waiting = |needs: &Vec<JobKey>| Job { needs: needs.clone(), state: JobState::Waiting };
    jobs.iter().map(move |(key, needs)| (key.clone(), Arc::new(waiting(needs))))
}

impl UnderWay {
    fn instance_mut(&mut self, job: &JobKey, index: usize) -> Option<&mut Instance> {
        match &mut self.job_mut(job)?.state {
            JobState::Running { instances, .. } => instances.get_mut(index).map(Arc::make_mut),
            JobState::Waiting | JobState::Done { .. } => None,
        }
    }

    fn job_mut(&mut self, job: &JobKey) -> Option<&mut Job> {
        self.jobs.get_mut(job).map(Arc::make_mut)
    }

    /// An instance of a job, while the job is under way.
    pub fn instance(&self, job: &JobKey, index: usize) -> Option<&Instance> {
        self.jobs.get(job)?.instances().get(index).map(Arc::as_ref)
    }

    /// The calls that a job is in, the innermost first: job, place, instance.
    pub(super) fn callers(&self, job: &JobKey) -> Vec<(JobKey, usize, &Instance)> {
        let mut found = Vec::new();
        let mut caller = job.caller();
        while let Some((key, index)) = caller {
            caller = key.caller();
            let Some(instance) = self.instance(&key, index) else { break };
            found.push((key, index, instance));
        }
        found
    }

    /// Everything that `job` is part of is being called off.
    pub(super) fn is_cancelling(&self, job: &JobKey) -> bool {
        let called_off = |instance: &Instance| {
            matches!(instance.state, InstanceState::Running { cancelling: true, .. })
        };
        self.cancelling || self.callers(job).iter().any(|(_, _, instance)| called_off(instance))
    }

    /// The jobs of the workflow that an instance calls.
    pub(super) fn called_by<'a>(
        &'a self,
        job: &'a JobKey,
        index: usize,
    ) -> impl Iterator<Item = (&'a JobKey, &'a Job)> {
        let jobs = self.jobs.iter().map(|(key, job)| (key, &**job));
        jobs.filter(move |(key, _)| {
            key.caller().is_some_and(|(caller, place)| caller == *job && place == index)
        })
    }

    fn waiting(&mut self, key: &JobKey) -> Result<&mut Job, Illegal> {
        let job = self.job_mut(key).filter(|job| job.state == JobState::Waiting);
        job.ok_or_else(|| Illegal::new(format!("job `{key}` is not waiting")))
    }

    fn evolve(&mut self, event: &Event) -> Result<(), Illegal> {
        match event {
            Event::JobExpanded { job, instances, fail_fast, max_parallel } => {
                let instance = |what: &super::Expanded| Instance {
                    what: what.clone(),
                    state: InstanceState::Waiting,
                    lost: 0,
                };
                self.waiting(job)?.state = JobState::Running {
                    instances: instances.iter().map(instance).map(Arc::new).collect(),
                    fail_fast: *fail_fast,
                    max_parallel: *max_parallel,
                    outputs: IndexMap::new(),
                };
            }
            Event::JobSkipped { job, why } => {
                let (result, why) = (RunResult::Skipped, Some(why.clone()));
                self.waiting(job)?.state = JobState::Done { result, outputs: IndexMap::new(), why };
            }
            Event::JobFailed { job, why } => {
                let (result, why) = (RunResult::Failure, Some(why.clone()));
                self.waiting(job)?.state = JobState::Done { result, outputs: IndexMap::new(), why };
            }
            Event::InstanceEnded { job, index, end } => {
                let known = self.job_mut(job);
                let ended = known.and_then(|job| job.end_instance(*index, end));
                ended.ok_or_else(|| not_expected(job))?;
            }
            Event::InstanceAsks { job, index }
            | Event::InstancePassed { job, index }
            | Event::InstanceStarted { job, index }
            | Event::InstanceLost { job, index }
            | Event::InstanceCancelling { job, index } => {
                self.instance_goes_on(event, job, *index)?
            }
            Event::Admitted if self.waiting => self.waiting = false,
            Event::Admitted => return Err(Illegal::new("the run waits for no group")),
            Event::Cancelling => self.cancelling = true,
            Event::Started { .. } | Event::Ended { .. } => {
                return Err(Illegal::new("the run is under way"));
            }
        }
        Ok(())
    }

    fn instance_goes_on(
        &mut self,
        event: &Event,
        job: &JobKey,
        index: usize,
    ) -> Result<(), Illegal> {
        let instance = self.instance_mut(job, index).ok_or_else(|| not_expected(job))?;
        let gates = instance.what.gates.len();
        let running = InstanceState::Running { effect: None, cancelling: false };
        instance.state = match (event, &instance.state) {
            (Event::InstanceAsks { .. }, InstanceState::Waiting) if gates > 0 => {
                InstanceState::Gated { passed: 0, asking: true }
            }
            (Event::InstanceAsks { .. }, InstanceState::Gated { passed, asking: false })
                if *passed < gates =>
            {
                InstanceState::Gated { passed: *passed, asking: true }
            }
            (Event::InstancePassed { .. }, InstanceState::Gated { passed, asking: true }) => {
                InstanceState::Gated { passed: passed + 1, asking: false }
            }
            (Event::InstanceStarted { .. }, InstanceState::Waiting) if gates == 0 => running,
            (Event::InstanceStarted { .. }, InstanceState::Gated { passed, .. })
                if *passed == gates =>
            {
                running
            }
            (Event::InstanceLost { .. }, InstanceState::Running { cancelling: false, .. }) => {
                instance.lost += 1;
                match gates {
                    0 => InstanceState::Waiting,
                    passed => InstanceState::Gated { passed, asking: false },
                }
            }
            (Event::InstanceCancelling { .. }, InstanceState::Running { effect, .. }) => {
                InstanceState::Running { effect: effect.clone(), cancelling: true }
            }
            _ => return Err(not_expected(job)),
        };
        let call = instance.what.call.clone();
        if let (Event::InstanceStarted { .. }, Some(call)) = (event, call) {
            self.add_called(job, &call);
        }
        Ok(())
    }

    /// The jobs of a called workflow, behind the job that calls it and what
    /// other instances of it have called.
    fn add_called(&mut self, job: &JobKey, call: &Call) {
        let last = self.jobs.keys().rposition(|key| key == job || key.is_called_by(job));
        let at = last.map_or(self.jobs.len(), |last| last + 1);
        for (place, (key, job)) in (at..).zip(waiting_jobs(&call.jobs)) {
            self.jobs.shift_insert(place, key, job);
        }
    }

    /// The instance that an effect belongs to.
    pub(super) fn instance_of(&self, id: &EffectId) -> Option<(JobKey, usize)> {
        let mine = |state: &InstanceState| matches!(state, InstanceState::Running { effect: Some(effect), .. } if effect == id);
        self.jobs.iter().find_map(|(key, job)| {
            let index = job.instances().iter().position(|instance| mine(&instance.state))?;
            Some((key.clone(), index))
        })
    }

    /// How many instances are executed now.
    pub(super) fn running(&self) -> usize {
        let instances = self.jobs.values().flat_map(|job| job.instances());
        instances.filter(|instance| instance.is_executing()).count()
    }
}

fn not_expected(job: &JobKey) -> Illegal {
    Illegal::new(format!("an instance of job `{job}` does not expect this now"))
}
