//! One request and one answer with a version: which process, which
//! connection, and when to try again.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;

use super::answer::Source;
use super::backend::{Endpoint, InFlight};
use super::bodies::{RequestBody, Upload};
use super::limits::Limits;
use super::upstream::{SendError, Upstream};

/// A request that cannot be repeated goes over a kept connection only if that
/// was used a moment ago: a server closes what is idle, and the request may
/// meet the close on its way.
const SURELY_OPEN: Duration = Duration::from_secs(1);

/// A backend's answer, its body still to come.
pub(crate) struct Answered {
    pub(crate) answer: Response<Incoming>,
    pub(crate) source: Source,
    pub(crate) first_byte: Duration,
    /// The client's side of the tunnel, if it asked for one.
    pub(crate) on_upgrade: Option<OnUpgrade>,
    pub(crate) trailers: Trailers,
}

/// Which trailers the client can get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trailers {
    /// It does not read them.
    None,
    /// Those that the head announces.
    Announced,
    Any,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failed {
    /// No process accepts connections now. Nothing was sent.
    NoEndpoint(Box<Request<RequestBody>>),
    /// The answer did not come in time.
    TooSlow,
    /// The connection broke, and the request must not be repeated or was.
    Broken(hyper::Error),
}

/// Sends a request to a version.
///
/// What was not sent is sent elsewhere, to every process in turn. What was
/// sent is repeated once, if that is safe (RFC 9110 §9.2.2: the method is
/// idempotent; and it has no body, since that is gone).
pub(crate) async fn send(
    limits: &Limits,
    in_flight: &InFlight,
    request: Request<RequestBody>,
    upload: Option<&Upload>,
) -> Result<(Response<Incoming>, Source), Failed> {
    let mut again = repeatable(&request, upload);
    let mut request = request;
    let mut refused = Vec::new();
    let mut fresh = false;
    loop {
        let Some(endpoint) = in_flight.backend().pick(&refused) else {
            return Err(Failed::NoEndpoint(Box::new(request)));
        };
        let at = endpoint.enter();
        let most = if again.is_some() { limits.pool_idle } else { SURELY_OPEN };
        let pooled = if fresh { None } else { pooled(&endpoint, most).await };
        let mut upstream = match pooled {
            Some(upstream) => upstream,
            None => match connect(limits, in_flight, endpoint.address).await {
                Ok(upstream) => upstream,
                Err(error) => {
                    let address = endpoint.address;
                    tracing::debug!(%error, %address, "a backend cannot be connected to");
                    refused.push(address);
                    continue;
                }
            },
        };
        match upstream.send(request, upload, limits.answer_timeout).await {
            Ok(answer) => return Ok((answer, Source { upstream, at })),
            Err(SendError::Timeout) => return Err(Failed::TooSlow),
            Err(SendError::Unsent(unsent)) => {
                // It closed while it was idle; a new connection that does the
                // same is as good as refused.
                if fresh {
                    refused.push(endpoint.address);
                }
                fresh = true;
                request = *unsent;
            }
            Err(SendError::Broken(error)) => match again.take() {
                Some(copy) => {
                    fresh = true;
                    request = copy;
                }
                None => return Err(Failed::Broken(error)),
            },
        }
    }
}

/// A copy of a request that may be sent twice.
fn repeatable(
    request: &Request<RequestBody>,
    upload: Option<&Upload>,
) -> Option<Request<RequestBody>> {
    let safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE
    );
    if !safe || upload.is_some() {
        return None;
    }
    let mut copy = Request::new(RequestBody::Empty);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}

/// A kept connection that has not been closed meanwhile.
async fn pooled(endpoint: &Arc<Endpoint>, most: Duration) -> Option<Upstream> {
    let now = Instant::now();
    loop {
        let mut upstream = endpoint.pool.take(now, most)?;
        let ready = std::future::poll_fn(|cx| std::task::Poll::Ready(upstream.poll_ready(cx)));
        if ready.await {
            return Some(upstream);
        }
    }
}

async fn connect(
    limits: &Limits,
    in_flight: &InFlight,
    address: SocketAddr,
) -> io::Result<Upstream> {
    Upstream::connect(in_flight.backend(), address, limits).await
}
