//! The head of an answer, and how its body is delimited (RFC 9112 §4, §6.3).

use std::mem::MaybeUninit;
use std::ops::Range;

use bytes::{Buf as _, Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode, Version, response};

use super::AnswerError;
use super::chunked::{Chunked, Piece};

/// The most fields of an answer's head.
const MOST_FIELDS: usize = 128;

/// The head of an answer.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) parts: response::Parts,
    pub(super) body: Body,
    /// The connection can carry another request after the body.
    pub(super) reusable: bool,
}

/// What is still to come of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// So many bytes.
    Length(u64),
    Chunked(Chunked),
    /// Everything until the backend closes.
    UntilClose,
}

impl Body {
    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunked::Over))
    }

    /// Takes the next piece off `input`.
    pub(super) fn next(&mut self, input: &mut BytesMut) -> Result<Piece, AnswerError> {
        match self {
            Self::Chunked(chunked) => {
                let piece = chunked.next(input)?;
                if matches!(piece, Piece::Data(_)) {
                    chunked.look_for_end(input);
                }
                Ok(piece)
            }
            Self::Length(0) => Ok(Piece::End),
            _ if input.is_empty() => Ok(Piece::Incomplete),
            Self::Length(left) => {
                let taken = usize::try_from(*left).map_or(input.len(), |l| l.min(input.len()));
                *left -= taken as u64;
                Ok(Piece::Data(input.split_to(taken).freeze()))
            }
            Self::UntilClose => Ok(Piece::Data(input.split().freeze())),
        }
    }
}

/// Takes an answer's head off `input`, if the whole of it is there. Interim
/// answers (1xx, but 101) are passed over: the client's own connection has
/// told it to go on.
pub(super) fn take_head(
    input: &mut BytesMut,
    request: &Method,
) -> Result<Option<Head>, AnswerError> {
    loop {
        let Some(raw) = RawHead::parse(input)? else { return Ok(None) };
        if raw.status.is_informational() && raw.status != StatusCode::SWITCHING_PROTOCOLS {
            input.advance(raw.len);
            continue;
        }
        let bytes = input.split_to(raw.len).freeze();
        return raw.into_head(bytes, request).map(Some);
    }
}

/// Where everything stands in the bytes of a head.
struct RawHead {
    len: usize,
    status: StatusCode,
    version: Version,
    count: usize,
    fields: [(Range<u32>, Range<u32>); MOST_FIELDS],
}

impl RawHead {
    fn parse(input: &[u8]) -> Result<Option<Self>, AnswerError> {
        let mut fields = [const { MaybeUninit::uninit() }; MOST_FIELDS];
        let mut answer = httparse::Response::new(&mut []);
        let config = httparse::ParserConfig::default();
        let parsed = config.parse_response_with_uninit_headers(&mut answer, input, &mut fields)?;
        let httparse::Status::Complete(len) = parsed else { return Ok(None) };
        let status = answer.code.and_then(|code| StatusCode::from_u16(code).ok());
        let status = status.ok_or(httparse::Error::Status)?;
        let version = if answer.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 };
        let base = input.as_ptr().addr();
        let range = |part: &[u8]| {
            // Heads are far smaller than 4 GiB, and parts lie within `input`.
            let from = (part.as_ptr().addr() - base) as u32;
            from..from + part.len() as u32
        };
        let mut ranges = [const { (0..0, 0..0) }; MOST_FIELDS];
        for (slot, field) in ranges.iter_mut().zip(&*answer.headers) {
            *slot = (range(field.name.as_bytes()), range(field.value));
        }
        let count = answer.headers.len();
        Ok(Some(Self { len, status, version, count, fields: ranges }))
    }

    fn into_head(self, bytes: Bytes, request: &Method) -> Result<Head, AnswerError> {
        let mut headers = HeaderMap::with_capacity(self.count + 1);
        for (name, value) in &self.fields[..self.count] {
            let name = HeaderName::from_bytes(&bytes[usize_of(name)])
                .map_err(|_| httparse::Error::HeaderName)?;
            let value = HeaderValue::from_maybe_shared(bytes.slice(usize_of(value)))
                .map_err(|_| httparse::Error::HeaderValue)?;
            headers.append(name, value);
        }
        let (body, delimited) = body(&mut headers, self.version, self.status, request)?;
        let reusable = delimited && stays_open(&headers, self.version);
        let (mut parts, ()) = http::Response::new(()).into_parts();
        (parts.status, parts.version, parts.headers) = (self.status, self.version, headers);
        Ok(Head { parts, body, reusable })
    }
}

