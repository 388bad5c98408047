//! When a job has to end before it is done.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::protocol::Reason;

/// Whether and why the job is to end early, shared by everything in it.
#[derive(Clone, Default)]
pub(crate) struct Stop {
    stopped: CancellationToken,
    overdue: CancellationToken,
    reason: Arc<OnceLock<Reason>>,
}

impl Stop {
    /// Ends what runs; steps that say `always()` or `cancelled()` still run.
    /// The first reason counts.
    pub(crate) fn stop(&self, reason: Reason) {
        // A second reason changes nothing.
        drop(self.reason.set(reason));
        self.stopped.cancel();
    }

    /// Stops the job when `time` is over, and after any stop ends everything
    /// that still runs `grace` later. Runs until dropped.
    pub(crate) async fn watch(&self, time: Duration, grace: Duration) {
        tokio::select! {
            () = self.stopped.cancelled() => {}
            () = tokio::time::sleep(time) => {
                let after_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                self.stop(Reason::TimedOut { after_ms });
            }
        }
        tokio::time::sleep(grace).await;
        self.overdue.cancel();
        std::future::pending().await
    }

    /// Returns when the job is stopped.
    pub(crate) async fn stopped(&self) {
        self.stopped.cancelled().await;
    }

    /// Returns when nothing of the job may run any more.
    pub(crate) async fn overdue(&self) {
        self.overdue.cancelled().await;
    }

    /// Why the job is stopped, if it is.
    pub(crate) fn reason(&self) -> Option<&Reason> {
        self.reason.get()
    }

    /// Whether nothing of the job may run any more.
    pub(crate) fn is_overdue(&self) -> bool {
        self.overdue.is_cancelled()
    }
}
