//! The worker's voice: events as lines on stdout.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::protocol::{Annotation, Chunk, Event, Level, StepIndex, Stream};
use crate::worker::mask::Masker;

/// How many events may wait. A chunk of output is 64 KiB at most or so, so this
/// bounds the memory; when it is full, steps wait for the engine.
const WAITING: usize = 32;

/// Sends events to the engine, in order.
#[derive(Clone)]
pub(crate) struct Reporter {
    events: mpsc::Sender<Event>,
    masker: Masker,
}

/// Begins to report on `stdout`: a reporter, and the task that ends when every
/// reporter is gone and everything is written.
pub(crate) fn report_on(
    stdout: pipe::Sender,
    masker: Masker,
    heartbeat: Duration,
) -> (Reporter, JoinHandle<io::Result<()>>) {
    let (events, waiting) = mpsc::channel(WAITING);
    let writer = tokio::spawn(write(stdout, heartbeat, waiting));
    (Reporter { events, masker }, writer)
}

async fn write(
    mut stdout: pipe::Sender,
    heartbeat: Duration,
    mut waiting: mpsc::Receiver<Event>,
) -> io::Result<()> {
    loop {
        // Any line is a sign of life, so heartbeats fill silences only.
        let event = match tokio::time::timeout(heartbeat, waiting.recv()).await {
            Ok(Some(event)) => event,
            Ok(None) => return Ok(()),
            Err(_) => Event::Heartbeat,
        };
        let mut line = serde_json::to_vec(&event)?;
        line.push(b'\n');
        stdout.write_all(&line).await?;
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
