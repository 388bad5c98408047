//! Watches the bytes of an HTTP/1 client and refuses what two parsers could
//! read differently (request smuggling), before anything else sees them.
//!
//! RFC 9112 lets a server be lenient about a bare LF (§2.2), about both
//! `Content-Length` and `Transfer-Encoding` (§6.3), about folded lines (§5.2);
//! a proxy in front of unknown servers is better strict about all of them.

/// Bytes of one chunk's size line, extensions included.
const CHUNK_LINE: usize = 256;

/// Where in the stream of messages the next byte lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a head: before its first byte if nothing of it has been seen.
    Head,
    /// So many bytes of body are still to come.
    Body(u64),
    ChunkLine,
    ChunkData(u64),
    /// The line end after a chunk's data; must be empty.
    ChunkEnd,
    Trailers,
    /// After the head of a request to change the protocol: nothing more is
    /// read until it has been answered.
    Undecided,
    /// Another protocol: not ours to watch.
    Tunnel,
}

/// What of a read may be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All of it.
    Pass,
    /// So many bytes; the others must wait until [`Framing::decide`].
    PassThenWait(usize),
    /// So many bytes; a head that follows them is refused.
    RefuseHead(usize),
    /// So many bytes; the body breaks the rules after them.
    RefuseBody(usize),
}

/// What the client is doing, for the timeouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Between two requests, or beyond HTTP.
    Idle,
    /// In the middle of a head.
    Head,
    /// In a body.
    Body,
}

/// Follows one connection.
#[derive(Debug)]
pub(crate) struct Framing {
    place: Place,
    /// The beginning of a line whose end has not come yet.
    line: Vec<u8>,
    /// Bytes of the head or the trailers so far.
    section: usize,
    most: usize,
    message: Message,
}

/// What is known of the head being read.
#[derive(Debug, Default)]
struct Message {
    begun: bool,
    length: Option<u64>,
    chunked: bool,
    upgrade: bool,
}

/// A line that is refused.
struct Refused;

impl Framing {
    /// `most`: the longest head that is looked at. What is longer is somebody
    /// else's to refuse, and nothing after it is passed on.
    pub(crate) fn new(most: usize) -> Self {
        Self { place: Place::Head, line: Vec::new(), section: 0, most, message: Message::default() }
    }

    /// Judges the next bytes of the stream.
    pub(crate) fn watch(&mut self, bytes: &[u8]) -> Verdict {
        let mut at = 0;
        while at < bytes.len() {
            match self.place {
                Place::Tunnel => return Verdict::Pass,
                Place::Undecided => return Verdict::PassThenWait(at),
                Place::Body(left) => {
                    let taken = skip(left, bytes.len() - at);
                    at += taken;
                    self.place = match left - taken as u64 {
                        0 => Place::Head,
                        left => Place::Body(left),
                    };
                }
                Place::ChunkData(left) => {
                    let taken = skip(left, bytes.len() - at);
                    at += taken;
                    self.place = match left - taken as u64 {
                        0 => Place::ChunkEnd,
                        left => Place::ChunkData(left),
                    };
                }
                Place::Head | Place::ChunkLine | Place::ChunkEnd | Place::Trailers => {
                    match self.take_line(&bytes[at..]) {
                        Ok(Some(taken)) => at += taken,
                        Ok(None) => return Verdict::Pass,
                        Err(Refused) if self.place == Place::Head => {
                            return Verdict::RefuseHead(at);
                        }
                        Err(Refused) => return Verdict::RefuseBody(at),
                    }
                }
            }
        }
        Verdict::Pass
    }

