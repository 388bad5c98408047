//! One version of an app: its processes, and where it stands as a whole.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::replica::{Replica, Stage, Watcher};
use crate::protocol::{ObservedVersion, VersionHealth, VersionId, VersionSpec};
use crate::proxy::Backend;

/// A new version whose processes ended so often is given up.
const CRASHES_MAX: u32 = 5;

/// One version of an app.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) spec: VersionSpec,
    pub(super) backend: Arc<Backend>,
    /// When it first came, in milliseconds since boot.
    pub(super) since_ms: u64,
    pub(super) phase: Phase,
    pub(super) replicas: Vec<Replica>,
    pub(super) restarts: u32,
}

/// Where a version stands.
#[derive(Debug)]
pub(super) enum Phase {
    /// Not all of it was well at one time yet.
    Starting { until: Instant, crashes: u32 },
    /// It was well: what ends is started again for ever.
    Up,
    /// It was given up; nothing of it runs.
    Failed { reason: String },
    /// It gets nothing new and finishes what it has.
    Draining { _drain: Watcher },
    /// Its processes are asked to end.
    Stopping,
}

impl Version {
    /// A version that is to be started now. `trusted`: it was well before.
    pub(super) fn new(
        id: VersionId,
        spec: VersionSpec,
        since_ms: u64,
        trusted: bool,
        now: Instant,
    ) -> Self {
        let phase = if trusted { Phase::Up } else { starting(&spec, now) };
        let backend = Backend::new(id);
        Self { spec, backend, since_ms, phase, replicas: Vec::new(), restarts: 0 }
    }

    /// Whether it is on its way out.
    pub(super) const fn is_leaving(&self) -> bool {
        matches!(self.phase, Phase::Draining { .. } | Phase::Stopping)
    }

    /// Whether traffic may be moved to it.
    pub(super) fn is_fit(&self) -> bool {
        matches!(self.phase, Phase::Up | Phase::Draining { .. })
            && self.replicas.iter().any(Replica::is_healthy)
    }

    /// Wanted again: from the beginning, unless it is there.
    pub(super) fn want(&mut self, id: &VersionId, now: Instant) {
        match self.phase {
            Phase::Starting { .. } | Phase::Up => {}
            // Its traffic may have been broken off for good: a new backend.
            Phase::Draining { .. } => {
                let fit = self.is_fit();
                self.backend = Backend::new(id.clone());
                self.phase = if fit { Phase::Up } else { starting(&self.spec, now) };
            }
            Phase::Stopping => {
                self.backend = Backend::new(id.clone());
                self.phase = starting(&self.spec, now);
            }
            Phase::Failed { .. } => self.phase = starting(&self.spec, now),
        }
        if self.replicas.iter().all(|replica| matches!(replica.stage, Stage::Ended)) {
            self.replicas.clear();
        }
        self.publish();
    }

    /// Tells the traffic where the healthy processes listen.
    pub(super) fn publish(&self) {
        self.backend.set_endpoints(&self.endpoints());
    }

    pub(super) fn endpoints(&self) -> Vec<SocketAddr> {
        if !self.spec.listens {
            return Vec::new();
        }
        let ports = self.replicas.iter().filter_map(Replica::healthy_port);
        ports.map(|port| SocketAddr::from(([127, 0, 0, 1], port))).collect()
    }

    fn healthy(&self) -> usize {
        self.replicas.iter().filter(|replica| replica.is_healthy()).count()
    }

    fn is_complete(&self) -> bool {
        self.healthy() >= usize::from(self.spec.replicas)
    }

    /// A process of it ended at its start or later.
    pub(super) fn count_crash(&mut self, trouble: &str) {
        if let Phase::Starting { crashes, .. } = &mut self.phase {
            *crashes += 1;
            if *crashes >= CRASHES_MAX {
                let reason = format!("{trouble} at every start ({crashes} times)");
                self.phase = Phase::Failed { reason };
            }
        }
    }

    /// When something of it is due by itself.
    pub(super) fn next_look(&self) -> Option<Instant> {
        let deadline = match self.phase {
            Phase::Starting { until, .. } => Some(until),
            _ => None,
        };
        let starts = !self.is_leaving() && !matches!(self.phase, Phase::Failed { .. });
        let replicas = self.replicas.iter().filter_map(|replica| match replica.stage {
            Stage::Waiting { until } if starts => Some(until),
            Stage::Stopping { kill_at, .. } => kill_at,
            _ => None,
        });
        replicas.chain(deadline).min()
    }

    /// What the moment and its processes make of a version that starts.
    pub(super) fn judge(&mut self, now: Instant) {
        let Phase::Starting { until, .. } = self.phase else { return };
        if self.is_complete() {
            self.phase = Phase::Up;
        } else if now >= until {
            let within = Duration::from_millis(self.spec.health.start_ms);
            let reason = format!("took longer than {} s: {}", within.as_secs_f64(), self.trouble());
            self.phase = Phase::Failed { reason };
        }
    }

    /// Why some process is not well.
    fn trouble(&self) -> String {
        let unwell: Vec<&Replica> =
            self.replicas.iter().filter(|replica| !replica.is_healthy()).collect();
        let trouble = unwell.iter().find_map(|replica| replica.trouble.clone());
        let trouble = trouble.unwrap_or_else(|| "it has not answered yet".to_owned());
        match self.spec.replicas {
            0 | 1 => trouble,
            all => format!("{} of {all} processes: {trouble}", unwell.len()),
        }
    }

    pub(super) fn health(&self) -> VersionHealth {
        match &self.phase {
            Phase::Starting { .. } => VersionHealth::Starting,
            Phase::Up if self.is_complete() => VersionHealth::Healthy,
            Phase::Up => VersionHealth::Unhealthy { reason: self.trouble() },
            Phase::Failed { reason } => VersionHealth::Failed { reason: reason.clone() },
            Phase::Draining { .. } | Phase::Stopping => VersionHealth::Draining,
        }
    }

    pub(super) fn observed(&self) -> ObservedVersion {
        ObservedVersion {
            label: self.spec.label.clone(),
            health: self.health(),
            healthy: u16::try_from(self.healthy()).unwrap_or(u16::MAX),
            endpoints: self.endpoints(),
            replicas: self.spec.replicas,
            restarts: self.restarts,
            in_flight: self.backend.in_flight(),
            users: self.backend.counters(),
            probes: self.backend.probe_counters(),
        }
    }
}

fn starting(spec: &VersionSpec, now: Instant) -> Phase {
    let until = now + Duration::from_millis(spec.health.start_ms);
    Phase::Starting { until, crashes: 0 }
}
