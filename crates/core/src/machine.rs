//! What every state machine of the pipeline is made of.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::effect::{Effect, EffectId, Outcome};
use crate::journal::Actor;

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
