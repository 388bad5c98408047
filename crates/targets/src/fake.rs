//! A scripted target: records every call, keeps state as a real one does, and
//! fails where the test says so.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use shipway_core::deployment::Change;
use shipway_core::effect::EffectId;
use shipway_core::guard::Traffic;
use shipway_core::ids::DeploymentId;

use crate::{
    App, Doing, Observed, ObservedVersion, Target, TargetError, VersionHealth, no_traffic, weights,
};

/// A call that the fake was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The app.
    pub app: App,
    /// The effect.
    pub effect: String,
    /// Its generation.
    pub generation: u64,
    /// Each version's share of traffic.
    pub weights: Vec<(DeploymentId, u8)>,
    /// It was done, and not refused.
    pub done: bool,
}

/// A scripted target.
#[derive(Debug, Default)]
pub struct FakeTarget {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    calls: Vec<Call>,
    attempts: u64,
    away: Option<String>,
    no_endpoints: bool,
    apps: BTreeMap<App, Observed>,
    failing: VecDeque<String>,
    unhealthy: BTreeMap<DeploymentId, VersionHealth>,
    traffic: BTreeMap<DeploymentId, Traffic>,
    fell_back: BTreeSet<App>,
}

impl FakeTarget {
    /// Nothing is there.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// How often it was told or asked anything, also in vain.
    pub fn attempts(&self) -> u64 {
        self.lock().attempts
    }

    /// No call reaches the target until it comes back.
    pub fn go_away(&self, why: &str) {
        self.lock().away = Some(why.to_owned());
    }

    /// Calls reach the target again.
    pub fn come_back(&self) {
        self.lock().away = None;
    }

    /// Versions listen nowhere, as workers do.
    pub fn without_endpoints(&self) {
        self.lock().no_endpoints = true;
    }

    /// The next call cannot reach the target.
    pub fn fail_next(&self, why: &str) {
        self.lock().failing.push_back(why.to_owned());
    }

    /// This version is not healthy, whenever it is looked at.
    pub fn set_health(&self, version: DeploymentId, health: VersionHealth) {
        self.lock().unhealthy.insert(version, health);
    }

    /// What users got from this version.
    pub fn set_traffic(&self, version: DeploymentId, traffic: Traffic) {
        self.lock().traffic.insert(version, traffic);
    }

    /// Nobody renewed the lease of `app`.
    pub fn fall_back(&self, app: App) {
        self.lock().fell_back.insert(app);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn reachable(&mut self) -> Result<(), TargetError> {
        self.attempts += 1;
        self.failing
            .pop_front()
            .or_else(|| self.away.clone())
            .map_or(Ok(()), |why| Err(TargetError::Unreachable(why)))
    }

    fn look(&self, app: &App) -> Observed {
        let mut observed = self.apps.get(app).cloned().unwrap_or_else(nothing);
        for (id, version) in &mut observed.versions {
            version.health = self.unhealthy.get(id).cloned().unwrap_or(VersionHealth::Healthy);
            if self.no_endpoints {
                version.endpoints.clear();
            }
            version.users = self.traffic.get(id).cloned().unwrap_or_else(no_traffic);
        }
        observed.fell_back = self.fell_back.contains(app);
        observed
    }
}

fn nothing() -> Observed {
    Observed {
        generation: 0,
        effect: None,
        address: None,
        versions: IndexMap::new(),
        weights: IndexMap::new(),
        fell_back: false,
    }
}

impl Target for FakeTarget {
    fn apply<'a>(
        &'a self,
        app: &'a App,
        effect: &'a EffectId,
        change: &'a Change,
    ) -> Doing<'a, Observed> {
        Box::pin(async move {
            let mut inner = self.lock();
            inner.reachable()?;
            let shares: Vec<_> =
                weights(&change.versions).map(|(id, share)| (id.clone(), share)).collect();
            let newest = inner.apps.get(app).map_or(0, |observed| observed.generation);
            let done = change.generation >= newest;
            inner.calls.push(Call {
                app: app.clone(),
                effect: effect.to_string(),
                generation: change.generation,
                weights: shares.clone(),
                done,
            });
            if !done {
                let (app, asked) = (app.to_string(), change.generation);
                return Err(TargetError::StaleGeneration { app, asked });
            }
            let running = |id: &DeploymentId| {
                let version = ObservedVersion {
                    health: VersionHealth::Healthy,
                    endpoints: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 1))],
                    restarts: 0,
                    users: no_traffic(),
                    probes: no_traffic(),
                };
                (id.clone(), version)
            };
            let observed = Observed {
                generation: change.generation,
                effect: Some(effect.to_string()),
                address: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 80))),
                versions: change.versions.iter().map(|d| running(&d.version.id)).collect(),
                weights: shares.into_iter().collect(),
                fell_back: false,
            };
            inner.apps.insert(app.clone(), observed);
            inner.fell_back.remove(app);
            Ok(inner.look(app))
        })
    }

    fn observe<'a>(&'a self, app: &'a App, _renew: bool) -> Doing<'a, Observed> {
        Box::pin(async move {
            let mut inner = self.lock();
            inner.reachable()?;
            Ok(inner.look(app))
        })
    }

    fn tail<'a>(
        &'a self,
        _app: &'a App,
        version: &'a DeploymentId,
        lines: usize,
    ) -> Doing<'a, Vec<String>> {
        Box::pin(async move {
            self.lock().reachable()?;
            let line = format!("{version} says hello");
            Ok(std::iter::repeat_n(line, lines.min(1)).collect())
        })
    }
}
