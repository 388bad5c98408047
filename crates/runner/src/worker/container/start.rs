//! Starting a job's network, its services and its container.

use indexmap::IndexMap;
use sha2::{Digest, Sha256};
use shipway_workflow::model::ContainerSpec;

use super::exec::JobContainer;
use super::folders::Folders;
use super::service::Service;
use super::{Containers, Started, image, labels};
use crate::docker::options::CreateOptions;
use crate::docker::{Creation, Credentials, Docker, DockerError, Port, Role, Volume};
use crate::protocol::{Level, Secret};
use crate::worker::shared::Shared;

/// What a job has to have around it.
pub(crate) struct Wanted {
    /// The container for its steps.
    pub(crate) container: Option<ContainerSpec>,
    /// Its services by name.
    pub(crate) services: IndexMap<String, ContainerSpec>,
    /// The Node for JavaScript actions, if there are any.
    pub(crate) node: Option<std::path::PathBuf>,
}

impl Wanted {
    fn is_nothing(&self) -> bool {
        self.container.is_none() && self.services.is_empty()
    }
}

impl Containers {
    /// Starts what the job has to have around it, and waits until its services
    /// are well. What was started is removed by [`Containers::finish`], also if
    /// not all could be.
    ///
    /// # Errors
    /// Why the job cannot go on.
    pub(crate) async fn start(&self, shared: &Shared, wanted: Wanted) -> Result<(), String> {
        if wanted.is_nothing() {
            return Ok(());
        }
        let in_container = wanted.container.is_some();
        let started = tokio::select! {
            started = self.try_start(shared, wanted) => started,
            () = shared.stop.stopped() => Err("it was stopped".to_owned()),
        };
        if started.is_err() && in_container {
            self.missing.get_or_init(|| ());
        }
        started
    }

    async fn try_start(&self, shared: &Shared, wanted: Wanted) -> Result<(), String> {
        let say = async |text: &str| shared.reporter.say(None, text).await;
        let docker = self.docker().await.map_err(|error| error.to_string())?;
        let network = network_name(&shared.message.effect);
        let created = docker.create_network(&network, &labels(shared)).await;
        created.map_err(|error| error.to_string())?;
        let starting = Starting { shared, docker, network: &network };
        let job = match wanted.container {
            Some(spec) => {
                say("##[group]Starting job container").await;
                let job = starting.job(spec, wanted.node).await;
                say("##[endgroup]").await;
                Some(job.map_err(|error| error.to_string())?)
            }
            None => None,
        };
        let mut services = Vec::new();
        for (name, spec) in wanted.services {
            say(&format!("##[group]Starting {name} service container")).await;
            let service = starting.service(&name, spec).await;
            say("##[endgroup]").await;
            services.push(service.map_err(|error| format!("service `{name}`: {error}"))?);
        }
        starting.wait_for(&services).await?;
        // It is set nowhere else.
        drop(self.started.set(Started { network, job, services }));
        Ok(())
    }
}

/// A name that no other effect has, as GitHub's networks are called.
fn network_name(effect: &str) -> String {
    let digest = Sha256::digest(effect);
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("github_network_{hex}")
}

struct Starting<'s> {
    shared: &'s Shared,
    docker: &'s Docker,
    network: &'s str,
}

