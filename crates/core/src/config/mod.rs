//! `shipway.yaml`: what a project is, and where it goes.
//!
//! [`read`] turns the file's text into a [`Config`] with every default filled
//! in, or into every problem at once. A deployment records the [`Config`] it
//! was made from, so all types here are also an entry's content in the journal.

pub mod defaults;
mod environment;
mod guard;
mod project;
mod schema;
mod service;
pub mod value;

pub use environment::{
    Approval, DeployedBy, Environment, Fallback, Follows, Lease, Placement, Rollout, Target,
};
pub use guard::{ErrorRate, Guard, Latency, NoEvidence, Probe, Restarts, Then};
pub use project::{Config, Limits, RequiredWorkflows, Workflows};
pub use service::{
    Build, Health, Migrations, OnLost, Resources, SecretSource, Service, Signal, Smoke, Source,
    Stop,
};
