//! The checks, as those who use them see them.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod render;
mod secrets;
mod statements;
