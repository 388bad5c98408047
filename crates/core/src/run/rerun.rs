//! A new attempt of a run: what is run again, and what is taken over.
//!
//! Source: "Re-running workflows and jobs": the commit, the ref and the workflow
//! stay; the number of the run stays, and the number of the attempt grows.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use crate::ids::{BadName, JobKey, PlanId, RunId};
use crate::journal::Actor;

use super::{Attempt, Event, Expanded, JobEnd, RunResult, RunSpec};

/// What of a run is run again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    /// Everything.
    All,
    /// The jobs that did not succeed, and those that need them.
    Failed,
    /// This job, and those that need it.
    From(String),
}

/// Why there is no further attempt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAgain {
    /// The journal knows nothing of it.
    #[error("the run was never started")]
    NotStarted,
    /// It has to end first.
    #[error("the run is not over yet")]
    NotOver,
    /// There is nothing to do.
    #[error("every job of the run succeeded; run it again as a whole")]
    NothingFailed,
    /// No such job.
    #[error("the run has no job `{job}`; its jobs are: {}", known.join(", "))]
    UnknownJob {
        /// What was asked for.
        job: String,
        /// What there is.
        known: Vec<String>,
    },
    /// It calls what could not be had, and never will in this run.
    #[error(
        "the run could not begin: {why}\nwhat it calls is looked for when a run is planned anew"
    )]
    Missing {
        /// Why not.
        why: String,
    },
    /// The attempt cannot be named.
    #[error(transparent)]
    Name(#[from] BadName),
}

/// What is known of a job of the run that is over.
#[derive(Default)]
struct Past {
    needs: Vec<JobKey>,
    instances: Vec<Expanded>,
    ends: IndexMap<String, JobEnd>,
    failed: bool,
}

/// The next attempt of the run whose stream holds `events`, as part of `plan`.
///
/// # Errors
/// Why there is none.
pub fn again<'a>(
    events: impl IntoIterator<Item = &'a Event>,
    what: &Again,
    plan: &PlanId,
    by: &Actor,
) -> Result<RunSpec, NotAgain> {
    let (mut spec, mut jobs, mut over) = (None, IndexMap::<JobKey, Past>::new(), false);
    for event in events {
        match event {
            Event::Started { spec: of, jobs: needs, .. } => {
                spec = Some((**of).clone());
                add(&mut jobs, needs);
            }
            Event::JobExpanded { job, instances, .. } => {
                for call in instances.iter().filter_map(|instance| instance.call.as_ref()) {
                    add(&mut jobs, &call.jobs);
                }
                jobs.entry(job.clone()).or_default().instances.clone_from(instances);
            }
            Event::JobFailed { job, .. } => jobs.entry(job.clone()).or_default().failed = true,
            Event::InstanceEnded { job, index, end } => {
                let past = jobs.entry(job.clone()).or_default();
                let bad = matches!(end.result, RunResult::Failure | RunResult::Cancelled);
                past.failed |= bad;
                if let Some(instance) = past.instances.get(*index) {
                    past.ends.insert(instance.name.clone(), (**end).clone());
                }
            }
            Event::Ended { .. } => over = true,
            _ => {}
        }
    }
    let mut spec = spec.ok_or(NotAgain::NotStarted)?;
    if !over {
        return Err(NotAgain::NotOver);
    }
    if let Some(why) = spec.called.values().find_map(|called| called.missing.clone()) {
        return Err(NotAgain::Missing { why });
    }
    let first = spec.first().clone();
    let number = spec.attempt.number + 1;
    spec.attempt = Attempt {
        number,
        kept: kept(&jobs, what)?,
        by: Some(by.clone()),
        first: Some(first.clone()),
    };
    spec.id = RunId::new(format!("{plan}.{}", tail(&first)))?;
    spec.plan = plan.clone();
    Ok(spec)
}

/// What a run is called within its plan: `<commit>.<n>.<this>`.
fn tail(run: &RunId) -> String {
    let parts: Vec<&str> = run.as_str().splitn(3, '.').collect();
    parts.last().map_or_else(|| run.to_string(), |tail| (*tail).to_owned())
}

fn add(jobs: &mut IndexMap<JobKey, Past>, needs: &IndexMap<JobKey, Vec<JobKey>>) {
    for (key, needs) in needs {
        jobs.entry(key.clone()).or_default().needs.clone_from(needs);
    }
}

/// The ends that are taken over, of jobs that execute something themselves.
fn kept(
    jobs: &IndexMap<JobKey, Past>,
    what: &Again,
) -> Result<IndexMap<JobKey, IndexMap<String, JobEnd>>, NotAgain> {
    let begin: BTreeSet<&JobKey> = match what {
        Again::All => return Ok(IndexMap::new()),
        Again::Failed => jobs.iter().filter(|(_, past)| past.failed).map(|(key, _)| key).collect(),
        Again::From(job) => jobs.keys().filter(|key| key.as_str() == job).collect(),
    };
    if begin.is_empty() {
        return Err(match what {
            Again::From(job) => NotAgain::UnknownJob {
                job: job.clone(),
                known: jobs.keys().map(ToString::to_string).collect(),
            },
            Again::All | Again::Failed => NotAgain::NothingFailed,
        });
    }
    let dependents = dependents(jobs, &begin);
    let mut kept = IndexMap::new();
    for (key, past) in jobs {
        let calls = past.instances.iter().any(|instance| instance.call.is_some());
        let whole = matches!(what, Again::From(_)) && begin.contains(key);
        if calls || whole || dependents.contains(key) {
            continue;
        }
        let good = |end: &JobEnd| {
            matches!(what, Again::From(_))
                || !matches!(end.result, RunResult::Failure | RunResult::Cancelled)
        };
        let ends = past.ends.iter().filter(|(_, end)| good(end));
        let ends: IndexMap<_, _> = ends.map(|(n, end)| (n.clone(), end.clone())).collect();
        if !ends.is_empty() {
            kept.insert(key.clone(), ends);
        }
    }
    Ok(kept)
}

/// The jobs that need one of `begin`, directly or not, and what is in the
/// workflows that they call; and what is called by one that is run from.
fn dependents(jobs: &IndexMap<JobKey, Past>, begin: &BTreeSet<&JobKey>) -> BTreeSet<JobKey> {
    let mut found: BTreeSet<JobKey> = BTreeSet::new();
    // A job of a called workflow counts for the jobs around it as well.
    let mut sources: BTreeSet<JobKey> = begin.iter().map(|key| (*key).clone()).collect();
    loop {
        let before = (found.len(), sources.len());
        let around: Vec<JobKey> = sources.iter().filter_map(|key| Some(key.caller()?.0)).collect();
        sources.extend(around);
        for (key, past) in jobs {
            let needs = past.needs.iter().any(|need| sources.contains(need));
            let inside = found.iter().any(|job| key.is_called_by(job));
            if needs || inside {
                found.insert(key.clone());
                sources.insert(key.clone());
            }
        }
        if (found.len(), sources.len()) == before {
            return found;
        }
    }
}
