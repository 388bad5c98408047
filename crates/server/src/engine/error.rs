//! Why the engine stops.

use shipway_core::machine::Illegal;
use shipway_core::view::UnreadableEntry;
use shipway_store::{AcquireError, AppendError, Held, OwnerError, StoreError};

use crate::follow::FollowError;

/// Why the engine stops.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Another process owns the journal.
    #[error(transparent)]
    Held(Box<Held>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal could not be appended to.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The ownership was lost.
    #[error(transparent)]
    Owner(#[from] OwnerError),
    /// The journal could not be followed.
    #[error(transparent)]
    Follow(#[from] FollowError),
    /// An entry just written does not fit.
    #[error(transparent)]
    Entry(#[from] UnreadableEntry),
    /// A machine contradicts itself.
    #[error("the engine's state contradicts itself: {0}")]
    Illegal(#[from] Illegal),
    /// A record cannot be written or read as JSON.
    #[error("a record cannot be written or read: {0}")]
    Json(#[from] serde_json::Error),
    /// What an earlier engine left behind could not be removed.
    #[error("what an earlier engine left behind could not be removed: {0}")]
    Leftovers(#[from] crate::perform::LeftoverError),
}

impl From<AcquireError> for EngineError {
    fn from(error: AcquireError) -> Self {
        match error {
            AcquireError::Held(held) => Self::Held(held),
            AcquireError::Store(error) => Self::Store(error),
        }
    }
}
