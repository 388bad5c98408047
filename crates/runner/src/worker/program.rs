//! Running a step's program: its output, and its end, natural or not.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::future::pending;
use std::io;
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use shipway_process::{Command, Contained, Exit, KillError, Signal, SpawnError, Stdio};
use tokio::net::unix::pipe;
use tokio_util::sync::CancellationToken;

use crate::docker::DockerError;
use crate::protocol::{Chunk, Event, StepIndex, Stream};
use crate::worker::ladder::{Ladder, Rung};
use crate::worker::mask::MaskedStream;
use crate::worker::output::Listener;
use crate::worker::shared::Shared;
use crate::worker::state::State;

/// As much room is there for what is read at once.
const PIECE: usize = 128 << 10;

/// As many pieces are looked after: more than wait to be reported.
const MOST_LENT: usize = 24;

/// As much at once is read at first, and after a program's end; of most programs it is
/// all there is.
const SOME: usize = 4 << 10;

/// Who writes as much at once, writes more.
const MUCH: usize = 32 << 10;

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
    /// The same, and something that it started goes on.
    Left(Exit),
    /// Because the step was to end.
    Stopped,
}

impl Ended {
    /// Whether nothing of it can write any more.
    pub(crate) fn left_nothing(&self) -> bool {
        !matches!(self, Self::Left(_))
    }
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
    /// Docker did not do what was asked for.
    #[error(transparent)]
    Docker(#[from] DockerError),
    /// The job's container is not there.
    #[error("the job's container was not started")]
    NoContainer,
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
        .room(shared.rooms.take())
        .spawn()?;
    let (stdout, stderr) = (child.take_stdout()?, child.take_stderr()?);
    let mut pipes = Pipes { stdout: Reading::of(stdout), stderr: Reading::of(stderr) };
    let ladder = Ladder::new(shared.message.limits);
    let ended = watch(&mut child, &mut pipes, listener, ladder, stop).await?;
    pipes.rest(listener).await?;
    listener.finish().await;
    match ended {
        Ended::Exit(exit) | Ended::Left(exit) => match child.vacate()? {
            Some(room) => shared.rooms.put(room),
            None => {
                state.lock().running.push(child);
                pipes.leave(state, shared, step);
                return Ok(Ended::Left(exit));
            }
        },
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
    mut ladder: Ladder,
    stop: &CancellationToken,
) -> Result<Ended, ProgramError> {
    let ended = child.ended();
    tokio::pin!(ended);
    loop {
        tokio::select! {
            // Its end comes first: output that is there by then is read after.
            biased;
            over = &mut ended => {
                over?;
                let exit = child.wait().await?;
                return Ok(if ladder.begun() { Ended::Stopped } else { Ended::Exit(exit) });
            }
            () = stop.cancelled(), if !ladder.begun() => climb(&mut ladder, child).await?,
            () = ladder.due() => climb(&mut ladder, child).await?,
            bytes = pipes.stdout.read() => listener.take(Stream::Stdout, bytes?).await,
            bytes = pipes.stderr.read() => listener.take(Stream::Stderr, bytes?).await,
        }
    }
}

async fn climb(ladder: &mut Ladder, child: &mut Contained) -> Result<(), ProgramError> {
    match ladder.next() {
        Rung::Interrupt => child.signal(Signal::INT)?,
        Rung::Terminate => child.signal(Signal::TERM)?,
        Rung::Kill | Rung::Last => {
            child.kill_all().await?;
        }
    }
    Ok(())
}

/// The reading ends.
struct Pipes {
    stdout: Reading,
    stderr: Reading,
}

/// A reading end, until it is closed.
struct Reading {
    pipe: Option<pipe::Receiver>,
    buffer: BytesMut,
    /// As much room is made for what is read next.
    room: usize,
    widened: bool,
    /// Pieces that were passed on. Memory that the system has just given costs more
    /// than to copy into it.
    lent: VecDeque<Bytes>,
}

impl Reading {
    fn of(pipe: Option<pipe::Receiver>) -> Self {
        Self { pipe, buffer: BytesMut::new(), room: SOME, widened: false, lent: VecDeque::new() }
    }

    /// The next bytes; waits for ever once there are no more.
    async fn read(&mut self) -> io::Result<Bytes> {
        let Some(pipe) = &mut self.pipe else { return pending().await };
        // Room is made when there is something to read: most steps write
        // little.
        pipe.readable().await?;
        if self.widened {
            // Whoever writes much goes on first: fewer and larger pieces again.
            std::thread::yield_now();
            self.buffer = returned(&mut self.lent);
        }
        self.buffer.reserve(self.room);
        match pipe.try_read_buf(&mut self.buffer) {
            Ok(0) => self.pipe = None,
            Ok(count) if count >= self.room && self.room < PIECE => self.room = PIECE,
            Ok(count) if count >= MUCH && !self.widened => {
                self.widened = true;
                // Fewer and larger pieces; where it is not allowed, it stays.
                if let Err(error) = rustix::pipe::fcntl_setpipe_size(&*pipe, MOST_BUFFERED) {
                    tracing::debug!(%error, "a pipe stays as small as it is");
                }
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        let piece = self.buffer.split().freeze();
        if self.widened {
            self.lent.push_back(piece.clone());
        }
        Ok(piece)
    }
}

/// The room of the oldest piece that was `lent`, if it is not needed any more.
fn returned(lent: &mut VecDeque<Bytes>) -> BytesMut {
    let is_back = lent.front().is_some_and(Bytes::is_unique);
    if !is_back && lent.len() < MOST_LENT {
        return BytesMut::new();
    }
    let oldest = lent.pop_front().and_then(|piece| piece.try_into_mut().ok());
    let mut room = oldest.unwrap_or_default();
    room.clear();
    room
}

impl Pipes {
    /// Reads what is there without waiting: the program has ended, and what it
    /// left running may hold the pipes open.
    async fn rest(&mut self, listener: &mut Listener<'_>) -> io::Result<()> {
        let both = [(Stream::Stdout, &mut self.stdout), (Stream::Stderr, &mut self.stderr)];
        for (stream, reading) in both {
            let mut left = MOST_BUFFERED;
            let mut buffer = vec![0; SOME];
            while let Some(open) = reading.pipe.as_ref().filter(|_| left > 0) {
                // An asynchronous read looks at the pipe itself; `try_read`
                // trusts what the poller has seen so far, which may be less.
                match rustix::io::read(open, &mut buffer) {
                    Ok(0) => reading.pipe = None,
                    Ok(count) => {
                        left = left.saturating_sub(count);
                        listener.take(stream, Bytes::copy_from_slice(&buffer[..count])).await;
                        if count == buffer.len() {
                            buffer.resize(PIECE, 0);
                        }
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
        for (stream, mut reading) in pipes {
            let (masker, reporter) = (shared.masker.clone(), shared.reporter.clone());
            state.lock().readers.spawn(async move {
                let (mut masked, mut room) = (MaskedStream::default(), Vec::new());
                while reading.pipe.is_some() {
                    let mut ready = Vec::new();
                    match reading.read().await {
                        Ok(bytes) => masked.take(&masker, bytes, &mut ready),
                        Err(error) => {
                            tracing::warn!(%error, "what a step left running cannot be heard");
                            reading.pipe = None;
                        }
                    }
                    if reading.pipe.is_none() {
                        masked.finish_into(&masker, &mut ready);
                    }
                    for data in ready {
                        let data = Chunk::pack(data, &mut room);
                        reporter.send(Event::Output { step: Some(step), stream, data }).await;
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
