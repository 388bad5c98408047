//! Put Blob, Put Block, Put Block List: to an upload that is under way.

use std::fmt::Write as _;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming as Stream;
use jiff::Timestamp;
use tokio::io::AsyncWriteExt as _;
use tokio::task::spawn_blocking;

use super::error::{BlobError, Code};
use super::{block_list, stamp};
use crate::reply::{self, Body};
use crate::service::Shared;
use crate::signed_url::parameter;
use crate::storage::{Incoming, Upload};

/// Bytes of a block list: 50,000 ids of 64 bytes, with their tags.
const LONGEST_LIST: u64 = 8 << 20;

pub(super) async fn answer(
    shared: &Shared,
    upload: Arc<Upload>,
    request: Request<Stream>,
) -> Result<Response<Body>, BlobError> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let size = content_length(request.headers())?;
    match parameter(&query, "comp") {
        None => {
            let kind = request.headers().get("x-ms-blob-type").map(HeaderValue::as_bytes);
            if kind != Some(b"BlockBlob") {
                let message = "x-ms-blob-type is BlockBlob: other kinds are not stored";
                return Err(BlobError::new(Code::InvalidHeaderValue, message));
            }
            let incoming = receive(shared, &upload, request, size, false).await?;
            blocking(move || upload.replace(incoming).map_err(BlobError::from)).await?;
        }
        Some("block") => {
            let id = parameter(&query, "blockid").and_then(unescape);
            let id = id.and_then(|id| block_list::decode(&id)).ok_or_else(|| {
                let message = "blockid is not base64";
                BlobError::new(Code::InvalidQueryParameterValue, message)
            })?;
            let incoming = receive(shared, &upload, request, size, true).await?;
            upload.keep(id, incoming)?;
        }
        Some("blocklist") => {
            let list = read_list(shared, request, size).await?;
            blocking(move || upload.commit(list).map_err(BlobError::from)).await?;
        }
        Some(other) => {
            let message = format!("comp is block or blocklist, not {other}");
            return Err(BlobError::new(Code::InvalidQueryParameterValue, message));
        }
    }
    Ok(created())
}

/// 201, with a tag that no other answer has.
fn created() -> Response<Body> {
    let mut response = Response::new(reply::empty());
    *response.status_mut() = StatusCode::CREATED;
    let now = Timestamp::now();
    stamp(&mut response, &format!("\"{:x}\"", now.as_nanosecond()), now);
    let encrypted = HeaderName::from_static("x-ms-request-server-encrypted");
    response.headers_mut().insert(encrypted, HeaderValue::from_static("false"));
    response
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    spawn_blocking(work).await.map_err(|error| BlobError::internal(&error))?
}

fn content_length(headers: &HeaderMap) -> Result<u64, BlobError> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    length.and_then(|length| length.parse().ok()).ok_or_else(|| {
        let message = "the request has to say how long its body is";
        BlobError::new(Code::MissingContentLengthHeader, message)
    })
}

/// Writes a request's body to a file of the upload as it comes in.
async fn receive(
    shared: &Shared,
    upload: &Upload,
    request: Request<Stream>,
    size: u64,
    block: bool,
) -> Result<Incoming, BlobError> {
    let incoming = upload.receive(size, block)?;
    let file = incoming.file.reopen().map_err(|error| BlobError::internal(&error))?;
    let mut file = tokio::fs::File::from_std(file);
    let mut body = request.into_body();
    let mut left = size;
    while let Some(bytes) = next(shared, &mut body).await? {
        left = left.checked_sub(bytes.len() as u64).ok_or_else(|| {
            BlobError::new(Code::InvalidInput, "the body is longer than it is said to be")
        })?;
        file.write_all(&bytes).await.map_err(|error| BlobError::internal(&error))?;
    }
    if left > 0 {
        let message = "the body is shorter than it is said to be";
        return Err(BlobError::new(Code::InvalidInput, message));
    }
    file.flush().await.map_err(|error| BlobError::internal(&error))?;
    Ok(incoming)
}

/// The next bytes of a body; a client that goes silent is given up.
async fn next(shared: &Shared, body: &mut Stream) -> Result<Option<bytes::Bytes>, BlobError> {
    loop {
        let frame = tokio::time::timeout(shared.limits.silence, body.frame()).await;
        let frame = frame.map_err(|_| {
            BlobError::new(Code::OperationTimedOut, "nothing of the body came for too long")
        })?;
        match frame {
            None => return Ok(None),
            Some(Ok(frame)) => {
                if let Ok(bytes) = frame.into_data() {
                    return Ok(Some(bytes));
                }
            }
            Some(Err(error)) => {
                let message = format!("the body breaks off: {error}");
                return Err(BlobError::new(Code::InvalidInput, message));
            }
        }
    }
}

async fn read_list(
    shared: &Shared,
    request: Request<Stream>,
    size: u64,
) -> Result<Vec<Vec<u8>>, BlobError> {
    if size > LONGEST_LIST {
        let message = format!("a block list has at most {LONGEST_LIST} bytes");
        return Err(BlobError::new(Code::RequestBodyTooLarge, message));
    }
    let mut body = request.into_body();
    let mut text = Vec::new();
    while let Some(bytes) = next(shared, &mut body).await? {
        text.extend_from_slice(&bytes);
    }
    let list = std::str::from_utf8(&text).ok().and_then(block_list::parse);
    list.ok_or_else(|| BlobError::new(Code::InvalidXmlDocument, "the body is no list of blocks"))
}

/// A query's value without its escapes.
pub(crate) fn unescape(text: &str) -> Option<String> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            out.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

/// A query's value with escapes.
pub(crate) fn escape(bytes: &[u8]) -> String {
    let mut out = String::new();
    for &byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(byte.into());
            }
            // Writing to a string does not fail.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_go_and_come() {
        assert_eq!(unescape("YWI%3D").as_deref(), Some("YWI="));
        assert_eq!(unescape("a+b/c").as_deref(), Some("a+b/c"), "`+` is base64, not a space");
        for bad in ["%", "%3", "%zz", "%ff"] {
            assert_eq!(unescape(bad), None, "{bad}");
        }
        assert_eq!(escape(b"a+b="), "a%2Bb%3D");
        assert_eq!(escape("ü.zip".as_bytes()), "%C3%BC.zip");
    }
}
