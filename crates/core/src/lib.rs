//! The pipeline, pure: what follows from an event, and how state changes.
//!
//! Nothing here touches the network, the clock, files, threads or randomness.
//! Time enters as the timestamp of the input that is decided on.

pub mod approval;
pub mod command;
pub mod concurrency;
pub mod config;
pub mod deployment;
pub mod digest;
pub mod durability;
pub mod effect;
pub mod environment;
pub mod gate;
pub mod guard;
pub mod ids;
pub mod journal;
pub mod machine;
mod millis;
pub mod plan;
pub mod release;
pub mod run;
pub mod stream;
pub mod view;
