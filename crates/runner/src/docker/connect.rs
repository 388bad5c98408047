//! Where Docker listens, and a connection to it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::{DockerError, reason};

/// How long an answer may take to begin, in seconds. Output of a program may
/// take longer: its answer has begun.
const ANSWER: u64 = 180;

/// How long the first answer may take.
const FIRST_ANSWER: Duration = Duration::from_secs(10);

/// The oldest API that has everything: Docker 20.10, Podman 4.
const OLDEST: (usize, usize) = (1, 40);

/// A variable of an environment.
pub(super) type Environment<'e> = &'e (dyn Fn(&str) -> Option<OsString> + Sync);

/// A Docker that answers.
#[derive(Clone)]
pub struct Docker {
    pub(super) api: bollard::Docker,
    rootless: bool,
    socket: Option<PathBuf>,
}

impl Docker {
    /// The Docker that `DOCKER_HOST` names, or that listens where Docker and
    /// Podman do: `/var/run/docker.sock`, then the sockets of the user.
    ///
    /// # Errors
    /// When none answers, with what to do about it.
    pub async fn connect() -> Result<Self, DockerError> {
        Self::connect_as(&|name| std::env::var_os(name)).await
    }

    /// The same as another environment has it.
    pub(super) async fn connect_as(env: Environment<'_>) -> Result<Self, DockerError> {
        Self::connect_to(&address(env)).await
    }

    async fn connect_to(address: &str) -> Result<Self, DockerError> {
        let socket = address.strip_prefix("unix://").map(PathBuf::from);
        let version = bollard::API_DEFAULT_VERSION;
        let client = match (&socket, address.split_once("://")) {
            (Some(_), _) => bollard::Docker::connect_with_unix(address, ANSWER, version),
            (None, Some(("tcp" | "http", _))) => {
                bollard::Docker::connect_with_http(address, ANSWER, version)
            }
            _ => return Err(DockerError::Address(address.to_owned())),
        };
        let unreachable =
            |reason: String| DockerError::Unreachable { address: address.to_owned(), reason };
        let failed = |error: bollard::errors::Error| match &socket {
            Some(socket) if !socket.exists() => unreachable("there is no such socket".to_owned()),
            Some(socket) => unreachable(socket_problem(socket).unwrap_or_else(|| reason(&error))),
            None => unreachable(reason(&error)),
        };
        let asked = async {
            let api = client?.negotiate_version().await?;
            let info = api.info().await?;
            Ok((api, info))
        };
        let (api, info) = tokio::time::timeout(FIRST_ANSWER, asked)
            .await
            .map_err(|_| unreachable("it did not answer in 10 seconds".to_owned()))?
            .map_err(failed)?;
        let spoken = api.client_version();
        if (spoken.major_version, spoken.minor_version) < OLDEST {
            return Err(unreachable(format!(
                "it speaks version {}.{} of the API, and {}.{} is needed",
                spoken.major_version, spoken.minor_version, OLDEST.0, OLDEST.1
            )));
        }
        let security = info.security_options.unwrap_or_default();
        let rootless = security.iter().any(|option| option.contains("rootless"));
        Ok(Self { api, rootless, socket })
    }

    /// Whether root in a container is the user outside.
    pub(crate) fn is_rootless(&self) -> bool {
        self.rootless
    }

    /// Where it listens, if that is a socket of this machine.
    pub(crate) fn socket(&self) -> Option<&Path> {
        self.socket.as_deref()
    }
}

/// Where Docker is said, or likely, to listen.
fn address(env: Environment<'_>) -> String {
    if let Some(said) = env("DOCKER_HOST").filter(|said| !said.is_empty()) {
        return said.to_string_lossy().into_owned();
    }
    let own = env("XDG_RUNTIME_DIR").map(PathBuf::from);
    let own = own.iter().flat_map(|dir| [dir.join("docker.sock"), dir.join("podman/podman.sock")]);
    let first = PathBuf::from("/var/run/docker.sock");
    let sockets = [first.clone()].into_iter().chain(own);
    let mut sockets = sockets.chain([PathBuf::from("/run/podman/podman.sock")]);
    let found = sockets.find(|socket| socket.exists()).unwrap_or(first);
    format!("unix://{}", found.display())
}

/// Why a socket cannot be used, if it says so itself.
fn socket_problem(socket: &Path) -> Option<String> {
    use std::io::ErrorKind;
    match std::os::unix::net::UnixStream::connect(socket).map_err(|error| error.kind()) {
        Err(ErrorKind::PermissionDenied) => Some(
            "this user may not use it (on Debian: `sudo usermod -aG docker $USER`, then log in \
             again)"
                .to_owned(),
        ),
        Err(ErrorKind::ConnectionRefused) => Some("nobody listens there".to_owned()),
        Err(_) | Ok(_) => None,
    }
}
