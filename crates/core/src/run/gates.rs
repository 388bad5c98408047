//! Gates: what a run, or an instance of a job, asks before it begins, and leaves
//! when it is over.

use crate::command::Command as AnyCommand;
use crate::concurrency::{self, Concurrency, Member};
use crate::environment::{self, JobAsk, JobLeft};
use crate::ids::JobKey;
use crate::journal::StreamId;
use crate::machine::Illegal;

use super::decide::{Turn, cancelled, failed};
use super::{Event, Gate, InstanceState, JobEnd, Place, UnderWay};

impl Turn {
    pub(super) fn enter(&mut self, group: &Concurrency, place: Place) -> Result<(), Illegal> {
        let member = Member { run: self.run()?.spec.id.clone(), place };
        let to = stream(group)?;
        let command = concurrency::Command::Enter { member, concurrency: group.clone() };
        self.tell(to, AnyCommand::Group(command));
        Ok(())
    }

    pub(super) fn leave(&mut self, group: &Concurrency, place: Place) -> Result<(), Illegal> {
        let member = Member { run: self.run()?.spec.id.clone(), place };
        let to = stream(group)?;
        self.tell(to, AnyCommand::Group(concurrency::Command::Leave { member }));
        Ok(())
    }

    /// Asks the next gate of an instance. One that would wait for itself ends
    /// instead.
    pub(super) fn ask_gate(&mut self, key: &JobKey, index: usize) -> Result<(), Illegal> {
        let run = self.run()?;
        let Some(instance) = run.instance(key, index) else { return Ok(()) };
        let passed = instance.gates_asked();
        let Some(gate) = instance.what.gates.get(passed).cloned() else { return Ok(()) };
        let place = Place::Job { job: key.clone(), index };
        match gate {
            Gate::Concurrency(group) => {
                if let Some(holder) = holder(run, key, &instance.what.gates[..passed], &group) {
                    let name = &group.group;
                    let why = format!(
                        "Canceling since a deadlock for concurrency group '{name}' was detected \
                         between '{holder}' and '{}'",
                        instance.what.name
                    );
                    return self.end_instance(key, index, cancelled(&why));
                }
                self.happen(Event::InstanceAsks { job: key.clone(), index })?;
                self.enter(&group, place)
            }
            Gate::Environment { name, record } => {
                let environments = run.spec.rules.environments.as_ref();
                let Some(rules) = environments.and_then(|all| all.get(&name)).cloned() else {
                    let why = format!("the run knows no environment `{name}`");
                    return self.end_instance(key, index, failed(&why));
                };
                let ask = Box::new(JobAsk {
                    run: run.spec.id.clone(),
                    place,
                    plan: run.spec.plan.clone(),
                    job: instance.what.name.clone(),
                    workflow: run.spec.path.clone(),
                    commit: run.spec.commit.id.clone(),
                    rules,
                    record,
                    by: run.spec.attempt.by.clone().unwrap_or_else(|| run.spec.by.clone()),
                });
                self.happen(Event::InstanceAsks { job: key.clone(), index })?;
                let command = environment::Command::Enter { ask };
                self.tell(StreamId::Env(name), AnyCommand::Env(command));
                Ok(())
            }
        }
    }

    /// A gate lets an instance pass. One that is over has left it already.
    pub(super) fn passed(&mut self, key: &JobKey, index: usize) -> Result<(), Illegal> {
        if self.is_asking(key, index)? {
            self.happen(Event::InstancePassed { job: key.clone(), index })?;
        }
        Ok(())
    }

    /// A gate does not, and will not.
    pub(super) fn refused(
        &mut self,
        key: &JobKey,
        index: usize,
        end: JobEnd,
    ) -> Result<(), Illegal> {
        if self.is_asking(key, index)? { self.end_instance(key, index, end) } else { Ok(()) }
    }

    fn is_asking(&self, key: &JobKey, index: usize) -> Result<bool, Illegal> {
        let instance = self.run()?.instance(key, index);
        Ok(instance.is_some_and(|i| matches!(i.state, InstanceState::Gated { asking: true, .. })))
    }

    /// Leaves every gate that an instance has asked.
    pub(super) fn leave_gates(
        &mut self,
        key: &JobKey,
        index: usize,
        end: &JobEnd,
    ) -> Result<(), Illegal> {
        let run = self.run()?;
        let Some(instance) = run.instance(key, index) else { return Ok(()) };
        let asked: Vec<Gate> =
            instance.what.gates.iter().take(instance.gates_asked()).cloned().collect();
        let id = run.spec.id.clone();
        for gate in asked {
            let place = Place::Job { job: key.clone(), index };
            match gate {
                Gate::Concurrency(group) => self.leave(&group, place)?,
                Gate::Environment { name, .. } => {
                    let left = Box::new(JobLeft {
                        run: id.clone(),
                        place,
                        result: end.result,
                        why: end.reason.clone(),
                        url: end.url.clone(),
                    });
                    let command = environment::Command::Leave { left };
                    self.tell(StreamId::Env(name), AnyCommand::Env(command));
                }
            }
        }
        Ok(())
    }
}

fn stream(group: &Concurrency) -> Result<StreamId, Illegal> {
    let id = group.id().map_err(|error| Illegal::new(error.to_string()))?;
    Ok(StreamId::Group(id))
}

/// What has the turn in `group` already and waits for this job to end: the run,
/// a call around it, or the job itself.
fn holder(run: &UnderWay, key: &JobKey, own: &[Gate], group: &Concurrency) -> Option<String> {
    let is_same = |gate: &Gate| matches!(gate, Gate::Concurrency(other) if other.is_same(group));
    if run.concurrency.as_ref().is_some_and(|other| other.is_same(group)) {
        return Some("top level workflow".to_owned());
    }
    if own.iter().any(is_same) {
        return Some(key.to_string());
    }
    let callers = run.callers(key);
    let around = callers.iter().find(|(_, _, caller)| caller.what.gates.iter().any(is_same));
    around.map(|(_, _, caller)| caller.what.name.clone())
}
