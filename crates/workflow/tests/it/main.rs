//! The crate against data that others made.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod actionlint;
mod corpus;
mod expressions;
mod oracle;
mod rules;
mod seeds;
mod workflows;
