//! What a run would do if everything went well: its jobs, as far as they can be
//! known before anything has run.

use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;

use crate::ids::JobKey;
use crate::machine::{Illegal, Machine};

use super::language::{self, Judgement};
use super::{Event, Expanded, JobEnd, JobState, Run, RunResult, RunSpec};

/// A job of a run that was not begun.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlined {
    /// What it needs.
    pub needs: Vec<JobKey>,
    /// What becomes of it.
    pub what: Fate,
}

/// What becomes of a job if everything before it goes well.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It runs, as these instances.
    Runs(Vec<Expanded>),
    /// It does not.
    Skipped {
        /// Why.
        why: String,
    },
    /// Its text needs what only the jobs before it know, or is wrong.
    Unknown {
        /// Why.
        why: String,
    },
}

/// The jobs of a run, those of called workflows included, in the order in which
/// they are shown. What jobs put out is not known: it counts as empty.
///
/// # Errors
/// What is wrong with the workflow, for people.
pub fn outline(spec: &RunSpec) -> Result<IndexMap<JobKey, Outlined>, String> {
    let begun = language::begin(spec)?;
    let mut run = Run::default();
    let happen = |run: &mut Run, event: Event| {
        run.evolve(&event, Timestamp::UNIX_EPOCH).map_err(|Illegal { message }| message)
    };
    let (spec, concurrency) = (Arc::new(spec.clone()), None);
    let name = begun.name;
    happen(&mut run, Event::Started { spec, jobs: begun.jobs, name, concurrency })?;
    let mut fates: IndexMap<JobKey, Fate> = IndexMap::new();
    while let Run::UnderWay(state) = &run {
        let done = |key: &JobKey| state.jobs.get(key).is_some_and(|job| job.result().is_some());
        let ready = state
            .jobs
            .iter()
            .find(|(_, job)| job.state == JobState::Waiting && job.needs.iter().all(done));
        if let Some((key, _)) = ready {
            let key = key.clone();
            let judged = language::judge(state, &key);
            let events = events_of(&key, judged, &mut fates);
            events.into_iter().try_for_each(|event| happen(&mut run, event))?;
            continue;
        }
        // Calls whose jobs are done end, so that what needs them is known.
        let open = state.jobs.iter().find(|(_, job)| matches!(job.state, JobState::Running { .. }));
        let over = state.jobs.iter().find_map(|(key, job)| {
            let index = (0..job.instances().len()).find(|index| {
                let ended =
                    matches!(job.instances()[*index].state, super::InstanceState::Ended { .. });
                !ended && state.called_by(key, *index).all(|(_, job)| job.result().is_some())
            })?;
            Some((key.clone(), index))
        });
        let Some((job, index)) = over.filter(|_| open.is_some()) else { break };
        let end = Box::new(JobEnd::bare(RunResult::Success, None));
        happen(&mut run, Event::InstanceEnded { job, index, end })?;
    }
    let jobs = run.begun().map(|run| &run.jobs).into_iter().flatten();
    let outlined = jobs.map(|(key, job)| {
        let unknown = || Fate::Unknown { why: "what it needs cannot be known yet".to_owned() };
        let what = fates.shift_remove(key).unwrap_or_else(unknown);
        (key.clone(), Outlined { needs: job.needs.clone(), what })
    });
    Ok(outlined.collect())
}

/// What happens to a job that is judged: leaves end well, calls begin.
fn events_of(key: &JobKey, judged: Judgement, fates: &mut IndexMap<JobKey, Fate>) -> Vec<Event> {
    let job = key.clone();
    match judged {
        Judgement::Skip { why } => {
            fates.insert(job.clone(), Fate::Skipped { why: why.clone() });
            vec![Event::JobSkipped { job, why }]
        }
        Judgement::Fail { why } => {
            fates.insert(job.clone(), Fate::Unknown { why });
            // What needs it is shown as if it had run.
            let (instances, fail_fast, max_parallel) = (vec![nothing()], false, None);
            vec![
                Event::JobExpanded { job: job.clone(), instances, fail_fast, max_parallel },
                ended(job, 0),
            ]
        }
        Judgement::Run { instances, fail_fast, max_parallel } => {
            fates.insert(job.clone(), Fate::Runs(instances.clone()));
            // Gates are not asked.
            let open = |mut instance: Expanded| {
                instance.gates.clear();
                instance
            };
            let calls: Vec<bool> = instances.iter().map(|i| i.call.is_some()).collect();
            let instances = instances.into_iter().map(open).collect();
            let mut events =
                vec![Event::JobExpanded { job: job.clone(), instances, fail_fast, max_parallel }];
            for (index, calls) in calls.into_iter().enumerate() {
                let job = job.clone();
                events.push(match calls {
                    true => Event::InstanceStarted { job, index },
                    false => ended(job, index),
                });
            }
            events
        }
    }
}

fn ended(job: JobKey, index: usize) -> Event {
    let end = Box::new(JobEnd::bare(RunResult::Success, None));
    Event::InstanceEnded { job, index, end }
}

fn nothing() -> Expanded {
    Expanded {
        name: String::new(),
        matrix: serde_json::Value::Null,
        continue_on_error: false,
        gates: Vec::new(),
        call: None,
        permissions: super::Granted::default(),
        cache_mode: super::CacheMode::default(),
        environment: None,
        cannot: None,
    }
}
