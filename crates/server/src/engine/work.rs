//! What the engine has to do next.

use shipway_core::command::Command;
use shipway_core::effect::{EffectId, Outcome};
use shipway_core::journal::StreamId;
use shipway_store::Input;

/// What the engine has to do next.
pub(super) enum Work {
    /// Somebody asks.
    Input(Input),
    /// One stream tells another.
    Tell { effect: EffectId, to: StreamId, command: Command },
    /// An effect ended.
    Ended { effect: EffectId, outcome: Outcome },
    /// A deadline has come.
    Tick { stream: StreamId },
}
