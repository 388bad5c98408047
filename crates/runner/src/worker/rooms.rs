//! Where steps' programs were and left nothing, for those of later steps: also
//! of the next job, which is of the same run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shipway_process::Room;

/// Rooms that nobody is in.
#[derive(Clone, Default)]
pub(crate) struct Rooms(Arc<Mutex<Vec<Room>>>);

impl Rooms {
    /// One, if there is one.
    pub(crate) fn take(&self) -> Option<Room> {
        self.lock().pop()
    }

    /// Keeps one.
    pub(crate) fn put(&self, room: Room) {
        self.lock().push(room);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Room>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
