//! The worker's side.

mod action;
mod command;
mod container;
mod contexts;
mod environment;
pub mod file_command;
mod glob;
mod hash_files;
mod job;
mod kept_file;
mod ladder;
mod left;
pub mod mask;
mod output;
mod place;
mod prepare;
mod program;
mod report;
mod rooms;
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

use crate::protocol::{Downward, Event, Reason};
use left::Left;
use mask::Masker;
use report::Voice;
use rooms::Rooms;
use shared::Shared;

type Orders = FramedRead<pipe::Receiver, LinesCodec>;

pub(crate) use action::BuiltIn;
pub(crate) use prepare::unsupported;
pub(crate) use program::find as find_program;

/// Why a worker did not execute its job to the end.
#[derive(Debug, thiserror::Error)]
enum WorkerError {
    #[error("the worker cannot begin: {0}")]
    Runtime(io::Error),
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

/// The whole of a worker process: reads jobs from stdin, one after another, and
/// reports on stdout. It ends when the engine closes its stdin.
///
/// It works on one thread: a step's program is what there is to wait for, and
/// whatever is said between threads costs more than all the rest of a short
/// step. Heartbeats have a thread of their own.
pub fn worker_main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let worked = runtime.map_err(WorkerError::Runtime).and_then(|runtime| runtime.block_on(work()));
    // Where the engine has gone, nobody else removes the worker's group; the next
    // engine does, if it cannot be removed here.
    drop(shipway_process::leave_own_groups());
    match worked {
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
    let mut voice = Voice::new(stdout);
    // A job has the text of a workflow and of an event in it: no limit but
    // what the engine reads itself.
    let mut orders = FramedRead::new(stdin, LinesCodec::new());
    let (mut last, rooms): (Option<Left>, Rooms) = Default::default();
    while let Some(line) = orders.next().await {
        let (job, places) = match (read_order(line)?, last) {
            (Downward::Job(job), left) => {
                let places = left.and_then(|left| left.places(&job));
                (*job, places)
            }
            (Downward::Next(mut job), Some(left)) => {
                let places = left.complete(&mut job);
                (*job, places)
            }
            // It came when the job it was for had ended.
            (Downward::Cancel | Downward::GoOn, Some(left)) => {
                last = Some(left);
                continue;
            }
            (_, None) => {
                return Err(WorkerError::BadJob("an order came before the job".to_owned()));
            }
        };
        let masker = Masker::default();
        masker.add_all(job.contexts.secrets.values().map(|secret| secret.reveal()));
        masker.add_all(job.services.iter().filter_map(|services| services.step_secret()));
        let heartbeat = Duration::from_millis(job.limits.heartbeat_ms);
        let (reporter, writer) =
            voice.report(masker.clone(), heartbeat).map_err(WorkerError::Report)?;
        let shared = Shared::new(job, masker, reporter, rooms.clone(), places);
        last = Some(execute(shared, &mut orders).await?);
        match writer.await {
            Ok(written) => written.map_err(WorkerError::Report)?,
            Err(error) => return Err(WorkerError::Report(io::Error::other(error))),
        }
    }
    if last.is_none() { Err(WorkerError::NoJob) } else { Ok(()) }
}

/// A descriptor that closes when dropped, of one that does not.
fn copy(stream: impl AsFd) -> Result<OwnedFd, WorkerError> {
    stream.as_fd().try_clone_to_owned().map_err(WorkerError::Pipes)
}

fn read_order(line: Result<String, LinesCodecError>) -> Result<Downward, WorkerError> {
    // serde_json's messages name positions and types, never values of a map.
    let line = line.map(zeroize::Zeroizing::new).map_err(|e| WorkerError::BadJob(e.to_string()))?;
    serde_json::from_str(&line).map_err(|error| {
        WorkerError::BadJob(format!(
            "line {} column {} ({:?})",
            error.line(),
            error.column(),
            error.classify()
        ))
    })
}

/// Executes the job while listening for orders. When the engine is gone, the
/// job's future is dropped, which kills whatever its steps started.
async fn execute(shared: Shared, orders: &mut Orders) -> Result<Left, WorkerError> {
    let end = tokio::select! {
        end = job::execute(&shared) => Some(end),
        () = obey(orders, &shared) => None,
    };
    let Some(end) = end else {
        shared.containers.abandon(&shared.message.effect).await;
        return Err(WorkerError::Orphaned);
    };
    let (result, outputs, reason) = (end.result, end.outputs, end.reason);
    shared.reporter.send(Event::JobEnded { result, outputs, reason }).await;
    // It is said before what is left of the job is put away.
    tokio::task::yield_now().await;
    Ok(shared.leave())
}

/// Obeys until the engine's end of the pipe closes.
async fn obey(orders: &mut Orders, shared: &Shared) {
    while let Some(Ok(line)) = orders.next().await {
        match serde_json::from_str(&line) {
            Ok(Downward::Cancel) => shared.stop.stop(Reason::Cancelled),
            Ok(Downward::GoOn) => shared.go_on.notify_one(),
            // One job at a time, and nothing but orders between.
            Ok(Downward::Job(_) | Downward::Next(_)) | Err(_) => {}
        }
    }
}
