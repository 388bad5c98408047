//! The engine's side: starts a worker for a job and lets nothing of it remain.

mod command;
mod conversation;

use indexmap::IndexMap;
use shipway_process::{Command, Contained, KillError, Lifetime, kill_leftovers};
use std::process::Stdio;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::protocol::{Event, JobMessage, JobResult, Reason};

pub use command::WorkerCommand;

/// How a job ended, as the engine knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobOutcome {
    /// The worker said so; nothing of the job is left.
    Ended {
        /// How.
        result: JobResult,
        /// The job's outputs.
        outputs: IndexMap<String, String>,
        /// Why, unless it succeeded.
        reason: Option<Reason>,
    },
    /// The worker crashed, fell silent or did not stop: nobody knows how far
    /// the job came.
    Lost {
        /// What is known, in a line.
        reason: String,
    },
}

/// Executes one job in a worker process and returns when nothing of it is left
/// running: neither after its end nor after a cancellation, a time-out or a
/// crash of the worker. Dropping the future kills the worker and everything
/// that it started.
///
/// `events` gets everything but heartbeats and the end; a full channel slows
/// the job down rather than filling memory. When its receiver is gone, the job
/// goes on unheard. After `cancel`, the running step is interrupted and
/// `always()` steps run, within [`crate::protocol::Limits::cancel_ms`].
pub async fn run_job(
    worker: &WorkerCommand,
    message: JobMessage,
    events: mpsc::Sender<Event>,
    cancel: CancellationToken,
) -> JobOutcome {
    let mut child = match start(worker, &message) {
        Ok(child) => child,
        Err(error) => return not_started(error.to_string()),
    };
    let limits = message.limits;
    let overdue = async {
        cancel.cancelled().await;
        let steps = limits.cancel_ms + 2 * (limits.interrupt_ms + limits.terminate_ms);
        tokio::time::sleep(Duration::from_millis(steps + 3 * limits.heartbeat_ms)).await;
    };
    let outcome = tokio::select! {
        outcome = conversation::hold(&mut child, message, events, &cancel) => outcome,
        () = overdue => lost("the worker did not stop in time after the cancellation"),
    };
    match child.kill_all().await {
        Ok(_) => outcome,
        Err(error) => lost(error.to_string()),
    }
}

/// Kills what an earlier engine's worker for this effect left behind, if that
/// engine and the worker died together; says how many there were.
///
/// # Errors
/// When something may be left.
pub async fn clean_up(effect: &str) -> Result<usize, KillError> {
    kill_leftovers(&worker_name(effect)).await
}

fn worker_name(effect: &str) -> String {
    format!("job-{effect}")
}

fn start(
    worker: &WorkerCommand,
    message: &JobMessage,
) -> Result<Contained, shipway_process::SpawnError> {
    Command::new(worker_name(&message.effect), &worker.program)
        .args(&worker.args)
        .envs(worker.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // It sees its stdin close when the engine dies, and then kills what
        // its steps started; killed itself, it could not.
        .lifetime(Lifetime::WithHandle)
        .spawn()
}

fn not_started(message: String) -> JobOutcome {
    JobOutcome::Ended {
        result: JobResult::Failure,
        outputs: IndexMap::new(),
        reason: Some(Reason::Worker { message }),
    }
}

fn lost(reason: impl Into<String>) -> JobOutcome {
    JobOutcome::Lost { reason: reason.into() }
}
