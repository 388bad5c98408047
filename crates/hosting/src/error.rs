//! Why the API said nothing that can be used.

use std::time::Duration;

use jiff::Timestamp;

use crate::address::BadAddress;

/// Why nothing is known. The token is in none of them.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// A place that no token is sent to.
    #[error(transparent)]
    Address(#[from] BadAddress),
    /// The token cannot be one.
    #[error("the token is empty, or has characters that no token has")]
    NoToken,
    /// There is no client for https.
    #[error("there can be no TLS: {0}")]
    NoTls(String),
    /// Nobody answered.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("it did not answer within {0:?}")]
    Slow(Duration),
    /// 401.
    #[error("the token is not accepted (401{})", beside(.0))]
    Unauthorized(Option<String>),
    /// 403.
    #[error("the token may not ask for this (403{})", beside(.0))]
    Forbidden(Option<String>),
    /// 403 or 429: it was asked too often.
    #[error("the token has asked too often{}", .0.told())]
    RateLimit(Again),
    /// 404, 410.
    #[error("there is no such pull request, or the token may not see it (404)")]
    NotFound,
    /// The answer is elsewhere, where the token does not go.
    #[error("it sends on to {0}, where the token does not go")]
    Elsewhere(String),
    /// The answer is always somewhere else.
    #[error("it sends on without an end")]
    Round,
    /// Any other answer.
    #[error("it answered {status}{}", beside(.said))]
    Status {
        /// The status.
        status: u16,
        /// What it said.
        said: Option<String>,
    },
    /// No JSON.
    #[error("its answer is no JSON: {0}")]
    NoJson(String),
    /// JSON of something else.
    #[error("its answer is not {0}")]
    Form(&'static str),
    /// More than can be meant.
    #[error("its answer is too large (over {} MiB)", .0 >> 20)]
    Large(usize),
    /// More pages than can be meant.
    #[error("there are more than {0} pages of reviews")]
    Pages(usize),
}

/// When it can be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// From then on.
    At(Timestamp),
    /// After that.
    After(Duration),
    /// It does not say.
    Later,
}

impl Again {
    fn told(&self) -> String {
        match self {
            Self::At(at) => format!("; it answers again at {at:.0}"),
            Self::After(wait) => format!("; it answers again in {wait:?}"),
            Self::Later => String::new(),
        }
    }
}

fn beside(said: &Option<String>) -> String {
    said.as_ref().map_or_else(String::new, |said| format!(": {said}"))
}

impl ApiError {
    /// What to do.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unauthorized(_) => Some("it may have expired or been revoked: make a new one"),
            Self::Forbidden(_) => Some("it needs `pull-requests: read` for this repository"),
            Self::NotFound => Some(
                "is it a pull request of the repository that `origin` names? The token needs \
                 `pull-requests: read` there",
            ),
            Self::NoTls(_) => Some("install the CA certificates (on Debian: ca-certificates)"),
            Self::Unreachable(_) | Self::Slow(_) => Some("try again when the network is there"),
            Self::RateLimit(_) => Some("wait until then, or use a token of its own for this"),
            Self::Status { status: 500.., .. } => Some("try again later"),
            Self::NoJson(_) | Self::Form(_) | Self::Elsewhere(_) => {
                Some("is this really the API of a GitHub server?")
            }
            _ => None,
        }
    }

    /// Whether it is the service's or the network's fault, and not that of who asked.
    #[must_use]
    pub const fn is_trouble(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::Slow(_) | Self::RateLimit(_) | Self::Status { .. }
        )
    }
}
