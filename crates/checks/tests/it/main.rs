//! The checks, as those who use them see them.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod examples;
mod render;
mod rules;
mod secret_rules;
mod secrets;
mod statements;
