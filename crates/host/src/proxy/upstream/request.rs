//! A request as bytes (RFC 9112 §3, §6, §7.1).

use bytes::{BufMut as _, Bytes, BytesMut};
use http::header::{self, HeaderMap};
use http::{Method, request};

use crate::proxy::bodies::RequestBody;

/// How a request's body is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delimited {
    /// By `Content-Length`, or there is none.
    ByLength,
    /// By chunks.
    ByChunks,
}

/// Writes the head. The target is in origin form, and hop-by-hop fields are
/// gone already.
pub(super) fn encode_head(
    parts: &request::Parts,
    body: &RequestBody,
    out: &mut BytesMut,
) -> Delimited {
    out.put_slice(parts.method.as_str().as_bytes());
    out.put_u8(b' ');
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    out.put_slice(target.as_bytes());
    out.put_slice(b" HTTP/1.1\r\n");
    encode_fields(&parts.headers, out);
    let has_length = parts.headers.contains_key(header::CONTENT_LENGTH);
    let delimited = match body {
        _ if has_length => Delimited::ByLength,
        RequestBody::Stream { .. } => {
            out.put_slice(b"transfer-encoding: chunked\r\n");
            Delimited::ByChunks
        }
        RequestBody::Empty => {
            // RFC 9110 §8.6: where the method expects a body, none is said.
            if matches!(parts.method, Method::POST | Method::PUT | Method::PATCH) {
                out.put_slice(b"content-length: 0\r\n");
            }
            Delimited::ByLength
        }
    };
    out.put_slice(b"\r\n");
    delimited
}

/// Writes what stands before a piece of a body, and returns what stands after
/// it.
pub(super) fn frame_piece(delimited: Delimited, data: &Bytes, out: &mut BytesMut) -> &'static [u8] {
    match delimited {
        Delimited::ByLength => b"",
        Delimited::ByChunks => {
            let size = format!("{:x}\r\n", data.len());
            out.put_slice(size.as_bytes());
            b"\r\n"
        }
    }
}

/// Writes the end of a body.
pub(super) fn end_body(delimited: Delimited, trailers: Option<&HeaderMap>, out: &mut BytesMut) {
    if delimited == Delimited::ByChunks {
        out.put_slice(b"0\r\n");
        if let Some(trailers) = trailers {
            encode_fields(trailers, out);
        }
        out.put_slice(b"\r\n");
    }
}

fn encode_fields(fields: &HeaderMap, out: &mut BytesMut) {
    for (name, value) in fields {
        out.reserve(name.as_str().len() + value.len() + 4);
        out.put_slice(name.as_str().as_bytes());
        out.put_slice(b": ");
        out.put_slice(value.as_bytes());
        out.put_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use http::header::HeaderValue;

    use super::*;

    fn encoded(request: Request<()>) -> (String, Delimited) {
        let (parts, ()) = request.into_parts();
        let mut out = BytesMut::new();
        let delimited = encode_head(&parts, &RequestBody::Empty, &mut out);
        (String::from_utf8(out.to_vec()).unwrap(), delimited)
    }

    #[test]
    fn a_head_is_written_as_it_was_read() {
        let request = Request::get("http://h/a?b=c").header("x-two", "1").header("x-two", "2");
        let (text, delimited) = encoded(request.body(()).unwrap());
        assert_eq!(text, "GET /a?b=c HTTP/1.1\r\nx-two: 1\r\nx-two: 2\r\n\r\n");
        assert_eq!(delimited, Delimited::ByLength);
    }

    #[test]
    fn a_method_that_expects_a_body_says_that_there_is_none() {
        let (text, _) = encoded(Request::post("/").body(()).unwrap());
        assert_eq!(text, "POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n");
        let given = Request::post("/").header("content-length", "0").body(()).unwrap();
        assert_eq!(encoded(given).0.matches("content-length").count(), 1);
    }

    #[test]
    fn chunks_are_framed_and_ended_with_their_trailers() {
        let mut out = BytesMut::new();
        let data = Bytes::from_static(b"twelve bytes");
        let after = frame_piece(Delimited::ByChunks, &data, &mut out);
        out.put_slice(&data);
        out.put_slice(after);
        let trailers = HeaderMap::from_iter([(header::ETAG, HeaderValue::from_static("e"))]);
        end_body(Delimited::ByChunks, Some(&trailers), &mut out);
        assert_eq!(&out[..], b"c\r\ntwelve bytes\r\n0\r\netag: e\r\n\r\n");
    }
}
