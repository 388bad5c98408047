//! What traffic and backend agree on: headers, paths, and bodies that can be
//! computed from a number, so that a body of another request is recognised.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

/// The request's sequence number; the answer carries the same.
pub const SEQ: &str = "x-sim-seq";
/// The label of the version that answered.
pub const VERSION: &str = "x-sim-version";
/// The [`Checksum`] of the answer's body.
pub const SUM: &str = "x-sim-sum";
/// When the backend had read the request's head: nanoseconds since 1970.
pub const RECEIVED: &str = "x-sim-received";
/// How many bytes of body a GET of [`ECHO`] asks for.
pub const LENGTH: &str = "x-sim-length";

/// GET: a body made from the sequence number; POST: the request's own body.
pub const ECHO: &str = "/echo";
/// POST: answers with the length and checksum of what it got.
pub const UPLOAD: &str = "/upload";
/// A web socket; see [`Frame`].
pub const SOCKET: &str = "/ws";
/// Server-sent events, numbered from 0 by their `id`.
pub const EVENTS: &str = "/sse";
/// 200 when healthy.
pub const HEALTH: &str = "/health";

/// Words of 64 bits: the unit in which bodies are made and summed.
const WORD: usize = 8;

/// `length` bytes that depend on `seed` and on their `offset` (a multiple of
/// eight): word number i is the i-th output of SplitMix64 (Steele, Lea and
/// Flood, OOPSLA 2014) started from a state derived from `seed`.
pub fn body_at(seed: u64, offset: u64, length: usize) -> Bytes {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut state =
        mix(seed.wrapping_add(GOLDEN)).wrapping_add((offset / WORD as u64).wrapping_mul(GOLDEN));
    let mut bytes = Vec::with_capacity(length.next_multiple_of(WORD));
    while bytes.len() < length {
        state = state.wrapping_add(GOLDEN);
        bytes.extend_from_slice(&mix(state).to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}

/// [`body_at`] from the beginning.
pub fn body(seed: u64, length: usize) -> Bytes {
    body_at(seed, 0, length)
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// FNV-1a with 64 bits (RFC 9923) over words of eight bytes, the last padded
/// with zeros, then over the length. Finds damage, not malice; fast enough in
/// a debug build for gigabytes, which a cryptographic digest is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checksum {
    sum: u64,
    length: u64,
    rest: [u8; WORD],
}

impl Default for Checksum {
    fn default() -> Self {
        Self { sum: 0xcbf2_9ce4_8422_2325, length: 0, rest: [0; WORD] }
    }
}

impl Checksum {
    /// The checksum of `bytes`, as it is written in a header.
    pub fn of(bytes: &[u8]) -> String {
        let mut sum = Self::default();
        sum.update(bytes);
        sum.finish()
    }

    /// Takes the next bytes; how they are cut makes no difference.
    pub fn update(&mut self, mut bytes: &[u8]) {
        let filled = (self.length % WORD as u64) as usize;
        self.length += bytes.len() as u64;
        if filled > 0 {
            let take = bytes.len().min(WORD - filled);
            self.rest[filled..filled + take].copy_from_slice(&bytes[..take]);
            bytes = &bytes[take..];
            if filled + take < WORD {
                return;
            }
            self.word(u64::from_le_bytes(self.rest));
        }
        let (words, rest) = bytes.as_chunks::<WORD>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        self.rest = [0; WORD];
        self.rest[..rest.len()].copy_from_slice(rest);
    }

    fn word(&mut self, word: u64) {
        self.sum = (self.sum ^ word).wrapping_mul(0x0000_0100_0000_01b3);
    }

    /// How many bytes were taken.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// 16 hex digits.
    pub fn finish(mut self) -> String {
        if !self.length.is_multiple_of(WORD as u64) {
            self.word(u64::from_le_bytes(self.rest));
        }
        self.word(self.length);
        format!("{:016x}", self.sum)
    }
}

/// A frame of the web socket, as text: `c 17` and its echo, `s 4 blue`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// From the client, and back as it is.
    Client(u64),
    /// From the server by itself, numbered from 0, with its version.
    Server(u64, String),
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(number) => write!(f, "c {number}"),
            Self::Server(number, version) => write!(f, "s {number} {version}"),
        }
    }
}

impl Frame {
    /// Reads what [`Display`](fmt::Display) writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(' ')?;
        match kind {
            "c" => Some(Self::Client(rest.parse().ok()?)),
            "s" => {
                let (number, version) = rest.split_once(' ')?;
                Some(Self::Server(number.parse().ok()?, version.to_owned()))
            }
            _ => None,
        }
    }
}

/// Nanoseconds since 1970, for [`RECEIVED`].
pub fn to_nanos(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// The moment that [`to_nanos`] wrote.
pub fn from_nanos(nanos: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(nanos)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_body_can_be_made_in_parts() {
        let whole = body(7, 100);
        assert_eq!(whole[64..], body_at(7, 64, 36));
        assert_ne!(whole, body(8, 100));
    }

    #[test]
    fn a_frame_is_read_back() {
        for frame in [Frame::Client(3), Frame::Server(9, "blue".to_owned())] {
            assert_eq!(Frame::parse(&frame.to_string()), Some(frame));
        }
        assert_eq!(Frame::parse("c"), None);
        assert_eq!(Frame::parse("x 1"), None);
    }

    #[test]
    fn zeros_at_the_end_count() {
        assert_ne!(Checksum::of(b"ab"), Checksum::of(b"ab\0"));
    }

    proptest! {
        #[test]
        fn cutting_makes_no_difference(bytes: Vec<u8>, cuts in prop::collection::vec(0usize..20, 0..20)) {
            let mut sum = Checksum::default();
            let mut rest = bytes.as_slice();
            for cut in cuts {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                sum.update(now);
                rest = later;
            }
            sum.update(rest);
            prop_assert_eq!(sum.finish(), Checksum::of(&bytes));
        }

        #[test]
        fn one_changed_byte_is_found(mut bytes in prop::collection::vec(any::<u8>(), 1..200), at: usize) {
            let before = Checksum::of(&bytes);
            let at = at % bytes.len();
            bytes[at] ^= 0x10;
            prop_assert_ne!(before, Checksum::of(&bytes));
        }
    }
}
