//! A service of a job: a container beside the steps.

use std::time::Duration;

use shipway_workflow::expr::Object;
use tokio_stream::StreamExt;

use crate::docker::{Docker, DockerError, Health};
use crate::worker::mask::MaskedStream;
use crate::worker::shared::Shared;

/// How long to wait before a service is asked again how it is: Docker has no
/// call that waits for that.
const AGAIN: Duration = Duration::from_millis(200);

/// A service that was started.
pub(super) struct Service {
    /// Its key in the workflow, and its name in the network.
    pub(super) name: String,
    pub(super) id: String,
    pub(super) image: String,
    /// Ports in the container, and where they are here.
    ports: Vec<(String, String)>,
}

impl Service {
    pub(super) async fn started(
        docker: &Docker,
        name: &str,
        id: String,
        image: &str,
    ) -> Result<Self, DockerError> {
        let ports = docker.ports(&id).await?;
        Ok(Self { name: name.to_owned(), id, image: image.to_owned(), ports })
    }

    /// `job.services.<name>`
    pub(super) fn context(&self, network: &str) -> Object {
        let ports: Object = self.ports.iter().map(|(k, v)| (k.clone(), v.as_str())).collect();
        let mut service = Object::new();
        service.insert("id", self.id.as_str());
        service.insert("ports", ports);
        service.insert("network", network);
        service
    }

    /// Waits until it is well, or not; says which.
    pub(super) async fn is_well(
        &self,
        shared: &Shared,
        docker: &Docker,
    ) -> Result<bool, DockerError> {
        let mut told = false;
        loop {
            match docker.health(&self.id).await? {
                Health::Starting if !told => {
                    let text = format!("{} service is starting, waiting for it.", self.name);
                    shared.reporter.say(None, &text).await;
                    told = true;
                }
                Health::Starting => {}
                Health::Unchecked | Health::Healthy => {
                    let text = format!("{} service is healthy.", self.name);
                    shared.reporter.say(None, &text).await;
                    return Ok(true);
                }
                Health::Unhealthy => return Ok(false),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Shows what it wrote.
    pub(super) async fn show_log(
        &self,
        shared: &Shared,
        docker: &Docker,
    ) -> Result<(), DockerError> {
        let mut log = docker.logs(&self.id);
        let mut masked = MaskedStream::default();
        let mut ready = Vec::new();
        while let Some(piece) = log.next().await {
            masked.push(&shared.masker, &piece?.1, &mut ready);
            super::output::pass(shared, &mut ready).await;
        }
        masked.finish(&shared.masker, &mut ready);
        super::output::pass(shared, &mut ready).await;
        Ok(())
    }
}
