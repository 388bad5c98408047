//! What happens when nobody judges any more, and the host's own requests
//! while somebody does.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::App;
use super::version::Version;
use crate::control::record::{Record, Term};
use crate::protocol::{Fallback, Split, VersionId};

/// A lease is looked at this often: timers do not run while a laptop sleeps.
const LOOK: Duration = Duration::from_secs(1);

/// When the host sends requests of its own.
#[derive(Debug, Default)]
pub(super) struct Probing {
    due: Option<Instant>,
    /// What users had asked of each version when it was last due.
    users: HashMap<VersionId, u64>,
}

impl App {
    /// Takes the fallback when the lease has run out, and probes when it is
    /// time.
    pub(super) async fn watch_lease(&mut self) {
        match &self.record.term {
            None => self.probing = Probing::default(),
            Some(term) if term.left_ms().is_some() => self.probe(),
            Some(_) => self.fall_back().await,
        }
    }

    /// When to look at the lease again.
    pub(super) fn lease_look(&self, now: Instant) -> Option<Instant> {
        let left = self.record.term.as_ref()?.left_ms();
        let look = left.map_or(LOOK, |left| Duration::from_millis(left).min(LOOK));
        let due = self.probing.due.unwrap_or(now + look);
        Some(due.min(now + look.max(Duration::from_millis(1))))
    }

    /// Pushes the end of the lease out by its full length; not of one that
    /// has run out.
    pub(super) async fn renew_lease(&mut self) {
        self.watch_lease().await;
        let ttl = self.record.desired.lease.as_ref().map(|lease| lease.ttl_ms);
        let holds = self.record.term.as_ref().is_some_and(|term| term.left_ms().is_some());
        let Some(ttl_ms) = ttl.filter(|_| holds) else { return };
        self.record.term = Some(Term::starting_now(self.record.generation, ttl_ms));
        if let Err(error) = self.record.write_term(&self.hub.paths) {
            self.hub.problem(format!(
                "{}: the renewed lease cannot be written ({error}); a restart would end it early",
                self.record.app.0
            ));
        }
    }

    async fn fall_back(&mut self) {
        let fallback = self.record.desired.lease.as_ref().map(|lease| lease.fallback.clone());
        let split = match fallback {
            Some(Fallback::Split { split }) => split,
            Some(Fallback::Hold) | None => self.record.split.clone(),
        };
        if !self.may_fall_back_to(&split) {
            return;
        }
        tracing::warn!(app = self.record.app.0, "nobody renewed the lease: the fallback is taken");
        let record = Record { split, fell_back: true, term: None, ..self.record.clone() };
        if let Err(refusal) = self.write(&record).await {
            // Users come first: the routes change all the same, and a restart
            // finds the lease run out and takes the fallback again.
            self.hub.problem(format!("{}: {}", record.app.0, refusal.message));
        }
        self.record = record;
        match self.routed() {
            Ok(routed) => self.hub.route(&self.record.app, routed),
            Err(error) => self.hub.problem(format!("the fallback was not routed: {error}")),
        }
    }

    /// Going back to what cannot serve would only make it worse; then it is
    /// tried again later. Where nothing can serve, it is as good as anything.
    fn may_fall_back_to(&self, split: &Split) -> bool {
        let fit = |id: &VersionId| self.versions.get(id).is_some_and(Version::is_fit);
        split.serving().all(fit) || !self.record.split.serving().any(fit)
    }

    /// Asks each serving version that users did not ask since the last time.
    fn probe(&mut self) {
        let lease = self.record.desired.lease.as_ref();
        let Some(probe) = lease.and_then(|lease| lease.probe.clone()) else { return };
        let now = Instant::now();
        if self.probing.due.is_some_and(|due| due > now) {
            return;
        }
        let first = self.probing.due.is_none();
        self.probing.due = Some(now + Duration::from_millis(probe.interval_ms.max(1)));
        for id in self.record.split.serving() {
            let Some(version) = self.versions.get(id) else { continue };
            let users = version.backend.counters().requests;
            let before = self.probing.users.insert(id.clone(), users);
            if first || before != Some(users) || !version.is_fit() {
                continue;
            }
            let timeout = Duration::from_millis(version.spec.health.timeout_ms.max(1));
            let (proxy, backend) = (Arc::clone(&self.hub.proxy), Arc::clone(&version.backend));
            let path = probe.path.clone();
            self.hub.traffic.spawn(async move {
                // Counted by the proxy, as an error too.
                if let Err(error) = proxy.probe(&backend, &path, timeout).await {
                    tracing::debug!(%error, "a probe failed");
                }
            });
        }
    }
}
