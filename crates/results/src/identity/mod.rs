//! OIDC tokens: who a job is, to others. This service is the issuer; whoever
//! trusts it finds its keys by `/.well-known/openid-configuration`.
//!
//! Sources: GitHub's "OpenID Connect reference" (claims, forms of `sub`), OpenID
//! Connect Discovery 1.0, RFC 7517 (keys), RFC 7519 (tokens).

mod claims;
mod key;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use jiff::Timestamp;
use serde_json::json;
use tokio::task::spawn_blocking;

use crate::grant::Grant;
use crate::reply::{self, Body};
use crate::service::Shared;
use crate::signed_url::parameter;
use crate::token::Purpose;
use crate::{base64url, blob};

pub use claims::Identity;
use key::Key;
pub use key::KeyError;

pub(crate) const DISCOVERY_PATH: &str = "/.well-known/openid-configuration";
pub(crate) const KEYS_PATH: &str = "/.well-known/jwks";
/// `ACTIONS_ID_TOKEN_REQUEST_URL`
pub(crate) const REQUEST_PATH: &str = "/idtoken";

/// Who signs.
pub(crate) struct Issuer {
    url: String,
    folder: PathBuf,
    /// Made or read when it is needed: few jobs ask.
    key: Mutex<Option<Arc<Key>>>,
}

impl Issuer {
    pub(crate) fn new(url: String, folder: PathBuf) -> Self {
        Self { url, folder, key: Mutex::default() }
    }

    fn key(&self) -> Result<Arc<Key>, KeyError> {
        let mut key = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = key.as_ref() {
            return Ok(Arc::clone(key));
        }
        let found = Arc::new(Key::read_or_make(&self.folder)?);
        *key = Some(Arc::clone(&found));
        Ok(found)
    }

    /// OpenID Connect Discovery 1.0, section 4.2.
    pub(crate) fn discovery(&self) -> Response<Body> {
        let document = json!({
            "issuer": self.url,
            "jwks_uri": format!("{}{KEYS_PATH}", self.url),
            "subject_types_supported": ["public", "pairwise"],
            "response_types_supported": ["id_token"],
            "claims_supported": claims::names().collect::<Vec<_>>(),
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid"],
        });
        reply::json(StatusCode::OK, &document)
    }

    /// A token for `audience`.
    fn token(
        &self,
        grant: &Grant,
        identity: &Identity,
        audience: Option<String>,
        now: Timestamp,
    ) -> Result<String, KeyError> {
        let key = self.key()?;
        let jti = crate::storage::random().ok_or(KeyError::Crypto { doing: "drawing an id" })?;
        let claims = identity.claims(grant, &self.url, audience, &jti, now);
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": key.id()});
        let encoded = [header, claims].map(|part| base64url::encode(part.to_string()));
        let signed = encoded.join(".");
        Ok(format!("{signed}.{}", base64url::encode(key.sign(signed.as_bytes())?)))
    }
}

/// The public key, RFC 7517.
pub(crate) async fn keys(shared: Arc<Shared>) -> Response<Body> {
    let key = spawn_blocking(move || shared.issuer.key()).await;
    match key.map_err(|_| KeyError::Crypto { doing: "making a key" }).and_then(|key| key) {
        Ok(key) => reply::json(StatusCode::OK, &json!({"keys": [key.public()]})),
        Err(error) => failed(&error),
    }
}

/// `GET $ACTIONS_ID_TOKEN_REQUEST_URL&audience=…` with the token that belongs
/// to it.
pub(crate) async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Body> {
    let refused =
        |message: &str| reply::json(StatusCode::UNAUTHORIZED, &json!({"message": message}));
    if request.method() != Method::GET {
        return refused("ask by GET");
    }
    let Some(grant) = shared.authenticate(Purpose::IdToken, &request) else {
        return refused(
            "the token is not (or no longer) that of a job which may ask for OIDC tokens",
        );
    };
    let query = request.uri().query().unwrap_or_default().to_owned();
    let audience = match parameter(&query, "audience").map(blob::unescape) {
        None => None,
        Some(Some(audience)) if !audience.is_empty() => Some(audience),
        Some(_) => {
            let body = json!({"message": "`audience` is empty or not UTF-8"});
            return reply::json(StatusCode::BAD_REQUEST, &body);
        }
    };
    let made = spawn_blocking(move || {
        let identity = grant.job.identity.as_ref()?;
        Some(shared.issuer.token(&grant, identity, audience, Timestamp::now()))
    });
    match made.await {
        Ok(Some(Ok(token))) => {
            let body = json!({"count": token.len(), "value": token});
            reply::json(StatusCode::OK, &body)
        }
        Ok(Some(Err(error))) => failed(&error),
        Ok(None) => refused("the job may not ask for OIDC tokens"),
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn std::error::Error) -> Response<Body> {
    tracing::error!(%error, "no OIDC token can be made");
    reply::json(StatusCode::INTERNAL_SERVER_ERROR, &json!({"message": error.to_string()}))
}
