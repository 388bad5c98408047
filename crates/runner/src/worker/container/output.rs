//! What containers write that belongs to no step.

use crate::protocol::{Chunk, Event, Stream};
use crate::worker::shared::Shared;

/// Passes on what is masked already, and ends its last line.
pub(super) async fn pass(shared: &Shared, ready: &mut Vec<u8>) {
    if ready.is_empty() {
        return;
    }
    let data = Chunk::pack(std::mem::take(ready), &mut Vec::new());
    shared.reporter.send(Event::Output { step: None, stream: Stream::Worker, data }).await;
}
