//! What any process may ask of the engine: a command for a stream, put into
//! the journal's inbox.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shipway_core::command::Command;
use shipway_core::journal::{Actor, StreamId};
use shipway_store::{Input, InputId, InputStatus, Journal, Store, StoreError, SubmitError};

/// Requests of this process so far: two may fall into one tick of the clock.
static SUBMITTED: AtomicU64 = AtomicU64::new(0);

/// A command for a stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The stream.
    pub to: StreamId,
    /// What it is told.
    pub command: Command,
}

/// Why a request was not taken.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The store failed.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// The request cannot be written as JSON.
    #[error("the request cannot be written: {0}")]
    Json(#[from] serde_json::Error),
    /// The name of the request is not one.
    #[error(transparent)]
    Name(#[from] shipway_core::ids::BadName),
}

/// Puts a request into the inbox, durably, and returns its id. The id is made
/// of the time, the sender's process and a count, so that no two are the same.
///
/// # Errors
/// When the store cannot be written.
pub fn submit(store: &Store, by: &Actor, request: &Request) -> Result<InputId, RequestError> {
    let at = Timestamp::now();
    let count = SUBMITTED.fetch_add(1, Ordering::Relaxed);
    let id = InputId::new(format!("{}-{}-{count}", at.as_nanosecond(), std::process::id()))?;
    let payload = serde_json::to_string(request)?;
    store.journal().submit(&Input { id: id.clone(), at, actor: by.clone(), payload })?;
    Ok(id)
}

/// What became of a request: `None` while nobody has looked at it.
///
/// # Errors
/// When the store cannot be read.
pub fn answer(store: &Store, id: &InputId) -> Result<Option<Result<(), String>>, StoreError> {
    Ok(match store.journal().input_status(id)? {
        None | Some(InputStatus::Pending) => None,
        Some(InputStatus::Handled) => Some(Ok(())),
        Some(InputStatus::Refused { reason }) => Some(Err(reason)),
    })
}
