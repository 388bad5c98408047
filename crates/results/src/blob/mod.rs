//! Blobs: the part of Azure's Blob Storage REST API that clients of artifacts
//! and caches use. Put Blob, Put Block and Put Block List to a signed URL of an
//! upload; Get Blob and Get Blob Properties from one of something stored.
//!
//! Source: Azure's "Blob Storage REST API", operations on block blobs.

mod block_list;
mod error;
mod get;
mod put;
mod range;

use std::sync::Arc;

use http::{HeaderName, HeaderValue, Method, Request, Response, header};
use hyper::body::Incoming;
use jiff::Timestamp;

use crate::reply::Body;
use crate::service::Shared;
use crate::signed_url::{self, Way};
use crate::storage::{self, Stored};

use error::{BlobError, Code};
pub(crate) use put::{escape, unescape};

pub(crate) const PREFIX: &str = "/blob/";
pub(crate) const UPLOADS: &str = "uploads/";

/// The version of the API that is spoken.
const VERSION: &str = "2024-11-04";

pub(crate) async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Body> {
    let head = request.method() == Method::HEAD;
    let client = request.headers().get(CLIENT_REQUEST_ID).cloned();
    let mut response = match route(shared, request).await {
        Ok(response) => response,
        Err(error) => error.answer(head),
    };
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("x-ms-version"), HeaderValue::from_static(VERSION));
    if let Some(id) = storage::random().and_then(|id| HeaderValue::from_str(&id).ok()) {
        headers.insert(HeaderName::from_static("x-ms-request-id"), id);
    }
    if let Some(client) = client {
        headers.insert(CLIENT_REQUEST_ID, client);
    }
    response
}

const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");

async fn route(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Body>, BlobError> {
    let way = match *request.method() {
        Method::GET | Method::HEAD => Way::Read,
        Method::PUT => Way::Write,
        _ => return Err(BlobError::new(Code::UnsupportedHttpVerb, "GET, HEAD and PUT are known")),
    };
    let path = request.uri().path();
    let query = request.uri().query().unwrap_or_default();
    let refused = || {
        let message = "the signature is of another blob or operation, or its time is over";
        BlobError::new(Code::AuthenticationFailed, message)
    };
    let (id, nonce) = signed_url::check(&shared.tokens, way, path, query, Timestamp::now())
        .ok_or_else(refused)?;
    let grant = shared.grant(id, &nonce).ok_or_else(refused)?;
    let name = path.strip_prefix(PREFIX).unwrap_or_default().to_owned();
    match (way, name.strip_prefix(UPLOADS)) {
        (Way::Write, Some(id)) => {
            let upload = grant.uploads.find(id).ok_or_else(not_there)?;
            put::answer(&shared, upload, request).await
        }
        (Way::Read, None) => {
            let stored = Stored::parse(&name).ok_or_else(not_there)?;
            get::answer(shared, stored, request).await
        }
        _ => Err(not_there()),
    }
}

fn not_there() -> BlobError {
    BlobError::new(Code::BlobNotFound, "the blob is not there")
}

/// A date as HTTP has it.
fn http_date(at: Timestamp) -> HeaderValue {
    let text = at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// What answers to both ways have.
fn stamp(response: &mut Response<Body>, etag: &str, modified: Timestamp) {
    let headers = response.headers_mut();
    headers.insert(header::LAST_MODIFIED, http_date(modified));
    if let Ok(etag) = HeaderValue::from_str(etag) {
        headers.insert(header::ETAG, etag);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_http_has_it() {
        let at = Timestamp::from_second(784_111_777).unwrap();
        assert_eq!(http_date(at), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