fn usize_of(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

/// RFC 9112 §6.3; and whether it is clear where the answer ends.
fn body(
    headers: &mut HeaderMap,
    version: Version,
    status: StatusCode,
    request: &Method,
) -> Result<(Body, bool), AnswerError> {
    let none = matches!(
        status,
        StatusCode::SWITCHING_PROTOCOLS | StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
    );
    if request == Method::HEAD || none {
        return Ok((Body::Length(0), true));
    }
    let length = length(headers)?;
    match headers.get_all(header::TRANSFER_ENCODING).iter().next_back() {
        None => Ok(match length {
            Some(length) => (Body::Length(length), true),
            None => (Body::UntilClose, false),
        }),
        Some(last) => {
            let last = last.to_str().unwrap_or_default().rsplit(',').next().unwrap_or_default();
            let chunked = last.trim().eq_ignore_ascii_case("chunked");
            // Both, or chunks in HTTP/1.0: it may be an attempt to smuggle. The
            // length goes, and nothing else is read from this connection.
            let clear = length.is_none() && version == Version::HTTP_11;
            headers.remove(header::CONTENT_LENGTH);
            Ok(match chunked {
                true => (Body::Chunked(Chunked::Size), clear),
                false => (Body::UntilClose, false),
            })
        }
    }
}

/// `Content-Length`, which may be repeated with the same value (§6.3.5), and
/// is then once there.
fn length(headers: &mut HeaderMap) -> Result<Option<u64>, AnswerError> {
    let lines = headers.get_all(header::CONTENT_LENGTH).iter();
    let (mut known, mut count) = (None, 0);
    for text in lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b',')) {
        count += 1;
        let text = text.trim_ascii();
        let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
        let number = str::from_utf8(text).ok().filter(|_| digits).and_then(|t| t.parse().ok());
        match (number, known) {
            (Some(number), None) => known = Some(number),
            (Some(number), Some(before)) if number == before => {}
            _ => return Err(AnswerError::Length),
        }
    }
    if let Some(number) = known.filter(|_| count > 1) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(number));
    }
    Ok(known)
}

/// RFC 9112 §9.3.
fn stays_open(headers: &HeaderMap, version: Version) -> bool {
    let mut lines = headers.get_all(header::CONNECTION).iter();
    let mut says = |option: &str| {
        lines.any(|line| {
            let line = line.to_str().unwrap_or_default();
            line.split(',').any(|token| token.trim().eq_ignore_ascii_case(option))
        })
    };
    if version == Version::HTTP_11 { !says("close") } else { says("keep-alive") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn head(text: &str) -> Result<Option<Head>, AnswerError> {
        take_head(&mut BytesMut::from(text), &Method::GET)
    }

    fn whole(text: &str) -> Head {
        head(text).unwrap().unwrap()
    }

    #[test]
    fn the_body_is_delimited_as_the_standard_says() {
        let chunked = Body::Chunked(Chunked::Size);
        let cases = [
            ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", Body::Length(5), true),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\n",
                Body::Length(5),
                true,
            ),
            ("HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\n\r\n", Body::Length(5), true),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunked, true),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, Chunked\r\n\r\n", chunked, true),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, gzip\r\n\r\n",
                Body::UntilClose,
                false,
            ),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n",
                chunked,
                false,
            ),
            (
                "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\nconnection: keep-alive\r\n\r\n",
                chunked,
                false,
            ),
            ("HTTP/1.1 200 OK\r\n\r\n", Body::UntilClose, false),
            ("HTTP/1.1 204 No Content\r\n\r\n", Body::Length(0), true),
            ("HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n", Body::Length(0), true),
            (
                "HTTP/1.1 200 OK\r\nconnection: x, Close\r\ncontent-length: 1\r\n\r\n",
                Body::Length(1),
                false,
            ),
            ("HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\n", Body::Length(1), false),
            (
                "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\n",
                Body::Length(1),
                true,
            ),
        ];
        for (text, body, reusable) in cases {
            let head = whole(text);
            assert_eq!((head.body, head.reusable), (body, reusable), "{text}");
        }
    }

    #[test]
    fn lengths_that_disagree_are_refused() {
        for value in
            ["1\r\ncontent-length: 2", "1, 2", "-1", "+1", "0x1", "", "1,", "99999999999999999999"]
        {
            let text = format!("HTTP/1.1 200 OK\r\ncontent-length: {value}\r\n\r\n");
            assert!(matches!(head(&text), Err(AnswerError::Length)), "{value}");
        }
    }

    #[test]
    fn a_length_goes_where_chunks_count() {
        let head =
            whole("HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n");
        assert!(!head.parts.headers.contains_key(header::CONTENT_LENGTH));
    }

    #[test]
    fn interim_answers_are_passed_over() {
        let mut input = BytesMut::from(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n\
             HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok",
        );
        let head = take_head(&mut input, &Method::POST).unwrap().unwrap();
        assert_eq!(head.parts.status, StatusCode::CREATED);
        assert_eq!(&input[..], b"ok");
    }

    #[test]
    fn an_answer_to_head_has_no_body_but_keeps_its_length() {
        let mut input = BytesMut::from("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n");
        let head = take_head(&mut input, &Method::HEAD).unwrap().unwrap();
        assert_eq!(head.body, Body::Length(0));
        assert_eq!(head.parts.headers[header::CONTENT_LENGTH], "7");
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(text in "(HTTP/1.[01] [0-9]{3}.{0,5}\r\n)?(.{0,9}: ?.{0,9}\r\n){0,4}(\r\n)?") {
            let _ = head(&text);
        }
    }
}
