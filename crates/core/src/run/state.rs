//! How far a run is.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::effect::{Effect, EffectId};
use crate::ids::JobKey;
use crate::machine::{Decision, Illegal, Input, Machine};

use super::{Command, Event, Instance, InstanceState, Job, JobState, RunResult, RunSpec, decide};

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
    pub spec: RunSpec,
    /// When it began.
    pub started: Timestamp,
    /// Its jobs, in the file's order.
    pub jobs: IndexMap<JobKey, Job>,
    /// It is being called off.
    pub cancelling: bool,
}

impl Run {
    /// The run, unless nothing was asked yet.
    pub const fn begun(&self) -> Option<&UnderWay> {
        match self {
            Self::New => None,
            Self::UnderWay(run) | Self::Ended { run, .. } => Some(run),
        }
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
            (Event::Started { spec, jobs }, Self::New) => {
                let job = |(key, needs): (&JobKey, &Vec<JobKey>)| {
                    (key.clone(), Job { needs: needs.clone(), state: JobState::Waiting })
                };
                let jobs = jobs.iter().map(job).collect();
                let spec = (**spec).clone();
                *self = Self::UnderWay(UnderWay { spec, started: at, jobs, cancelling: false });
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
        if let Some(InstanceState::Running { effect }) = run.instance(&spec.job, spec.index) {
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

impl UnderWay {
    fn instance(&mut self, job: &JobKey, index: usize) -> Option<&mut InstanceState> {
        match &mut self.jobs.get_mut(job)?.state {
            JobState::Running { instances, .. } => Some(&mut instances.get_mut(index)?.state),
            JobState::Waiting | JobState::Done { .. } => None,
        }
    }

    fn waiting(&mut self, key: &JobKey) -> Result<&mut Job, Illegal> {
        let job = self.jobs.get_mut(key).filter(|job| job.state == JobState::Waiting);
        job.ok_or_else(|| Illegal::new(format!("job `{key}` is not waiting")))
    }

    fn evolve(&mut self, event: &Event) -> Result<(), Illegal> {
        match event {
            Event::JobExpanded { job, instances, fail_fast, max_parallel } => {
                let instance = |what: &super::Expanded| Instance {
                    what: what.clone(),
                    state: InstanceState::Waiting,
                };
                self.waiting(job)?.state = JobState::Running {
                    instances: instances.iter().map(instance).collect(),
                    fail_fast: *fail_fast,
                    max_parallel: *max_parallel,
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
            Event::InstanceStarted { job, index } => {
                let state = self.instance(job, *index).filter(|s| **s == InstanceState::Waiting);
                *state.ok_or_else(|| not_expected(job))? = InstanceState::Running { effect: None };
            }
            Event::InstanceEnded { job, index, end } => {
                let state = self.instance(job, *index);
                let open = state.filter(|s| !matches!(s, InstanceState::Ended { .. }));
                *open.ok_or_else(|| not_expected(job))? = InstanceState::Ended { end: end.clone() };
                if let Some(job) = self.jobs.get_mut(job) {
                    job.settle();
                }
            }
            Event::Cancelling => self.cancelling = true,
            Event::Started { .. } | Event::Ended { .. } => {
                return Err(Illegal::new("the run is under way"));
            }
        }
        Ok(())
    }

    /// The instance that an effect belongs to.
    pub(super) fn instance_of(&self, id: &EffectId) -> Option<(JobKey, usize)> {
        let mine = |state: &InstanceState| matches!(state, InstanceState::Running { effect: Some(effect) } if effect == id);
        self.jobs.iter().find_map(|(key, job)| match &job.state {
            JobState::Running { instances, .. } => {
                let index = instances.iter().position(|instance| mine(&instance.state))?;
                Some((key.clone(), index))
            }
            JobState::Waiting | JobState::Done { .. } => None,
        })
    }

    /// How many instances run now.
    pub(super) fn running(&self) -> usize {
        let instances = self.jobs.values().filter_map(|job| match &job.state {
            JobState::Running { instances, .. } => Some(instances),
            JobState::Waiting | JobState::Done { .. } => None,
        });
        let running = |i: &&Instance| matches!(i.state, InstanceState::Running { .. });
        instances.flatten().filter(running).count()
    }
}

fn not_expected(job: &JobKey) -> Illegal {
    Illegal::new(format!("an instance of job `{job}` does not expect this now"))
}
