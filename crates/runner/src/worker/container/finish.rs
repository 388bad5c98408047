//! The end of a job's containers.

use super::Containers;
use crate::docker::DockerError;
use crate::worker::shared::Shared;

impl Containers {
    /// Shows what the services wrote and removes everything of the job from
    /// Docker.
    ///
    /// # Errors
    /// When something may be left.
    pub(crate) async fn finish(&self, shared: &Shared) -> Result<(), DockerError> {
        let Some(docker) = self.docker.get() else { return Ok(()) };
        if let Some(started) = self.started.get() {
            for service in &started.services {
                let heading = format!("##[group]Print service container logs: {}", service.name);
                shared.reporter.say(None, &heading).await;
                if let Err(error) = service.show_log(shared, docker).await {
                    shared.reporter.say(None, &format!("##[warning]{error}")).await;
                }
                shared.reporter.say(None, "##[endgroup]").await;
            }
        }
        docker.remove_all(&shared.message.effect).await.map(drop)
    }

    /// The same without a word, for a job that nobody hears any more.
    pub(crate) async fn abandon(&self, effect: &str) {
        if let Some(docker) = self.docker.get()
            && let Err(error) = docker.remove_all(effect).await
        {
            tracing::warn!(%error, "containers are left behind");
        }
    }
}
