//! What every task of a load knows.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::ledger::Ledger;

#[derive(Debug, Clone)]
pub(super) struct Context {
    /// Where to connect.
    pub(super) address: SocketAddr,
    /// What the requests say as host.
    pub(super) authority: Arc<str>,
    /// How long one answer may take.
    pub(super) patience: Duration,
    /// Set when nothing new shall begin.
    pub(super) stopping: CancellationToken,
    /// Where everything is written down.
    pub(super) ledger: Arc<Ledger>,
}

impl Context {
    /// Waits until it is `due`; false when the load stops before.
    pub(super) async fn due(&self, due: Instant) -> bool {
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => false,
            () = sleep_until(due) => true,
        }
    }

    /// Waits before trying again what failed; false when the load stops.
    pub(super) async fn pause(&self) -> bool {
        self.due(Instant::now() + Duration::from_millis(20)).await
    }
}