impl Starting<'_> {
    async fn job(
        &self,
        spec: ContainerSpec,
        node: Option<std::path::PathBuf>,
    ) -> Result<JobContainer, DockerError> {
        let image = spec.image.clone();
        let folders = Folders::create(self.shared).map_err(|error| DockerError::Refused {
            doing: "create the job's folders".to_owned(),
            reason: error.to_string(),
        })?;
        let mut options = self.options(spec).await?;
        if options.body.entrypoint.take().is_some() {
            let text = "##[warning]--entrypoint of a job's container has no effect";
            self.shared.reporter.say(None, text).await;
        }
        options.body.entrypoint = Some(vec!["tail".to_owned()]);
        options.body.cmd = Some(vec!["-f".to_owned(), "/dev/null".to_owned()]);
        let workspace = folders.workspace_in_job();
        options.body.working_dir.get_or_insert(workspace.clone());
        let env = options.body.env.get_or_insert_default();
        env.push("HOME=/github/home".to_owned());
        let mut mounts = folders.mounts_of_job(self.docker);
        mounts.extend(node.as_deref().map(super::node::mount));
        let given_back = [workspace.as_str(), "/__w/_temp", "/__t", "/github/home"];
        let creation = Creation {
            labels: &labels(self.shared),
            role: Role::Job,
            image: &image,
            options,
            network: Some(self.network),
            mounts: &mounts,
            notes: folders.note(self.docker, &given_back),
        };
        let id = self.docker.create(creation).await?;
        self.docker.start(&id, &image).await?;
        JobContainer::probe(self.docker, id, &image, folders.in_job()).await
    }

    async fn service(&self, name: &str, spec: ContainerSpec) -> Result<Service, DockerError> {
        let image = spec.image.clone();
        let command = (spec.entrypoint.clone(), spec.command.clone());
        let mut options = self.options(spec).await?;
        options.aliases.push(name.to_owned());
        if let Some(entrypoint) = command.0.filter(|text| !text.is_empty()) {
            options.body.entrypoint = Some(vec![entrypoint]);
        }
        if let Some(command) = command.1.filter(|text| !text.is_empty()) {
            options.body.cmd = Some(crate::docker::options::arguments(&command)?);
        }
        let creation = Creation {
            labels: &labels(self.shared),
            role: Role::Service,
            image: &image,
            options,
            network: Some(self.network),
            mounts: &[],
            notes: Default::default(),
        };
        let id = self.docker.create(creation).await?;
        self.docker.start(&id, &image).await?;
        Service::started(self.docker, name, id, &image).await
    }

    /// What a container is to be created with; its image is there then.
    async fn options(&self, spec: ContainerSpec) -> Result<CreateOptions, DockerError> {
        let mut options = CreateOptions::parse(spec.options.as_deref().unwrap_or_default())?;
        for port in &spec.ports {
            options.ports.extend(Port::parse(port)?);
        }
        for volume in &spec.volumes {
            options.volumes.push(Volume::parse(volume)?);
        }
        let written = spec.env.into_iter().map(|(name, value)| format!("{name}={value}"));
        let env = options.body.env.get_or_insert_default();
        env.extend(written);
        env.push("GITHUB_ACTIONS=true".to_owned());
        if !env.iter().any(|variable| variable.starts_with("CI=")) {
            env.push("CI=true".to_owned());
        }
        let credentials = spec.credentials.map(|(user, password)| {
            self.shared.masker.add_all([password.as_str()]);
            Credentials { user, password: Secret::new(password) }
        });
        let platform = options.platform.as_deref();
        let credentials = credentials.as_ref();
        image::have(self.shared, None, self.docker, &spec.image, platform, credentials).await?;
        self.docker.create_volumes(&options.volumes, &labels(self.shared)).await?;
        Ok(options)
    }

    /// Waits until all services are well; the log of those that are not is
    /// shown.
    async fn wait_for(&self, services: &[Service]) -> Result<(), String> {
        if services.is_empty() {
            return Ok(());
        }
        let reporter = &self.shared.reporter;
        reporter.say(None, "##[group]Waiting for all services to be ready").await;
        let mut ill = Vec::new();
        for service in services {
            let well = service.is_well(self.shared, self.docker).await;
            if !well.map_err(|error| error.to_string())? {
                ill.push(service);
            }
        }
        reporter.say(None, "##[endgroup]").await;
        for service in &ill {
            let heading = format!("##[group]Service container {} failed.", service.name);
            reporter.say(None, &heading).await;
            let shown = service.show_log(self.shared, self.docker).await;
            shown.map_err(|error| error.to_string())?;
            let message = format!("Failed to initialize container {}", service.image);
            reporter.annotate(None, Level::Error, &message).await;
            reporter.say(None, "##[endgroup]").await;
        }
        match ill.is_empty() {
            true => Ok(()),
            false => Err("One or more containers failed to start.".to_owned()),
        }
    }
}
