//! A step that is a container: an action in docker, or `docker://image`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use shipway_process::Exit;
use tokio_stream::StreamExt;
use tokio_util::sync::CancellationToken;

use super::folders::{Folders, owner};
use super::reach::Way;
use super::{Containers, image, labels};
use crate::docker::options::CreateOptions;
use crate::docker::{Attached, Creation, Docker, DockerError, Role};
use crate::protocol::StepIndex;
use crate::worker::ladder::{Ladder, Rung};
use crate::worker::output::Listener;
use crate::worker::program::Ended;
use crate::worker::shared::Shared;

/// The image of a step.
pub(crate) enum ActionImage {
    /// It is pulled.
    Pull(String),
    /// It is built from this Dockerfile, whose folder is the context.
    Build(PathBuf),
}

/// A step that is a container.
pub(crate) struct ContainerStep {
    pub(crate) image: ActionImage,
    /// What to start instead of the image's entry point.
    pub(crate) entrypoint: Option<String>,
    /// What to hand to it; empty: what the image says.
    pub(crate) args: Vec<String>,
    /// Its variables; paths are this machine's, or the job's container's.
    pub(crate) env: Vec<(OsString, OsString)>,
}

/// The folders that a step's users may have written to.
const WRITTEN: [&str; 3] = ["/github/workspace", "/github/runner_temp", "/github/home"];

impl Containers {
    /// Runs a step that is a container until it ends or `stop` is cancelled.
    /// `files` is the folder of the files that it writes to.
    ///
    /// # Errors
    /// Why it was not run to an end.
    pub(crate) async fn run_step(
        &self,
        (shared, index): (&Shared, StepIndex),
        step: ContainerStep,
        files: &Path,
        listener: &mut Listener<'_>,
        stop: &CancellationToken,
    ) -> Result<Ended, DockerError> {
        let docker = self.docker().await?;
        let image = tokio::select! {
            image = find(shared, index, docker, &step.image) => image?,
            () = stop.cancelled() => return Ok(Ended::Stopped),
        };
        let folders = Folders::create(shared).map_err(|error| DockerError::Refused {
            doing: "create the job's folders".to_owned(),
            reason: error.to_string(),
        })?;
        let mut options = CreateOptions::default();
        options.body.entrypoint = step.entrypoint.map(|entrypoint| vec![entrypoint]);
        options.body.cmd = Some(step.args).filter(|args| !args.is_empty());
        options.body.working_dir = Some("/github/workspace".to_owned());
        let way = self.way(shared).await;
        options.body.env = Some(variables(&folders, files, way, step.env));
        listener.paths = folders.in_action(files);
        let creation = Creation {
            labels: &labels(shared),
            role: Role::Action,
            image: &image,
            options,
            network: self.network(),
            mounts: &folders.mounts_of_action(docker, files),
            notes: folders.note(docker, &WRITTEN),
        };
        let id = docker.create(creation).await?;
        let ended = watch(shared, docker, &id, &image, listener, stop).await;
        docker.remove(&id).await?;
        self.give_back(shared, docker, &folders, &image).await;
        ended
    }

    /// Lets this user remove the files that the step's users wrote, where they
    /// belong to somebody else.
    async fn give_back(&self, shared: &Shared, docker: &Docker, folders: &Folders, image: &str) {
        let Some(owner) = owner(docker) else { return };
        let mut options = CreateOptions::default();
        options.body.entrypoint = Some(vec!["chown".to_owned()]);
        let args = ["-R", &owner].into_iter().chain(WRITTEN);
        options.body.cmd = Some(args.map(str::to_owned).collect());
        options.body.user = Some("0:0".to_owned());
        options.body.network_disabled = Some(true);
        let creation = Creation {
            labels: &labels(shared),
            role: Role::Action,
            image,
            options,
            network: None,
            mounts: &folders.mounts_of_action(docker, &folders.temp),
            notes: Default::default(),
        };
        let done = async {
            let id = docker.create(creation).await?;
            docker.start(&id, image).await?;
            docker.exited(&id).await?;
            docker.remove(&id).await
        };
        // What is left of it is removed with the job; the folders' owner finds
        // out if a file cannot be.
        if let Err(error) = done.await {
            tracing::debug!(%error, "files in the workspace keep their owner");
        }
    }
}

/// Its variables, with paths and services as they are called in it.
fn variables(
    folders: &Folders,
    files: &Path,
    way: Option<&Way>,
    env: Vec<(OsString, OsString)>,
) -> Vec<String> {
    let (job, own) = (folders.in_job(), folders.in_action(files));
    let variable = |(name, value): &(OsString, OsString)| {
        let value = own.there(&job.here(&value.to_string_lossy()));
        let value = way.map_or_else(|| value.clone(), |way| way.there(&value));
        format!("{}={value}", name.to_string_lossy())
    };
    let given = env.iter().filter(|(name, _)| name != "HOME").map(variable);
    given.chain(["HOME=/github/home".to_owned()]).collect()
}

async fn find(
    shared: &Shared,
    index: StepIndex,
    docker: &Docker,
    wanted: &ActionImage,
) -> Result<String, DockerError> {
    match wanted {
        ActionImage::Pull(name) => {
            image::have(shared, Some(index), docker, name, None, None).await?;
            Ok(name.clone())
        }
        ActionImage::Build(dockerfile) => image::build(shared, index, docker, dockerfile).await,
    }
}

async fn watch(
    shared: &Shared,
    docker: &Docker,
    id: &str,
    image: &str,
    listener: &mut Listener<'_>,
    stop: &CancellationToken,
) -> Result<Ended, DockerError> {
    let Attached { mut output } = docker.attach(id).await?;
    docker.start(id, image).await?;
    let mut ladder = Ladder::new(shared.message.limits);
    loop {
        tokio::select! {
            piece = output.next() => match piece {
                Some(piece) => {
                    let (stream, bytes) = piece?;
                    listener.take(stream, bytes).await;
                }
                None => break,
            },
            () = stop.cancelled(), if !ladder.begun() => climb(docker, id, &mut ladder).await?,
            () = ladder.due() => climb(docker, id, &mut ladder).await?,
        }
    }
    listener.finish().await;
    let exited = docker.exited(id).await?;
    Ok(match (ladder.begun(), exited.out_of_memory) {
        (true, _) => Ended::Stopped,
        (false, true) => Ended::Exit(Exit::OutOfMemory),
        (false, false) => Ended::Exit(Exit::Code(i32::try_from(exited.code).unwrap_or(i32::MAX))),
    })
}

async fn climb(docker: &Docker, id: &str, ladder: &mut Ladder) -> Result<(), DockerError> {
    let signal = match ladder.next() {
        Rung::Interrupt => "INT",
        Rung::Terminate => "TERM",
        Rung::Kill | Rung::Last => "KILL",
    };
    docker.kill(id, signal).await?;
    ladder.done();
    Ok(())
}
