//! Reads a body in chunks (RFC 9112 §7.1), strictly: what a backend and this
//! proxy could read differently is an error.

use bytes::{Buf as _, Bytes, BytesMut};
use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::AnswerError;

/// The longest line with a chunk's size and extensions.
const LONGEST_LINE: usize = 4 * 1024;
/// The most bytes of trailers.
const LONGEST_TRAILERS: usize = 32 * 1024;
/// The most trailers.
const MOST_TRAILERS: usize = 64;

/// How far the body has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunked {
    /// Before a chunk's size.
    Size,
    /// So much of a chunk is still to come; never 0.
    Data(u64),
    /// Before the line end after a chunk.
    DataEnd,
    /// After the last chunk.
    Trailers,
    Over,
}

/// What came next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Data(Bytes),
    Trailers(HeaderMap),
    /// The body is over.
    End,
    /// More has to be read first.
    Incomplete,
}

impl Chunked {
    /// Takes the next piece off `input`.
    pub(super) fn next(&mut self, input: &mut BytesMut) -> Result<Piece, AnswerError> {
        loop {
            match *self {
                Self::Size => match line(input)? {
                    None => return Ok(Piece::Incomplete),
                    Some(line) => {
                        *self = match size(&line)? {
                            0 => Self::Trailers,
                            size => Self::Data(size),
                        }
                    }
                },
                Self::Data(left) => {
                    if input.is_empty() {
                        return Ok(Piece::Incomplete);
                    }
                    let taken = usize::try_from(left).map_or(input.len(), |l| l.min(input.len()));
                    *self = match left - taken as u64 {
                        0 => Self::DataEnd,
                        left => Self::Data(left),
                    };
                    return Ok(Piece::Data(input.split_to(taken).freeze()));
                }
                Self::DataEnd => match &input[..] {
                    [] | [b'\r'] => return Ok(Piece::Incomplete),
                    [b'\r', b'\n', ..] => {
                        input.advance(2);
                        *self = Self::Size;
                    }
                    _ => return Err(AnswerError::Chunk("a chunk is longer than its size")),
                },
                Self::Trailers => match trailers(input)? {
                    None => return Ok(Piece::Incomplete),
                    Some(fields) => {
                        *self = Self::Over;
                        if !fields.is_empty() {
                            return Ok(Piece::Trailers(fields));
                        }
                    }
                },
                Self::Over => return Ok(Piece::End),
            }
        }
    }

    /// Reads the end of the body too, if it is there, so that the last piece
    /// of data is known to be the last.
    pub(super) fn look_for_end(&mut self, input: &mut BytesMut) {
        const LAST: &[u8] = b"\r\n0\r\n\r\n";
        if *self == Self::DataEnd && input.starts_with(LAST) {
            input.advance(LAST.len());
            *self = Self::Over;
        }
    }
}

/// A line without its end.
fn line(input: &mut BytesMut) -> Result<Option<BytesMut>, AnswerError> {
    let Some(end) = memchr::memchr(b'\n', input) else {
        return match input.len() {
            ..LONGEST_LINE => Ok(None),
            _ => Err(AnswerError::Chunk("the line with a chunk's size is too long")),
        };
    };
    let mut line = input.split_to(end + 1);
    line.truncate(end);
    if line.last() != Some(&b'\r') {
        return Err(AnswerError::Chunk("a line ends without a carriage return"));
    }
    line.truncate(end - 1);
    Ok(Some(line))
}

/// The hexadecimal number before any extension.
fn size(line: &[u8]) -> Result<u64, AnswerError> {
    const WRONG: AnswerError = AnswerError::Chunk("a chunk's size is no number");
    let end = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    let (digits, rest) = line.split_at(end);
    let rest = rest.trim_ascii_start();
    if digits.is_empty() || digits.len() > 16 || !(rest.is_empty() || rest[0] == b';') {
        return Err(WRONG);
    }
    let digits = str::from_utf8(digits).map_err(|_| WRONG)?;
    u64::from_str_radix(digits, 16).map_err(|_| WRONG)
}

