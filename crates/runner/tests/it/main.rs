//! Jobs in real worker processes, with real git repositories.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod actions;
mod ends;
mod files;
mod steps;
mod support;
mod volume;
