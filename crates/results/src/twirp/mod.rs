//! The calls of GitHub's results service, Twirp over JSON: `POST
//! /twirp/<service>/<method>` with a job's token.

mod artifact;
mod cache;
mod error;
mod messages;

use std::sync::Arc;

use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::blob;
use crate::grant::Grant;
use crate::reply::{self, Body};
use crate::service::{Shared, origin_of};
use crate::signed_url::{self, Way};
use crate::storage::Stored;
use crate::token::Purpose;

use error::{Code, TwirpError};

pub(crate) use messages::int64;

pub(crate) const PREFIX: &str = "/twirp/";
pub(crate) const ARTIFACTS: &str = "github.actions.results.api.v1.ArtifactService";
pub(crate) const CACHES: &str = "github.actions.results.api.v1.CacheService";

/// Bytes of a call: names, keys and numbers.
const LARGEST_CALL: usize = 1 << 20;

/// A call that was let in.
struct Call {
    shared: Arc<Shared>,
    grant: Arc<Grant>,
    /// How the client reached the service.
    origin: String,
    now: Timestamp,
    body: Vec<u8>,
}

pub(crate) async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Body> {
    match call(shared, request).await {
        Ok(response) => response,
        Err(error) => error.answer(),
    }
}

async fn call(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Body>, TwirpError> {
    let unknown = |what: String| TwirpError::new(Code::BadRoute, what);
    let path = request.uri().path().to_owned();
    if request.method() != Method::POST {
        return Err(unknown(format!("unsupported method {} (only POST)", request.method())));
    }
    let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let media_type = media_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    if !media_type.trim().eq_ignore_ascii_case("application/json") {
        return Err(unknown(format!("unexpected Content-Type: `{media_type}`: only JSON is")));
    }
    let grant = shared.authenticate(Purpose::Runtime, &request).ok_or_else(|| {
        TwirpError::new(Code::Unauthenticated, "the token is not (or no longer) that of a job")
    })?;
    let origin = origin_of(&shared, &request);
    let silence = shared.limits.silence;
    let body = Limited::new(request.into_body(), LARGEST_CALL).collect();
    let body = tokio::time::timeout(silence, body).await.map_err(|_| malformed("it never came"))?;
    let body = body.map_err(|error| match error.is::<LengthLimitError>() {
        true => malformed("it is too long"),
        false => malformed(&error.to_string()),
    })?;
    let call =
        Call { shared, grant, origin, now: Timestamp::now(), body: body.to_bytes().to_vec() };
    // Reading and writing files blocks.
    let done = tokio::task::spawn_blocking(move || route(&path, &call));
    done.await.map_err(|error| TwirpError::internal(&error))?
}

fn malformed(why: &str) -> TwirpError {
    TwirpError::new(Code::Malformed, format!("the request's body cannot be read: {why}"))
}

fn route(path: &str, call: &Call) -> Result<Response<Body>, TwirpError> {
    let (service, method) =
        path.strip_prefix(PREFIX).and_then(|rest| rest.split_once('/')).unwrap_or_default();
    match (service, method) {
        (ARTIFACTS, "CreateArtifact") => call.with(artifact::create),
        (ARTIFACTS, "FinalizeArtifact") => call.with(artifact::finalize),
        (ARTIFACTS, "MigrateArtifact") => call.with(artifact::create_migrated),
        (ARTIFACTS, "FinalizeMigratedArtifact") => call.with(artifact::finalize_migrated),
        (ARTIFACTS, "ListArtifacts") => call.with(artifact::list),
        (ARTIFACTS, "GetSignedArtifactURL") => call.with(artifact::signed_url),
        (ARTIFACTS, "DeleteArtifact") => call.with(artifact::delete),
        (CACHES, "CreateCacheEntry") => call.with(cache::create),
        (CACHES, "FinalizeCacheEntryUpload") => call.with(cache::finalize),
        (CACHES, "GetCacheEntryDownloadURL") => call.with(cache::find),
        _ => Err(TwirpError::new(Code::BadRoute, format!("no handler for path \"{path}\""))),
    }
}

impl Call {
    fn with<Q: DeserializeOwned, A: Serialize>(
        &self,
        method: fn(&Self, Q) -> Result<A, TwirpError>,
    ) -> Result<Response<Body>, TwirpError> {
        let request =
            serde_json::from_slice(&self.body).map_err(|error| malformed(&error.to_string()))?;
        Ok(reply::json(StatusCode::OK, &method(self, request)?))
    }

    /// Where an upload is to be put.
    fn upload_url(&self, id: &str) -> String {
        self.signed(Way::Write, &format!("{}{}{id}", blob::PREFIX, blob::UPLOADS))
    }

    /// Where a blob is to be read.
    fn download_url(&self, stored: &Stored) -> String {
        self.signed(Way::Read, &format!("{}{}", blob::PREFIX, stored.name()))
    }

    fn signed(&self, way: Way, path: &str) -> String {
        let shared = &self.shared;
        let age = shared.limits.url_age;
        let signed = signed_url::sign(&shared.tokens, &self.grant, way, path, self.now, age);
        format!("{}{signed}", self.origin)
    }
}
