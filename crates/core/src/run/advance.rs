//! What follows in a run by itself: jobs are judged once what they need is
//! done, instances begin as far as gates and limits allow, and a call ends with
//! the jobs that it called.

use crate::effect::Effect;
use crate::ids::JobKey;
use crate::machine::Illegal;

use super::decide::{Turn, failed};
use super::language::{self, Judgement};
use super::{Event, Instance, InstanceState, JobEnd, JobSpec, JobState, UnderWay};

/// The next thing that an instance does.
enum Step {
    /// It ends without running: it was kept from an earlier attempt, or nothing
    /// here can run it.
    End(Box<JobEnd>),
    /// It asks its next gate.
    Ask,
    /// It begins.
    Begin,
}

impl Turn {
    /// Until nothing is left that can be done now.
    pub(super) fn advance(&mut self) -> Result<(), Illegal> {
        if self.run()?.waiting {
            return Ok(());
        }
        loop {
            let judged = self.judge_jobs()?;
            let begun = self.begin_instances()?;
            let ended = self.end_calls()?;
            if !(judged || begun || ended) {
                return self.end_if_done();
            }
        }
    }

    fn judge_jobs(&mut self) -> Result<bool, Illegal> {
        let mut any = false;
        while let Some(key) = ready(self.run()?) {
            let event = match language::judge(self.run()?, &key) {
                Judgement::Run { instances, fail_fast, max_parallel } => {
                    Event::JobExpanded { job: key, instances, fail_fast, max_parallel }
                }
                Judgement::Skip { why } => Event::JobSkipped { job: key, why },
                Judgement::Fail { why } => Event::JobFailed { job: key, why },
            };
            self.happen(event)?;
            any = true;
        }
        Ok(any)
    }

    fn begin_instances(&mut self) -> Result<bool, Illegal> {
        let mut any = false;
        while let Some((key, index, step)) = next_step(self.run()?) {
            any = true;
            match step {
                Step::End(end) => self.end_instance(&key, index, *end)?,
                Step::Ask => self.ask_gate(&key, index)?,
                Step::Begin => self.begin_instance(key, index)?,
            }
        }
        Ok(any)
    }

    fn begin_instance(&mut self, key: JobKey, index: usize) -> Result<(), Illegal> {
        let spec = job_spec(self.run()?, &key, index)?;
        self.happen(Event::InstanceStarted { job: key, index })?;
        if let Some(spec) = spec {
            self.perform(Effect::RunJob(Box::new(spec)));
        }
        Ok(())
    }

    fn end_calls(&mut self) -> Result<bool, Illegal> {
        let run = self.run()?;
        let over = |key: &JobKey, index: usize, instance: &Instance| {
            let calls = instance.what.call.is_some()
                && matches!(instance.state, InstanceState::Running { .. });
            calls && run.called_by(key, index).all(|(_, job)| job.result().is_some())
        };
        let mut ended = Vec::new();
        for (key, job) in &run.jobs {
            for (index, instance) in job.instances().iter().enumerate() {
                if over(key, index, instance) {
                    let end = language::end_of_call(run, key, index);
                    ended.push((key.clone(), index, end.unwrap_or_else(|why| failed(&why))));
                }
            }
        }
        let any = !ended.is_empty();
        for (key, index, end) in ended {
            self.end_instance(&key, index, end)?;
        }
        Ok(any)
    }
}

/// The first job whose needs are done.
fn ready(run: &UnderWay) -> Option<JobKey> {
    let done = |need: &JobKey| run.jobs.get(need).is_some_and(|job| job.result().is_some());
    let mut jobs = run.jobs.iter();
    let ready = jobs.find(|(_, job)| job.state == JobState::Waiting && job.needs.iter().all(done));
    ready.map(|(key, _)| key.clone())
}

fn next_step(run: &UnderWay) -> Option<(JobKey, usize, Step)> {
    let limit = run.spec.parallel.map_or(usize::MAX, usize::from).max(1);
    let free = limit > run.running();
    for (key, job) in &run.jobs {
        let JobState::Running { instances, max_parallel, .. } = &job.state else { continue };
        let begun = instances.iter().filter(|instance| {
            matches!(instance.state, InstanceState::Running { .. } | InstanceState::Gated { .. })
        });
        let allowed = max_parallel.is_none_or(|max| begun.count() < max);
        for (index, instance) in instances.iter().enumerate() {
            if let Some(step) = step_of(run, key, instance, allowed, free) {
                return Some((key.clone(), index, step));
            }
        }
    }
    None
}

fn step_of(
    run: &UnderWay,
    key: &JobKey,
    instance: &Instance,
    allowed: bool,
    free: bool,
) -> Option<Step> {
    let gates = instance.what.gates.len();
    let passed = match instance.state {
        InstanceState::Waiting => {
            let kept = run.spec.attempt.kept.get(key);
            if let Some(end) = kept.and_then(|kept| kept.get(&instance.what.name)) {
                return Some(Step::End(Box::new(end.clone())));
            }
            if let Some(why) = &instance.what.cannot {
                return Some(Step::End(Box::new(failed(why))));
            }
            if !allowed {
                return None;
            }
            0
        }
        InstanceState::Gated { passed, asking: false } => passed,
        InstanceState::Gated { asking: true, .. }
        | InstanceState::Running { .. }
        | InstanceState::Ended { .. } => return None,
    };
    if passed < gates {
        return Some(Step::Ask);
    }
    (free || instance.what.call.is_some()).then_some(Step::Begin)
}

/// What a worker is to do; nothing for a call.
fn job_spec(run: &UnderWay, key: &JobKey, index: usize) -> Result<Option<JobSpec>, Illegal> {
    let missing = || Illegal::new(format!("job `{key}` has no such instance"));
    let job = run.jobs.get(key).ok_or_else(missing)?;
    let JobState::Running { instances, fail_fast, max_parallel, .. } = &job.state else {
        return Err(missing());
    };
    let instance = instances.get(index).ok_or_else(missing)?;
    if instance.what.call.is_some() {
        return Ok(None);
    }
    Ok(Some(JobSpec {
        run: run.spec.id.clone(),
        job: key.clone(),
        index,
        total: instances.len(),
        name: instance.what.name.clone(),
        matrix: instance.what.matrix.clone(),
        needs: language::needs(run, key),
        fail_fast: *fail_fast,
        max_parallel: *max_parallel,
        calls: language::frames(run, key),
        permissions: instance.what.permissions.clone(),
        cache_mode: instance.what.cache_mode,
        environment: instance.what.environment.clone(),
    }))
}
