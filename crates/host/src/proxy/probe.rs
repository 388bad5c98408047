//! Requests of the host's own, counted apart from users'.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{self, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, StatusCode, Uri};

use super::Proxy;
use super::answer::Source;
use super::backend::Backend;
use super::bodies::RequestBody;
use super::exchange::{self, Failed};
use super::upstream::AnswerError;

/// Why a probe got no answer.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// What is to be requested is no path.
    #[error("`{0}` is not a path: it must begin with a slash")]
    Path(String),
    /// No process of the version accepts connections.
    #[error("no process of this version accepts connections")]
    NoEndpoint,
    /// The answer was not there in time.
    #[error("no answer within {} ms", .0.as_millis())]
    TooSlow(Duration),
    /// The connection broke, or the answer is no HTTP.
    #[error("the answer broke off: {0}")]
    Broken(#[source] AnswerError),
}

impl Proxy {
    /// Sends a GET for `path` to `backend`, as the host's own request: counted
    /// apart from users' and not in the access log.
    ///
    /// # Errors
    /// When there was no whole answer within `timeout`; counted as an error,
    /// unless `path` is no path.
    pub async fn probe(
        &self,
        backend: &Arc<Backend>,
        path: &str,
        timeout: Duration,
    ) -> Result<StatusCode, ProbeError> {
        let request = request(path)?;
        let exchange = self.probe_exchange(backend, request);
        let result = match tokio::time::timeout(timeout, exchange).await {
            Ok(result) => result,
            Err(_) => Err(ProbeError::TooSlow(timeout)),
        };
        if let Err(error) = &result {
            tracing::debug!(%error, version = %backend.version().0, "a probe failed");
            backend.probes.failed();
        }
        let (status, first_byte) = result?;
        backend.probes.answered(first_byte, status.is_server_error());
        Ok(status)
    }

    async fn probe_exchange(
        &self,
        backend: &Arc<Backend>,
        request: Request<RequestBody>,
    ) -> Result<(StatusCode, Duration), ProbeError> {
        let began = Instant::now();
        let in_flight = backend.enter();
        let (parts, body) = request.into_parts();
        let sent = exchange::send(&self.limits, &in_flight, &parts, body, None).await;
        let (answer, source) = sent.map_err(|failed| match failed {
            Failed::NoEndpoint(_) => ProbeError::NoEndpoint,
            Failed::TooSlow => ProbeError::TooSlow(self.limits.answer_timeout),
            Failed::Broken(error) => ProbeError::Broken(error),
        })?;
        let first_byte = began.elapsed();
        let status = answer.status;
        read_whole(source).await.map_err(ProbeError::Broken)?;
        Ok((status, first_byte))
    }
}

fn request(path: &str) -> Result<Request<RequestBody>, ProbeError> {
    let bad = || ProbeError::Path(path.to_owned());
    let target: PathAndQuery = path.parse().map_err(|_| bad())?;
    if !path.starts_with('/') {
        return Err(bad());
    }
    let mut request = Request::new(RequestBody::Empty);
    *request.uri_mut() = Uri::from(target);
    let headers = request.headers_mut();
    headers.insert(header::HOST, HeaderValue::from_static("localhost"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static("shipway-probe"));
    Ok(request)
}

/// Reads a body to its end and throws it away.
async fn read_whole(mut source: Source) -> Result<(), AnswerError> {
    while let Some(piece) = poll_fn(|cx| source.upstream.poll_body(cx)).await {
        piece?;
    }
    Ok(())
}
