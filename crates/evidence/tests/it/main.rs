//! What gathers evidence, on real folders, repositories and servers.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../../checks/tests/it/examples.rs"]
mod examples;
mod proof;
mod repository;
