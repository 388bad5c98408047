//! Get Blob, whole or in parts, and Get Blob Properties.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Incoming;
use tokio::task::spawn_blocking;

use super::error::{BlobError, Code};
use super::put::escape;
use super::range::{self, Wanted};
use super::{not_there, stamp};
use crate::reply::{self, Body};
use crate::service::Shared;
use crate::storage::{Readable, Stored};

/// Bytes that are read at once, and sent.
const CHUNK: u64 = 256 * 1024;

pub(super) async fn answer(
    shared: Arc<Shared>,
    stored: Stored,
    request: Request<Incoming>,
) -> Result<Response<Body>, BlobError> {
    let open = spawn_blocking(move || shared.storage.open(&stored)).await;
    let blob = open.map_err(|error| BlobError::internal(&error))??.ok_or_else(not_there)?;
    let etag = format!("\"{:x}\"", blob.id);
    let matches = |value: &HeaderValue| matches!(value.as_bytes(), b"*") || *value == etag;
    if request.headers().get(header::IF_MATCH).is_some_and(|value| !matches(value)) {
        return Err(BlobError::new(Code::ConditionNotMet, "the blob is another one"));
    }
    let size = blob.size;
    let (status, part) = match range::of(request.headers(), size) {
        Wanted::All => (StatusCode::OK, 0..size),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Wanted::Impossible => {
            return Err(BlobError::new(Code::InvalidRange, format!("the blob has {size} bytes")));
        }
    };
    let mut response = Response::new(reply::empty());
    *response.status_mut() = status;
    stamp(&mut response, &etag, blob.modified);
    describe(&mut response, &blob, status, &part);
    if request.method() == Method::GET {
        *response.body_mut() = stream(blob, part);
    }
    Ok(response)
}

fn describe(response: &mut Response<Body>, blob: &Readable, status: StatusCode, part: &Range<u64>) {
    let headers = response.headers_mut();
    let length = part.end - part.start;
    headers.insert(header::CONTENT_LENGTH, length.into());
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert("x-ms-blob-type", HeaderValue::from_static("BlockBlob"));
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {}-{}/{}", part.start, part.end.saturating_sub(1), blob.size);
        headers.extend(HeaderValue::from_str(&range).ok().map(|v| (header::CONTENT_RANGE, v)));
    }
    let content_type = HeaderValue::from_str(&blob.content_type);
    headers.extend(content_type.ok().map(|value| (header::CONTENT_TYPE, value)));
    if let Some(name) = &blob.file_name {
        let value = format!("attachment; filename*=UTF-8''{}", escape(name.as_bytes()));
        let value = HeaderValue::from_str(&value);
        headers.extend(value.ok().map(|value| (header::CONTENT_DISPOSITION, value)));
    }
}

/// Reads a part of a blob while it is sent: one chunk at a time.
fn stream(blob: Readable, part: Range<u64>) -> Body {
    let chunks =
        futures_util::stream::try_unfold((blob.file, part), |(mut file, part)| async move {
            if part.is_empty() {
                return Ok(None);
            }
            let read = spawn_blocking(move || {
                let chunk = usize::try_from(CHUNK.min(part.end - part.start)).unwrap_or(usize::MAX);
                let mut bytes = vec![0; chunk];
                file.seek(SeekFrom::Start(part.start))?;
                file.read_exact(&mut bytes)?;
                let rest = part.start + chunk as u64..part.end;
                Ok::<_, io::Error>((Frame::data(Bytes::from(bytes)), (file, rest)))
            });
            read.await.map_err(io::Error::other)?.map(Some)
        });
    StreamBody::new(chunks).boxed_unsync()
}