fn trailers(input: &mut BytesMut) -> Result<Option<HeaderMap>, AnswerError> {
    let mut fields = [httparse::EMPTY_HEADER; MOST_TRAILERS];
    let (read, found) = match httparse::parse_headers(input, &mut fields)? {
        httparse::Status::Partial if input.len() > LONGEST_TRAILERS => {
            return Err(AnswerError::Chunk("the trailers are too long"));
        }
        httparse::Status::Partial => return Ok(None),
        httparse::Status::Complete(found) => found,
    };
    let mut map = HeaderMap::with_capacity(found.len());
    for field in found {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let value = HeaderValue::from_bytes(field.value);
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(AnswerError::Chunk("a trailer is none"));
        };
        map.append(name, value);
    }
    input.advance(read);
    Ok(Some(map))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds `text` in pieces that end at `cuts`.
    fn read(text: &[u8], cuts: &[usize]) -> Result<(Vec<u8>, Option<HeaderMap>), AnswerError> {
        let (mut input, mut body, mut trailers) = (BytesMut::new(), Vec::new(), None);
        let mut state = Chunked::Size;
        let mut from = 0;
        for &to in cuts.iter().chain([&text.len()]) {
            input.extend_from_slice(&text[from..to.max(from)]);
            from = to.max(from);
            loop {
                match state.next(&mut input)? {
                    Piece::Data(data) => body.extend_from_slice(&data),
                    Piece::Trailers(map) => trailers = Some(map),
                    Piece::Incomplete => break,
                    Piece::End => return Ok((body, trailers)),
                }
                state.look_for_end(&mut input);
            }
        }
        Err(AnswerError::Closed)
    }

    proptest! {
        #[test]
        fn a_body_is_the_same_however_it_is_cut(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6),
            cuts in prop::collection::vec(0usize..300, 0..12),
            with_trailer: bool,
        ) {
            let mut text = Vec::new();
            for piece in &pieces {
                text.extend_from_slice(format!("{:X};a=b\r\n", piece.len()).as_bytes());
                text.extend_from_slice(piece);
                text.extend_from_slice(b"\r\n");
            }
            text.extend_from_slice(if with_trailer { b"0\r\nx: y\r\n\r\n" } else { b"0\r\n\r\n" });
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            let (body, trailers) = read(&text, &cuts).unwrap();
            prop_assert_eq!(body, pieces.concat());
            prop_assert_eq!(trailers.is_some(), with_trailer);
        }

        #[test]
        fn whatever_comes_is_read_or_refused(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&text, &[]);
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let wrong: [&[u8]; 9] = [
            b"3\nabc\r\n0\r\n\r\n",
            b"3\r\nabcd\r\n0\r\n\r\n",
            b"0x3\r\nabc\r\n0\r\n\r\n",
            b"+3\r\nabc\r\n0\r\n\r\n",
            b" 3\r\nabc\r\n0\r\n\r\n",
            b"-1\r\nabc\r\n0\r\n\r\n",
            b"\r\nabc\r\n0\r\n\r\n",
            b"11111111111111111\r\nabc\r\n",
            b"3 4\r\nabc\r\n0\r\n\r\n",
        ];
        for text in wrong {
            let error = read(text, &[]).unwrap_err();
            assert!(matches!(error, AnswerError::Chunk(_)), "{text:?}: {error}");
        }
        assert!(matches!(read(b"3\r\nab", &[]), Err(AnswerError::Closed)));
    }

    #[test]
    fn lines_and_trailers_have_an_end() {
        let long = vec![b'1'; LONGEST_LINE];
        assert!(matches!(read(&long, &[]), Err(AnswerError::Chunk(_))));
        let mut long = b"0\r\nx: ".to_vec();
        long.resize(LONGEST_TRAILERS + 10, b'y');
        assert!(matches!(read(&long, &[]), Err(AnswerError::Chunk(_))));
    }
}
