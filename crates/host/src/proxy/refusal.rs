//! Why the proxy answers a request itself.

use http::StatusCode;

use super::head::BadHead;

/// Why the proxy answers itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the request names no host, or several")]
    Host,
    #[error("this is not a proxy for CONNECT")]
    Connect,
    #[error("the request's body is malformed")]
    Malformed,
    #[error("the request's body took too long or broke off")]
    BodyBrokeOff,
    #[error("the request's body is larger than allowed")]
    TooLarge,
    #[error("nothing is served at this address")]
    NoRoute,
    #[error("no version is ready to answer")]
    NothingServes,
    #[error("too many requests wait for a version to be ready")]
    TooManyHeld,
    #[error("the service could not be reached, or broke off before it answered")]
    Unreachable,
    #[error("the service took too long to answer")]
    TooSlow,
}

impl Refusal {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Host | Self::Malformed => StatusCode::BAD_REQUEST,
            Self::BodyBrokeOff => StatusCode::REQUEST_TIMEOUT,
            Self::Connect => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoRoute => StatusCode::NOT_FOUND,
            Self::NothingServes | Self::TooManyHeld => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unreachable => StatusCode::BAD_GATEWAY,
            Self::TooSlow => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// Whether the client's connection cannot go on.
    pub(crate) fn closes(self) -> bool {
        let ours = [Self::NoRoute, Self::NothingServes, Self::TooManyHeld];
        !ours.contains(&self) && !matches!(self, Self::Unreachable | Self::TooSlow)
    }
}

impl From<BadHead> for Refusal {
    fn from(bad: BadHead) -> Self {
        match bad {
            BadHead::Host => Self::Host,
            BadHead::Connect => Self::Connect,
        }
    }
}
