//! Errors as Azure's storage has them: a status, a code in a header, and XML.

use http::{HeaderName, HeaderValue, Response, StatusCode};

use crate::reply::{self, Body};
use crate::storage::{Refused, StorageError, UploadError};

/// Why a request for a blob failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BlobError {
    code: Code,
    message: String,
}

/// Azure's error codes, as far as they are used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    AuthenticationFailed,
    BlobNotFound,
    ConditionNotMet,
    InvalidBlockId,
    InvalidBlockList,
    InvalidHeaderValue,
    InvalidInput,
    InvalidQueryParameterValue,
    InvalidRange,
    InvalidXmlDocument,
    MissingContentLengthHeader,
    OperationTimedOut,
    RequestBodyTooLarge,
    BlockCountExceedsLimit,
    UnsupportedHttpVerb,
    InternalError,
}

impl Code {
    fn status(self) -> StatusCode {
        match self {
            Self::AuthenticationFailed => StatusCode::FORBIDDEN,
            Self::BlobNotFound => StatusCode::NOT_FOUND,
            Self::ConditionNotMet => StatusCode::PRECONDITION_FAILED,
            Self::InvalidRange => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::MissingContentLengthHeader => StatusCode::LENGTH_REQUIRED,
            Self::RequestBodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BlockCountExceedsLimit => StatusCode::CONFLICT,
            Self::UnsupportedHttpVerb => StatusCode::METHOD_NOT_ALLOWED,
            Self::InternalError | Self::OperationTimedOut => StatusCode::INTERNAL_SERVER_ERROR,
            Self::InvalidBlockId
            | Self::InvalidBlockList
            | Self::InvalidHeaderValue
            | Self::InvalidInput
            | Self::InvalidQueryParameterValue
            | Self::InvalidXmlDocument => StatusCode::BAD_REQUEST,
        }
    }
}

impl BlobError {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(super) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "the results service failed with a blob");
        Self::new(Code::InternalError, error.to_string())
    }

    /// The answer; to HEAD without a body.
    pub(super) fn answer(&self, head: bool) -> Response<Body> {
        let code = format!("{:?}", self.code);
        let mut message = String::new();
        for c in self.message.chars() {
            match c {
                '<' => message.push_str("&lt;"),
                '>' => message.push_str("&gt;"),
                '&' => message.push_str("&amp;"),
                c => message.push(c),
            }
        }
        let xml = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{message}\
             </Message></Error>"
        );
        let body = if head { String::new() } else { xml };
        let mut response = reply::with_type(self.code.status(), "application/xml", body);
        if let Ok(code) = HeaderValue::from_str(&code) {
            response.headers_mut().insert(HeaderName::from_static("x-ms-error-code"), code);
        }
        response
    }
}

impl From<StorageError> for BlobError {
    fn from(error: StorageError) -> Self {
        Self::internal(&error)
    }
}

impl From<Refused> for BlobError {
    fn from(refused: Refused) -> Self {
        let code = match refused {
            Refused::TooLarge { .. } => Code::RequestBodyTooLarge,
            Refused::BlockId => Code::InvalidBlockId,
            Refused::TooMany { .. } => Code::BlockCountExceedsLimit,
            Refused::UnknownBlock => Code::InvalidBlockList,
        };
        Self::new(code, refused.to_string())
    }
}

impl From<UploadError> for BlobError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Refused(refused) => refused.into(),
            UploadError::Storage(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn an_error_is_xml_and_a_header() {
        let error = BlobError::new(Code::InvalidBlockId, "a <b> & c");
        let response = error.answer(false);
        assert_eq!(response.status(), 400);
        assert_eq!(response.headers()["x-ms-error-code"], "InvalidBlockId");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(text.ends_with("<Message>a &lt;b&gt; &amp; c</Message></Error>"), "{text}");
    }
}
