//! How the worker's built-in actions speak to the service: as any other client,
//! with their job's token.

mod artifacts;
mod blob;
mod caches;
mod http;

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base64url;
use crate::twirp::PREFIX;

pub use self::blob::{Pieces, Source, Uploaded, pieces};
use self::http::{Answer, Origin};
pub use artifacts::{Downloaded, FoundArtifact};
pub use caches::{FoundCache, Saving};

/// Speaks for one job.
#[derive(Clone)]
pub struct Client {
    origin: Origin,
    token: String,
    /// The run and the job, as the token names them.
    run: String,
    job: String,
}

/// Why the service did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address or the token is none.
    #[error("the address or the token of the results service is not usable")]
    Access,
    /// No connection, or it broke.
    #[error("the results service at {origin} cannot be reached: {why}")]
    Unreachable {
        /// Its address.
        origin: String,
        /// What the system says.
        why: String,
    },
    /// There is one of that name already.
    #[error("{message}")]
    Exists {
        /// What the service says.
        message: String,
    },
    /// It is not allowed, not there, or wrong.
    #[error("{message}")]
    Refused {
        /// What the service says.
        message: String,
    },
    /// The answer makes no sense.
    #[error("the results service answered what nobody understands: {0}")]
    Confused(String),
    /// What was to be uploaded could not be read, or a download not be written.
    #[error("{0}")]
    Local(#[from] io::Error),
    /// A download is not what was uploaded.
    #[error("what was downloaded has the digest {found}, and what was uploaded had {expected}")]
    Digest {
        /// As recorded.
        expected: String,
        /// As it came.
        found: String,
    },
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("run", &self.run).field("job", &self.job).finish()
    }
}

impl Client {
    /// A client for the service at `url` (`ACTIONS_RESULTS_URL`), with a job's
    /// token.
    ///
    /// # Errors
    /// [`ClientError::Access`] when the address is not `http://host:port`, or
    /// the token does not say whose it is.
    pub fn new(url: &str, token: &str) -> Result<Self, ClientError> {
        let origin = Origin::parse(url).ok_or(ClientError::Access)?;
        let (run, job) = ids(token).ok_or(ClientError::Access)?;
        Ok(Self { origin, token: token.to_owned(), run, job })
    }

    /// Calls a method.
    async fn call<A: DeserializeOwned>(
        &self,
        service: &str,
        method: &str,
        request: &impl Serialize,
    ) -> Result<A, ClientError> {
        let body = serde_json::to_vec(request).map_err(|e| ClientError::Confused(e.to_string()))?;
        let path = format!("{PREFIX}{service}/{method}");
        let answer = self.origin.post(&path, &self.token, body).await?;
        if answer.status != 200 {
            return Err(refusal(&answer));
        }
        serde_json::from_slice(&answer.body).map_err(|e| ClientError::Confused(e.to_string()))
    }
}

#[derive(serde::Deserialize)]
struct Refusal {
    code: String,
    msg: String,
}

fn refusal(answer: &Answer) -> ClientError {
    match serde_json::from_slice(&answer.body) {
        Ok(Refusal { code, msg: message }) if code == "already_exists" => {
            ClientError::Exists { message }
        }
        Ok(Refusal { msg: message, .. }) => ClientError::Refused { message },
        Err(_) => ClientError::Confused(format!("status {}", answer.status)),
    }
}

/// As GitHub's clients find out whose token it is.
fn ids(token: &str) -> Option<(String, String)> {
    #[derive(serde::Deserialize)]
    struct Claims {
        scp: String,
    }
    let claims = base64url::decode(token.split('.').nth(1)?)?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    let mut scopes = claims.scp.split(' ').filter_map(|s| s.strip_prefix("Actions.Results:"));
    let (run, job) = scopes.next()?.split_once(':')?;
    Some((run.to_owned(), job.to_owned()))
}
