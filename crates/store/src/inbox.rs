//! Inputs: what any process may ask of the journal's owner.

use std::fmt;

use jiff::Timestamp;
use shipway_core::ids::BadName;
use shipway_core::journal::Actor;

use crate::error::StoreError;

/// An input's id, chosen by its sender so that a repeat is recognised.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InputId(String);

impl InputId {
    /// Checks and takes `text` as an id.
    ///
    /// # Errors
    /// When it is empty, longer than 200 bytes, or has control characters.
    pub fn new(text: impl Into<String>) -> Result<Self, BadName> {
        let text = text.into();
        if text.is_empty() || text.len() > 200 || text.chars().any(char::is_control) {
            let rule = "an input id has 1 to 200 bytes and no control characters";
            return Err(BadName { text, kind: "input id", rule });
        }
        Ok(Self(text))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InputId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is asked of the owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Chosen by the sender.
    pub id: InputId,
    /// When it was sent, by the sender's clock.
    pub at: Timestamp,
    /// Who asks.
    pub actor: Actor,
    /// What, as JSON.
    pub payload: String,
}

/// An input's place in the inbox; later inputs have greater ones. 0 is before
/// the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct InputPos(pub u64);

/// What became of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputStatus {
    /// The owner has not dealt with it.
    Pending,
    /// It has, and what follows is in the journal.
    Handled,
    /// The owner refused it.
    Refused {
        /// Why, for the sender.
        reason: String,
    },
}

/// How the owner settles an input, in the transaction that appends what
/// follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The input.
    pub id: InputId,
    /// `None` if it was handled, else why it was refused.
    pub refused: Option<String>,
}

impl Settled {
    /// The input was handled.
    pub const fn handled(id: InputId) -> Self {
        Self { id, refused: None }
    }

    /// The input was refused, with a reason for its sender.
    pub fn refused(id: InputId, reason: impl Into<String>) -> Self {
        Self { id, refused: Some(reason.into()) }
    }
}

/// What happened to a submitted input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submitted {
    /// It is in the inbox.
    New,
    /// It was there before.
    Again(InputStatus),
}

/// Why an input was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// Another input, with another payload or actor, has this id.
    #[error("another input has the id {0}: choose one that nobody else uses")]
    IdTaken(InputId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked() {
        assert!(InputId::new("ship/3f2a 1").is_ok());
        for bad in ["", "a\nb", &"x".repeat(201)] {
            assert!(InputId::new(bad).is_err(), "{bad:?}");
        }
    }
}
