//! What a concurrency group is asked, and what happens in it.

use serde::{Deserialize, Serialize};

use super::{Concurrency, Member};

/// What a group is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Somebody wants a turn.
    Enter {
        /// Who.
        member: Member,
        /// As what.
        concurrency: Concurrency,
    },
    /// Somebody is done, or does not want one any more.
    Leave {
        /// Who.
        member: Member,
    },
}

/// What happens in a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Somebody waits for a turn.
    Waits {
        /// Who.
        member: Member,
        /// The group's name, as it is written.
        name: String,
    },
    /// It is somebody's turn.
    Begins {
        /// Whose.
        member: Member,
    },
    /// Somebody that waited gives way to a newcomer.
    GivesWay {
        /// Who.
        member: Member,
    },
    /// Somebody whose turn it is shall end, for a newcomer; it leaves when it
    /// has.
    CallsOff {
        /// Who.
        member: Member,
    },
    /// Somebody left.
    Left {
        /// Who.
        member: Member,
    },
}
