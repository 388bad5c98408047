//! The checks, as those who use them see them.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod examples;
mod hidden;
mod honest;
mod hostile;
mod passed;
mod policy;
mod render;
mod reports;
mod rules;
mod secret_rules;
mod secrets;
mod seeds;
mod statements;
