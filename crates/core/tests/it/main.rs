//! The crate's one integration binary.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod config;
mod engine;
