//! The client against a real HTTP server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answers;
mod refusals;
mod world;
