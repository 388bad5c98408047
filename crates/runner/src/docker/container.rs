//! Containers: created, started, watched, removed; and their network.

use std::collections::HashMap;
use std::pin::Pin;

use bollard::container::{AttachContainerResults, LogOutput};
use bollard::models::{
    ContainerCreateBody, EndpointSettings, HealthStatusEnum, NetworkCreateRequest,
    NetworkingConfig, PortBinding,
};
use bollard::query_parameters::{
    AttachContainerOptions, CreateContainerOptions, KillContainerOptions, LogsOptions,
    RemoveContainerOptions, WaitContainerOptions,
};
use bytes::Bytes;
use tokio_stream::{Stream, StreamExt};

use super::error::{is_missing, status};
use super::options::CreateOptions;
use super::{Docker, DockerError, Labels, Role, Volume};
use crate::protocol;

/// The PATH in a container of an image that names none.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A folder of this machine in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mounted {
    /// Its path here.
    pub(crate) source: String,
    /// Its path there.
    pub(crate) target: String,
    /// Whether it can only be read.
    pub(crate) read_only: bool,
}

/// What a program in a container writes.
pub(crate) type Output =
    Pin<Box<dyn Stream<Item = Result<(protocol::Stream, Bytes), DockerError>> + Send>>;

/// A container with its output, before it is started.
pub(crate) struct Attached {
    pub(crate) output: Output,
}

/// How a container ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exited {
    pub(crate) code: i64,
    pub(crate) out_of_memory: bool,
}

/// How a service says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// It has no check.
    Unchecked,
    /// Not known yet.
    Starting,
    /// Well.
    Healthy,
    /// Not well, or not running any more.
    Unhealthy,
}

/// What to create.
pub(crate) struct Creation<'c> {
    pub(crate) labels: &'c Labels,
    pub(crate) role: Role,
    pub(crate) image: &'c str,
    pub(crate) options: CreateOptions,
    /// The network to be in; `None`: Docker's own.
    pub(crate) network: Option<&'c str>,
    pub(crate) mounts: &'c [Mounted],
    /// More labels.
    pub(crate) notes: HashMap<String, String>,
}

impl Docker {
    /// Creates a network for a job; its id.
    pub(crate) async fn create_network(
        &self,
        name: &str,
        labels: &Labels,
    ) -> Result<String, DockerError> {
        let request = NetworkCreateRequest {
            name: name.to_owned(),
            labels: Some(labels.plain()),
            ..NetworkCreateRequest::default()
        };
        let created = self.api.create_network(request).await;
        created.map(|network| network.id).map_err(DockerError::refused("create a network"))
    }

    /// The address of this machine in a network.
    pub(crate) async fn gateway(&self, network: &str) -> Result<Option<String>, DockerError> {
        let none = None::<bollard::query_parameters::InspectNetworkOptions>;
        let found = self.api.inspect_network(network, none).await;
        let found = found.map_err(DockerError::refused("look at the job's network"))?;
        let configs = found.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
        Ok(configs.into_iter().find_map(|config| config.gateway))
    }

    pub(crate) async fn remove_network(&self, name: &str) -> Result<(), DockerError> {
        match self.api.remove_network(name).await {
            Err(error) if !is_missing(&error) => {
                Err(DockerError::refused("remove the job's network")(error))
            }
            _ => Ok(()),
        }
    }

    /// Creates the volumes with a name that are not there yet, so that they are
    /// removed with the job. One that is there is somebody's, and stays.
    pub(crate) async fn create_volumes(
        &self,
        volumes: &[Volume],
        labels: &Labels,
    ) -> Result<(), DockerError> {
        for volume in volumes {
            let Volume::Named { name, .. } = volume else { continue };
            match self.api.inspect_volume(name).await {
                Ok(_) => continue,
                Err(error) if is_missing(&error) => {}
                Err(error) => {
                    return Err(DockerError::refused(format!("look for the volume {name}"))(error));
                }
            }
            let request = bollard::models::VolumeCreateRequest {
                name: Some(name.clone()),
                labels: Some(labels.plain()),
                ..Default::default()
            };
            let created = self.api.create_volume(request).await;
            created.map_err(DockerError::refused(format!("create the volume {name}")))?;
        }
        Ok(())
    }

