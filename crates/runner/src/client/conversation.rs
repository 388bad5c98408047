//! What is said to a worker and heard from it, from the job to its end.

use std::io;
use std::time::Duration;

use shipway_process::Contained;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::StreamExt;
use tokio_util::codec::{FramedRead, LinesCodec};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::{JobOutcome, lost};
use crate::protocol::{Downward, Event, JobMessage};

/// The longest line taken from a worker. Chunks are far shorter.
const LONGEST_LINE: usize = 64 << 20;

/// How much of the worker's stderr is kept to explain a crash.
const STDERR_TAIL: usize = 4096;

/// Holds the conversation until the worker said how the job ended, or until it
/// is clear that it will not.
pub(super) async fn hold(
    child: &mut Contained,
    message: JobMessage,
    events: mpsc::Sender<Event>,
    cancel: &CancellationToken,
) -> JobOutcome {
    let silence = Duration::from_millis(message.limits.heartbeat_ms.saturating_mul(3));
    let pipes = (child.take_stdin(), child.take_stdout(), child.take_stderr());
    let (Ok(Some(stdin)), Ok(Some(stdout)), Ok(Some(stderr))) = pipes else {
        return lost("the worker's pipes cannot be used");
    };
    let speaking = AbortOnDrop(tokio::spawn(speak(stdin, message, cancel.clone())));
    let mut complaints = AbortOnDrop(tokio::spawn(tail(stderr)));
    let heard = listen(stdout, &events, silence).await;
    // Closes its stdin: whatever it still does, it is to end.
    drop(speaking);
    match heard {
        Ok(outcome) => {
            // It has said its last word; a moment to end in order.
            drop(tokio::time::timeout(silence, child.wait()).await);
            outcome
        }
        Err(Unheard::Ended) => {
            let exit = match tokio::time::timeout(silence, child.wait()).await {
                Ok(Ok(exit)) => exit.to_string(),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "closed its stdout and went on".to_owned(),
            };
            let complaint = tokio::time::timeout(silence, &mut complaints.0).await;
            let complaint = complaint.ok().and_then(Result::ok).unwrap_or_default();
            lost(format!("the worker ended without a result: {exit}. {complaint}").trim_end())
        }
        Err(Unheard::Silent) => {
            lost(format!("the worker was silent for {} ms and was killed", silence.as_millis()))
        }
        Err(Unheard::Garbled(error)) => {
            lost(format!("the worker said what the engine does not understand: {error}"))
        }
    }
}

/// Why a worker's end of the conversation broke off.
enum Unheard {
    /// It closed its stdout.
    Ended,
    /// No heartbeat.
    Silent,
    /// Not a line of the protocol.
    Garbled(String),
}

async fn listen(
    stdout: pipe::Receiver,
    events: &mpsc::Sender<Event>,
    silence: Duration,
) -> Result<JobOutcome, Unheard> {
    let mut lines = FramedRead::new(stdout, LinesCodec::new_with_max_length(LONGEST_LINE));
    loop {
        // The clock runs only while this side listens: a worker held up by a
        // full channel is not a silent one.
        let line = match tokio::time::timeout(silence, lines.next()).await {
            Err(_) => return Err(Unheard::Silent),
            Ok(None) => return Err(Unheard::Ended),
            Ok(Some(line)) => line.map_err(|error| Unheard::Garbled(error.to_string()))?,
        };
        let event = serde_json::from_str(&line).map_err(|e| Unheard::Garbled(e.to_string()))?;
        match event {
            Event::Heartbeat => {}
            Event::JobEnded { result, outputs, reason } => {
                return Ok(JobOutcome::Ended { result, outputs, reason });
            }
            // An error means that nobody wants to hear: the job goes on.
            event => drop(events.send(event).await),
        }
    }
}

/// Sends the job, then the cancellation if there is one, and keeps the pipe
/// open: its end tells the worker that the engine is gone.
async fn speak(mut stdin: pipe::Sender, message: JobMessage, cancel: CancellationToken) {
    let said = async {
        say(&mut stdin, &Downward::Job(Box::new(message))).await?;
        cancel.cancelled().await;
        say(&mut stdin, &Downward::Cancel).await
    };
    if let Err(error) = said.await {
        // It has ended; listening tells how.
        tracing::debug!(%error, "the worker does not listen");
    }
    std::future::pending::<()>().await;
}

async fn say(stdin: &mut pipe::Sender, what: &Downward) -> io::Result<()> {
    let mut line = Zeroizing::new(serde_json::to_vec(what)?);
    line.push(b'\n');
    stdin.write_all(&line).await
}

/// The last bytes that it wrote to stderr.
async fn tail(mut stderr: pipe::Receiver) -> String {
    let mut kept = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
        kept.extend_from_slice(&buffer[..count]);
        let surplus = kept.len().saturating_sub(STDERR_TAIL);
        kept.drain(..surplus);
    }
    String::from_utf8_lossy(&kept).trim().to_owned()
}

/// A task that ends with its handle.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
