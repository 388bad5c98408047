//! The thread that forks.
//!
//! `PR_SET_PDEATHSIG` is tied to the *thread* that forked, not to its process
//! (prctl(2)): a child started on a pool's thread would be killed when the pool
//! shrinks. So children that die with their parent are started on a thread that
//! lives as long as the process: the first one, if that is who asks, or else
//! one that does nothing else.

use std::io;
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};

type Job = Box<dyn FnOnce() + Send>;

static SPAWNER: OnceLock<Mutex<Option<mpsc::Sender<Job>>>> = OnceLock::new();

/// Runs `start` on a thread that lives as long as the process.
pub(crate) fn on_lasting_thread<T: Send + 'static>(
    start: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    // The first thread has its process's id (gettid(2)), and its end is the
    // process's.
    if rustix::thread::gettid() == rustix::process::getpid() {
        return start();
    }
    let (answer, answered) = mpsc::sync_channel(1);
    let job: Job = Box::new(move || {
        // The asker waits below; it cannot have gone.
        let _ = answer.send(start());
    });
    sender()?.send(job).map_err(|_| io::Error::other("the spawning thread has died"))?;
    answered.recv().map_err(|_| io::Error::other("the spawning thread has died"))?
}

fn sender() -> io::Result<mpsc::Sender<Job>> {
    let slot = SPAWNER.get_or_init(|| Mutex::new(None));
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(sender) = &*slot {
        return Ok(sender.clone());
    }
    let (sender, jobs) = mpsc::channel::<Job>();
    std::thread::Builder::new()
        .name("shipway-spawner".to_owned())
        .spawn(move || jobs.into_iter().for_each(|job| job()))?;
    *slot = Some(sender.clone());
    Ok(sender)
}
