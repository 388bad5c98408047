//! How a child ended.

use std::fmt;

use crate::signal::signal_name;

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It ended by itself with this code; 0 is success.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// The kernel killed it because its memory limit was reached.
    OutOfMemory,
    /// It ended, but it was another process's child, and only a parent is told
    /// how.
    Unknown,
}

impl Exit {
    /// Whether it ended with code 0.
    pub fn success(self) -> bool {
        self == Self::Code(0)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(number) => write!(f, "killed by {}", signal_name(*number)),
            Self::OutOfMemory => f.write_str("killed: out of memory"),
            Self::Unknown => f.write_str("ended, nobody was there to see how"),
        }
    }
}
