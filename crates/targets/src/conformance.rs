//! What every target does. A target's tests call [`run`] with a target in
//! which nothing is, and versions that it can run.

use std::time::{Duration, Instant};

use shipway_core::deployment::{Change, DesiredVersion, ServiceVersion};
use shipway_core::effect::EffectId;
use shipway_core::ids::DeploymentId;
use shipway_core::journal::{StreamId, Version};

use crate::{App, Observed, Target, TargetError, VersionHealth};

/// What the suite works with.
pub struct Subject<'a> {
    /// The target, with nothing of `app` in it.
    pub target: &'a dyn Target,
    /// What is deployed.
    pub app: App,
    /// A version that becomes healthy.
    pub old: ServiceVersion,
    /// Another one.
    pub new: ServiceVersion,
    /// How long the target may take for anything.
    pub patience: Duration,
}

/// Runs the suite.
///
/// # Errors
/// The first thing that the target does not do, in words.
pub async fn run(subject: &Subject<'_>) -> Result<(), String> {
    subject.nothing_is_there_at_first().await?;
    subject.a_first_version_serves().await?;
    subject.the_same_twice_shows_nothing().await?;
    subject.traffic_moves_and_the_old_version_goes().await?;
    subject.a_stale_generation_changes_nothing().await
}

impl Subject<'_> {
    async fn nothing_is_there_at_first(&self) -> Result<(), String> {
        let observed = self.observe().await?;
        expect(observed.generation == 0, "an app never applied has generation 0")?;
        expect(observed.versions.is_empty(), "an app never applied runs nothing")
    }

    async fn a_first_version_serves(&self) -> Result<(), String> {
        self.apply(1, 1, &[(&self.old, 0)]).await?;
        self.healthy(&self.old.id).await?;
        let observed = self.apply(2, 1, &[(&self.old, 100)]).await?;
        expect(observed.weights.get(&self.old.id) == Some(&100), "all traffic is on the version")?;
        expect(observed.generation == 1, "the generation is told")
    }

    async fn the_same_twice_shows_nothing(&self) -> Result<(), String> {
        let before = self.observe().await?;
        let after = self.apply(2, 1, &[(&self.old, 100)]).await?;
        let ids = |observed: &Observed| observed.versions.keys().cloned().collect::<Vec<_>>();
        expect(ids(&before) == ids(&after), "the same versions run")?;
        let restarts = |o: &Observed| o.versions.get(&self.old.id).map(|v| v.restarts);
        expect(restarts(&before) == restarts(&after), "nothing was started again")?;
        expect(before.weights == after.weights, "traffic is divided as before")
    }

    async fn traffic_moves_and_the_old_version_goes(&self) -> Result<(), String> {
        self.apply(3, 2, &[(&self.old, 100), (&self.new, 0)]).await?;
        self.healthy(&self.new.id).await?;
        let moved = self.apply(4, 2, &[(&self.old, 0), (&self.new, 100)]).await?;
        expect(moved.weights.get(&self.new.id) == Some(&100), "traffic has moved")?;
        expect(moved.versions.contains_key(&self.old.id), "the old version stays ready")?;
        self.apply(5, 2, &[(&self.new, 100)]).await?;
        self.until("the old version goes", |observed| !observed.versions.contains_key(&self.old.id))
            .await
    }

    async fn a_stale_generation_changes_nothing(&self) -> Result<(), String> {
        let before = self.observe().await?;
        let stale = self.apply_raw(6, 1, &[(&self.old, 100)]).await;
        expect(
            matches!(stale, Err(TargetError::StaleGeneration { .. })),
            "a stale generation is refused",
        )?;
        let after = self.observe().await?;
        expect(before.weights == after.weights, "a refused call changes no traffic")?;
        expect(before.generation == after.generation, "a refused call changes no generation")
    }

    async fn apply(
        &self,
        effect: u64,
        generation: u64,
        versions: &[(&ServiceVersion, u8)],
    ) -> Result<Observed, String> {
        let applied = self.apply_raw(effect, generation, versions).await;
        applied.map_err(|error| format!("apply {effect}: {error}"))
    }

    async fn apply_raw(
        &self,
        effect: u64,
        generation: u64,
        versions: &[(&ServiceVersion, u8)],
    ) -> Result<Observed, TargetError> {
        let desired = |(version, weight): &(&ServiceVersion, u8)| DesiredVersion {
            version: (*version).clone(),
            weight: *weight,
        };
        let change = Change {
            env: self.app.env.clone(),
            service: self.app.service.clone(),
            generation,
            place: Some(self.new.place.clone()),
            versions: versions.iter().map(desired).collect(),
            lease: None,
            await_healthy: None,
        };
        let stream = StreamId::Env(self.app.env.clone());
        let effect = EffectId { stream, version: Version(effect) };
        self.target.apply(&self.app, &effect, &change).await
    }

    async fn observe(&self) -> Result<Observed, String> {
        self.target.observe(&self.app, false).await.map_err(|error| format!("observe: {error}"))
    }

    async fn healthy(&self, id: &DeploymentId) -> Result<(), String> {
        self.until("the version becomes healthy", |observed| {
            observed.versions.get(id).is_some_and(|v| v.health == VersionHealth::Healthy)
        })
        .await
    }

    async fn until(&self, what: &str, seen: impl Fn(&Observed) -> bool) -> Result<(), String> {
        let deadline = Instant::now() + self.patience;
        loop {
            let observed = self.observe().await?;
            if seen(&observed) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("{what}: not within {:?}; it is {observed:?}", self.patience));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn expect(is: bool, what: &str) -> Result<(), String> {
    if is { Ok(()) } else { Err(what.to_owned()) }
}
