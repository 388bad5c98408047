//! What GitHub calls the results service, on this machine: artifacts (v4),
//! caches (v2) and OIDC tokens, spoken so that GitHub's own clients work
//! unmodified and without a network. See `docs/design/results.md`.
//!
//! [`Service`] answers on loopback, inside the engine's process. A job is let
//! in by [`Service::admit`], and everything it was given ends with its
//! [`Admission`]. [`Storage`] is what lies on the disk; [`Client`] is how the
//! worker's built-in actions speak to the service.

pub mod archive;
mod base64url;
mod blob;
mod client;
mod grant;
mod identity;
mod limits;
mod reply;
mod service;
mod signed_url;
mod storage;
mod token;
mod twirp;

pub use client::{
    Client, ClientError, Downloaded, FoundArtifact, FoundCache, Pieces, Saving, Source, Uploaded,
    pieces,
};
pub use grant::{Admission, Job, Scope};
pub use identity::{Identity, KeyError};
pub use limits::Limits;
pub use service::{Config, Service, StartError};
pub use shipway_core::run::CacheMode;
pub use storage::{ArtifactRecord, CacheRecord, Collected, Storage, StorageError};
