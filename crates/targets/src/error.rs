//! What can go wrong at a target.

use crate::material::MaterialError;

/// What can go wrong at a target.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// A newer deployment has been here.
    #[error("generation {asked} is stale: the target has seen a newer deployment of {app}")]
    StaleGeneration {
        /// Of what.
        app: String,
        /// The generation that was refused.
        asked: u64,
    },
    /// The target refuses; asking again changes nothing.
    #[error("the target refused: {0}")]
    Refused(String),
    /// The target cannot be reached, or broke off; it may answer later.
    #[error("the target cannot be reached: {0}")]
    Unreachable(String),
    /// What shall be run cannot be had.
    #[error(transparent)]
    Material(#[from] MaterialError),
}

impl TargetError {
    /// Whether asking again may help.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }
}
