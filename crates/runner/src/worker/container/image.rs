//! Making sure that an image is there.

use tokio_stream::{Stream, StreamExt};

use crate::docker::{Built, Credentials, Docker, DockerError};
use crate::protocol::StepIndex;
use crate::worker::shared::Shared;
use std::path::Path;

/// How often a pull is tried that may go well the next time.
const TRIES: u32 = 3;

/// Pulls an image unless it is there; what happens is shown.
pub(super) async fn have(
    shared: &Shared,
    step: Option<StepIndex>,
    docker: &Docker,
    image: &str,
    platform: Option<&str>,
    credentials: Option<&Credentials>,
) -> Result<(), DockerError> {
    if docker.has_image(image).await? {
        return Ok(());
    }
    shared.reporter.say(step, &format!("Pulling {image}")).await;
    for _ in 1..TRIES {
        let pulled = docker.pull(image, credentials, platform).await?;
        match show(shared, step, pulled).await {
            Err(error) if error.may_pass() => {
                shared.reporter.say(step, &format!("##[warning]{error}. Trying again.")).await;
            }
            ended => return ended,
        }
    }
    let pulled = docker.pull(image, credentials, platform).await?;
    show(shared, step, pulled).await
}

/// The image of a Dockerfile.
pub(super) async fn build(
    shared: &Shared,
    step: StepIndex,
    docker: &Docker,
    dockerfile: &Path,
) -> Result<String, DockerError> {
    match docker.build(dockerfile).await? {
        Built::Before(image) => Ok(image),
        Built::Now(image, said) => {
            let (step, reporter) = (Some(step), &shared.reporter);
            reporter.say(step, "##[group]Building docker image").await;
            let ended = show(shared, step, said).await;
            reporter.say(step, "##[endgroup]").await;
            ended.map(|()| image)
        }
    }
}

async fn show(
    shared: &Shared,
    step: Option<StepIndex>,
    lines: impl Stream<Item = Result<String, DockerError>>,
) -> Result<(), DockerError> {
    tokio::pin!(lines);
    while let Some(line) = lines.next().await {
        shared.reporter.say(step, &line?).await;
    }
    Ok(())
}
