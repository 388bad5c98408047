//! The worker's side.

mod action;
mod command;
mod contexts;
mod environment;
mod file_command;
mod glob;
mod hash_files;
mod job;
pub mod mask;
mod output;
mod prepare;
mod program;
mod report;
mod script;
mod shared;
mod state;
mod step;
mod step_files;
mod stop;

use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;
use std::time::Duration;

use tokio::net::unix::pipe;
use tokio_stream::StreamExt;
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};

use crate::protocol::{Downward, Event, JobMessage, Reason};
use mask::Masker;
use report::{Reporter, report_on};
use shared::Shared;
use stop::Stop;

type Orders = FramedRead<pipe::Receiver, LinesCodec>;

/// Why a worker did not execute its job to the end.
#[derive(Debug, thiserror::Error)]
enum WorkerError {
    #[error("a worker speaks with its engine over pipes on stdin and stdout: {0}")]
    Pipes(io::Error),
    #[error("the engine closed the worker's stdin before it sent a job")]
    NoJob,
    #[error("the engine sent what is no job: {0}")]
    BadJob(String),
    #[error("cannot report to the engine: {0}")]
    Report(io::Error),
    #[error("the engine is gone; everything of the job was ended")]
    Orphaned,
}

/// The whole of a worker process: reads the job from stdin, reports on stdout.
/// Wants a runtime with several threads: heartbeats go on while a step works.
pub async fn worker_main() -> ExitCode {
    match work().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The engine shows the end of this when the result is missing.
            drop(writeln!(io::stderr(), "shipway worker: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn work() -> Result<(), WorkerError> {
    let stdin = pipe::Receiver::from_owned_fd(copy(io::stdin())?).map_err(WorkerError::Pipes)?;
    let stdout = pipe::Sender::from_owned_fd(copy(io::stdout())?).map_err(WorkerError::Pipes)?;
    // A job has the text of a workflow and of an event in it: no limit but
    // what the engine reads itself.
    let mut orders = FramedRead::new(stdin, LinesCodec::new());
    let job = match orders.next().await {
        None => return Err(WorkerError::NoJob),
        Some(line) => read_job(line)?,
    };
    let masker = Masker::default();
    masker.add_all(job.contexts.secrets.values().map(|secret| secret.reveal()));
    let heartbeat = Duration::from_millis(job.limits.heartbeat_ms);
    let (reporter, writer) = report_on(stdout, masker.clone(), heartbeat);
    execute(job, masker, reporter, orders).await?;
    match writer.await {
        Ok(written) => written.map_err(WorkerError::Report),
        Err(error) => Err(WorkerError::Report(io::Error::other(error))),
    }
}

/// A descriptor that closes when dropped, of one that does not.
fn copy(stream: impl AsFd) -> Result<OwnedFd, WorkerError> {
    stream.as_fd().try_clone_to_owned().map_err(WorkerError::Pipes)
}

fn read_job(line: Result<String, LinesCodecError>) -> Result<JobMessage, WorkerError> {
    // serde_json's messages name positions and types, never values of a map.
    let line = line.map(zeroize::Zeroizing::new).map_err(|e| WorkerError::BadJob(e.to_string()))?;
    match serde_json::from_str(&line) {
        Ok(Downward::Job(job)) => Ok(*job),
        Ok(Downward::Cancel) => Err(WorkerError::BadJob("a cancellation came first".to_owned())),
        Err(error) => Err(WorkerError::BadJob(format!(
            "line {} column {} ({:?})",
            error.line(),
            error.column(),
            error.classify()
        ))),
    }
}

/// Executes the job while listening for orders. When the engine is gone, the
/// job's future is dropped, which kills whatever its steps started.
async fn execute(
    job: JobMessage,
    masker: Masker,
    reporter: Reporter,
    orders: Orders,
) -> Result<(), WorkerError> {
    let stop = Stop::default();
    let shared = Shared::new(job, masker, reporter.clone(), stop.clone());
    let end = tokio::select! {
        end = job::execute(&shared) => Some(end),
        () = obey(orders, stop) => None,
    };
    let Some(end) = end else {
        // Nobody will remove the group of a worker without an engine. If it
        // cannot be removed here, the next engine does it.
        drop(shipway_process::leave_own_groups());
        return Err(WorkerError::Orphaned);
    };
    let (result, outputs, reason) = (end.result, end.outputs, end.reason);
    reporter.send(Event::JobEnded { result, outputs, reason }).await;
    Ok(())
}

/// Obeys until the engine's end of the pipe closes.
async fn obey(mut orders: Orders, stop: Stop) {
    while let Some(Ok(line)) = orders.next().await {
        if let Ok(Downward::Cancel) = serde_json::from_str(&line) {
            stop.stop(Reason::Cancelled);
        }
    }
}
