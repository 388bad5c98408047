//! Desired states: told to the target, again while it cannot be reached, and
//! waited for.

use std::time::Duration;

use shipway_core::deployment::{Change, DesiredVersion};
use shipway_core::effect::{EffectId, EffectKind, Failure, FailureCode, Outcome};
use shipway_core::ids::DeploymentId;
use shipway_targets::{App, Observed, TargetError, VersionHealth};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::failpoint::{self, Point};

use super::Performer;

/// A target that cannot be reached is asked again for as long.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at a version that starts.
const LOOK: Duration = Duration::from_millis(25);
/// The target knows itself when a version has failed; this is for a target
/// that never says.
const BEYOND_START: Duration = Duration::from_secs(30);
/// As many of its last lines are shown of a version that is refused.
pub(super) const LAST_LINES: usize = 20;

impl Performer {
    /// Makes it so, and waits for the version that is to become healthy.
    pub(super) async fn apply(
        &self,
        id: &EffectId,
        kind: EffectKind,
        change: &Change,
        cancel: CancellationToken,
    ) -> Outcome {
        let app = self.app(&change.env, &change.service);
        let applied = self.persistently(&cancel, || self.target.apply(&app, id, change)).await;
        if let Err(outcome) = applied {
            return outcome;
        }
        failpoint::hit(Point::During, kind);
        match &change.await_healthy {
            Some(version) => self.await_healthy(&app, change, version, &cancel).await,
            None => Outcome::DONE,
        }
    }

    /// Moves traffic back. A version that does not run, or not well, is started
    /// first, while traffic stays where it is.
    pub(super) async fn put_back(
        &self,
        id: &EffectId,
        change: &Change,
        cancel: CancellationToken,
    ) -> Outcome {
        let app = self.app(&change.env, &change.service);
        let Some(version) = &change.await_healthy else {
            return self.apply(id, EffectKind::Return, change, cancel).await;
        };
        let looked = self.persistently(&cancel, || self.target.observe(&app, true)).await;
        let observed = match looked {
            Ok(observed) => observed,
            Err(outcome) => return outcome,
        };
        if !is_healthy(&observed, version) {
            let first = unmoved(change, &observed);
            let started = self.apply(id, EffectKind::Return, &first, cancel.clone()).await;
            if !matches!(started, Outcome::Done { .. }) {
                return started;
            }
        }
        self.apply(id, EffectKind::Return, change, cancel).await
    }

    /// Asks until the target answers, for a while.
    pub(super) async fn persistently<'a, T>(
        &self,
        cancel: &CancellationToken,
        ask: impl Fn() -> shipway_targets::Doing<'a, T>,
    ) -> Result<T, Outcome> {
        let deadline = Instant::now() + PATIENCE;
        let mut pause = Duration::from_millis(50);
        loop {
            let asked = tokio::select! {
                () = cancel.cancelled() => return Err(Outcome::Cancelled),
                asked = ask() => asked,
            };
            match asked {
                Ok(answer) => return Ok(answer),
                Err(error) if error.is_passing() && Instant::now() < deadline => {
                    tracing::warn!(%error, "the target is asked again");
                }
                Err(error) => return Err(refused(&error)),
            }
            tokio::select! {
                () = cancel.cancelled() => return Err(Outcome::Cancelled),
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(Duration::from_secs(2)),
            }
        }
    }

    async fn await_healthy(
        &self,
        app: &App,
        change: &Change,
        version: &DeploymentId,
        cancel: &CancellationToken,
    ) -> Outcome {
        let desired = change.versions.iter().find(|d| d.version.id == *version);
        let start = desired.map(|d| d.version.config.health.start).unwrap_or_default();
        let deadline = Instant::now() + start + BEYOND_START;
        loop {
            let looked = self.persistently(cancel, || self.target.observe(app, true)).await;
            let observed = match looked {
                Ok(observed) => observed,
                Err(outcome) => return outcome,
            };
            let reason = match observed.versions.get(version).map(|v| &v.health) {
                Some(VersionHealth::Healthy) => return Outcome::DONE,
                Some(VersionHealth::Failed(reason)) => reason.clone(),
                Some(VersionHealth::Draining) | None => "it is gone".to_owned(),
                Some(VersionHealth::Starting | VersionHealth::Unhealthy(_))
                    if Instant::now() < deadline =>
                {
                    tokio::select! {
                        () = cancel.cancelled() => return Outcome::Cancelled,
                        () = tokio::time::sleep(LOOK) => continue,
                    }
                }
                Some(VersionHealth::Unhealthy(reason)) => reason.clone(),
                Some(VersionHealth::Starting) => format!("not healthy within {start:?}"),
            };
            let message = format!("{} did not become healthy: {reason}", app.service);
            let output = self.last_lines(app, version).await;
            let code = FailureCode::Health;
            return Outcome::Failed { failure: Failure { code, message, output } };
        }
    }

    /// The last lines that a version wrote; what is in the way is a line, too.
    pub(super) async fn last_lines(&self, app: &App, version: &DeploymentId) -> Vec<String> {
        match self.target.tail(app, version, LAST_LINES).await {
            Ok(lines) => lines,
            Err(error) => vec![format!("(its output cannot be read: {error})")],
        }
    }
}

fn is_healthy(observed: &Observed, version: &DeploymentId) -> bool {
    observed.versions.get(version).is_some_and(|v| v.health == VersionHealth::Healthy)
}

/// The versions of `change`, with traffic where it is now.
fn unmoved(change: &Change, observed: &Observed) -> Change {
    let mut change = change.clone();
    for DesiredVersion { version, weight } in &mut change.versions {
        *weight = observed.weights.get(&version.id).copied().unwrap_or(0);
    }
    // Shares of versions that shall not stay cannot be kept.
    let total: u32 = change.versions.iter().map(|d| u32::from(d.weight)).sum();
    if total != 100 {
        change.versions.iter_mut().for_each(|desired| desired.weight = 0);
    }
    change
}

pub(super) fn refused(error: &TargetError) -> Outcome {
    let code = match error {
        TargetError::Material(_) => FailureCode::Storage,
        TargetError::StaleGeneration { .. }
        | TargetError::Refused(_)
        | TargetError::Unreachable(_) => FailureCode::Target,
    };
    Outcome::Failed { failure: Failure::new(code, error.to_string()) }
}
