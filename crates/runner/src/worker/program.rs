//! Running a step's program: its output, and its end, natural or not.

use std::ffi::OsString;
use std::future::pending;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use shipway_process::{Command, Contained, Exit, KillError, Signal, SpawnError};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::protocol::{Event, Limits, StepIndex, Stream};
use crate::worker::mask::MaskedStream;
use crate::worker::output::Listener;
use crate::worker::shared::Shared;
use crate::worker::state::State;

/// How much is read at once.
const PIECE: usize = 64 << 10;

/// The most that a pipe holds (/proc/sys/fs/pipe-max-size), and so the most
/// that a program wrote before its end and was not read then.
const MOST_BUFFERED: usize = 1 << 20;

/// A program to run.
pub(crate) struct Program {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    pub(crate) dir: PathBuf,
    pub(crate) env: Vec<(OsString, OsString)>,
}

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself, or by somebody else's signal.
    Exit(Exit),
    /// Because the step was to end.
    Stopped,
}

/// A program that was not run to an end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProgramError {
    /// It was not started.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// Something may be left of it.
    #[error(transparent)]
    Kill(#[from] KillError),
    /// Its output or end cannot be observed.
    #[error("cannot watch the program: {0}")]
    Watch(#[from] io::Error),
}

/// Runs `program` until it ends or `stop` is cancelled. What it left running
/// goes on for the steps after it, and is ended with the job; what belongs to
/// a stopped one is killed.
pub(crate) async fn run(
    program: Program,
    state: &State,
    listener: &mut Listener<'_>,
    shared: &Shared,
    step: StepIndex,
    stop: &CancellationToken,
) -> Result<Ended, ProgramError> {
    let mut child = Command::new("step", &program.program)
        .args(&program.args)
        .dir(&program.dir)
        .envs(program.env)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (stdout, stderr) = (child.take_stdout()?, child.take_stderr()?);
    let mut pipes = Pipes { stdout, stderr };
    let stopping = Stopping::new(shared.message.limits);
    let ended = watch(&mut child, &mut pipes, listener, stopping, stop).await?;
    pipes.rest(listener).await?;
    listener.finish().await;
    match ended {
        Ended::Exit(_) if child.record().members()?.is_empty() => {
            child.kill_all().await?;
        }
        Ended::Exit(_) => {
            state.lock().running.push(child);
            pipes.leave(state, shared, step);
        }
        Ended::Stopped => {
            child.kill_all().await?;
        }
    }
    Ok(ended)
}

async fn watch(
    child: &mut Contained,
    pipes: &mut Pipes,
    listener: &mut Listener<'_>,
    mut stopping: Stopping,
    stop: &CancellationToken,
) -> Result<Ended, ProgramError> {
    let (mut out, mut err) = (vec![0; PIECE], vec![0; PIECE]);
    loop {
        tokio::select! {
            // Its end comes first: output that is there by then is read after.
            biased;
            exit = child.wait() => {
                let exit = exit?;
                return Ok(if stopping.begun() { Ended::Stopped } else { Ended::Exit(exit) });
            }
            () = stop.cancelled(), if !stopping.begun() => stopping.next(child).await?,
            () = stopping.due() => stopping.next(child).await?,
            count = read(&mut pipes.stdout, &mut out) => match count? {
                0 => pipes.stdout = None,
                count => listener.take(Stream::Stdout, &out[..count]).await,
            },
            count = read(&mut pipes.stderr, &mut err) => match count? {
                0 => pipes.stderr = None,
                count => listener.take(Stream::Stderr, &err[..count]).await,
            },
        }
    }
}

async fn read(pipe: &mut Option<pipe::Receiver>, buffer: &mut [u8]) -> io::Result<usize> {
    match pipe {
        Some(pipe) => pipe.read(buffer).await,
        None => pending().await,
    }
}

/// The way from an interrupt to a kill, as GitHub's runner goes it.
struct Stopping {
    limits: Limits,
    stage: Stage,
    due: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Running,
    Interrupted,
    Terminated,
    Killed,
}

impl Stopping {
    fn new(limits: Limits) -> Self {
        Self { limits, stage: Stage::Running, due: None }
    }

    fn begun(&self) -> bool {
        self.stage != Stage::Running
    }

    /// Returns when it is time to go further.
    async fn due(&self) {
        match self.due {
            Some(due) => tokio::time::sleep_until(due).await,
            None => pending().await,
        }
    }

    async fn next(&mut self, child: &mut Contained) -> Result<(), ProgramError> {
        let (stage, patience) = match self.stage {
            Stage::Running => {
                child.signal(Signal::INT)?;
                (Stage::Interrupted, Some(self.limits.interrupt_ms))
            }
            Stage::Interrupted => {
                child.signal(Signal::TERM)?;
                (Stage::Terminated, Some(self.limits.terminate_ms))
            }
            Stage::Terminated | Stage::Killed => {
                child.kill_all().await?;
                (Stage::Killed, None)
            }
        };
        self.stage = stage;
        self.due = patience.map(|ms| Instant::now() + Duration::from_millis(ms));
        Ok(())
    }
}

/// The reading ends, until they are closed.
struct Pipes {
    stdout: Option<pipe::Receiver>,
    stderr: Option<pipe::Receiver>,
}

impl Pipes {
    /// Reads what is there without waiting: the program has ended, and what it
    /// left running may hold the pipes open.
    async fn rest(&mut self, listener: &mut Listener<'_>) -> io::Result<()> {
        let mut buffer = vec![0; PIECE];
        let both = [(Stream::Stdout, &mut self.stdout), (Stream::Stderr, &mut self.stderr)];
        for (stream, pipe) in both {
            let mut left = MOST_BUFFERED;
            while let Some(open) = pipe.as_ref().filter(|_| left > 0) {
                // An asynchronous read looks at the pipe itself; `try_read`
                // trusts what the poller has seen so far, which may be less.
                match rustix::io::read(open, &mut buffer) {
                    Ok(0) => *pipe = None,
                    Ok(count) => {
                        left = left.saturating_sub(count);
                        listener.take(stream, &buffer[..count]).await;
                    }
                    Err(rustix::io::Errno::AGAIN) => break,
                    Err(rustix::io::Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// Goes on reading what background processes write, so that they do not
    /// block or break. Commands in it are not obeyed: their step has ended.
    fn leave(self, state: &State, shared: &Shared, step: StepIndex) {
        let pipes = [(Stream::Stdout, self.stdout), (Stream::Stderr, self.stderr)];
        for (stream, pipe) in pipes {
            let Some(mut pipe) = pipe else { continue };
            let (masker, reporter) = (shared.masker.clone(), shared.reporter.clone());
            state.lock().readers.spawn(async move {
                let mut masked = MaskedStream::default();
                let mut buffer = vec![0; PIECE];
                loop {
                    let mut ready = Vec::new();
                    let count = pipe.read(&mut buffer).await.unwrap_or(0);
                    match count {
                        0 => masked.finish(&masker, &mut ready),
                        count => masked.push(&masker, &buffer[..count], &mut ready),
                    }
                    if !ready.is_empty() {
                        let data = crate::protocol::Chunk::new(ready);
                        reporter.send(Event::Output { step: Some(step), stream, data }).await;
                    }
                    if count == 0 {
                        return;
                    }
                }
            });
        }
    }
}

/// The file that `name` means: itself if it is a path, else looked up in the
/// PATH of `env`.
pub(crate) fn find(name: &str, env: &[(OsString, OsString)]) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name));
    }
    let path = env.iter().rev().find(|(variable, _)| variable == "PATH").map(|(_, path)| path)?;
    std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
