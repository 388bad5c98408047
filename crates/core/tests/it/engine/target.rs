//! A target that is only bookkeeping: which versions of a service are there,
//! and how much traffic each gets.

use std::collections::BTreeMap;

use shipway_core::deployment::Change;
use shipway_core::ids::{DeploymentId, EnvName, ServiceName};

/// What serves what.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Target {
    services: BTreeMap<(EnvName, ServiceName), Service>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Service {
    generation: u64,
    versions: BTreeMap<DeploymentId, u8>,
}

impl Target {
    /// Makes it so. A stale generation is a mistake of the machines.
    pub(super) fn apply(&mut self, change: &Change) {
        let key = (change.env.clone(), change.service.clone());
        let service = self.services.entry(key).or_default();
        assert!(change.generation >= service.generation, "a stale change: {change:?}");
        service.generation = change.generation;
        let versions = change.versions.iter();
        service.versions = versions.map(|v| (v.version.id.clone(), v.weight)).collect();
    }

    /// The lease ran out: traffic to what it came from.
    pub(super) fn fall_back(&mut self, env: &EnvName, service: &ServiceName, old: &DeploymentId) {
        let Some(service) = self.services.get_mut(&(env.clone(), service.clone())) else { return };
        if service.versions.contains_key(old) {
            for (version, weight) in &mut service.versions {
                *weight = if version == old { 100 } else { 0 };
            }
        }
    }

    /// What gets all the traffic.
    pub(super) fn serving(&self, env: &EnvName, service: &ServiceName) -> Option<&DeploymentId> {
        let service = self.services.get(&(env.clone(), service.clone()))?;
        service.versions.iter().find(|(_, weight)| **weight == 100).map(|(version, _)| version)
    }

    /// The versions that are there at all.
    pub(super) fn versions(&self, env: &EnvName, service: &ServiceName) -> usize {
        let service = self.services.get(&(env.clone(), service.clone()));
        service.map_or(0, |service| service.versions.len())
    }
}
