//! What a job is told while it runs.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// What a job is told while it runs.
#[derive(Debug, Clone, Default)]
pub struct Orders {
    /// It is called off.
    pub cancel: CancellationToken,
    /// It goes on where it stays because a step has failed
    /// ([`crate::protocol::Event::Held`]): once for each notification.
    pub go_on: Arc<Notify>,
}

impl From<CancellationToken> for Orders {
    fn from(cancel: CancellationToken) -> Self {
        Self { cancel, ..Self::default() }
    }
}
