//! What is said to a worker and heard from it, from a job to its end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use shipway_core::run::WorkflowText;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::task::JoinHandle;
use tokio_stream::StreamExt;
use zeroize::Zeroizing;

use super::workers::Worker;
use super::{JobOutcome, lost};
use super::{Listen, Orders};
use crate::protocol::{Downward, Event, JobMessage};

/// How much of the worker's stderr is kept to explain a crash.
const STDERR_TAIL: usize = 4096;

/// Holds the conversation until the worker said how the job ended, or until it
/// is clear that it will not; then the worker is to be killed.
pub(super) async fn hold(
    worker: &mut Worker,
    message: JobMessage,
    mut listener: impl Listen,
    orders: &Orders,
) -> JobOutcome {
    let silence = Duration::from_millis(message.limits.heartbeat_ms.saturating_mul(3));
    let Worker { stdin, heard, complaints, child, has, .. } = worker;
    let order = order(message, has);
    let listening = async {
        loop {
            // The clock runs only while this side listens: a worker held up by
            // who hears it is not a silent one.
            let event = match tokio::time::timeout(silence, heard.next()).await {
                Err(_) => return Err(Unheard::Silent),
                Ok(None) => return Err(Unheard::Ended),
                Ok(Some(event)) => event.map_err(|error| Unheard::Garbled(error.to_string()))?,
            };
            match event {
                Event::Heartbeat => {}
                Event::JobEnded { result, outputs, reason } => {
                    return Ok(JobOutcome::Ended { result, outputs, reason });
                }
                event => listener.hear(event).await,
            }
        }
    };
    let unheard = tokio::select! {
        heard = listening => match heard {
            Ok(outcome) => return outcome,
            Err(unheard) => unheard,
        },
        never = speak(stdin, order, orders) => match never {},
    };
    match unheard {
        Unheard::Ended => {
            let exit = match tokio::time::timeout(silence, child.wait()).await {
                Ok(Ok(exit)) => exit.to_string(),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "closed its stdout and went on".to_owned(),
            };
            let complaint = tokio::time::timeout(silence, complaints.all()).await;
            let complaint = complaint.unwrap_or_default();
            lost(format!("the worker ended without a result: {exit}. {complaint}").trim_end())
        }
        Unheard::Silent => {
            lost(format!("the worker was silent for {} ms and was killed", silence.as_millis()))
        }
        Unheard::Garbled(error) => {
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
    /// Not of the protocol.
    Garbled(String),
}

/// The job for a worker that `has` a workflow's text, of the same run.
fn order(mut message: JobMessage, has: &mut Option<WorkflowText>) -> Downward {
    if has.as_ref() == Some(&message.workflow.text) {
        message.workflow.text = WorkflowText::default();
        message.event = Arc::default();
        message.contexts.github = Arc::default();
        return Downward::Next(Box::new(message));
    }
    *has = Some(message.workflow.text.clone());
    Downward::Job(Box::new(message))
}

/// Sends the job, then what it is told while it runs.
async fn speak(
    stdin: &mut pipe::Sender,
    order: Downward,
    orders: &Orders,
) -> std::convert::Infallible {
    let said = async {
        say(stdin, &order).await?;
        drop(order);
        loop {
            tokio::select! {
                () = orders.cancel.cancelled() => return say(stdin, &Downward::Cancel).await,
                () = orders.go_on.notified() => say(stdin, &Downward::GoOn).await?,
            }
        }
    };
    if let Err(error) = said.await {
        // It has ended; listening tells how.
        tracing::debug!(%error, "the worker does not listen");
    }
    std::future::pending().await
}

async fn say(stdin: &mut pipe::Sender, what: &Downward) -> io::Result<()> {
    let mut line = Zeroizing::new(serde_json::to_vec(what)?);
    line.push(b'\n');
    stdin.write_all(&line).await
}

/// The end of what a worker wrote to stderr.
pub(super) struct Tail(JoinHandle<String>);

impl Tail {
    pub(super) fn of(mut stderr: pipe::Receiver) -> Self {
        Self(tokio::spawn(async move {
            let mut kept = Vec::new();
            let mut buffer = [0; 1024];
            while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
                kept.extend_from_slice(&buffer[..count]);
                let surplus = kept.len().saturating_sub(STDERR_TAIL);
                kept.drain(..surplus);
            }
            String::from_utf8_lossy(&kept).trim().to_owned()
        }))
    }

    /// Once it writes no more.
    async fn all(&mut self) -> String {
        (&mut self.0).await.unwrap_or_default()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.0.abort();
    }
}