    /// The request to change the protocol was granted, or not.
    pub(crate) fn decide(&mut self, granted: bool) {
        if self.place == Place::Undecided {
            self.place = if granted { Place::Tunnel } else { Place::Head };
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.place {
            Place::Head if self.message.begun || !self.line.is_empty() => Phase::Head,
            Place::Head | Place::Undecided | Place::Tunnel => Phase::Idle,
            _ => Phase::Body,
        }
    }

    /// Takes a line if its end is there, and says how many bytes it took.
    fn take_line(&mut self, bytes: &[u8]) -> Result<Option<usize>, Refused> {
        let end = memchr::memchr(b'\n', bytes);
        let taken = end.map_or(bytes.len(), |end| end + 1);
        self.section += taken;
        let most = if self.place == Place::ChunkLine { CHUNK_LINE } else { self.most };
        if self.section > most {
            return Err(Refused);
        }
        let Some(end) = end else {
            self.line.extend_from_slice(bytes);
            return Ok(None);
        };
        if self.line.is_empty() {
            self.judge(&bytes[..end])?;
        } else {
            let mut line = std::mem::take(&mut self.line);
            line.extend_from_slice(&bytes[..end]);
            self.judge(&line)?;
            line.clear();
            self.line = line;
        }
        Ok(Some(taken))
    }

    /// Judges a line without its LF.
    fn judge(&mut self, line: &[u8]) -> Result<(), Refused> {
        let line = line.strip_suffix(b"\r").ok_or(Refused)?;
        if memchr::memchr2(b'\r', 0, line).is_some() {
            return Err(Refused);
        }
        match self.place {
            Place::Head if line.is_empty() && !self.message.begun => Ok(()),
            Place::Head if line.is_empty() => self.end_head(),
            Place::Head if !self.message.begun => {
                self.message.begun = true;
                self.message.upgrade = line.starts_with(b"CONNECT ");
                Ok(())
            }
            Place::Head => self.message.field(line),
            Place::Trailers if line.is_empty() => {
                self.begin(Place::Head);
                Ok(())
            }
            Place::Trailers => trailer(line),
            Place::ChunkLine => {
                let place = match chunk_size(line)? {
                    0 => Place::Trailers,
                    size => Place::ChunkData(size),
                };
                self.begin(place);
                Ok(())
            }
            Place::ChunkEnd if line.is_empty() => {
                self.begin(Place::ChunkLine);
                Ok(())
            }
            _ => Err(Refused),
        }
    }

    fn begin(&mut self, place: Place) {
        self.place = place;
        self.section = 0;
    }

    fn end_head(&mut self) -> Result<(), Refused> {
        let message = std::mem::take(&mut self.message);
        let place = match (message.length, message.chunked) {
            (Some(_), true) => return Err(Refused),
            (None | Some(0), false) if message.upgrade => Place::Undecided,
            (None | Some(0), false) => Place::Head,
            (Some(length), false) => Place::Body(length),
            (None, true) => Place::ChunkLine,
        };
        self.begin(place);
        Ok(())
    }
}

fn skip(left: u64, there: usize) -> usize {
    usize::try_from(left).map_or(there, |left| left.min(there))
}

impl Message {
    fn field(&mut self, line: &[u8]) -> Result<(), Refused> {
        let (name, value) = split(line)?;
        if name.eq_ignore_ascii_case(b"content-length") {
            if self.length.is_some() || self.chunked {
                return Err(Refused);
            }
            self.length = Some(decimal(value)?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.length.is_some() || self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Refused);
            }
            self.chunked = true;
        } else if name.eq_ignore_ascii_case(b"upgrade") {
            self.upgrade = true;
        }
        Ok(())
    }
}

/// What frames or routes a message has no place after it (RFC 9110 §6.5.1).
fn trailer(line: &[u8]) -> Result<(), Refused> {
    let (name, _) = split(line)?;
    let framing: [&[u8]; 3] = [b"content-length", b"transfer-encoding", b"host"];
    if framing.iter().any(|known| name.eq_ignore_ascii_case(known)) { Err(Refused) } else { Ok(()) }
}

/// A field line that begins with white space continues the line before.
fn split(line: &[u8]) -> Result<(&[u8], &[u8]), Refused> {
    let colon = line.iter().position(|&byte| byte == b':').ok_or(Refused)?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    if name.is_empty() || name.iter().any(|byte| byte.is_ascii_whitespace()) {
        return Err(Refused);
    }
    Ok((name, value.trim_ascii()))
}

fn decimal(text: &[u8]) -> Result<u64, Refused> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return Err(Refused);
    }
    let add = |sum: u64, digit: &u8| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
    text.iter().try_fold(0, add).ok_or(Refused)
}

/// A chunk's size line (RFC 9112 §7.1), its extensions ignored.
fn chunk_size(line: &[u8]) -> Result<u64, Refused> {
    let end = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    let (digits, extension) = line.split_at(end);
    let follows = extension.is_empty() || extension.trim_ascii_start().starts_with(b";");
    if digits.is_empty() || digits.len() > 15 || !follows {
        return Err(Refused);
    }
    let digits = std::str::from_utf8(digits).map_err(|_| Refused)?;
    u64::from_str_radix(digits, 16).map_err(|_| Refused)
}

#[cfg(test)]
mod tests;
