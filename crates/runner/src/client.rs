//! The engine's side: has a worker execute a job, and lets nothing of it remain.

mod command;
mod conversation;
mod listen;
mod orders;
mod workers;

use indexmap::IndexMap;
use std::time::Duration;

use crate::protocol::{JobMessage, JobResult, Reason};

pub use command::WorkerCommand;
pub use listen::Listen;
pub use orders::Orders;
pub use workers::Workers;

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
/// crash of the worker. (The worker itself may wait for the next job.) Dropping
/// the future kills the worker and everything that it started.
///
/// `listener` hears everything but heartbeats and the end; one that takes its time
/// slows the job down rather than filling memory. After a cancellation, the running
/// step is interrupted and `always()` steps run, within
/// [`crate::protocol::Limits::cancel_ms`].
pub async fn run_job(
    workers: &Workers,
    message: JobMessage,
    listener: impl Listen,
    orders: impl Into<Orders>,
) -> JobOutcome {
    let orders = orders.into();
    let cancel = orders.cancel.clone();
    let mut worker = match workers.take(&message.run) {
        Ok(worker) => worker,
        Err(error) => return not_started(error.to_string()),
    };
    let (limits, run) = (message.limits, message.run.clone());
    let effect = message.effect.clone();
    let overdue = async {
        cancel.cancelled().await;
        let steps = limits.cancel_ms + 2 * (limits.interrupt_ms + limits.terminate_ms);
        tokio::time::sleep(Duration::from_millis(steps + 3 * limits.heartbeat_ms)).await;
    };
    let outcome = tokio::select! {
        outcome = conversation::hold(&mut worker, message, listener, &orders) => outcome,
        () = overdue => lost("the worker did not stop in time after the cancellation"),
    };
    let left = match outcome {
        JobOutcome::Ended { .. } => workers.put_back(worker, run).await,
        JobOutcome::Lost { .. } => worker.child.kill_all().await.map(drop),
    };
    if let Err(error) = left {
        return lost(error.to_string());
    }
    match outcome {
        JobOutcome::Lost { reason } => match workers.clean_containers(&effect).await {
            Ok(()) => lost(reason),
            Err(error) => lost(format!("{reason}. {error}")),
        },
        ended => ended,
    }
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
