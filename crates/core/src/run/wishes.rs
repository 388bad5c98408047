//! What whoever asks for a run wants of it, beside its event.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use shipway_workflow::matrix::Combination;

/// What whoever asks for a run wants of it, beside its event.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Wishes {
    /// Environment variables of every step; those of the workflow go before.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub env: IndexMap<String, String>,
    /// Only combinations of matrices that have these values, each key with those
    /// that are wanted; a combination without the key is one.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub matrix: IndexMap<String, Vec<String>>,
    /// Only actions that the lock file pins, at its commits.
    #[serde(default)]
    pub locked: bool,
    /// Only actions that are on this machine.
    #[serde(default)]
    pub offline: bool,
}

impl Wishes {
    /// Whether nothing is wanted.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a combination is one of those that are wanted.
    pub(super) fn wants(&self, combination: &Combination) -> bool {
        self.matrix.iter().all(|(key, values)| {
            let value = combination.values.get(key);
            value.is_none_or(|value| values.contains(&value.to_text()))
        })
    }
}
