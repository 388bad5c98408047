//! The crate with real processes.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod adoption;
mod containment;
mod limits;
mod spawning;
mod support;
