//! What a deployment is going to do, decided once.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::config::{Environment, Fallback, Guard, Placement, Probe, Rollout, Service};
use crate::digest::Digest;
use crate::ids::{CommitId, DeploymentId, EnvName, ServiceName};
use crate::release::{Artifact, ReleaseId};

use super::{blue_green, recreate};

/// One version of one service in one environment: what was deployed, with the
/// configuration it was deployed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceVersion {
    /// The deployment that brought it: names it at the target.
    pub id: DeploymentId,
    /// What is run.
    pub artifact: Artifact,
    /// The commit it was built from.
    pub commit: CommitId,
    /// How it is run.
    pub config: Service,
    /// Where it answers, and what is special to this environment.
    pub place: Placement,
}

/// What shall be of one service, before it is known which version that is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// What is run.
    pub artifact: Artifact,
    /// The commit it was built from.
    pub commit: CommitId,
    /// How it is run.
    pub config: Service,
    /// Where it answers, and what is special to this environment.
    pub place: Placement,
}

impl Wanted {
    /// The same content, run the same way?
    pub fn is(&self, version: &ServiceVersion) -> bool {
        self.artifact.digest() == version.artifact.digest()
            && self.config == version.config
            && self.place == version.place
    }
}

impl From<&ServiceVersion> for Wanted {
    fn from(version: &ServiceVersion) -> Self {
        Self {
            artifact: version.artifact.clone(),
            commit: version.commit.clone(),
            config: version.config.clone(),
            place: version.place.clone(),
        }
    }
}

/// What becomes of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "a few a deployment, and never moved")]
pub enum ServiceChange {
    /// Nothing: the same content runs already.
    Keep {
        /// What runs.
        version: ServiceVersion,
    },
    /// It gets a new version.
    Replace {
        /// What ran before; `None` when nothing did.
        old: Option<ServiceVersion>,
        /// What comes.
        new: ServiceVersion,
    },
    /// It is no longer part of the project.
    Retire {
        /// What ran.
        old: ServiceVersion,
    },
}

/// Why there is a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A commit on its way.
    Ship,
    /// A person asked for this release here.
    Manual,
    /// Back to an earlier release: migrations are not run.
    Rollback,
}

/// One step forward.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", content = "service", rename_all = "snake_case")]
pub enum Step {
    /// Run the service's migrations.
    Migrate(ServiceName),
    /// Start the new version and wait until it is healthy.
    Start(ServiceName),
    /// Run the smoke test against the new version.
    Smoke(ServiceName),
    /// Stop the old version first (recreate).
    Stop(ServiceName),
    /// Move users' traffic to the new version.
    Shift(ServiceName),
    /// Look at the new versions under traffic.
    Watch,
    /// Drain and stop the old version.
    Finish(ServiceName),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Migrate(service) => write!(f, "migrate {service}"),
            Self::Start(service) => write!(f, "start {service}"),
            Self::Smoke(service) => write!(f, "smoke-test {service}"),
            Self::Stop(service) => write!(f, "stop the old {service}"),
            Self::Shift(service) => write!(f, "switch traffic of {service}"),
            Self::Watch => f.write_str("watch"),
            Self::Finish(service) => write!(f, "drain the old {service}"),
        }
    }
}

/// A deployment, decided once: it never changes afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentPlan {
    /// `<environment>.<generation>`.
    pub id: DeploymentId,
    /// Where it goes.
    pub env: EnvName,
    /// The target refuses anything lower than the highest it has seen.
    pub generation: u64,
    /// The deployment that it replaces; `None` for the first.
    pub parent: Option<DeploymentId>,
    /// Why it is made.
    pub kind: Kind,
    /// What goes there.
    pub release: ReleaseId,
    /// The commit of the release.
    pub commit: CommitId,
    /// What approvals are given for and repeats are recognised by.
    pub identity: Digest,
    /// What becomes of each service, in declared order.
    pub services: IndexMap<ServiceName, ServiceChange>,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// How long the new versions are looked at under traffic.
    #[serde(with = "crate::millis")]
    pub bake: Duration,
    /// What is watched meanwhile.
    pub guard: Guard,
    /// What the host does when nobody judges any more.
    pub lease: LeaseTerms,
}

/// What the target does when nobody judges any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseTerms {
    /// After this long without a renewal.
    #[serde(with = "crate::millis")]
    pub ttl: Duration,
    /// Hold, or put the old version back.
    pub fallback: Fallback,
    /// Requests of the target's own meanwhile.
    pub probe: Option<Probe>,
}