    /// Creates a container; its id.
    pub(crate) async fn create(&self, creation: Creation<'_>) -> Result<String, DockerError> {
        let doing = format!("create a container of {}", creation.image);
        let options = CreateContainerOptions {
            name: creation.options.name.clone(),
            platform: creation.options.platform.clone().unwrap_or_default(),
        };
        let body = body(creation);
        let created = self.api.create_container(Some(options), body).await;
        created.map(|container| container.id).map_err(DockerError::refused(doing))
    }

    /// What a container that is not started yet is going to write.
    pub(crate) async fn attach(&self, id: &str) -> Result<Attached, DockerError> {
        let options = AttachContainerOptions {
            stdout: true,
            stderr: true,
            stream: true,
            ..AttachContainerOptions::default()
        };
        let attached = self.api.attach_container(id, Some(options)).await;
        let AttachContainerResults { output, .. } =
            attached.map_err(DockerError::refused("read what the container writes"))?;
        Ok(Attached { output: written(output) })
    }

    pub(crate) async fn start(&self, id: &str, image: &str) -> Result<(), DockerError> {
        let none = None::<bollard::query_parameters::StartContainerOptions>;
        let started = self.api.start_container(id, none).await;
        started.map_err(DockerError::refused(format!("start the container of {image}")))
    }

    /// Waits for a container's end.
    pub(crate) async fn exited(&self, id: &str) -> Result<Exited, DockerError> {
        let mut waiting = self.api.wait_container(id, None::<WaitContainerOptions>);
        // A code that is not 0 is an error to the client; how it ended is asked
        // for below.
        match waiting.next().await {
            None
            | Some(Ok(_))
            | Some(Err(bollard::errors::Error::DockerContainerWaitError { .. })) => {}
            Some(Err(error)) => {
                return Err(DockerError::refused("wait for the container's end")(error));
            }
        }
        let state = self.state(id).await?;
        Ok(Exited {
            code: state.exit_code.unwrap_or_default(),
            out_of_memory: state.oom_killed.unwrap_or_default(),
        })
    }

    /// Sends a signal to a container's first process.
    pub(crate) async fn kill(&self, id: &str, signal: &str) -> Result<(), DockerError> {
        let options = KillContainerOptions { signal: signal.to_owned() };
        match self.api.kill_container(id, Some(options)).await {
            // 409: it has ended already.
            Err(error) if !is_missing(&error) && status(&error) != Some(409) => {
                Err(DockerError::refused(format!("send {signal} to the container"))(error))
            }
            _ => Ok(()),
        }
    }

    /// Removes a container, running or not, with its volumes without a name.
    pub(crate) async fn remove(&self, id: &str) -> Result<(), DockerError> {
        let options =
            RemoveContainerOptions { force: true, v: true, ..RemoveContainerOptions::default() };
        match self.api.remove_container(id, Some(options)).await {
            // 409: somebody else is removing it.
            Err(error) if !is_missing(&error) && status(&error) != Some(409) => {
                Err(DockerError::refused("remove a container")(error))
            }
            _ => Ok(()),
        }
    }

    /// What a container has written so far.
    pub(crate) fn logs(&self, id: &str) -> Output {
        let options =
            LogsOptions { stdout: true, stderr: true, tail: "all".into(), ..Default::default() };
        written(Box::pin(self.api.logs(id, Some(options))))
    }

    pub(crate) async fn health(&self, id: &str) -> Result<Health, DockerError> {
        let state = self.state(id).await?;
        let checked = state.health.and_then(|health| health.status);
        let running = state.running.unwrap_or_default();
        Ok(match checked {
            None | Some(HealthStatusEnum::EMPTY | HealthStatusEnum::NONE) => Health::Unchecked,
            Some(HealthStatusEnum::STARTING) if running => Health::Starting,
            Some(HealthStatusEnum::HEALTHY) => Health::Healthy,
            Some(_) => Health::Unhealthy,
        })
    }

    /// Whether a container runs.
    pub(crate) async fn is_running(&self, id: &str) -> Result<bool, DockerError> {
        Ok(self.state(id).await?.running.unwrap_or_default())
    }

    async fn state(&self, id: &str) -> Result<bollard::models::ContainerState, DockerError> {
        Ok(self.inspect(id).await?.state.unwrap_or_default())
    }

