//! Where releases go, and what is asked before, during and after.

use std::net::SocketAddr;
use std::time::Duration;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::duration;
use super::{Guard, SecretSource, defaults, schema};
use crate::ids::{EnvName, ServiceName};

/// A place a release can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// What it takes by itself.
    #[schemars(flatten)]
    pub follows: Follows,
    /// The machinery that runs the releases here.
    #[serde(default = "defaults::target")]
    pub target: Target,
    /// Who deploys here: Shipway, or a workflow's job with `environment:`.
    #[serde(default = "defaults::deployed_by")]
    pub deployed_by: DeployedBy,
    /// Where services listen unless they say otherwise. With port 0 the host
    /// picks a free port for each service once and keeps it.
    #[serde(default = "defaults::listen")]
    #[schemars(with = "schema::Address")]
    pub listen: SocketAddr,
    /// Who has to agree before a release goes here.
    #[serde(default)]
    pub approval: Option<Approval>,
    /// How the new version takes over.
    #[serde(default = "defaults::rollout")]
    pub rollout: Rollout,
    /// What is watched while it takes over.
    #[serde(default)]
    pub guard: Guard,
    /// What happens when nobody judges a rollout any more.
    #[serde(default)]
    pub lease: Lease,
    /// Environment variables of every service here.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, schema::Scalar>")]
    pub env: IndexMap<String, String>,
    /// Secrets of every service here.
    #[serde(default)]
    pub secrets: IndexMap<String, SecretSource>,
    /// What is different for single services here. Once read, every service
    /// of the project has an entry with what applies to it.
    #[serde(default)]
    pub services: IndexMap<ServiceName, Placement>,
}

/// What an environment takes by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Follows {
    /// Every commit of this branch.
    Branch(String),
    /// What was proven in this environment.
    From(EnvName),
    /// Nothing: a person deploys here.
    Manual,
}

/// The machinery that runs releases and routes traffic to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Processes on this machine, behind Shipway's own host.
    Host,
}

/// Who deploys to an environment. Never both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeployedBy {
    /// Shipway.
    Shipway,
    /// A workflow's job with `environment:`; Shipway records it.
    Workflow,
}

/// One service in one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::defaults_from_above)]
pub struct Placement {
    /// Where it listens; the environment's `listen` by default.
    #[serde(default = "defaults::listen")]
    #[schemars(with = "schema::Address")]
    pub listen: SocketAddr,
    /// Host names that it answers for, exact or `*.example.org`; any by
    /// default.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// The path prefix that it answers for. The longest match wins.
    #[serde(default = "defaults::route_path")]
    pub path: String,
    /// How many processes; the service's `replicas` by default.
    #[serde(default = "defaults::replicas")]
    #[schemars(range(min = 1, max = 1_000))]
    pub replicas: u16,
    /// Environment variables, over the service's and the environment's.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, schema::Scalar>")]
    pub env: IndexMap<String, String>,
    /// Secrets, over the service's and the environment's.
    #[serde(default)]
    pub secrets: IndexMap<String, SecretSource>,
}

/// Who has to agree before a release goes to an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// How many people.
    #[serde(default = "defaults::approvals_required")]
    #[schemars(range(min = 1, max = 50))]
    pub required: u8,
    /// Who may: login names. Anybody by default.
    #[serde(default)]
    pub by: Vec<String>,
    /// Whether whoever shipped it may approve it.
    #[serde(rename = "self", default = "defaults::self_approval")]
    pub self_approval: bool,
    /// Whether a person counts who is known by the login name on this machine
    /// alone, without having proved who they are.
    #[serde(default = "defaults::unverified_approval")]
    pub unverified: bool,
    /// How long the question stays open, and an answer good.
    #[serde(default = "defaults::approval_expires", with = "duration")]
    #[schemars(with = "duration::Text")]
    pub expires: Duration,
}

/// How the new version takes over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(transform = schema::or_name)]
pub enum Rollout {
    /// The new version starts beside the old one and is tried; then all
    /// traffic goes to it at once, and the old one stays ready meanwhile.
    BlueGreen {
        /// How long it is watched, with the old version ready to take over.
        #[serde(default = "defaults::bake", with = "duration")]
        #[schemars(with = "duration::Text")]
        bake: Duration,
    },
    /// The old version is stopped before the new one starts: for what cannot
    /// run twice. Requests are held meanwhile.
    Recreate {
        /// How long it is watched before the deployment counts as good.
        #[serde(default = "defaults::bake", with = "duration")]
        #[schemars(with = "duration::Text")]
        bake: Duration,
    },
}

/// Somebody has to keep judging a rollout; else the host falls back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// How long the host waits for the engine.
    #[serde(default = "defaults::lease_ttl", with = "duration")]
    #[schemars(with = "duration::Text")]
    pub ttl: Duration,
    /// What the host does then.
    #[serde(default = "defaults::lease_fallback")]
    pub fallback: Fallback,
}

/// What the host does when nobody judges a rollout any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// Put the old version back.
    Restore,
    /// Leave the traffic as it is.
    Hold,
}

impl Default for Lease {
    fn default() -> Self {
        Self { ttl: defaults::lease_ttl(), fallback: defaults::lease_fallback() }
    }
}

impl Rollout {
    /// How long the new version is watched.
    pub fn bake(&self) -> Duration {
        match self {
            Self::BlueGreen { bake } | Self::Recreate { bake } => *bake,
        }
    }
}
