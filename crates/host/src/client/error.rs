//! What can go wrong between the engine and the host.

use std::io;
use std::path::PathBuf;

use crate::protocol::{ErrorCode, PROTOCOL};

/// A request to the host that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nothing listens on the host's socket.
    #[error("the host is not running (nothing listens on {socket}); `shipway ship` starts it")]
    NotRunning {
        /// Where it would listen.
        socket: PathBuf,
    },
    /// The connection ended before the answer came.
    #[error("the connection to the host broke before it answered: {source}")]
    Broken {
        /// What the system reported.
        source: io::Error,
    },
    /// The socket is there and may not be used, or is no socket.
    #[error("cannot speak to the host on {socket}: {source}")]
    Socket {
        /// The socket.
        socket: PathBuf,
        /// What the system reported.
        source: io::Error,
    },
    /// The host and this program have no version of the protocol in common.
    #[error(
        "the running host (build {build}) speaks protocol {min} to {max}, this program {ours}: \
         run `shipway host upgrade` with the newer of the two",
        ours = PROTOCOL
    )]
    Version {
        /// The host's build.
        build: String,
        /// The oldest version it understands.
        min: u32,
        /// The newest version it understands.
        max: u32,
    },
    /// What came over the socket is not the protocol.
    #[error("the host answered something unexpected: {detail}")]
    Confused {
        /// What, in a line.
        detail: String,
    },
    /// The host refused, and says why.
    #[error("{message}")]
    Refused {
        /// What kind of refusal it is.
        code: ErrorCode,
        /// For people.
        message: String,
    },
    /// The executable has no absolute path.
    #[error("cannot find {path}: {source}", path = path.display())]
    Executable {
        /// The executable.
        path: PathBuf,
        /// What the system reported.
        source: io::Error,
    },
    /// The host could not be started.
    #[error("the host did not start: {reason}{log}", log = tail(log))]
    Start {
        /// What happened.
        reason: String,
        /// The last lines of its log.
        log: Vec<String>,
    },
}

fn tail(log: &[String]) -> String {
    log.iter().map(|line| format!("\n  {line}")).collect()
}
