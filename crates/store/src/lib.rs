//! The journal and blobs: an append-only, tamper-evident log on SQLite.
//!
//! A [`Store`] is a folder of one project: the [`Journal`] and the [`Blobs`]
//! that it refers to. [`Checkpoints`] are kept in another folder, so that
//! whoever rewrites the store does not rewrite them with it; [`verify()`] holds
//! one against the other. How it works is told in `docs/design/journal.md`.
//!
//! All calls block.

mod backup;
mod blobs;
mod chain;
mod checkpoint;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod error;
mod files;
mod holder;
mod inbox;
mod journal;
pub mod sqlite;
mod store;
pub mod verify;

pub use backup::{BackupReport, RestoreReport, backup, restore};
pub use blobs::{BlobWriter, Blobs, GcReport, StoredBlob};
pub use chain::hash_entry;
pub use checkpoint::{BadCheckpoint, Checkpoint, CheckpointLog, Checkpoints};
pub use error::StoreError;
pub use holder::Holder;
pub use inbox::{Input, InputId, InputPos, InputStatus, Settled, SubmitError, Submitted};
pub use journal::{
    AcquireError, Append, AppendError, Batch, ChangeMark, Durability, Epoch, EraseError, Head,
    Held, Journal, LostOwnership, OwnerError, Snapshot, StreamHead,
};
pub use store::Store;
pub use verify::{Finding, Report, verify};
