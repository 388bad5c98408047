//! What every state machine of the pipeline is made of.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::effect::{Effect, EffectId, Outcome};
use crate::journal::{Actor, StreamId};

/// What a machine is asked to decide on.
#[derive(Debug, Clone, PartialEq)]
pub enum Input<C> {
    /// Somebody, or another stream, wants something.
    Command {
        /// What.
        command: C,
        /// Who.
        by: Actor,
    },
    /// An effect ended.
    Ended {
        /// Which one.
        effect: EffectId,
        /// How.
        outcome: Outcome,
    },
    /// A deadline has come.
    Tick,
}

/// What a machine decides: facts, things to be done, things to be called off.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision<E> {
    /// This has happened.
    Event(E),
    /// This shall be done.
    Do(Effect),
    /// This shall not be done any more; it ends as cancelled, if it has not
    /// ended by then.
    Cancel(EffectId),
}

/// An input or event that the state does not expect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct Illegal {
    /// Why, for people.
    pub message: String,
}

impl Illegal {
    /// What was not expected, in words.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

/// A state machine: three pure functions.
pub trait Machine: Sized {
    /// What is asked of it.
    type Command;
    /// What happens in it.
    type Event;

    /// What follows from `input`. The state itself does not change here: the
    /// events do that once they are in the journal.
    ///
    /// # Errors
    /// When the state does not expect the input.
    fn decide(
        &self,
        input: &Input<Self::Command>,
        now: Timestamp,
    ) -> Result<Vec<Decision<Self::Event>>, Illegal>;

    /// How `event` changes the state.
    ///
    /// # Errors
    /// When the state does not expect the event.
    fn evolve(&mut self, event: &Self::Event, at: Timestamp) -> Result<(), Illegal>;

    /// Remembers that an effect was begun.
    fn began(&mut self, id: &EffectId, effect: &Effect);

    /// Whether an effect that has not ended is still wanted. What was called
    /// off is not, and is not begun again after a restart.
    fn wants(&self, id: &EffectId, effect: &Effect) -> bool;

    /// When to look again if nothing happens before.
    fn next_deadline(&self) -> Option<Timestamp>;
}

/// A decision under way: facts change a copy of the state as they are decided,
/// so that what follows from them can be decided in the same turn.
pub(crate) struct Turn<M: Machine> {
    pub(crate) state: M,
    pub(crate) now: Timestamp,
    out: Vec<Decision<M::Event>>,
}

impl<M: Machine + Clone> Turn<M> {
    pub(crate) fn new(state: &M, now: Timestamp) -> Self {
        Self { state: state.clone(), now, out: Vec::new() }
    }

    /// This has happened.
    pub(crate) fn happen(&mut self, event: M::Event) -> Result<(), Illegal> {
        self.state.evolve(&event, self.now)?;
        self.out.push(Decision::Event(event));
        Ok(())
    }

    /// This shall be done.
    pub(crate) fn perform(&mut self, effect: Effect) {
        self.out.push(Decision::Do(effect));
    }

    /// Another stream shall know.
    pub(crate) fn tell(&mut self, to: StreamId, command: Command) {
        self.perform(Effect::Tell { to, command: Box::new(command) });
    }

    /// This shall not be done any more.
    pub(crate) fn cancel(&mut self, effect: EffectId) {
        self.out.push(Decision::Cancel(effect));
    }

    /// Something was decided on in this turn that has an end to wait for.
    pub(crate) fn is_performing(&self) -> bool {
        let waited_for = |effect: &Effect| !matches!(effect, Effect::Tell { .. });
        self.out.iter().any(|d| matches!(d, Decision::Do(effect) if waited_for(effect)))
    }

    pub(crate) fn done(self) -> Vec<Decision<M::Event>> {
        self.out
    }
}
