//! The worker's voice: events on its stdout.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as threads;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

use crate::protocol::{Annotation, Chunk, Event, Level, StepIndex, Stream, frame};
use crate::worker::mask::Masker;

/// How many events may wait. A chunk of output is 128 KiB at most or so, so
/// this bounds the memory; when it is full, steps wait for the engine.
const WAITING: usize = 16;

/// [`Event::Heartbeat`].
const HEARTBEAT: &[u8] = b"{\"event\":\"heartbeat\"}\n";

/// Sends events to the engine, in order.
#[derive(Clone)]
pub(crate) struct Reporter {
    events: mpsc::Sender<Event>,
    masker: Masker,
}

/// The engine's ear: what was begun to be said is said to its end before
/// anything else is.
type Ear = Arc<Mutex<pipe::Sender>>;

/// What the worker speaks with, from job to job.
pub(crate) struct Voice {
    ear: Ear,
    heart: Option<Heart>,
}

impl Voice {
    /// On `stdout`.
    pub(crate) fn new(stdout: pipe::Sender) -> Self {
        Self { ear: Arc::new(Mutex::new(stdout)), heart: None }
    }

    /// Begins to report on a job: a reporter, and the task that ends when every
    /// reporter is gone and everything is written.
    pub(crate) fn report(
        &mut self,
        masker: Masker,
        heartbeat: Duration,
    ) -> io::Result<(Reporter, JoinHandle<io::Result<()>>)> {
        let (events, waiting) = mpsc::channel(WAITING);
        let beating = self.heart.take().filter(|heart| heart.interval == heartbeat);
        let heart = beating.map_or_else(|| Heart::begin(&self.ear, heartbeat), Ok)?;
        let (ear, pulse) = (Arc::clone(&self.ear), Arc::clone(&heart.pulse));
        self.heart = Some(heart);
        // At once: the task may have to wait for a thread that is busy.
        pulse.spoken.store(true, Ordering::Relaxed);
        pulse.working.store(true, Ordering::Relaxed);
        let writer = tokio::spawn(async move {
            let written = write(&ear, &pulse, waiting).await;
            pulse.working.store(false, Ordering::Relaxed);
            written
        });
        Ok((Reporter { events, masker }, writer))
    }
}

async fn write(ear: &Ear, pulse: &Pulse, mut waiting: mpsc::Receiver<Event>) -> io::Result<()> {
    let (mut events, mut lines) = (Vec::with_capacity(WAITING), BytesMut::new());
    // What is reported in one go, such as the end of a step and the beginning
    // of the next, is written in one go.
    while waiting.recv_many(&mut events, WAITING).await > 0 {
        pulse.spoken.store(true, Ordering::Relaxed);
        let mut stdout = ear.lock().await;
        for event in events.drain(..) {
            let data = frame::write(event, &mut lines)?;
            if !data.is_empty() {
                stdout.write_all_buf(&mut lines.split().freeze().chain(data)).await?;
            }
        }
        stdout.write_all_buf(&mut lines).await?;
    }
    Ok(())
}

/// Tells the engine in silences that the worker is alive. It has a thread of
/// its own, because a step of the worker's own may keep the only other one
/// busy, such as hashing many files.
struct Heart {
    interval: Duration,
    pulse: Arc<Pulse>,
    stop: Option<threads::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// What the heart knows of the worker.
#[derive(Default)]
struct Pulse {
    /// It has said something since the last beat.
    spoken: AtomicBool,
    /// It has a job: nobody listens to one without.
    working: AtomicBool,
}

impl Heart {
    fn begin(ear: &Ear, interval: Duration) -> io::Result<Self> {
        let (pulse, ear) = (Arc::new(Pulse::default()), Arc::clone(ear));
        let (stop, stopped) = threads::channel();
        let of = Arc::clone(&pulse);
        let beat = move || {
            while stopped.recv_timeout(interval) == Err(threads::RecvTimeoutError::Timeout) {
                if of.spoken.swap(false, Ordering::Relaxed) || !of.working.load(Ordering::Relaxed) {
                    continue;
                }
                // Whoever holds it is saying something.
                let Ok(stdout) = ear.try_lock() else { continue };
                // Short enough for a pipe to take it whole or not at all. A
                // full one means that the engine does not listen, and a broken
                // one that it is gone: its end of stdin tells the worker.
                if let Err(error) = rustix::io::write(&*stdout, HEARTBEAT) {
                    tracing::debug!(%error, "no heartbeat");
                }
            }
        };
        let thread = std::thread::Builder::new().name("shipway-heart".to_owned()).spawn(beat)?;
        Ok(Self { interval, pulse, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Heart {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It has nothing to say that panics.
            drop(thread.join());
        }
    }
}

impl Reporter {
    /// Reports `event`, in which everything is masked already.
    pub(crate) async fn send(&self, event: Event) {
        // An error means that the engine is gone. The job is ended because
        // its stdin closes, not from here.
        drop(self.events.send(event).await);
    }

    /// A message of the worker itself in a step's output, masked here.
    pub(crate) async fn say(&self, step: Option<StepIndex>, text: &str) {
        let mut text = self.masker.mask(text).into_bytes();
        text.push(b'\n');
        self.send(Event::Output { step, stream: Stream::Worker, data: Chunk::new(text) }).await;
    }

    /// A message to be shown beside the job, masked here; also in the output.
    pub(crate) async fn annotate(&self, step: Option<StepIndex>, level: Level, message: &str) {
        let tag = match level {
            Level::Notice => "notice",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        self.say(step, &format!("##[{tag}]{message}")).await;
        let message = self.masker.mask(message);
        self.send(Event::Annotation(Annotation::bare(step, level, message))).await;
    }
}
