//! What a dead worker left behind in Docker.

use std::ffi::OsString;
use std::time::Duration;

use bollard::query_parameters::{ListContainersOptions, ListNetworksOptions, ListVolumesOptions};
use tokio_stream::StreamExt;

use super::error::is_missing;
use super::labels::{FOLDERS, Labels, OWNER};
use super::{Docker, DockerError, Exec};

/// How long after a look one is taken again: a request that the dead worker had
/// made is answered by then.
const AGAIN: Duration = Duration::from_millis(300);

/// Removes every container, network and volume of an effect, if a Docker is
/// there; says how many there were. For a successor of the worker that made
/// them, once that is dead; `env` is its environment, which says where Docker
/// is.
///
/// # Errors
/// When something may be left.
pub async fn clean_up(
    effect: &str,
    env: &(dyn Fn(&str) -> Option<OsString> + Sync),
) -> Result<usize, DockerError> {
    let docker = match Docker::connect_as(env).await {
        Ok(docker) => docker,
        // Nothing can be left where nothing listens; what listens later, the
        // next look finds.
        Err(DockerError::Unreachable { .. }) => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut removed = docker.remove_all(effect).await?;
    if removed > 0 {
        loop {
            tokio::time::sleep(AGAIN).await;
            match docker.remove_all(effect).await? {
                0 => break,
                more => removed += more,
            }
        }
    }
    Ok(removed)
}

impl Docker {
    /// Removes what carries an effect's label; says how many there were.
    pub(crate) async fn remove_all(&self, effect: &str) -> Result<usize, DockerError> {
        let filters = Some(Labels::filter(effect));
        let options = ListContainersOptions {
            all: true,
            filters: filters.clone(),
            ..ListContainersOptions::default()
        };
        let found = self.api.list_containers(Some(options)).await;
        let containers = found.map_err(DockerError::refused("look for containers"))?;
        let mut removed = containers.len();
        for container in containers {
            let Some(id) = container.id else { continue };
            let labels = container.labels.unwrap_or_default();
            if let (Some(owner), Some(folders)) = (labels.get(OWNER), labels.get(FOLDERS)) {
                self.give_back(&id, owner, folders).await;
            }
            self.remove(&id).await?;
        }
        let options = ListNetworksOptions { filters: filters.clone() };
        let found = self.api.list_networks(Some(options)).await;
        for network in found.map_err(DockerError::refused("look for networks"))? {
            removed += 1;
            self.remove_network(&network.id.or(network.name).unwrap_or_default()).await?;
        }
        let found = self.api.list_volumes(Some(ListVolumesOptions { filters })).await;
        let volumes = found.map_err(DockerError::refused("look for volumes"))?.volumes;
        for volume in volumes.unwrap_or_default() {
            removed += 1;
            let none = None::<bollard::query_parameters::RemoveVolumeOptions>;
            match self.api.remove_volume(&volume.name, none).await {
                Err(error) if !is_missing(&error) => {
                    let doing = format!("remove the volume {}", volume.name);
                    return Err(DockerError::refused(doing)(error));
                }
                _ => {}
            }
        }
        Ok(removed)
    }

    /// Gives the files that a container's users wrote to folders of this
    /// machine to who may remove them: `chown` in the container, which may have
    /// ended or have none. The folders' owner finds out if it did not help.
    pub(crate) async fn give_back(&self, container: &str, owner: &str, folders: &str) {
        let command = ["chown", "-R", owner].into_iter().chain(folders.split(':'));
        let exec = Exec {
            container,
            command: command.map(str::to_owned).collect(),
            env: Vec::new(),
            dir: Some("/".to_owned()),
            user: Some("0:0".to_owned()),
        };
        match self.exec(exec).await {
            // Its output ends with it.
            Ok(mut executing) => while executing.output.next().await.is_some() {},
            Err(error) => tracing::debug!(%error, "files in the workspace keep their owner"),
        }
    }
}
