//! One request and the check of its answer.

use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use http::header::{HOST, HeaderMap};
use http::{Method, Request, Response, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;

use super::context::Context;
use super::failure::FailureKind;
use super::ledger::{Answered, Fault};
use crate::wire;

/// A request whose answer can be told beforehand. Even numbers GET a body
/// that the server makes, odd ones POST it to be sent back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Echo {
    pub(super) seq: u64,
    length: usize,
}

impl Echo {
    pub(super) fn new(seq: u64, length: usize) -> Self {
        Self { seq, length }
    }

    fn body(self) -> Bytes {
        wire::body(self.seq, self.length)
    }

    /// The request, in the form that the version of HTTP wants.
    pub(super) fn request(
        self,
        context: &Context,
        version: Version,
    ) -> Result<Request<Full<Bytes>>, FailureKind> {
        let (method, body) = match self.seq % 2 {
            0 => (Method::GET, Bytes::new()),
            _ => (Method::POST, self.body()),
        };
        let request = begin(context, version, method, wire::ECHO)
            .header(wire::SEQ, self.seq)
            .header(wire::LENGTH, self.length);
        request.body(Full::new(body)).map_err(|error| FailureKind::Protocol(error.to_string()))
    }

    /// Reads the whole answer and compares it with what it has to be.
    pub(super) async fn check(self, response: Response<Incoming>) -> Result<Answered, Fault> {
        let (head, body) = response.into_parts();
        let version = text(&head.headers, wire::VERSION);
        let fault = |kind| Fault { kind, version: version.clone() };
        let body = read(body).await.map_err(fault)?;
        if head.status != 200 {
            return Err(fault(FailureKind::Status(head.status.as_u16())));
        }
        let got = number(&head.headers, wire::SEQ);
        if got != Some(self.seq) {
            return Err(fault(FailureKind::WrongSequence { expected: self.seq, got }));
        }
        let sum = text(&head.headers, wire::SUM);
        if sum != Some(wire::Checksum::of(&body)) || body != self.body() {
            return Err(fault(FailureKind::WrongBody));
        }
        let received = number(&head.headers, wire::RECEIVED).map(wire::from_nanos);
        match (version, received) {
            (Some(version), Some(received)) => Ok(Answered { version, received }),
            (version, _) => {
                let kind = FailureKind::Protocol("the answer lacks version or time".to_owned());
                Err(Fault { kind, version })
            }
        }
    }
}

/// A request's method, target and host (RFC 9112, section 3.2; RFC 9113,
/// section 8.3.1).
pub(super) fn begin(
    context: &Context,
    version: Version,
    method: Method,
    path: &str,
) -> http::request::Builder {
    let authority = &context.authority;
    let request = Request::builder().method(method);
    match version {
        Version::HTTP_2 => request.uri(format!("http://{authority}{path}")),
        _ => request.uri(path).header(HOST, authority.as_ref()),
    }
}

/// The whole body.
pub(super) async fn read(mut body: Incoming) -> Result<Bytes, FailureKind> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| FailureKind::within_body(&error))?;
        if let Ok(data) = frame.into_data() {
            whole.extend_from_slice(&data);
        }
    }
    Ok(whole.freeze())
}

/// A header's text.
pub(super) fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// A header's number.
pub(super) fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name)?.parse().ok()
}

/// When the backend had the request, or now if it does not say.
pub(super) fn received(headers: &HeaderMap) -> SystemTime {
    number(headers, wire::RECEIVED).map_or_else(SystemTime::now, wire::from_nanos)
}
