//! Errors as Twirp has them (version 7 of its wire protocol): a JSON object and
//! the status that belongs to its code.

use http::{Response, StatusCode};
use serde_json::json;

use crate::reply::{self, Body};
use crate::storage::{StorageError, UploadsError};

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TwirpError {
    code: Code,
    message: String,
}

/// Twirp's codes, as far as they are used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    InvalidArgument,
    Malformed,
    NotFound,
    BadRoute,
    AlreadyExists,
    PermissionDenied,
    Unauthenticated,
    ResourceExhausted,
    Internal,
}

impl Code {
    const fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::Malformed => "malformed",
            Self::NotFound => "not_found",
            Self::BadRoute => "bad_route",
            Self::AlreadyExists => "already_exists",
            Self::PermissionDenied => "permission_denied",
            Self::Unauthenticated => "unauthenticated",
            Self::ResourceExhausted => "resource_exhausted",
            Self::Internal => "internal",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::InvalidArgument | Self::Malformed => StatusCode::BAD_REQUEST,
            Self::NotFound | Self::BadRoute => StatusCode::NOT_FOUND,
            Self::AlreadyExists => StatusCode::CONFLICT,
            Self::PermissionDenied => StatusCode::FORBIDDEN,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl TwirpError {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    pub(crate) fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "the results service failed");
        Self::new(Code::Internal, error.to_string())
    }

    pub(crate) fn answer(&self) -> Response<Body> {
        let body = json!({"code": self.code.name(), "msg": self.message});
        reply::json(self.code.status(), &body)
    }
}

impl From<StorageError> for TwirpError {
    fn from(error: StorageError) -> Self {
        Self::internal(&error)
    }
}

impl TwirpError {
    /// An upload that does not begin; `taken` says what that means.
    pub(crate) fn upload(error: UploadsError, taken: &str) -> Self {
        match error {
            UploadsError::Taken => Self::new(Code::AlreadyExists, taken),
            UploadsError::TooMany { .. } => Self::new(Code::ResourceExhausted, error.to_string()),
            UploadsError::Random => Self::internal(&error),
            UploadsError::Storage(error) => error.into(),
        }
    }
}