    async fn inspect(
        &self,
        id: &str,
    ) -> Result<bollard::models::ContainerInspectResponse, DockerError> {
        let none = None::<bollard::query_parameters::InspectContainerOptions>;
        let found = self.api.inspect_container(id, none).await;
        found.map_err(DockerError::refused("look at a container"))
    }

    /// The ports here that lead to those in the container, by the latter.
    pub(crate) async fn ports(&self, id: &str) -> Result<Vec<(String, String)>, DockerError> {
        let settings = self.inspect(id).await?.network_settings.unwrap_or_default();
        let mut ports: Vec<(String, String)> = Vec::new();
        for (key, bindings) in settings.ports.unwrap_or_default() {
            let container = key.split('/').next().unwrap_or_default().to_owned();
            let host = bindings.unwrap_or_default().into_iter().find_map(|b| b.host_port);
            ports.extend(host.map(|host| (container, host)));
        }
        ports.sort_by_key(|(container, _)| container.parse::<u16>().unwrap_or(u16::MAX));
        Ok(ports)
    }

    /// The PATH in a container.
    pub(crate) async fn path(&self, id: &str) -> Result<String, DockerError> {
        let env = self.inspect(id).await?.config.and_then(|config| config.env).unwrap_or_default();
        let path = env.iter().find_map(|variable| variable.strip_prefix("PATH="));
        Ok(path.unwrap_or(DEFAULT_PATH).to_owned())
    }
}

/// The request for a container.
fn body(creation: Creation<'_>) -> ContainerCreateBody {
    let CreateOptions { mut body, aliases, ports, volumes, .. } = creation.options;
    let mut labels = body.labels.take().unwrap_or_default();
    labels.extend(creation.notes);
    labels.extend(creation.labels.container(creation.role));
    let mut host = body.host_config.take().unwrap_or_default();
    let mut anonymous = body.volumes.take().unwrap_or_default();
    let mut binds: Vec<String> = creation
        .mounts
        .iter()
        .map(|mount| {
            let mode = if mount.read_only { ":ro" } else { "" };
            format!("{}:{}{mode}", mount.source, mount.target)
        })
        .collect();
    for volume in volumes {
        match volume {
            Volume::Anonymous { target } => anonymous.push(target),
            other => binds.extend(other.bind()),
        }
    }
    let mut bindings: HashMap<String, Option<Vec<PortBinding>>> = HashMap::new();
    let mut exposed = body.exposed_ports.take().unwrap_or_default();
    for port in ports {
        exposed.push(port.key());
        let binding = PortBinding {
            host_ip: port.address.clone(),
            host_port: Some(port.host.map_or_else(String::new, |host| host.to_string())),
        };
        bindings.entry(port.key()).or_default().get_or_insert_default().push(binding);
    }
    // `--env NAME` hands on what this process has.
    let env = body.env.take().unwrap_or_default().into_iter().filter_map(|variable| match variable
        .contains('=')
    {
        true => Some(variable),
        false => std::env::var(&variable).ok().map(|value| format!("{variable}={value}")),
    });
    body.env = Some(env.collect());
    host.binds = Some(binds);
    host.port_bindings = Some(bindings);
    if let Some(network) = creation.network {
        host.network_mode = Some(network.to_owned());
        let endpoint = EndpointSettings { aliases: Some(aliases), ..EndpointSettings::default() };
        let endpoints = HashMap::from([(network.to_owned(), endpoint)]);
        body.networking_config = Some(NetworkingConfig { endpoints_config: Some(endpoints) });
    }
    exposed.sort();
    exposed.dedup();
    ContainerCreateBody {
        image: Some(creation.image.to_owned()),
        labels: Some(labels),
        exposed_ports: Some(exposed),
        volumes: Some(anonymous),
        host_config: Some(host),
        ..body
    }
}

/// What was written, and where to.
pub(super) fn written(
    output: Pin<Box<dyn Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send>>,
) -> Output {
    Box::pin(output.map(|piece| match piece {
        Ok(LogOutput::StdErr { message }) => Ok((protocol::Stream::Stderr, message)),
        Ok(LogOutput::StdOut { message } | LogOutput::Console { message }) => {
            Ok((protocol::Stream::Stdout, message))
        }
        Ok(LogOutput::StdIn { .. }) => Ok((protocol::Stream::Stdout, Bytes::new())),
        Err(error) => Err(DockerError::refused("read what the container writes")(error)),
    }))
}
