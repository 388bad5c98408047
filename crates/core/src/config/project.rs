//! The whole file.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Environment, Gates, SecretSource, Service, defaults};
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
    /// What a change has to show before it goes anywhere.
    #[serde(default, skip_serializing_if = "Gates::is_unsaid")]
    pub gates: Gates,
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
    /// Where `GITHUB_TOKEN` comes from. Without it jobs have none. As the main
    /// branch has it, `shipway gate --pull-request` asks with it.
    #[serde(default)]
    pub token: Option<TokenSource>,
    /// What `GITHUB_TOKEN` may do in workflows that do not say.
    #[serde(default)]
    pub permissions: TokenPermissions,
    /// Labels and groups of `runs-on` that this machine has beside the usual
    /// ones: `self-hosted`, its system and architecture, and `ubuntu-*`.
    #[serde(default)]
    pub runs_on: Vec<String>,
    /// What becomes of a job when the engine ends in the middle of it.
    #[serde(default)]
    pub on_lost: LostJob,
}

/// Where `GITHUB_TOKEN` comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenSource {
    /// In this environment variable of the engine.
    Env(String),
    /// In this file of the machine: an absolute path.
    File(String),
    /// What this shell command prints. It finds the permissions that the token
    /// is to have in `SHIPWAY_PERMISSIONS`, as JSON, and the repository in
    /// `GITHUB_REPOSITORY`: the way to a token that can do no more.
    Command(String),
}

/// What `GITHUB_TOKEN` may do in workflows that do not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenPermissions {
    /// Read contents and packages.
    #[default]
    Read,
    /// Read and write everything but `id-token`.
    Write,
}

/// What becomes of a job when the engine ends in the middle of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LostJob {
    /// It has failed.
    #[default]
    Fail,
    /// It is begun again, three times at the most.
    Retry,
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
            token: None,
            permissions: TokenPermissions::default(),
            runs_on: Vec::new(),
            on_lost: LostJob::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { jobs: defaults::parallel_jobs(), releases: defaults::kept_releases() }
    }
}
