//! The folders that jobs work in. One that its job leaves as it was made is for
//! the next job of the same run: what the steps of one could leave there, those
//! of another could leave anywhere. To make files and to remove them costs more
//! than a short job takes.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use shipway_core::ids::RunId;
use shipway_runner::protocol::Folders;
use tokio::task::{JoinHandle, block_in_place};

use crate::bundle;

/// The folders of the runs under way.
#[derive(Debug, Default)]
pub struct Workspaces {
    runs: Mutex<HashMap<RunId, Places>>,
    /// Removes what is of no run any more.
    leaving: Mutex<Vec<JoinHandle<()>>>,
}

/// The folders of a run, by number.
#[derive(Debug, Default)]
struct Places {
    /// Those that jobs have left as they were made.
    vacant: Vec<usize>,
    /// As many were given.
    given: usize,
}

/// A folder that a job works in.
#[derive(Debug)]
pub(super) struct Workspace {
    number: usize,
    path: PathBuf,
}

impl Workspace {
    /// Where the job's own folders are.
    pub(super) fn folders(&self) -> Folders {
        Folders { workspace: self.path.join("workspace"), temp: self.path.join("temp") }
    }
}

impl Workspaces {
    /// A folder for a job of `run`, whose folders are below `all`.
    pub(super) fn take(&self, run: &RunId, all: &Path) -> io::Result<Workspace> {
        let (number, is_new) = {
            let mut runs = lock(&self.runs);
            let places = runs.entry(run.clone()).or_default();
            match places.vacant.pop() {
                Some(number) => (number, false),
                None => {
                    places.given += 1;
                    (places.given - 1, true)
                }
            }
        };
        let path = all.join(number.to_string());
        if is_new {
            block_in_place(|| bundle::remove(&path))?;
        }
        Ok(Workspace { number, path })
    }

    /// Nothing works in the folder any more.
    pub(super) fn give_back(&self, run: &RunId, workspace: &Workspace) {
        let as_made = block_in_place(|| workspace.folders().are_as_made());
        if as_made.unwrap_or(false) {
            let mut runs = lock(&self.runs);
            runs.entry(run.clone()).or_default().vacant.push(workspace.number);
        } else {
            remove_work(&workspace.path);
        }
    }

    /// No job of the run works any more. Its folders are removed beside what else is
    /// done: that takes a while where the disk has just been written to.
    pub(super) fn leave(&self, run: &RunId, all: PathBuf) {
        if lock(&self.runs).remove(run).is_none() {
            return;
        }
        let removing = tokio::task::spawn_blocking(move || remove_work(&all));
        let mut leaving = lock(&self.leaving);
        leaving.retain(|removing| !removing.is_finished());
        leaving.push(removing);
    }

    /// What is being removed.
    pub(super) fn leaving(&self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut *lock(&self.leaving))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes a folder in which nothing works any more. What cannot be removed is
/// in nobody's way: the next to work there tries again.
pub(super) fn remove_work(work: &Path) {
    if let Err(error) = block_in_place(|| bundle::remove(work)) {
        tracing::warn!(%error, dir = %work.display(), "a workspace cannot be removed");
    }
}
