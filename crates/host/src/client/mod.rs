//! How the engine speaks to the host.

mod connection;
mod error;
mod start;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::paths::HostPaths;
use crate::protocol::{AppId, Apply, HostStatus, Observed, Reply, Request, VersionId};
use connection::Connection;
pub use error::ClientError;

/// How long a request waits for a host that is being restarted or upgraded.
const RECONNECT: Duration = Duration::from_secs(15);

/// Between two attempts to connect.
const RETRY: Duration = Duration::from_millis(10);

/// A conversation with the host. A connection that breaks because the proxy
/// is replaced is made anew, and a request that may be repeated is repeated.
#[derive(Debug)]
pub struct HostClient {
    socket: PathBuf,
    connection: Mutex<Option<Connection>>,
}

impl HostClient {
    /// Connects to the running host.
    ///
    /// # Errors
    /// [`ClientError::NotRunning`] when none listens.
    pub async fn connect(paths: &HostPaths) -> Result<Self, ClientError> {
        let socket = paths.socket().to_owned();
        let deadline = Instant::now() + RECONNECT;
        loop {
            match Connection::open(&socket).await {
                Ok(connection) => {
                    return Ok(Self { socket, connection: Mutex::new(Some(connection)) });
                }
                // Its proxy is being replaced at this moment.
                Err(ClientError::Broken { .. }) if Instant::now() < deadline => {
                    tokio::time::sleep(RETRY).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Connects to the host, after starting it from a copy of `executable`
    /// (which understands `host keeper` and `host proxy`) if none runs. Two
    /// callers at once end with one host.
    ///
    /// # Errors
    /// When the host cannot be started, with the last lines of its log.
    pub async fn connect_or_start(
        paths: &HostPaths,
        executable: &Path,
    ) -> Result<Self, ClientError> {
        match Self::connect(paths).await {
            Err(ClientError::NotRunning { .. }) => {}
            other => return other,
        }
        start::ensure_running(paths, executable).await?;
        Self::connect(paths).await
    }

    /// Makes `apply` so; answered when it is durable and the routes are as
    /// desired. Doing it twice shows nothing.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with the host's reason, or a broken connection.
    pub async fn apply(&self, apply: Apply) -> Result<Observed, ClientError> {
        match self.repeatable(&Request::Apply(Box::new(apply))).await? {
            Reply::Applied(observed) => Ok(observed),
            other => Err(unexpected("applied", &other)),
        }
    }

    /// What is there of `app`; renews its lease if `renew` is set. An app
    /// never applied is observed as generation 0.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub async fn observe(&self, app: &AppId, renew: bool) -> Result<Observed, ClientError> {
        match self.repeatable(&Request::Observe { app: app.clone(), renew }).await? {
            Reply::Observed(observed) => Ok(observed),
            other => Err(unexpected("observed", &other)),
        }
    }

    /// The daemons and every app.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub async fn status(&self) -> Result<HostStatus, ClientError> {
        match self.repeatable(&Request::Status).await? {
            Reply::Status(status) => Ok(status),
            other => Err(unexpected("status", &other)),
        }
    }

    /// The last `lines` lines that a version wrote, oldest first.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub async fn tail(
        &self,
        app: &AppId,
        version: &VersionId,
        lines: usize,
    ) -> Result<Vec<String>, ClientError> {
        let (app, version) = (app.clone(), version.clone());
        match self.repeatable(&Request::Tail { app, version, lines }).await? {
            Reply::Tail { lines } => Ok(lines),
            other => Err(unexpected("tail", &other)),
        }
    }

    /// Replaces the proxy, and the keeper in place, by a copy of `executable`,
    /// without losing a request.
    ///
    /// # Errors
    /// As [`Self::apply`]; the old daemons go on when the new ones do not start.
    pub async fn upgrade(&self, executable: &Path) -> Result<(), ClientError> {
        // The host has another working directory.
        let executable = std::path::absolute(executable)
            .map_err(|source| ClientError::Executable { path: executable.to_owned(), source })?;
        self.once(&Request::Upgrade { executable }).await
    }

    /// Drains, stops every release, and ends both daemons.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub async fn stop(&self) -> Result<(), ClientError> {
        self.once(&Request::Stop).await
    }

    async fn once(&self, request: &Request) -> Result<(), ClientError> {
        let mut slot = self.connection.lock().await;
        let mut connection = match slot.take() {
            Some(connection) if !connection.is_closed() => connection,
            _ => Connection::open(&self.socket).await?,
        };
        let reply = connection.ask(request).await?;
        *slot = Some(connection);
        match accept(reply)? {
            Reply::Done => Ok(()),
            other => Err(unexpected("done", &other)),
        }
    }

    /// Asks until there is an answer or the time for a restart is over. The
    /// connection is taken out while it is in use, so that a caller who stops
    /// waiting never leaves half an answer behind for the next.
    async fn repeatable(&self, request: &Request) -> Result<Reply, ClientError> {
        let deadline = Instant::now() + RECONNECT;
        let mut slot = self.connection.lock().await;
        loop {
            let asked = async {
                let mut connection = match slot.take() {
                    Some(connection) => connection,
                    None => Connection::open(&self.socket).await?,
                };
                let reply = connection.ask(request).await?;
                Ok((connection, reply))
            };
            match asked.await {
                Ok((connection, reply)) => {
                    *slot = Some(connection);
                    return accept(reply);
                }
                Err(error @ (ClientError::NotRunning { .. } | ClientError::Broken { .. })) => {
                    if Instant::now() >= deadline {
                        return Err(error);
                    }
                    tokio::time::sleep(RETRY).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

fn accept(reply: Reply) -> Result<Reply, ClientError> {
    match reply {
        Reply::Error { code, message } => Err(ClientError::Refused { code, message }),
        reply => Ok(reply),
    }
}

fn unexpected(wanted: &'static str, got: &Reply) -> ClientError {
    let got = match got {
        Reply::Applied(_) => "applied",
        Reply::Observed(_) => "observed",
        Reply::Status(_) => "status",
        Reply::Tail { .. } => "tail",
        Reply::Done => "done",
        Reply::Error { .. } => "error",
    };
    ClientError::Confused { detail: format!("it answered `{got}` where `{wanted}` was due") }
}
