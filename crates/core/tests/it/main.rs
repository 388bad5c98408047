//! The crate's one integration binary.

mod config;
mod engine;
