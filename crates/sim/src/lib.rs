//! Test only: what the end-to-end tests are made of.
//!
//! - [`scripted`]: an HTTP server that answers as a test says.
//! - [`traffic`]: a load at a fixed rate that checks every answer it gets.
//! - [`backend`]: the program that the tests release, with faults on demand.
//! - [`dockerd`]: a Docker daemon of its own.
//! - [`repo`]: a git repository with a service, a workflow and `shipway.yaml`.
//! - [`sandbox`]: a home folder of its own, from which no process survives.
//! - [`wait`]: waiting for a condition instead of for a while.
//! - [`wire`]: what traffic and backend agree on.

pub mod backend;
pub mod dockerd;
pub mod repo;
pub mod sandbox;
pub mod scripted;
pub mod traffic;
pub mod wait;
pub mod wire;

pub use wait::{wait_for, wait_until};
