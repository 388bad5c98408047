//! What is there, in words that every target shares.

use std::net::SocketAddr;

use indexmap::IndexMap;
use shipway_core::guard::Traffic;
use shipway_core::ids::DeploymentId;

/// What is there of one app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The highest generation applied; 0 where nothing ever was.
    pub generation: u64,
    /// The effect applied last, by its name.
    pub effect: Option<String>,
    /// Where users reach it.
    pub address: Option<SocketAddr>,
    /// What runs.
    pub versions: IndexMap<DeploymentId, ObservedVersion>,
    /// How traffic is divided, in percent.
    pub weights: IndexMap<DeploymentId, u8>,
    /// Nobody renewed the lease, and the fallback was taken.
    pub fell_back: bool,
}

/// What is there of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedVersion {
    /// Where it stands.
    pub health: VersionHealth,
    /// Where its processes listen themselves.
    pub endpoints: Vec<SocketAddr>,
    /// How often a process ended and was started again.
    pub restarts: u32,
    /// What users got from it.
    pub users: Traffic,
    /// What the target's own requests got.
    pub probes: Traffic,
}

/// Where a version stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionHealth {
    /// Not yet healthy.
    Starting,
    /// Fit for traffic.
    Healthy,
    /// It was healthy and is not any more.
    Unhealthy(String),
    /// It did not become healthy.
    Failed(String),
    /// It finishes what it has and goes.
    Draining,
}
