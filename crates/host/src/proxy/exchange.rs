//! One request and one answer with a version: which process, which
//! connection, and when to try again.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, request, response};
use hyper::upgrade::OnUpgrade;

use super::answer::Source;
use super::backend::{Endpoint, InFlight};
use super::bodies::{RequestBody, Upload};
use super::limits::Limits;
use super::upstream::{AnswerError, SendError, Upstream};

/// A request that cannot be repeated goes over a kept connection only if that
/// was used a moment ago: a server closes what is idle, and the request may
/// meet the close on its way.
const SURELY_OPEN: Duration = Duration::from_secs(1);

/// A backend's answer, its body still to come.
pub(crate) struct Answered {
    pub(crate) head: response::Parts,
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
    NoEndpoint(RequestBody),
    /// The answer did not come in time.
    TooSlow,
    /// The connection broke, and the request must not be repeated or was.
    Broken(AnswerError),
}

/// Sends a request to a version.
///
/// What was not sent is sent elsewhere, to every process in turn. What was
/// sent is repeated once, if that is safe (RFC 9110 §9.2.2: the method is
/// idempotent; and it has no body, since that is gone).
pub(crate) async fn send(
    limits: &Limits,
    in_flight: &InFlight,
    parts: &request::Parts,
    body: RequestBody,
    upload: Option<&Upload>,
) -> Result<(response::Parts, Source), Failed> {
    let mut repeatable = upload.is_none() && is_idempotent(&parts.method);
    let mut body = body;
    let mut refused = Vec::new();
    let mut fresh = false;
    loop {
        let Some(endpoint) = in_flight.backend().pick(&refused) else {
            return Err(Failed::NoEndpoint(body));
        };
        let at = endpoint.enter();
        let most = if repeatable { limits.pool_idle } else { SURELY_OPEN };
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
        match upstream.send(parts, body, upload, limits.answer_timeout).await {
            Ok(answer) => return Ok((answer, Source { upstream, at })),
            Err(SendError::Timeout) => return Err(Failed::TooSlow),
            Err(SendError::Unsent(unsent)) => {
                // It closed while it was idle; a new connection that does the
                // same is as good as refused.
                if fresh {
                    refused.push(endpoint.address);
                }
                fresh = true;
                body = unsent;
            }
            Err(SendError::Broken(_)) if repeatable => {
                (repeatable, fresh) = (false, true);
                body = RequestBody::Empty;
            }
            Err(SendError::Broken(error)) => return Err(Failed::Broken(error)),
        }
    }
}

/// RFC 9110 §9.2.2.
fn is_idempotent(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE
    )
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
