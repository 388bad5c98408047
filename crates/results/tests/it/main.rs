//! The service, spoken to as its clients do: by plain HTTP, by its own client,
//! and by GitHub's.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod artifacts;
mod blobs;
mod caches;
mod client;
mod collecting;
mod identity;
mod npm;
mod support;
mod tokens;
mod volume;
