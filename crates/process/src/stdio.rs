//! Where a child reads from and writes to.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;

use rustix::pipe::{PipeFlags, pipe_with};

/// Where a child reads from, or writes to.
#[derive(Debug, Default)]
pub enum Stdio {
    /// `/dev/null`
    #[default]
    Null,
    /// A pipe; its other end is taken from the [`crate::Contained`].
    Piped,
    /// What is open already.
    Open(OwnedFd),
}

impl Stdio {
    /// `/dev/null`
    pub const fn null() -> Self {
        Self::Null
    }

    /// A pipe; its other end is taken from the [`crate::Contained`].
    pub const fn piped() -> Self {
        Self::Piped
    }

    /// What the child reads from, and the parent's end of it.
    pub(crate) fn read_by_child(self) -> io::Result<(OwnedFd, Option<OwnedFd>)> {
        match self {
            Self::Piped => {
                let (reads, writes) = pipe_with(PipeFlags::CLOEXEC)?;
                Ok((reads, Some(writes)))
            }
            other => other.without_pipe(),
        }
    }

    /// What the child writes to, and the parent's end of it.
    pub(crate) fn written_by_child(self) -> io::Result<(OwnedFd, Option<OwnedFd>)> {
        match self {
            Self::Piped => {
                let (reads, writes) = pipe_with(PipeFlags::CLOEXEC)?;
                Ok((writes, Some(reads)))
            }
            other => other.without_pipe(),
        }
    }

    fn without_pipe(self) -> io::Result<(OwnedFd, Option<OwnedFd>)> {
        match self {
            Self::Open(fd) => Ok((fd, None)),
            Self::Null | Self::Piped => {
                let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
                Ok((null.into(), None))
            }
        }
    }
}

impl From<OwnedFd> for Stdio {
    fn from(fd: OwnedFd) -> Self {
        Self::Open(fd)
    }
}

impl From<File> for Stdio {
    fn from(file: File) -> Self {
        Self::Open(file.into())
    }
}
