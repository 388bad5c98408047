//! Workers that wait for their next job.
//!
//! To start a process costs more than a short job takes, so a worker that has
//! ended one in order may take the next, of the same run: what one job of a run
//! could do to a worker, the steps of another could do to it themselves. One that
//! had no job yet may take anyone's.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shipway_core::ids::RunId;
use shipway_core::run::WorkflowText;
use shipway_process::{Command, Contained, KillError, Lifetime, SpawnError, Stdio, kill_leftovers};
use tokio::net::unix::pipe;
use tokio::task::JoinHandle;
use tokio_util::codec::FramedRead;

use super::WorkerCommand;
use super::conversation::Tail;
use crate::docker::{self, DockerError};
use crate::protocol::Frames;

/// How long a worker waits for its next job.
const PATIENCE: Duration = Duration::from_secs(2);

/// As much may be on its way from a worker, and is read from it at once.
const ROOM: usize = 1 << 20;

/// The workers of one engine.
#[derive(Clone)]
pub struct Workers {
    command: WorkerCommand,
    /// What they are found by after a crash.
    name: String,
    idle: Arc<Mutex<Vec<Idle>>>,
}

/// A worker with its pipes.
pub(super) struct Worker {
    pub(super) child: Contained,
    pub(super) stdin: pipe::Sender,
    pub(super) heard: FramedRead<pipe::Receiver, Frames>,
    pub(super) complaints: Tail,
    /// The workflow's text that it has got with a job.
    pub(super) has: Option<WorkflowText>,
    number: u64,
}

struct Idle {
    worker: Worker,
    /// The run whose jobs it had; `None`: it had none.
    run: Option<RunId>,
}

/// A worker that cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoWorker {
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    #[error("the worker's pipes cannot be used: {0}")]
    Pipes(#[from] std::io::Error),
}

impl Workers {
    /// Workers that `command` starts. `owner` names what they work for, the
    /// same after a crash: see [`Workers::clean_up`].
    pub fn new(command: WorkerCommand, owner: &str) -> Self {
        Self { command, name: format!("worker-{owner}"), idle: Arc::default() }
    }

    /// Kills what the workers of an earlier engine left behind, if it and they
    /// died together; says how many there were. Before any job is run.
    ///
    /// # Errors
    /// When something may be left.
    pub async fn clean_up(&self) -> Result<usize, KillError> {
        kill_leftovers(&self.name).await
    }

    /// Removes what a job's worker, which is dead, left behind in Docker.
    ///
    /// # Errors
    /// When something may be left.
    pub(super) async fn clean_containers(&self, effect: &str) -> Result<(), DockerError> {
        let variable = |name: &str| self.command.variable(name);
        docker::clean_up(effect, &variable).await.map(drop)
    }

    /// Starts one in advance, so that a first job need not wait until a process is
    /// there. One that nothing comes for ends soon.
    pub fn prepare(&self) {
        let workers = self.clone();
        tokio::task::spawn_blocking(move || match workers.start() {
            Ok(worker) => workers.keep(worker, None),
            // Whose job needs one tries again, and says why it cannot be had.
            Err(error) => tracing::debug!(%error, "no worker is started in advance"),
        });
    }

    /// One that waits for a job of `run`, or a new one.
    pub(super) fn take(&self, run: &RunId) -> Result<Worker, NoWorker> {
        loop {
            let waiting = {
                let mut idle = self.idle();
                let of = |run: Option<&RunId>| idle.iter().position(|i| i.run.as_ref() == run);
                let at = of(Some(run)).or_else(|| of(None));
                at.map(|at| idle.swap_remove(at).worker)
            };
            let Some(mut worker) = waiting else { return self.start() };
            // One that has ended meanwhile is cleaned up behind by its drop.
            if worker.child.try_wait()?.is_none() {
                return Ok(worker);
            }
        }
    }

    fn start(&self) -> Result<Worker, NoWorker> {
        static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let command = &self.command;
        let mut child = Command::new(&self.name, &command.program)
            .args(&command.args)
            .envs(command.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // It sees its stdin close when the engine dies, and then kills
            // what its steps started; killed itself, it could not.
            .lifetime(Lifetime::WithHandle)
            .spawn()?;
        let absent = || std::io::Error::other("one is missing");
        let stdin = child.take_stdin()?.ok_or_else(absent)?;
        let stdout = child.take_stdout()?.ok_or_else(absent)?;
        let stderr = child.take_stderr()?.ok_or_else(absent)?;
        // Fewer and larger pieces; where it is not allowed, it stays.
        if let Err(error) = rustix::pipe::fcntl_setpipe_size(&stdout, ROOM) {
            tracing::debug!(%error, "a worker's pipe stays as small as it is");
        }
        Ok(Worker {
            child,
            stdin,
            heard: FramedRead::with_capacity(stdout, Frames::default(), ROOM),
            complaints: Tail::of(stderr),
            has: None,
            number: COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed),
        })
    }

    /// Lets a worker wait for the next job of `run`, if nothing but itself is
    /// left of the last one.
    ///
    /// # Errors
    /// When something may be left of it.
    pub(super) async fn put_back(&self, mut worker: Worker, run: RunId) -> Result<(), KillError> {
        let pid = worker.child.pid();
        let alone = worker.child.record().members().is_ok_and(|members| members == [pid]);
        if !alone || self.idle().len() >= most_idle() {
            return worker.child.kill_all().await.map(drop);
        }
        self.keep(worker, Some(run));
        Ok(())
    }

    /// Ends those that wait, if any do, beside whatever else is done.
    #[must_use]
    pub fn dismiss(&self) -> Option<JoinHandle<()>> {
        let idle = std::mem::take(&mut *self.idle());
        (!idle.is_empty()).then(|| tokio::task::spawn_blocking(move || drop(idle)))
    }

    /// Lets a worker wait, but not for long.
    fn keep(&self, worker: Worker, run: Option<RunId>) {
        let number = worker.number;
        self.idle().push(Idle { worker, run });
        let idle = Arc::downgrade(&self.idle);
        tokio::spawn(async move {
            tokio::time::sleep(PATIENCE).await;
            let Some(idle) = idle.upgrade() else { return };
            let waited = {
                let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
                let at = idle.iter().position(|idle| idle.worker.number == number);
                at.map(|at| idle.swap_remove(at))
            };
            if let Some(mut idle) = waited
                && let Err(error) = idle.worker.child.kill_all().await
            {
                tracing::error!(%error, "a worker may be left behind");
            }
        });
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// More than work at one time never wait.
fn most_idle() -> usize {
    static MOST: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    *MOST.get_or_init(|| std::thread::available_parallelism().map_or(2, usize::from))
}
