//! The checks, as those who use them see them.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod examples;
mod render;
mod rules;
mod secret_rules;
mod secrets;
mod seeds;
mod statements;
