//! The machinery that holds versions and routes traffic to them.
//!
//! A target is told a desired state ([`Target::apply`]) and looked at
//! ([`Target::observe`]). Every target passes the same [`conformance`] suite.

pub mod conformance;
mod convert;
mod error;
pub mod fake;
mod host;
mod material;
mod observed;

use std::future::Future;
use std::pin::Pin;

use shipway_core::deployment::{Change, DesiredVersion};
use shipway_core::effect::EffectId;
use shipway_core::guard::Traffic;
use shipway_core::ids::{DeploymentId, EnvName, ProjectId, ServiceName};

pub use error::TargetError;
pub use host::HostTarget;
pub use material::{Material, MaterialError, Secret};
pub use observed::{Observed, ObservedVersion, VersionHealth};

/// What a target has a state of: one service of one environment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct App {
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub env: EnvName,
    /// The service.
    pub service: ServiceName,
}

impl std::fmt::Display for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.project, self.env, self.service)
    }
}

/// The future of a target's method.
pub type Doing<'a, T> = Pin<Box<dyn Future<Output = Result<T, TargetError>> + Send + 'a>>;

/// The machinery that holds versions and routes traffic to them.
pub trait Target: Send + Sync {
    /// Makes it so, and says what is there then. Done twice it shows nothing.
    /// It returns once the traffic is divided as desired; versions may still
    /// be starting or draining, which [`observe`](Self::observe) tells.
    ///
    /// # Errors
    /// [`TargetError::StaleGeneration`] if a higher generation was applied
    /// before; nothing has changed then.
    fn apply<'a>(
        &'a self,
        app: &'a App,
        effect: &'a EffectId,
        change: &'a Change,
    ) -> Doing<'a, Observed>;

    /// What is there. With `renew`, somebody is judging: the lease is
    /// renewed.
    ///
    /// # Errors
    /// When the target cannot be reached.
    fn observe<'a>(&'a self, app: &'a App, renew: bool) -> Doing<'a, Observed>;

    /// The last lines that a version wrote, oldest first.
    ///
    /// # Errors
    /// When the target cannot be reached, or never had the version.
    fn tail<'a>(
        &'a self,
        app: &'a App,
        version: &'a DeploymentId,
        lines: usize,
    ) -> Doing<'a, Vec<String>>;
}

/// The shares of traffic that `versions` stand for; empty when none has any.
pub(crate) fn weights(
    versions: &[DesiredVersion],
) -> impl Iterator<Item = (&DeploymentId, u8)> + Clone {
    let serves = versions.iter().any(|desired| desired.weight > 0);
    let all = versions.iter().map(|desired| (&desired.version.id, desired.weight));
    all.filter(move |_| serves)
}

/// Nothing was asked yet.
pub(crate) const fn no_traffic() -> Traffic {
    Traffic { requests: 0, errors: 0, latency_us: Vec::new() }
}
