//! A stream: one machine, the effects it waits for, and what it was told
//! already. What an entry of the journal says is a [`Record`].

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::concurrency::Group;
use crate::effect::{Class, Effect, EffectId, Outcome};
use crate::environment::Environment;
use crate::gate::Ledger;
use crate::ids::{EnvName, PlanId, RunId};
use crate::journal::{Actor, Cause, StreamId, Version};
use crate::machine::{Decision, Illegal, Input, Machine};
use crate::plan::Delivery;
use crate::run::Run;
use crate::{concurrency, environment, gate, plan, run};

/// What an entry of the journal says: the one contract between the engine and
/// every view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// Of a plan.
    Plan(plan::Event),
    /// Of a run.
    Run(run::Event),
    /// Of an environment.
    Env(environment::Event),
    /// Of a concurrency group.
    Group(concurrency::Event),
    /// Of the project's gates.
    Gates(gate::Event),
    /// This is going to be done. Its id is the entry's stream and version.
    Intent {
        /// What.
        #[serde(rename = "do")]
        effect: Effect,
    },
    /// This was done, or not.
    Ended {
        /// The version of the intent's entry.
        intent: Version,
        /// How it ended.
        outcome: Outcome,
    },
}

/// The machine of a stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "machine", content = "state", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "one value a stream, and never moved")]
pub enum State {
    /// A plan's delivery.
    Plan(Delivery),
    /// A run.
    Run(Run),
    /// An environment.
    Env(Environment),
    /// A concurrency group.
    Group(Group),
    /// The project's gates.
    Gates(Ledger),
}

/// A stream, as its entries have made it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    /// Its name.
    pub id: StreamId,
    /// How many entries it has.
    pub version: Version,
    /// The machine.
    pub state: State,
    /// Intents without a result.
    pub pending: BTreeMap<Version, Effect>,
    /// Messages of other streams that it has acted on.
    told: BTreeSet<String>,
}

/// What a stream decides: records to append, and effects to call off.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decided {
    /// To be appended in one transaction, in this order.
    pub records: Vec<Record>,
    /// To be called off once that is done.
    pub cancel: Vec<EffectId>,
}

impl Stream {
    /// A stream without entries.
    pub fn new(id: StreamId) -> Self {
        let state = match &id {
            StreamId::Plan(_) => State::Plan(Delivery::default()),
            StreamId::Run(_) => State::Run(Run::default()),
            StreamId::Env(name) => State::Env(Environment::new(name.clone())),
            StreamId::Group(_) => State::Group(Group::default()),
            StreamId::Gates => State::Gates(Ledger::default()),
        };
        let (pending, told) = (BTreeMap::new(), BTreeSet::new());
        Self { id, version: Version(0), state, pending, told }
    }

    /// The name of the effect that this stream's entry `version` intends.
    pub fn effect_id(&self, version: Version) -> EffectId {
        EffectId { stream: self.id.clone(), version }
    }

    /// What follows from a command. One of another stream that was acted on
    /// before (`cause` tells) changes nothing.
    ///
    /// # Errors
    /// When the machine does not expect it.
    pub fn command(
        &self,
        command: &Command,
        by: &Actor,
        cause: &Cause,
        now: Timestamp,
    ) -> Result<Decided, Illegal> {
        if self.told.contains(&cause.0) {
            return Ok(Decided::default());
        }
        let by = by.clone();
        match (&self.state, command.clone()) {
            (State::Plan(machine), Command::Plan(command)) => {
                decided(machine, &Input::Command { command, by }, now, Record::Plan)
            }
            (State::Run(machine), Command::Run(command)) => {
                decided(machine, &Input::Command { command, by }, now, Record::Run)
            }
            (State::Env(machine), Command::Env(command)) => {
                decided(machine, &Input::Command { command, by }, now, Record::Env)
            }
            (State::Group(machine), Command::Group(command)) => {
                decided(machine, &Input::Command { command, by }, now, Record::Group)
            }
            (State::Gates(machine), Command::Gates(command)) => {
                decided(machine, &Input::Command { command, by }, now, Record::Gates)
            }
            (_, command) => Err(Illegal::new(format!("{} cannot be told {command:?}", self.id))),
        }
    }

