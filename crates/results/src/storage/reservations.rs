//! Names that are taken while something is uploaded under them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use shipway_core::ids::RunId;

/// What may exist once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Artifact { run: RunId, attempt: u32, name: String },
    Cache { scope: String, version: String, key: String },
}

/// The names that are taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reservations(Arc<Mutex<HashSet<Key>>>);

/// Keeps a name until it is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    key: Key,
    taken: Reservations,
}

impl Reservations {
    /// Takes a name. `None`: it is taken.
    pub(crate) fn take(&self, key: &Key) -> Option<Reservation> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = taken.insert(key.clone());
        new.then(|| Reservation { key: key.clone(), taken: self.clone() })
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.taken.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_free_again_when_its_upload_is_gone() {
        let taken = Reservations::default();
        let key = Key::Cache { scope: "s".into(), version: "v".into(), key: "k".into() };
        let first = taken.take(&key);
        assert!(first.is_some());
        assert!(taken.take(&key).is_none());
        drop(first);
        assert!(taken.take(&key).is_some());
    }
}
