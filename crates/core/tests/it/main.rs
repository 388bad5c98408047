//! The crate's one integration binary.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failed test panics")]

mod config;
