use std::fmt;
use std::str::FromStr;

use super::{BadValue, as_text, fixed_point};

/// An amount of memory or storage, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ByteSize(u64);

/// Largest first, so that a size is shown in the largest unit that fits.
const UNITS: [(&str, u64); 8] = [
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("KB", 1_000),
];

impl ByteSize {
    /// So many bytes.
    pub const fn bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    pub const fn as_bytes(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = |(_, size): &&(&str, u64)| self.0 > 0 && self.0.is_multiple_of(*size);
        match UNITS.iter().find(exact) {
            Some((unit, size)) => write!(f, "{}{unit}", self.0 / size),
            None => write!(f, "{}B", self.0),
        }
    }
}

impl FromStr for ByteSize {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let refuse = || BadValue::new(text, "size", "write it like `256MiB`, `1GiB` or `500MB`");
        let end = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(refuse)?;
        let (number, unit) = text.split_at(end);
        let size = match unit {
            "B" => 1,
            unit => UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(refuse)?.1,
        };
        let thousandths = fixed_point(number.trim_end(), 3).ok_or_else(refuse)?;
        let bytes = u128::from(thousandths) * u128::from(size) / 1_000;
        u64::try_from(bytes)
            .map(Self)
            .map_err(|_| BadValue::new(text, "size", "it is more than a machine can have"))
    }
}

as_text!(ByteSize, "string", "^[0-9]+([.][0-9]{1,3})? ?([KMGT]i?)?B$", "256MiB");
