//! Shipway from end to end: the real program, host, processes and git.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod bad;
mod concurrent;
mod crash;
mod reference;
mod rollback;
mod shop;
mod target;
mod traffic;
