//! Between the host's words and ours.

use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::IndexMap;
use shipway_core::config::value::{ByteSize, Cpu};
use shipway_core::config::{Fallback, Health, Placement};
use shipway_core::deployment::{Change, DesiredVersion, LeaseTerms, ServiceVersion};
use shipway_core::guard::Traffic;
use shipway_core::ids::DeploymentId;
use shipway_host::protocol as host;

use crate::{App, Material, Observed, ObservedVersion, TargetError, VersionHealth, weights};

pub(crate) fn app_id(app: &App) -> host::AppId {
    host::AppId(app.to_string())
}

pub(crate) fn version_id(id: &DeploymentId) -> host::VersionId {
    host::VersionId(id.as_str().to_owned())
}

pub(crate) fn desired(
    app: &App,
    change: &Change,
    material: &dyn Material,
) -> Result<host::Desired, TargetError> {
    let mut versions = IndexMap::new();
    for DesiredVersion { version, .. } in &change.versions {
        versions.insert(version_id(&version.id), spec(app, version, material)?);
    }
    let split = host::Split {
        weights: weights(&change.versions).map(|(id, share)| (version_id(id), share)).collect(),
        ..host::Split::default()
    };
    Ok(host::Desired {
        route: change.place.as_ref().map(route),
        lease: change.lease.as_ref().map(|terms| lease(terms, change)),
        versions,
        split,
    })
}

fn spec(
    app: &App,
    version: &ServiceVersion,
    material: &dyn Material,
) -> Result<host::VersionSpec, TargetError> {
    let (config, place) = (&version.config, &version.place);
    let mut env = environment(app, version, material)?;
    env.extend(place.env.iter().map(|(name, value)| (name.clone(), value.clone())));
    for (name, source) in &place.secrets {
        env.insert(name.clone(), material.secret(name, source)?.reveal().to_owned());
    }
    Ok(host::VersionSpec {
        label: version.commit.short().to_owned(),
        dir: material.tree(&version.artifact)?,
        run: config.run.clone(),
        env,
        replicas: place.replicas,
        listens: config.listens,
        health: health(&config.health),
        memory_max: config.resources.memory.map(ByteSize::as_bytes),
        cpu_milli: config.resources.cpu.map(Cpu::milli),
        stop_signal: config.stop.signal.as_str().to_owned(),
        stop_grace_ms: millis(config.stop.grace),
        drain_ms: millis(config.drain),
    })
}

/// What a version is told about itself, beside what the configuration says.
pub(crate) fn environment(
    app: &App,
    version: &ServiceVersion,
    material: &dyn Material,
) -> Result<BTreeMap<String, String>, TargetError> {
    let mut env = material.surroundings(app)?;
    let about = [
        ("SHIPWAY_PROJECT", app.project.as_str()),
        ("SHIPWAY_ENVIRONMENT", app.env.as_str()),
        ("SHIPWAY_SERVICE", app.service.as_str()),
        ("SHIPWAY_COMMIT", version.commit.as_str()),
        ("SHIPWAY_VERSION", version.commit.short()),
    ];
    env.extend(about.map(|(name, value)| (name.to_owned(), value.to_owned())));
    Ok(env)
}

fn health(health: &Health) -> host::Health {
    host::Health {
        path: health.path.clone(),
        interval_ms: millis(health.interval),
        timeout_ms: millis(health.timeout),
        retries: health.retries,
        start_ms: millis(health.start),
    }
}

fn route(place: &Placement) -> host::Route {
    host::Route { listen: place.listen, hosts: place.hosts.clone(), path: place.path.clone() }
}

/// The fallback is what served before: the other version, if there is one.
fn lease(terms: &LeaseTerms, change: &Change) -> host::Lease {
    let before = change.versions.iter().find(|desired| desired.weight == 0);
    let fallback = match (terms.fallback, before) {
        (Fallback::Restore, Some(old)) => host::Fallback::Split {
            split: host::Split {
                weights: IndexMap::from([(version_id(&old.version.id), 100)]),
                ..host::Split::default()
            },
        },
        (Fallback::Restore | Fallback::Hold, _) => host::Fallback::Hold,
    };
    let probe = terms.probe.as_ref().and_then(|probe| {
        let serving = change.versions.iter().find(|desired| desired.weight > 0)?;
        let health = serving.version.config.health.path.clone();
        let path = probe.path.clone().or(health).unwrap_or_else(|| "/".to_owned());
        Some(host::Probe { path, interval_ms: millis(probe.interval) })
    });
    host::Lease { ttl_ms: millis(terms.ttl), fallback, probe }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

pub(crate) fn observed(observed: host::Observed) -> Result<Observed, TargetError> {
    let mut versions = IndexMap::new();
    for (id, version) in observed.versions {
        versions.insert(deployment_id(id)?, observed_version(version));
    }
    let mut shares = IndexMap::new();
    for (id, share) in observed.split.weights {
        shares.insert(deployment_id(id)?, share);
    }
    Ok(Observed {
        generation: observed.generation,
        effect: observed.effect,
        address: observed.listening,
        versions,
        weights: shares,
        fell_back: observed.fell_back,
    })
}

fn deployment_id(id: host::VersionId) -> Result<DeploymentId, TargetError> {
    DeploymentId::new(id.0).map_err(|error| TargetError::Refused(error.to_string()))
}

fn observed_version(version: host::ObservedVersion) -> ObservedVersion {
    ObservedVersion {
        health: match version.health {
            host::VersionHealth::Starting => VersionHealth::Starting,
            host::VersionHealth::Healthy => VersionHealth::Healthy,
            host::VersionHealth::Unhealthy { reason } => VersionHealth::Unhealthy(reason),
            host::VersionHealth::Failed { reason } => VersionHealth::Failed(reason),
            host::VersionHealth::Draining => VersionHealth::Draining,
        },
        endpoints: version.endpoints,
        restarts: version.restarts,
        users: traffic(version.users),
        probes: traffic(version.probes),
    }
}

fn traffic(counters: host::Counters) -> Traffic {
    Traffic {
        requests: counters.requests,
        errors: counters.errors,
        latency_us: counters.latency_us,
    }
}
