//! How events change an environment.

use jiff::Timestamp;

use crate::approval::Given;
use crate::deployment::{Deployment, Kind, Progress, Restore};
use crate::ids::PlanId;
use crate::machine::Illegal;
use crate::release::ReleaseId;

use super::{Active, Candidate, Deployed, Environment, Event, REMEMBERED, Waiting, external};

pub(super) fn evolve(env: &mut Environment, event: &Event, at: Timestamp) -> Result<(), Illegal> {
    match event {
        Event::Proposed { candidate, identity, approval_until } => {
            env.newest = env.newest.max(Some(candidate.order));
            let candidate = (**candidate).clone();
            if candidate.kind == Kind::Rollback {
                env.rollback = Some(candidate);
                return Ok(());
            }
            match approval_until {
                Some(expires) => {
                    let (identity, expires) = (*identity, *expires);
                    env.waiting = Some(Waiting { candidate, identity, given: Vec::new(), expires });
                }
                None => (env.queued, env.queued_until) = (Some(candidate), None),
            }
        }
        Event::Dropped { plan, release, .. } => {
            env.waiting.take_if(|w| (&w.candidate.plan, &w.candidate.release) == (plan, release));
            dequeue(env, plan.as_ref(), *release);
        }
        Event::AlreadyThere { plan, release, .. } => dequeue(env, plan.as_ref(), *release),
        Event::Judged { verdict } => {
            let waiting = env.waiting.as_mut().map(|w| &mut w.candidate);
            let active = env.active.as_mut().map(|a| &mut a.candidate);
            for candidate in waiting.into_iter().chain(env.queued.as_mut()).chain(active) {
                candidate.verdicts.retain(|v| v.gate != verdict.gate);
                candidate.verdicts.push(verdict.clone());
            }
        }
        Event::Approved { .. } | Event::Cleared { .. }
            if external::evolve(env, event, at).is_some() => {}
        Event::JobAsked { .. }
        | Event::JobDropped { .. }
        | Event::JobBegan { .. }
        | Event::JobLeft { .. } => {
            external::evolve(env, event, at).ok_or_else(|| unexpected("of a job"))?;
        }
        Event::Approved { by, identity } => {
            let waiting = env.waiting.as_mut().filter(|w| w.identity == *identity);
            let waiting = waiting.ok_or_else(|| unexpected("approved"))?;
            waiting.given.push(Given { by: by.clone(), at });
        }
        Event::Cleared { identity } => {
            let waiting = env.waiting.take_if(|w| w.identity == *identity);
            let waiting = waiting.ok_or_else(|| unexpected("cleared"))?;
            (env.queued, env.queued_until) = (Some(waiting.candidate), Some(waiting.expires));
        }
        Event::Paused if env.paused => return Err(unexpected("paused")),
        Event::Paused => env.paused = true,
        Event::Resumed if !env.paused => return Err(unexpected("resumed")),
        Event::Resumed => {
            env.paused = false;
            if let Some(active) = &mut env.active {
                active.deployment.release_hold();
            }
        }
        Event::Started { plan, candidate } => {
            if env.active.is_some() {
                return Err(unexpected("started"));
            }
            if plan.generation <= env.generation {
                return Err(Illegal::new("a deployment's generation has to be higher"));
            }
            env.generation = plan.generation;
            if candidate.kind == Kind::Rollback {
                env.rollback = None;
            } else {
                dequeue(env, candidate.plan.as_ref(), candidate.release);
            }
            let deployment = Deployment {
                plan: (**plan).clone(),
                by: candidate.by.clone(),
                started: at,
                progress: Progress::Forward { step: 0 },
                effect: None,
                holding: false,
                question: None,
            };
            env.active = Some(Active { candidate: (**candidate).clone(), deployment });
        }
        Event::Succeeded { deployment } => {
            let through = |active: &mut Active| {
                matches!(active.deployment.progress, Progress::Forward { .. })
                    && active.deployment.step().is_none()
                    && active.deployment.plan.id == *deployment
            };
            let active = env.active.take_if(through);
            succeeded(env, active.ok_or_else(|| unexpected("succeeded"))?, at);
        }
        Event::Failed { deployment, .. } => {
            let is_back = |active: &mut Active| {
                matches!(&active.deployment.progress, Progress::Back { steps, .. } if steps.is_empty())
                    && active.deployment.plan.id == *deployment
            };
            let active = env.active.take_if(is_back).ok_or_else(|| unexpected("failed"))?;
            if let Progress::Back { stuck, .. } = active.deployment.progress {
                env.damaged.extend(stuck);
            }
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

fn dequeue(env: &mut Environment, plan: Option<&PlanId>, release: ReleaseId) {
    let mine = |c: &mut Candidate| c.plan.as_ref() == plan && c.release == release;
    if env.queued.take_if(mine).is_some() {
        env.queued_until = None;
    }
}

fn unexpected(what: &str) -> Illegal {
    Illegal::new(format!("the event `{what}` is not expected by this environment now"))
}

fn deployment(deployment: &mut Deployment, event: &Event) -> Result<(), Illegal> {
    match (event, &mut deployment.progress) {
        (Event::StepDone { step: done, .. }, Progress::Forward { step }) if done == step => {
            *step += 1;
            deployment.waits_for_nothing();
            deployment.question = None;
        }
        (Event::StepRepeated { .. }, Progress::Forward { .. } | Progress::Back { .. }) => {
            deployment.waits_for_nothing();
        }
        (Event::Asked { question }, Progress::Forward { .. }) => {
            deployment.waits_for_nothing();
            deployment.question = Some(question.clone());
        }
        (Event::Answered, Progress::Forward { .. }) if deployment.question.is_some() => {
            deployment.question = None;
        }
        (Event::Stopping { failure }, Progress::Forward { step }) => {
            let (failure, begun) = (failure.clone(), *step + 1);
            deployment.progress = Progress::Stopping { failure, begun };
            (deployment.holding, deployment.question) = (false, None);
        }
        (
            Event::TurnedBack { failure, steps },
            Progress::Forward { .. } | Progress::Stopping { .. },
        ) => {
            let (failure, steps) = (failure.clone(), steps.clone());
            let (trouble, stuck) = (Vec::new(), Vec::new());
            deployment.progress = Progress::Back { failure, steps, trouble, stuck };
            deployment.waits_for_nothing();
            deployment.question = None;
        }
        (Event::BackStepDone { trouble: new }, Progress::Back { steps, trouble, stuck, .. })
            if !steps.is_empty() =>
        {
            let step = steps.remove(0);
            if let Some(new) = new {
                trouble.push(new.clone());
                stuck.push(step.service().clone());
            }
            if let (Some(_), Restore::Return(service)) = (new, step) {
                // Bad as the new version is, nothing else may be serving.
                steps.retain(|step| *step != Restore::Remove(service.clone()));
            }
            deployment.waits_for_nothing();
        }
        _ => return Err(unexpected("of a step")),
    }
    Ok(())
}

fn succeeded(env: &mut Environment, active: Active, at: Timestamp) {
    let Active { candidate, deployment } = active;
    let plan = deployment.plan;
    let went_back = plan.kind == Kind::Rollback;
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
    env.damaged.clear();
    let identity = current.identity;
    env.history.retain(|earlier| earlier.identity != identity);
    if let Some(mut left) = env.current.replace(current).filter(|left| left.identity != identity) {
        left.good &= !went_back;
        env.history.insert(0, left);
        env.history.truncate(REMEMBERED);
    }
}
