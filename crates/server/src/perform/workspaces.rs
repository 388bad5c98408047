//! The folders that jobs work in. One that its job leaves as it was made is for
//! the next job of the same run: what the steps of one could leave there, those
//! of another could leave anywhere. To make files and to remove them costs more
//! than a short job takes.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use shipway_core::ids::RunId;
use shipway_runner::protocol::Folders;
use tokio::task::{JoinHandle, block_in_place};

use crate::bundle;

/// The folders of the runs under way.
#[derive(Debug, Default)]
pub struct Workspaces {
    runs: Arc<Runs>,
    /// Removes what is of no run any more.
    leaving: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Runs {
    places: Mutex<HashMap<RunId, Places>>,
    /// A folder has been looked through.
    looked: Condvar,
}

/// The folders of a run, by number.
#[derive(Debug, Default)]
struct Places {
    /// Those that jobs have left as they were made.
    vacant: Vec<usize>,
    /// As many were given.
    given: usize,
    /// As many are looked through, and may be vacant then.
    looking: usize,
    /// Looks them through, and removes those in which something is left.
    returning: Vec<JoinHandle<()>>,
}

impl Places {
    /// A number for a job, and whether its folder is new; nothing while one may
    /// become vacant.
    fn number(&mut self) -> Option<(usize, bool)> {
        let vacant = self.vacant.pop().map(|number| (number, false));
        vacant.or_else(|| {
            (self.looking == 0).then(|| {
                self.given += 1;
                (self.given - 1, true)
            })
        })
    }
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
        let (number, is_new) = self.runs.number(run);
        let path = all.join(number.to_string());
        if is_new {
            block_in_place(|| bundle::remove(&path))?;
        }
        Ok(Workspace { number, path })
    }

    /// Nothing works in the folder any more. It is looked through, and may have to be
    /// removed, beside what follows from the job's end.
    pub(super) fn give_back(&self, run: &RunId, workspace: Workspace) {
        let (runs, id) = (Arc::clone(&self.runs), run.clone());
        let mut places = lock(&self.runs.places);
        let places = places.entry(run.clone()).or_default();
        places.looking += 1;
        places.returning.retain(|returning| !returning.is_finished());
        places.returning.push(tokio::task::spawn_blocking(move || {
            let mut looking = Looking { runs, run: id, vacant: None };
            let as_made = workspace.folders().are_as_made().unwrap_or(false);
            looking.vacant = as_made.then_some(workspace.number);
            drop(looking);
            if !as_made {
                remove_work(&workspace.path);
            }
        }));
    }

    /// No job of the run works any more. Its folders are removed beside what else is
    /// done: that takes a while where the disk has just been written to.
    pub(super) fn leave(&self, run: &RunId, all: PathBuf) {
        let Some(places) = lock(&self.runs.places).remove(run) else { return };
        let removing = tokio::spawn(async move {
            for returning in places.returning {
                // One that panicked leaves more to be removed.
                drop(returning.await);
            }
            remove_work(&all);
        });
        let mut leaving = lock(&self.leaving);
        leaving.retain(|removing| !removing.is_finished());
        leaving.push(removing);
    }

    /// What is being removed.
    pub(super) fn leaving(&self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut *lock(&self.leaving))
    }
}

impl Runs {
    /// A number for a job, and whether its folder is new. One that is being looked
    /// through is waited for: that takes less than to make another.
    fn number(&self, run: &RunId) -> (usize, bool) {
        let now = lock(&self.places).entry(run.clone()).or_default().number();
        now.unwrap_or_else(|| block_in_place(|| self.number_looked_for(run)))
    }

    fn number_looked_for(&self, run: &RunId) -> (usize, bool) {
        let mut all = lock(&self.places);
        loop {
            if let Some(number) = all.entry(run.clone()).or_default().number() {
                return number;
            }
            all = self.looked.wait(all).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A folder is looked through; dropped, it was, however that ended.
struct Looking {
    runs: Arc<Runs>,
    run: RunId,
    /// Its number, if it is as it was made.
    vacant: Option<usize>,
}

impl Drop for Looking {
    fn drop(&mut self) {
        if let Some(places) = lock(&self.runs.places).get_mut(&self.run) {
            places.looking -= 1;
            places.vacant.extend(self.vacant);
        }
        self.runs.looked.notify_all();
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// As a worker makes them.
    fn furnish(workspace: &Workspace) {
        let Folders { workspace, temp } = workspace.folders();
        for folder in ["_temp", "_tool", "_github_workflow"] {
            fs::create_dir_all(temp.join(folder)).unwrap();
        }
        fs::create_dir_all(workspace).unwrap();
        fs::write(temp.join("_github_workflow/event.json"), "{}").unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_folder_goes_to_the_next_job_as_it_was_made_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let (workspaces, run) = (Workspaces::default(), RunId::new("r1").unwrap());
        let take = || workspaces.take(&run, dir.path()).unwrap();
        let (one, two) = (take(), take());
        let (first, second) = (one.path.clone(), two.path.clone());
        assert_ne!(first, second);
        furnish(&one);
        furnish(&two);
        fs::write(two.folders().workspace.join("left"), "").unwrap();
        workspaces.give_back(&run, one);
        workspaces.give_back(&run, two);
        // What is still being looked through is waited for.
        let again = [take().path, take().path];
        assert!(again.contains(&first) && !again.contains(&second), "{again:?}");
        let all = dir.path().to_owned();
        workspaces.leave(&run, all.clone());
        for gone in workspaces.leaving() {
            gone.await.unwrap();
        }
        assert!(!all.exists());
    }
}
