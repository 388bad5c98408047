//! The containers of a job: the one that its steps run in, its services, and
//! the actions that are containers. See `docs/design/containers.md`.

mod action;
mod begin;
mod exec;
mod finish;
mod folders;
mod image;
mod node;
mod output;
mod paths;
mod reach;
mod service;
mod start;

use std::sync::OnceLock;

use shipway_workflow::expr::Object;
use tokio::sync::OnceCell;

use crate::docker::{Docker, DockerError, Labels};
use crate::worker::place::Place;
use crate::worker::shared::Shared;

pub(crate) use action::{ActionImage, ContainerStep};
pub(crate) use exec::JobContainer;
pub(crate) use paths::Paths;
use reach::Way;
use service::Service;
pub(crate) use start::Wanted;

/// The containers of one job.
#[derive(Default)]
pub(crate) struct Containers {
    docker: OnceCell<Docker>,
    started: OnceLock<Started>,
    /// The container that the steps run in was asked for and is not there.
    missing: OnceLock<()>,
    /// The way to the results service; `None`: there is no service, or no way.
    way: OnceCell<Option<Way>>,
}

/// What runs beside the steps, or around them.
struct Started {
    /// The network's name.
    network: String,
    job: Option<JobContainer>,
    services: Vec<Service>,
}

impl Containers {
    /// Docker, once something needs it.
    ///
    /// # Errors
    /// When it does not answer.
    async fn docker(&self) -> Result<&Docker, DockerError> {
        self.docker.get_or_try_init(Docker::connect).await
    }

    /// Whether Docker is there.
    ///
    /// # Errors
    /// Why not, and what to do.
    pub(crate) async fn check(&self) -> Result<(), DockerError> {
        self.docker().await.map(drop)
    }

    /// Where the job's programs run.
    pub(crate) fn place(&self) -> Place<'_> {
        match self.started.get().and_then(|started| started.job.as_ref()) {
            Some(container) => Place::Container(container),
            None if self.missing.get().is_some() => Place::Nowhere,
            None => Place::Machine,
        }
    }

    /// `job.container` and `job.services`.
    pub(crate) fn context(&self) -> Vec<(&'static str, Object)> {
        let Some(started) = self.started.get() else { return Vec::new() };
        let mut container = Object::new();
        if let Some(job) = &started.job {
            container.insert("id", job.id());
        }
        container.insert("network", started.network.as_str());
        let mut services = Object::new();
        for service in &started.services {
            services.insert(service.name.as_str(), service.context(&started.network));
        }
        vec![("container", container), ("services", services)]
    }

    /// The way from the job's containers to the results service. Where there is
    /// none, that is said once: only actions that ask for it miss it.
    async fn way(&self, shared: &Shared) -> Option<&Way> {
        let open = async {
            let url = &shared.message.services.as_ref()?.url;
            let docker = self.docker().await.ok()?;
            // Docker's own network has this name.
            let network = self.network().unwrap_or("bridge");
            let opened = match docker.gateway(network).await {
                Ok(Some(gateway)) => Way::open(url, &gateway).await,
                Ok(None) => Err("the network has no gateway".to_owned()),
                Err(error) => Err(error.to_string()),
            };
            match opened {
                Ok(way) => Some(way),
                Err(error) => {
                    let text = format!(
                        "##[warning]Actions in containers cannot reach artifacts and caches: {error}"
                    );
                    shared.reporter.say(None, &text).await;
                    None
                }
            }
        };
        self.way.get_or_init(|| open).await.as_ref()
    }

    /// The network of the job, if it has one.
    fn network(&self) -> Option<&str> {
        self.started.get().map(|started| started.network.as_str())
    }
}

/// The labels of what belongs to a job.
fn labels(shared: &Shared) -> Labels {
    Labels::new(&shared.message.effect)
}
