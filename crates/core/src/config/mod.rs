//! `shipway.yaml`: what a project is, and where it goes.
//!
//! [`read`] turns the file's text into a [`Config`] with every default filled
//! in, or into every problem at once. A deployment records the [`Config`] it
//! was made from, so all types here are also an entry's content in the journal.

mod changes;
pub mod defaults;
mod environment;
pub mod gates;
mod guard;
mod project;
mod read;
mod schema;
mod service;
mod show;
pub mod value;

/// The file's name, at the repository's root.
pub const FILE_NAME: &str = "shipway.yaml";

pub use changes::{Reason, affected};
pub use environment::{
    Approval, DeployedBy, Environment, Fallback, Follows, Lease, Placement, Rollout, Target,
};
pub use gates::{GateSet, Gates, Level, People, Rating, Severity};
pub use guard::{ErrorRate, Guard, Latency, NoEvidence, Probe, Restarts, Then};
pub use project::{
    Config, Limits, LostJob, RequiredWorkflows, TokenPermissions, TokenSource, Workflows,
};
pub use read::{Facts, PathKind, code, read};
pub use schema::schema;
pub use service::{
    Build, Health, Migrations, OnLost, Resources, SecretSource, Service, Signal, Smoke, Source,
    Stop,
};
pub use show::{scalar, show};
