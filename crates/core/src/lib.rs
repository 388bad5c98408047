//! The pipeline, pure: what follows from an event, and how state changes.
//!
//! Nothing here touches the network, the clock, files, threads or randomness.
//! Time enters as the timestamp of the input that is decided on.

pub mod config;
pub mod digest;
pub mod ids;
pub mod journal;
