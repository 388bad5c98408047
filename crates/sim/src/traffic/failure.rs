//! What can go wrong, by kind.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::SystemTime;

/// Which part of the load something belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// HTTP/1.1 requests over kept connections.
    Requests,
    /// Web sockets.
    Sockets,
    /// Large bodies sent slowly.
    Uploads,
    /// Server-sent events.
    Events,
    /// Requests over streams of HTTP/2.
    Streams,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requests => "requests",
            Self::Sockets => "sockets",
            Self::Uploads => "uploads",
            Self::Events => "events",
            Self::Streams => "streams",
        })
    }
}

/// How something failed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// No connection was accepted.
    Refused,
    /// The connection was reset, or broke while something was being sent.
    Reset,
    /// The connection was closed in an orderly way after the request was sent
    /// and before a byte of the answer came.
    Unanswered,
    /// The answer ended in the middle.
    Truncated,
    /// The answer, event or frame of another number.
    WrongSequence {
        /// The number that was due.
        expected: u64,
        /// The one that came, or `None` if it said none.
        got: Option<u64>,
    },
    /// The number is right, the body or its checksum is not.
    WrongBody,
    /// A status other than 200.
    Status(u16),
    /// Nothing came in time.
    TimedOut,
    /// The rules of the protocol are broken.
    Protocol(String),
}

impl FailureKind {
    /// The kind alone, to count by.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Unanswered => "unanswered",
            Self::Truncated => "truncated",
            Self::WrongSequence { .. } => "wrong sequence",
            Self::WrongBody => "wrong body",
            Self::Status(_) => "status",
            Self::TimedOut => "timed out",
            Self::Protocol(_) => "protocol",
        }
    }

    /// What an error of a socket means.
    pub(super) fn of_io(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::NotConnected => Self::Reset,
            io::ErrorKind::UnexpectedEof => Self::Truncated,
            io::ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Protocol(error.to_string()),
        }
    }

    /// What an error means that came before the head of the answer.
    pub(super) fn before_head(error: &hyper::Error) -> Self {
        if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
            return Self::Unanswered;
        }
        if h2_error(error).is_some_and(|error| error.is_reset() && error.is_remote()) {
            return Self::Reset;
        }
        Self::by_cause(error).unwrap_or_else(|| Self::Protocol(chain(error)))
    }

    /// What an error means that came within the body of the answer.
    pub(super) fn within_body(error: &hyper::Error) -> Self {
        Self::by_cause(error).unwrap_or(Self::Truncated)
    }

    fn by_cause(error: &hyper::Error) -> Option<Self> {
        let mut cause = error.source();
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<io::Error>() {
                return Some(Self::of_io(error));
            }
            cause = error.source();
        }
        None
    }
}

/// Whether the server of HTTP/2 says that it has not begun with the request,
/// and will not: a stream above the last one of a GOAWAY without an error (the
/// library gives that error to no other stream), or a refused stream. Such a
/// request is to be sent again (RFC 9113, sections 6.8 and 8.7).
pub(super) fn never_begun(error: &hyper::Error) -> bool {
    h2_error(error).is_some_and(|error| {
        let goodbye = error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR);
        let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        error.is_remote() && (goodbye || refused)
    })
}

fn h2_error(error: &hyper::Error) -> Option<&h2::Error> {
    error.source()?.downcast_ref()
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongSequence { expected, got: Some(got) } => {
                write!(f, "wrong sequence: expected {expected}, got {got}")
            }
            Self::WrongSequence { expected, got: None } => {
                write!(f, "wrong sequence: expected {expected}, got none")
            }
            Self::Status(status) => write!(f, "status {status}"),
            Self::Protocol(what) => write!(f, "protocol: {what}"),
            other => f.write_str(other.name()),
        }
    }
}

/// One thing that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The part of the load.
    pub source: Source,
    /// How.
    pub kind: FailureKind,
    /// The number of the request; of a socket or event stream, its own.
    pub seq: u64,
    /// When it was sent, or the socket or stream was opened.
    pub sent: SystemTime,
    /// When the failure was seen.
    pub seen: SystemTime,
    /// The version that answered, as far as it said so.
    pub version: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_a_socket_has_a_kind() {
        let kind = |kind: io::ErrorKind| FailureKind::of_io(&kind.into()).name();
        assert_eq!(kind(io::ErrorKind::ConnectionRefused), "refused");
        assert_eq!(kind(io::ErrorKind::BrokenPipe), "reset");
        assert_eq!(kind(io::ErrorKind::UnexpectedEof), "truncated");
        assert_eq!(kind(io::ErrorKind::OutOfMemory), "protocol");
    }
}
