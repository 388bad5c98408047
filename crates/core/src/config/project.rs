//! The whole file.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Environment, SecretSource, Service, defaults};
use crate::ids::{EnvName, ProjectId, ServiceName};

/// A project: its services, the environments they go to, and what has to
/// succeed first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "shipway.yaml")]
pub struct Config {
    /// The project's id. Data, releases and history are kept under it, so it
    /// stays the same when the folder or the remote changes.
    pub project: ProjectId,
    /// What is built and run, by name. Deployed together, in this order.
    #[schemars(extend("minProperties" = 1))]
    pub services: IndexMap<ServiceName, Service>,
    /// Where it goes, by name.
    #[schemars(extend("minProperties" = 1))]
    pub environments: IndexMap<EnvName, Environment>,
    /// Which workflows have to succeed before anything is deployed.
    #[serde(default)]
    pub workflows: Workflows,
    /// How much may run at once, and how much is kept.
    #[serde(default)]
    pub limits: Limits,
}

/// Which workflows have to succeed before anything is deployed, and what they
/// are given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workflows {
    /// `all` that the event triggers, or a list of file names under
    /// `.github/workflows`.
    #[serde(default = "defaults::required_workflows")]
    pub required: RequiredWorkflows,
    /// `vars` of every workflow.
    #[serde(default)]
    pub vars: IndexMap<String, String>,
    /// `secrets` of every workflow, and where their values are.
    #[serde(default)]
    pub secrets: IndexMap<String, SecretSource>,
}

/// The workflows that have to succeed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequiredWorkflows {
    /// Every workflow that the event triggers.
    All,
    /// These, by file name under `.github/workflows`. One that the event does
    /// not trigger is not waited for.
    Only(Vec<String>),
}

/// How much may run at once, and how much is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Jobs of workflows that run at the same time.
    #[serde(default = "defaults::parallel_jobs")]
    #[schemars(range(min = 1, max = 1_000))]
    pub jobs: u16,
    /// Releases that `shipway gc` leaves for each service beside those that
    /// serve: how far a rollback can reach back.
    #[serde(default = "defaults::kept_releases")]
    #[schemars(range(min = 1, max = 10_000))]
    pub releases: u16,
}

impl Default for Workflows {
    fn default() -> Self {
        Self {
            required: defaults::required_workflows(),
            vars: IndexMap::new(),
            secrets: IndexMap::new(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { jobs: defaults::parallel_jobs(), releases: defaults::kept_releases() }
    }
}
