//! How events change an environment.

use jiff::Timestamp;

use crate::approval::Given;
use crate::deployment::{Deployment, Progress};
use crate::machine::Illegal;

use super::{Active, Deployed, Environment, Event, REMEMBERED, Waiting};

pub(super) fn evolve(env: &mut Environment, event: &Event, at: Timestamp) -> Result<(), Illegal> {
    match event {
        Event::Proposed { candidate, identity, approval_until } => {
            env.newest = env.newest.max(Some(candidate.order));
            let candidate = (**candidate).clone();
            match approval_until {
                Some(expires) => {
                    let (identity, expires) = (*identity, *expires);
                    env.waiting = Some(Waiting { candidate, identity, given: Vec::new(), expires });
                }
                None => env.queued = Some(candidate),
            }
        }
        Event::Dropped { plan, release, .. } => {
            env.waiting.take_if(|w| (&w.candidate.plan, &w.candidate.release) == (plan, release));
            env.queued.take_if(|c| (&c.plan, &c.release) == (plan, release));
        }
        Event::AlreadyThere { plan, .. } => {
            env.queued.take_if(|c| c.plan == *plan);
        }
        Event::Judged { verdict } => {
            let waiting = env.waiting.as_mut().map(|w| &mut w.candidate);
            let active = env.active.as_mut().map(|a| &mut a.candidate);
            for candidate in waiting.into_iter().chain(env.queued.as_mut()).chain(active) {
                candidate.verdicts.retain(|v| v.gate != verdict.gate);
                candidate.verdicts.push(verdict.clone());
            }
        }
        Event::Approved { by, .. } => {
            let waiting = env.waiting.as_mut().ok_or_else(|| unexpected("approved"))?;
            waiting.given.push(Given { by: by.clone(), at });
        }
        Event::Cleared { .. } => {
            let waiting = env.waiting.take().ok_or_else(|| unexpected("cleared"))?;
            env.queued = Some(waiting.candidate);
        }
        Event::Paused => env.paused = true,
        Event::Resumed => env.paused = false,
        Event::Started { plan, candidate } => {
            if env.active.is_some() {
                return Err(unexpected("started"));
            }
            if plan.generation <= env.generation {
                return Err(Illegal::new("a deployment's generation has to be higher"));
            }
            env.generation = plan.generation;
            env.queued.take_if(|c| c.release == candidate.release && c.plan == candidate.plan);
            let deployment = Deployment {
                plan: (**plan).clone(),
                by: candidate.by.clone(),
                started: at,
                progress: Progress::Forward { step: 0 },
                effect: None,
                question: None,
            };
            env.active = Some(Active { candidate: (**candidate).clone(), deployment });
        }
        Event::Succeeded { .. } => succeeded(env, at)?,
        Event::Failed { .. } => {
            env.active.take().ok_or_else(|| unexpected("failed"))?;
        }
        Event::StepDone { .. }
        | Event::StepRepeated { .. }
        | Event::Asked { .. }
        | Event::Answered
        | Event::Stopping { .. }
        | Event::TurnedBack { .. }
        | Event::BackStepDone { .. } => {
            let active = env.active.as_mut().ok_or_else(|| unexpected("of a deployment"))?;
            deployment(&mut active.deployment, event)?;
        }
    }
    Ok(())
}

fn unexpected(what: &str) -> Illegal {
    Illegal::new(format!("the event `{what}` is not expected by this environment now"))
}

fn deployment(deployment: &mut Deployment, event: &Event) -> Result<(), Illegal> {
    match (event, &mut deployment.progress) {
        (Event::StepDone { step: done, .. }, Progress::Forward { step }) if done == step => {
            *step += 1;
            deployment.effect = None;
            deployment.question = None;
        }
        (Event::StepRepeated { .. }, Progress::Forward { .. }) => deployment.effect = None,
        (Event::Asked { question }, Progress::Forward { .. }) => {
            deployment.effect = None;
            deployment.question = Some(question.clone());
        }
        (Event::Answered, _) => deployment.question = None,
        (Event::Stopping { failure }, Progress::Forward { step }) => {
            let (failure, begun) = (failure.clone(), *step + 1);
            deployment.progress = Progress::Stopping { failure, begun };
        }
        (
            Event::TurnedBack { failure, steps },
            Progress::Forward { .. } | Progress::Stopping { .. },
        ) => {
            let (failure, steps) = (failure.clone(), steps.clone());
            deployment.progress = Progress::Back { failure, steps, trouble: Vec::new() };
            deployment.effect = None;
            deployment.question = None;
        }
        (Event::BackStepDone { trouble: new }, Progress::Back { steps, trouble, .. })
            if !steps.is_empty() =>
        {
            steps.remove(0);
            trouble.extend(new.clone());
            deployment.effect = None;
        }
        _ => return Err(unexpected("of a step")),
    }
    Ok(())
}

fn succeeded(env: &mut Environment, at: Timestamp) -> Result<(), Illegal> {
    let Active { candidate, deployment } =
        env.active.take().ok_or_else(|| unexpected("succeeded"))?;
    let plan = deployment.plan;
    let went_back = plan.kind == crate::deployment::Kind::Rollback;
    let current = Deployed {
        deployment: plan.id.clone(),
        release: plan.release,
        commit: plan.commit.clone(),
        identity: plan.identity,
        services: plan.versions(),
        rules: candidate.rules,
        order: candidate.order,
        at,
        good: true,
    };
    env.history.retain(|earlier| earlier.identity != current.identity);
    if let Some(mut left) = env.current.replace(current) {
        left.good &= !went_back;
        env.history.insert(0, left);
        env.history.truncate(REMEMBERED);
    }
    Ok(())
}
