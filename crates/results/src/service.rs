//! The service itself: an HTTP server on loopback.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use crate::grant::{Admission, Grant, Grants, Job};
use crate::identity::{Issuer, KeyError};
use crate::reply::{self, Body};
use crate::storage::{Reservations, Storage, StorageError, Uploads};
use crate::token::{Purpose, Tokens};
use crate::{Limits, blob, identity, storage, twirp};

/// How a service is started.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it keeps everything: see [`Storage`].
    pub folder: PathBuf,
    /// How much it takes and keeps.
    pub limits: Limits,
    /// Who its OIDC tokens are from, if that is not its own address: where
    /// others find `/.well-known/openid-configuration`.
    pub issuer: Option<String>,
}

/// Why a service does not start, or a job is not let in.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No port.
    #[error("cannot listen on loopback for actions' artifacts and caches: {0}")]
    Listen(#[source] io::Error),
    /// No randomness.
    #[error("the machine has no randomness to make tokens from")]
    Random,
    /// The folder.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The key of OIDC tokens.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The service. It ends when it is dropped, with every connection.
pub struct Service {
    shared: Arc<Shared>,
    _serving: AbortOnDropHandle<()>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("origin", &self.shared.origin).finish_non_exhaustive()
    }
}

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) storage: Storage,
    pub(crate) limits: Limits,
    pub(crate) tokens: Tokens,
    pub(crate) issuer: Issuer,
    grants: Arc<Grants>,
    taken: Reservations,
    /// `http://127.0.0.1:<port>`
    origin: String,
}

/// At the same time: clients keep some open, and use few.
const CONNECTIONS: usize = 512;
/// From a connection's first byte to the end of a request's headers.
const HEADERS: Duration = Duration::from_secs(30);

impl Service {
    /// Begins to listen on loopback, on a port that is free. What uploads of
    /// an earlier engine left is removed.
    ///
    /// # Errors
    /// When there is no port, no randomness, or the folder cannot be used.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(address).await.map_err(StartError::Listen)?;
        let origin = format!("http://{}", listener.local_addr().map_err(StartError::Listen)?);
        let storage = Storage::new(config.folder);
        storage.forget_uploads()?;
        let issuer = config.issuer.unwrap_or_else(|| origin.clone());
        let shared = Arc::new(Shared {
            issuer: Issuer::new(issuer, storage.identity()),
            storage,
            limits: config.limits,
            tokens: Tokens::new().ok_or(StartError::Random)?,
            grants: Arc::default(),
            taken: Reservations::default(),
            origin,
        });
        let serving = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { shared, _serving: AbortOnDropHandle::new(serving) })
    }

    /// `http://127.0.0.1:<port>`
    pub fn origin(&self) -> &str {
        &self.shared.origin
    }

    /// What lies on the disk.
    pub fn storage(&self) -> &Storage {
        &self.shared.storage
    }

    /// Lets a job in, until the admission is dropped.
    ///
    /// # Errors
    /// When the machine has no randomness.
    pub fn admit(&self, job: Job) -> Result<Admission, StartError> {
        let shared = &self.shared;
        let nonce = storage::random().ok_or(StartError::Random)?;
        let asks = job.identity.is_some();
        let uploads = Uploads::new(shared.storage.uploads(), shared.taken.clone());
        let grant = shared.grants.add(job, nonce.clone(), uploads);
        let now = Timestamp::now();
        let issue = |purpose| shared.tokens.issue(purpose, &grant, now);
        let id_token = asks.then(|| {
            // Clients add `&audience=…`.
            let url = format!("{}{}?api-version=2.0", shared.origin, identity::REQUEST_PATH);
            (url, issue(Purpose::IdToken))
        });
        Ok(Admission {
            origin: shared.origin.clone(),
            token: issue(Purpose::Runtime),
            id_token,
            id: grant.id(),
            nonce,
            grants: Arc::clone(&shared.grants),
        })
    }
}

impl Shared {
    /// The job whose token a request bears.
    pub(crate) fn authenticate<B>(
        &self,
        purpose: Purpose,
        request: &Request<B>,
    ) -> Option<Arc<Grant>> {
        let header = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let (id, nonce) = self.tokens.check(purpose, token.trim(), Timestamp::now())?;
        self.grants.find(id, &nonce)
    }

    /// The job that a signed URL was made for.
    pub(crate) fn grant(&self, id: crate::grant::JobId, nonce: &str) -> Option<Arc<Grant>> {
        self.grants.find(id, nonce)
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    // Dropped with this task: connections end with the service.
    let mut connections = JoinSet::new();
    loop {
        // Never closed: there is always a permit to come.
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, _)) => {
                let shared = Arc::clone(&shared);
                connections.spawn(async move {
                    converse(stream, shared).await;
                    drop(permit);
                });
            }
            // Of one connection, or too many files are open: the next may work.
            Err(error) => {
                tracing::warn!(%error, "the results service cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, shared: Arc<Shared>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection without TCP_NODELAY");
    }
    let answer = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer(shared, request).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .serve_connection(TokioIo::new(stream), answer)
        .await;
    if let Err(error) = connection {
        tracing::debug!(%error, "a client of the results service went away");
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path();
    let response = if path.starts_with(twirp::PREFIX) {
        twirp::answer(shared, request).await
    } else if path.starts_with(blob::PREFIX) {
        blob::answer(shared, request).await
    } else if matches!(*request.method(), Method::GET | Method::HEAD) {
        match path {
            identity::DISCOVERY_PATH => shared.issuer.discovery(),
            identity::KEYS_PATH => identity::keys(shared).await,
            identity::REQUEST_PATH => identity::answer(shared, request).await,
            _ => unknown(path),
        }
    } else {
        unknown(path)
    };
    tracing::trace!(status = response.status().as_u16(), "the results service answered");
    response
}

fn unknown(path: &str) -> Response<Body> {
    reply::json(StatusCode::NOT_FOUND, &json!({"message": format!("there is nothing at {path}")}))
}

/// The origin that a client has reached the service by: it may be another one
/// than `own`, for example from within a container.
pub(crate) fn origin_of<B>(own: &Shared, request: &Request<B>) -> String {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.filter(|host| host.parse::<http::uri::Authority>().is_ok());
    // A name and a port, no user: what else an authority may have is not ours.
    match host.filter(|host| !host.contains('@')) {
        Some(host) => format!("http://{host}"),
        None => own.origin.clone(),
    }
}
