//! What gathers evidence, on real folders, repositories and servers.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod coverage;
mod proof;
mod repository;
mod secrets;

#[path = "../../../checks/tests/it/examples.rs"]
mod examples;