    /// What follows from the end of an effect. The first record is the end
    /// itself.
    ///
    /// # Errors
    /// When the effect is not under way, or the machine does not expect it.
    pub fn ended(
        &self,
        intent: Version,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Decided, Illegal> {
        if !self.pending.contains_key(&intent) {
            return Err(Illegal::new(format!("{} is not under way", self.effect_id(intent))));
        }
        let mut decided = self.react(&Ended { intent, outcome: outcome.clone() }, now)?;
        decided.records.insert(0, Record::Ended { intent, outcome });
        Ok(decided)
    }

    /// What follows from a deadline.
    ///
    /// # Errors
    /// When the machine's own decision contradicts it.
    pub fn tick(&self, now: Timestamp) -> Result<Decided, Illegal> {
        match &self.state {
            State::Plan(machine) => decided(machine, &Input::Tick, now, Record::Plan),
            State::Run(machine) => decided(machine, &Input::Tick, now, Record::Run),
            State::Env(machine) => decided(machine, &Input::Tick, now, Record::Env),
            State::Group(machine) => decided(machine, &Input::Tick, now, Record::Group),
            State::Gates(machine) => decided(machine, &Input::Tick, now, Record::Gates),
        }
    }

    fn react(&self, ended: &Ended, now: Timestamp) -> Result<Decided, Illegal> {
        let (effect, outcome) = (self.effect_id(ended.intent), ended.outcome.clone());
        match &self.state {
            State::Plan(m) => decided(m, &Input::Ended { effect, outcome }, now, Record::Plan),
            State::Run(m) => decided(m, &Input::Ended { effect, outcome }, now, Record::Run),
            State::Env(m) => decided(m, &Input::Ended { effect, outcome }, now, Record::Env),
            State::Group(m) => decided(m, &Input::Ended { effect, outcome }, now, Record::Group),
            State::Gates(m) => decided(m, &Input::Ended { effect, outcome }, now, Record::Gates),
        }
    }

    /// How an entry changes the stream: the same live and on recovery.
    ///
    /// # Errors
    /// When the state does not expect it.
    pub fn evolve(
        &mut self,
        record: &Record,
        cause: Option<&Cause>,
        at: Timestamp,
    ) -> Result<(), Illegal> {
        self.version.0 += 1;
        match (record, &mut self.state) {
            (Record::Plan(event), State::Plan(machine)) => machine.evolve(event, at)?,
            (Record::Run(event), State::Run(machine)) => machine.evolve(event, at)?,
            (Record::Env(event), State::Env(machine)) => machine.evolve(event, at)?,
            (Record::Group(event), State::Group(machine)) => machine.evolve(event, at)?,
            (Record::Gates(event), State::Gates(machine)) => machine.evolve(event, at)?,
            (Record::Intent { effect }, _) => self.began(effect),
            (Record::Ended { intent, .. }, _) => {
                self.pending.remove(intent).ok_or_else(|| {
                    Illegal::new(format!("{} is not under way", self.effect_id(*intent)))
                })?;
            }
            _ => return Err(Illegal::new(format!("an entry of another kind in {}", self.id))),
        }
        if let Some(cause) = cause.filter(|cause| cause.0.contains('#')) {
            self.told.insert(cause.0.clone());
        }
        Ok(())
    }

    fn began(&mut self, effect: &Effect) {
        let id = self.effect_id(self.version);
        self.pending.insert(self.version, effect.clone());
        match &mut self.state {
            State::Plan(machine) => machine.began(&id, effect),
            State::Run(machine) => machine.began(&id, effect),
            State::Env(machine) => machine.began(&id, effect),
            State::Group(machine) => machine.began(&id, effect),
            State::Gates(machine) => machine.began(&id, effect),
        }
    }

    fn wants(&self, version: Version, effect: &Effect) -> bool {
        let id = self.effect_id(version);
        match &self.state {
            State::Plan(machine) => machine.wants(&id, effect),
            State::Run(machine) => machine.wants(&id, effect),
            State::Env(machine) => machine.wants(&id, effect),
            State::Group(machine) => machine.wants(&id, effect),
            State::Gates(machine) => machine.wants(&id, effect),
        }
    }

    /// What has to be done about intents without a result after a restart:
    /// what converges is begun again, what happens once is lost. What was
    /// called off before is lost as well, whatever its class: nobody waits for
    /// it, and nobody would call it off again.
    pub fn recover(&self) -> (Vec<Version>, Vec<Version>) {
        let redo = |version: &Version, effect: &Effect| {
            effect.class() == Class::Converge && self.wants(*version, effect)
        };
        let pending = self.pending.iter();
        let (again, lost): (Vec<_>, Vec<_>) =
            pending.partition(|(version, effect)| redo(version, effect));
        let versions = |effects: Vec<(&Version, &Effect)>| {
            effects.into_iter().map(|(version, _)| *version).collect()
        };
        (versions(again), versions(lost))
    }

    /// When to look again if nothing happens before.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        match &self.state {
            State::Plan(machine) => machine.next_deadline(),
            State::Run(machine) => machine.next_deadline(),
            State::Env(machine) => machine.next_deadline(),
            State::Group(machine) => machine.next_deadline(),
            State::Gates(machine) => machine.next_deadline(),
        }
    }

    /// Nothing will ever happen in it again.
    pub fn is_over(&self) -> bool {
        let machine_is = match &self.state {
            State::Plan(delivery) => matches!(delivery, Delivery::Closed { .. }),
            State::Run(run) => matches!(run, Run::Ended { .. }),
            State::Env(_) | State::Gates(_) => false,
            State::Group(group) => group.is_empty(),
        };
        machine_is && self.pending.is_empty()
    }

    /// There is work in it that no person has to be asked for first.
    pub fn is_busy(&self) -> bool {
        let machine_is = match &self.state {
            State::Env(env) => env.is_busy(),
            State::Run(run) => run.is_busy(),
            State::Plan(_) | State::Group(_) | State::Gates(_) => false,
        };
        machine_is || !self.pending.is_empty()
    }

    /// The plan's name and state, if it is a plan's stream.
    pub fn plan(&self) -> Option<(&PlanId, &Delivery)> {
        match (&self.id, &self.state) {
            (StreamId::Plan(id), State::Plan(delivery)) => Some((id, delivery)),
            _ => None,
        }
    }

    /// The run's name and state, if it is a run's stream.
    pub fn run(&self) -> Option<(&RunId, &Run)> {
        match (&self.id, &self.state) {
            (StreamId::Run(id), State::Run(run)) => Some((id, run)),
            _ => None,
        }
    }

    /// The gates' state, if it is their stream.
    pub fn gates(&self) -> Option<&Ledger> {
        match &self.state {
            State::Gates(ledger) => Some(ledger),
            _ => None,
        }
    }

    /// The environment's name and state, if it is an environment's stream.
    pub fn env(&self) -> Option<(&EnvName, &Environment)> {
        match (&self.id, &self.state) {
            (StreamId::Env(name), State::Env(env)) => Some((name, env)),
            _ => None,
        }
    }
}

struct Ended {
    intent: Version,
    outcome: Outcome,
}

fn decided<M: Machine>(
    machine: &M,
    input: &Input<M::Command>,
    now: Timestamp,
    record: fn(M::Event) -> Record,
) -> Result<Decided, Illegal> {
    let mut all = Decided::default();
    for decision in machine.decide(input, now)? {
        match decision {
            Decision::Event(event) => all.records.push(record(event)),
            Decision::Do(effect) => all.records.push(Record::Intent { effect }),
            Decision::Cancel(effect) => all.cancel.push(effect),
        }
    }
    Ok(all)
}
