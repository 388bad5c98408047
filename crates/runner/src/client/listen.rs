//! Who hears what a job reports.

use tokio::sync::mpsc;

use crate::protocol::Event;

/// Hears what a job reports, one event after the other: nothing more is read from
/// its worker until it is done with one, and what was read can be used again.
pub trait Listen: Send {
    /// Takes an event.
    fn hear(&mut self, event: Event) -> impl Future<Output = ()> + Send;
}

impl<L: Listen> Listen for &mut L {
    async fn hear(&mut self, event: Event) {
        (**self).hear(event).await;
    }
}

impl Listen for mpsc::Sender<Event> {
    /// When the receiver is gone, the job goes on unheard.
    async fn hear(&mut self, event: Event) {
        drop(self.send(event).await);
    }
}
