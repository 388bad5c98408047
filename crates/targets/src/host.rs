//! Processes on this machine, behind Shipway's own host.

use std::path::PathBuf;
use std::sync::Arc;

use shipway_core::deployment::Change;
use shipway_core::effect::EffectId;
use shipway_core::ids::DeploymentId;
use shipway_host::client::{ClientError, HostClient};
use shipway_host::paths::HostPaths;
use shipway_host::protocol::{Apply, Desired, ErrorCode};
use tokio::sync::OnceCell;

use crate::convert::{app_id, desired, observed, version_id};
use crate::{App, Doing, Material, Observed, Target, TargetError};

/// Processes on this machine, behind Shipway's own host, which is started when
/// it is first needed.
pub struct HostTarget {
    paths: HostPaths,
    executable: PathBuf,
    material: Arc<dyn Material>,
    client: OnceCell<HostClient>,
}

impl HostTarget {
    /// The host at `paths`, started from `executable` if none runs.
    pub fn new(paths: HostPaths, executable: PathBuf, material: Arc<dyn Material>) -> Self {
        Self { paths, executable, material, client: OnceCell::new() }
    }

    async fn client(&self) -> Result<&HostClient, TargetError> {
        let connect = || HostClient::connect_or_start(&self.paths, &self.executable);
        self.client.get_or_try_init(connect).await.map_err(|error| failed(error, None))
    }

    /// Unpacks the releases that are not there yet, which may take a while.
    async fn desired(&self, app: &App, change: &Change) -> Result<Desired, TargetError> {
        let (app, change) = (app.clone(), change.clone());
        let material = Arc::clone(&self.material);
        let made = move || desired(&app, &change, material.as_ref());
        let broken = |error: tokio::task::JoinError| TargetError::Refused(error.to_string());
        tokio::task::spawn_blocking(made).await.map_err(broken)?
    }
}

impl Target for HostTarget {
    fn apply<'a>(
        &'a self,
        app: &'a App,
        effect: &'a EffectId,
        change: &'a Change,
    ) -> Doing<'a, Observed> {
        Box::pin(async move {
            let apply = Apply {
                app: app_id(app),
                effect: effect.to_string(),
                generation: change.generation,
                desired: self.desired(app, change).await?,
            };
            let client = self.client().await?;
            let stale = Some((app, change.generation));
            let reply = client.apply(apply).await.map_err(|error| failed(error, stale))?;
            observed(reply)
        })
    }

    fn observe<'a>(&'a self, app: &'a App, renew: bool) -> Doing<'a, Observed> {
        Box::pin(async move {
            let client = self.client().await?;
            let reply = client.observe(&app_id(app), renew).await;
            observed(reply.map_err(|error| failed(error, None))?)
        })
    }

    fn tail<'a>(
        &'a self,
        app: &'a App,
        version: &'a DeploymentId,
        lines: usize,
    ) -> Doing<'a, Vec<String>> {
        Box::pin(async move {
            let client = self.client().await?;
            let reply = client.tail(&app_id(app), &version_id(version), lines).await;
            reply.map_err(|error| failed(error, None))
        })
    }
}

fn failed(error: ClientError, asked: Option<(&App, u64)>) -> TargetError {
    match (error, asked) {
        (ClientError::Refused { code: ErrorCode::StaleGeneration, .. }, Some((app, asked))) => {
            TargetError::StaleGeneration { app: app.to_string(), asked }
        }
        (ClientError::Refused { message, .. }, _) => TargetError::Refused(message),
        (error, _) => TargetError::Unreachable(error.to_string()),
    }
}