/// What a deployment is made from.
pub(crate) struct Ingredients<'a> {
    pub(crate) env: &'a EnvName,
    pub(crate) generation: u64,
    pub(crate) parent: Option<DeploymentId>,
    pub(crate) kind: Kind,
    pub(crate) release: ReleaseId,
    pub(crate) commit: &'a CommitId,
    pub(crate) identity: Digest,
    pub(crate) current: &'a IndexMap<ServiceName, ServiceVersion>,
    /// What is there is not trusted: every service is replaced.
    pub(crate) afresh: bool,
    /// What serves these is not known: they are replaced.
    pub(crate) damaged: &'a BTreeSet<ServiceName>,
    pub(crate) wanted: &'a IndexMap<ServiceName, Wanted>,
    pub(crate) config: &'a Environment,
}

impl DeploymentPlan {
    pub(crate) fn new(id: DeploymentId, from: &Ingredients<'_>) -> Self {
        let services = changes(&id, from);
        let (steps, bake) = match &from.config.rollout {
            Rollout::BlueGreen { bake } => (blue_green::steps(&services, from.kind), *bake),
            Rollout::Recreate { bake } => (recreate::steps(&services, from.kind), *bake),
        };
        Self {
            id,
            env: from.env.clone(),
            generation: from.generation,
            parent: from.parent.clone(),
            kind: from.kind,
            release: from.release,
            commit: from.commit.clone(),
            identity: from.identity,
            services,
            steps,
            bake,
            guard: from.config.guard.clone(),
            lease: LeaseTerms {
                ttl: from.config.lease.ttl,
                fallback: from.config.lease.fallback,
                probe: from.config.guard.probe.clone(),
            },
        }
    }

    /// What serves when it has succeeded.
    pub fn versions(&self) -> IndexMap<ServiceName, ServiceVersion> {
        let after = |change: &ServiceChange| match change {
            ServiceChange::Keep { version } => Some(version.clone()),
            ServiceChange::Replace { new, .. } => Some(new.clone()),
            ServiceChange::Retire { .. } => None,
        };
        self.services.iter().filter_map(|(name, c)| Some((name.clone(), after(c)?))).collect()
    }
}

fn changes(id: &DeploymentId, from: &Ingredients<'_>) -> IndexMap<ServiceName, ServiceChange> {
    let mut services = IndexMap::new();
    for (name, wanted) in from.wanted {
        let old = from.current.get(name);
        let change = match old {
            Some(version) if wanted.is(version) && !from.afresh && !from.damaged.contains(name) => {
                ServiceChange::Keep { version: version.clone() }
            }
            _ => ServiceChange::Replace {
                old: old.cloned(),
                new: ServiceVersion {
                    id: id.clone(),
                    artifact: wanted.artifact.clone(),
                    commit: wanted.commit.clone(),
                    config: wanted.config.clone(),
                    place: wanted.place.clone(),
                },
            },
        };
        services.insert(name.clone(), change);
    }
    for (name, old) in from.current {
        if !services.contains_key(name) {
            services.insert(name.clone(), ServiceChange::Retire { old: old.clone() });
        }
    }
    services
}

/// A desired state of one service at the target, with its fence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The environment.
    pub env: EnvName,
    /// The service.
    pub service: ServiceName,
    /// The deployment's generation.
    pub generation: u64,
    /// Where the service answers, whatever runs; `None` for a worker.
    pub place: Option<Placement>,
    /// The versions that shall be there, with their share of traffic in
    /// percent. The shares sum to 100, or are all 0: nothing serves.
    pub versions: Vec<DesiredVersion>,
    /// Somebody has to keep judging.
    pub lease: Option<LeaseTerms>,
    /// The version that is waited for until it is healthy.
    pub await_healthy: Option<DeploymentId>,
}

/// A version that shall be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredVersion {
    /// What it is and how it is run.
    pub version: ServiceVersion,
    /// Its share of traffic in percent.
    pub weight: u8,
}

/// What is looked at, how long, and what is too much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchSpec {
    /// The environment.
    pub env: EnvName,
    /// The services and their versions.
    pub services: Vec<WatchedService>,
    /// How long, counted in observed time.
    #[serde(with = "crate::millis")]
    pub bake: Duration,
    /// What is too much.
    pub guard: Guard,
    /// A person is asked, or holds the deployment: watch on until called off.
    /// Only what cannot wait for a person ends such a watch: a finding whose
    /// consequence is `rollback`, or that the target fell back.
    pub until_answered: bool,
}

/// A service under watch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchedService {
    /// The service.
    pub service: ServiceName,
    /// What ran before.
    pub old: Option<DeploymentId>,
    /// What is judged.
    pub new: DeploymentId,
    /// Whether it answers requests at all: a worker does not.
    pub listens: bool,
}
