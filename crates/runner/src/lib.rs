//! Executes one job of a workflow, in a worker process of its own.
//!
//! The engine's side is [`client::run_job`]; the worker's is
//! [`worker_main`]; between them is the [`protocol`].

pub mod actions;
pub mod client;
pub mod docker;
pub mod protocol;
mod worker;

pub use worker::file_command;
pub use worker::mask;
pub use worker::worker_main;
