//! What is asked of git before somebody wants to know, beside other work.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::{GitError, Repository, WorkTree, configured_origin};

/// A question to git, on a thread of its own.
type Asking<T> = JoinHandle<Result<T, GitError>>;

/// What was asked, for the first who wants to know; clones of a repository share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Ahead(Arc<Mutex<Asked>>);

#[derive(Debug, Default)]
struct Asked {
    origin: Option<Asking<Option<String>>>,
    work_tree: Option<Asking<WorkTree>>,
}

/// Dropped, it waits for what was asked ahead and nobody wanted to know: a process
/// that ended before would leave files behind.
#[derive(Debug)]
#[must_use]
pub struct LookingAhead(Ahead);

impl Repository {
    /// Asks what nearly every plan asks, beside what this thread does meanwhile.
    /// Who asks again waits for the answer, or hears what is wrong itself.
    /// `memory` is that of [`Self::work_tree`].
    pub fn look_ahead(&self, memory: &Path) -> LookingAhead {
        let (repository, memory) = (self.clone(), memory.to_owned());
        let work_tree = thread::spawn(move || repository.look_at_work_tree(&memory));
        let root = self.root.clone();
        let origin = thread::spawn(move || configured_origin(&root));
        *self.ahead.asked() = Asked { origin: Some(origin), work_tree: Some(work_tree) };
        let repository = self.clone();
        thread::spawn(move || drop(repository.head()));
        LookingAhead(self.ahead.clone())
    }
}

impl Ahead {
    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `origin` is, if that was asked and nobody has heard it yet.
    pub(super) fn origin(&self) -> Option<Result<Option<String>, GitError>> {
        let asking = self.asked().origin.take();
        asking.and_then(|asking| asking.join().ok())
    }

    /// The same of the work tree.
    pub(super) fn work_tree(&self) -> Option<Result<WorkTree, GitError>> {
        let asking = self.asked().work_tree.take();
        asking.and_then(|asking| asking.join().ok())
    }
}

impl Drop for LookingAhead {
    fn drop(&mut self) {
        // Nobody wants to know.
        drop((self.0.origin(), self.0.work_tree()));
    }
}
