//! What goes wrong with Docker.

use super::options::OptionError;

/// What to do when nothing answers.
const HELP: &str = "Start Docker, or Podman's socket (`systemctl --user start podman.socket`), or \
                    let DOCKER_HOST say where it listens";

/// What goes wrong with Docker.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    /// Nothing answers.
    #[error("Docker does not answer at {address}: {reason}. {HELP}")]
    Unreachable {
        /// Where it was looked for.
        address: String,
        /// What happened.
        reason: String,
    },
    /// `DOCKER_HOST` is not understood.
    #[error("DOCKER_HOST is `{0}`: only unix:// and tcp:// (without TLS) are supported")]
    Address(String),
    /// It answered that it will not.
    #[error("cannot {doing}: {reason}")]
    Refused {
        /// What was asked for.
        doing: String,
        /// What it answered.
        reason: String,
    },
    /// An image that is not there cannot be had.
    #[error("cannot pull the image {image}: {reason}. {help}")]
    Pull {
        /// The image.
        image: String,
        /// What the registry or Docker said.
        reason: String,
        /// What to do.
        help: &'static str,
    },
    /// `options` of a container are not understood.
    #[error(transparent)]
    Options(#[from] OptionError),
    /// A port of `ports` is not understood.
    #[error("`{0}` is no port: write `80`, `8080:80`, `127.0.0.1:8080:80` or `53:53/udp`")]
    Port(String),
    /// A volume of `volumes` is not understood.
    #[error("`{0}` is no volume: write `/in/container`, `name:/in/container` or `/here:/there:ro`")]
    Volume(String),
    /// The credentials that Docker's configuration has cannot be read.
    #[error("cannot read the credentials for {registry}: {reason}")]
    Credentials {
        /// Of which registry.
        registry: String,
        /// What happened.
        reason: String,
    },
}

impl DockerError {
    /// Docker's answer to `doing`.
    pub(crate) fn refused(doing: impl Into<String>) -> impl FnOnce(bollard::errors::Error) -> Self {
        move |error| Self::Refused { doing: doing.into(), reason: reason(&error) }
    }
}

impl DockerError {
    /// Whether the same may go well when it is tried again.
    pub(crate) fn may_pass(&self) -> bool {
        let Self::Pull { reason, .. } = self else { return false };
        let reason = reason.to_ascii_lowercase();
        let words =
            ["timeout", "timed out", "reset", "eof", "toomanyrequests", "too many requests"];
        words.iter().any(|word| reason.contains(word)) || reason.contains("503")
    }
}

/// What Docker said, without the client's words around it.
pub(super) fn reason(error: &bollard::errors::Error) -> String {
    use bollard::errors::Error;
    match error {
        Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        Error::DockerStreamError { error } => error.trim().to_owned(),
        Error::RequestTimeoutError => "Docker did not answer in time".to_owned(),
        other => other.to_string(),
    }
}

/// Whether Docker answered that there is no such thing.
pub(super) fn is_missing(error: &bollard::errors::Error) -> bool {
    status(error) == Some(404)
}

/// The HTTP status that Docker answered with.
pub(super) fn status(error: &bollard::errors::Error) -> Option<u16> {
    match error {
        bollard::errors::Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}
