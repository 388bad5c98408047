//! The way from an interrupt to a kill, as GitHub's runner goes it.

use std::future::pending;
use std::time::Duration;

use tokio::time::Instant;

use crate::protocol::Limits;

/// How far somebody went to end a program.
pub(crate) struct Ladder {
    limits: Limits,
    last: Option<Rung>,
    patience: Option<Duration>,
    due: Option<Instant>,
}

/// What is done to end a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rung {
    /// SIGINT
    Interrupt,
    /// SIGTERM
    Terminate,
    /// SIGKILL, to all of it.
    Kill,
    /// It was killed and is still there.
    Last,
}

impl Ladder {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, last: None, patience: None, due: None }
    }

    /// Whether anything was done yet.
    pub(crate) fn begun(&self) -> bool {
        self.last.is_some()
    }

    /// Returns when it is time for the next rung.
    pub(crate) async fn due(&self) {
        match self.due {
            Some(due) => tokio::time::sleep_until(due).await,
            None => pending().await,
        }
    }

    /// What to do now.
    pub(crate) fn next(&mut self) -> Rung {
        let (rung, patience) = match self.last {
            None => (Rung::Interrupt, Some(self.limits.interrupt_ms)),
            Some(Rung::Interrupt) => (Rung::Terminate, Some(self.limits.terminate_ms)),
            Some(Rung::Terminate) => (Rung::Kill, None),
            Some(Rung::Kill | Rung::Last) => (Rung::Last, None),
        };
        self.last = Some(rung);
        self.patience = patience.map(Duration::from_millis);
        self.done();
        rung
    }

    /// What was to be done took its time: it is only done now.
    pub(crate) fn done(&mut self) {
        self.due = self.patience.map(|patience| Instant::now() + patience);
    }

    /// Goes on to the last rung, if the kill did not help by then.
    pub(crate) fn expect_end_in(&mut self, patience: Duration) {
        self.patience = Some(patience);
        self.done();
    }
}
