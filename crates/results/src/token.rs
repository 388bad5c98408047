//! Tokens that the service gives to a job and takes back: JSON Web Tokens
//! (RFC 7519) signed by HMAC with SHA-256, with a key that lives as long as the
//! service.
//!
//! GitHub's clients read the claims `scp` (which run and job, in the form
//! `Actions.Results:<run>:<job>`) and, for caches, `ac`; the service itself
//! trusts nothing but its signature and the jobs that it knows.

use aws_lc_rs::hmac;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base64url;
use crate::grant::{Grant, JobId};

/// What a token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// `ACTIONS_RUNTIME_TOKEN`: artifacts and caches.
    Runtime,
    /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`: OIDC tokens.
    IdToken,
}

impl Purpose {
    const fn scope(self) -> &'static str {
        match self {
            Self::Runtime => "Actions.Results",
            Self::IdToken => "Actions.IdToken",
        }
    }
}

/// Signs and checks tokens.
pub(crate) struct Tokens {
    key: hmac::Key,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    scp: String,
    /// The caches that the job may use, as JSON: BuildKit's client reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ac: Option<String>,
    iss: String,
    aud: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    /// Makes the token of every admission another one.
    jti: String,
}

const ISSUER: &str = "shipway";
/// A token ends with its job; this is for clients that look at `exp`. GitHub
/// lets a job on one's own machine run for five days.
const LIFETIME_SECONDS: i64 = 5 * 24 * 60 * 60;
/// `{"typ":"JWT","alg":"HS256"}`
const HEADER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9";

impl Tokens {
    /// Draws a key. `None`: the machine has no randomness.
    pub(crate) fn new() -> Option<Self> {
        // The kernel's: to seed the library's own takes tens of milliseconds.
        let mut key = [0; 32];
        getrandom::fill(&mut key).ok()?;
        Some(Self { key: hmac::Key::new(hmac::HMAC_SHA256, &key) })
    }

    /// A token for `grant`'s job.
    pub(crate) fn issue(&self, purpose: Purpose, grant: &Grant, now: Timestamp) -> String {
        let JobId { run, job } = grant.id();
        let claims = Claims {
            scp: format!("{}:{run}:{job}", purpose.scope()),
            ac: (purpose == Purpose::Runtime).then(|| grant.cache_claim()),
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
            iat: now.as_second(),
            nbf: now.as_second(),
            exp: now.as_second() + LIFETIME_SECONDS,
            jti: grant.nonce().to_owned(),
        };
        // Plain structs of text and numbers: nothing in them fails.
        let claims = serde_json::to_vec(&claims).unwrap_or_default();
        let signed = format!("{HEADER}.{}", base64url::encode(claims));
        let tag = hmac::sign(&self.key, signed.as_bytes());
        format!("{signed}.{}", base64url::encode(tag))
    }

    /// Whose token it is, and the admission it was made for, if it is one of
    /// ours for `purpose` and its time is not over.
    pub(crate) fn check(
        &self,
        purpose: Purpose,
        token: &str,
        now: Timestamp,
    ) -> Option<(JobId, String)> {
        let (signed, tag) = token.rsplit_once('.')?;
        hmac::verify(&self.key, signed.as_bytes(), &base64url::decode(tag)?).ok()?;
        let (header, claims) = signed.split_once('.')?;
        let claims: Claims = serde_json::from_slice(&base64url::decode(claims)?).ok()?;
        let second = now.as_second();
        if header != HEADER || second < claims.nbf || second >= claims.exp {
            return None;
        }
        let ids = claims.scp.strip_prefix(purpose.scope())?.strip_prefix(':')?;
        let (run, job) = ids.split_once(':')?;
        Some((JobId { run: run.parse().ok()?, job: job.parse().ok()? }, claims.jti))
    }

    /// The tag of a text that this service signs for itself, for example of a
    /// URL.
    pub(crate) fn tag(&self, text: &str) -> String {
        base64url::encode(hmac::sign(&self.key, text.as_bytes()))
    }

    /// Whether `tag` is the tag of `text`.
    pub(crate) fn is_tag(&self, text: &str, tag: &str) -> bool {
        let tag = base64url::decode(tag);
        tag.is_some_and(|tag| hmac::verify(&self.key, text.as_bytes(), &tag).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::tests::grant;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_token_is_good_for_its_purpose_and_time() {
        let tokens = Tokens::new().unwrap();
        let grant = grant();
        let token = tokens.issue(Purpose::Runtime, &grant, at(1000));
        let whose = (grant.id(), grant.nonce().to_owned());
        assert_eq!(tokens.check(Purpose::Runtime, &token, at(1000)), Some(whose));
        assert_eq!(tokens.check(Purpose::IdToken, &token, at(1000)), None);
        assert_eq!(tokens.check(Purpose::Runtime, &token, at(999)), None);
        assert_eq!(tokens.check(Purpose::Runtime, &token, at(1000 + LIFETIME_SECONDS)), None);
        let other = Tokens::new().unwrap();
        assert_eq!(other.check(Purpose::Runtime, &token, at(1000)), None);
    }

    #[test]
    fn a_token_that_was_changed_is_refused() {
        let tokens = Tokens::new().unwrap();
        let token = tokens.issue(Purpose::Runtime, &grant(), at(1000));
        let parts: Vec<&str> = token.split('.').collect();
        let claims = String::from_utf8(base64url::decode(parts[1]).unwrap()).unwrap();
        let changed = base64url::encode(claims.replace(":7:", ":8:"));
        assert_ne!(changed, parts[1]);
        let none = base64url::encode(r#"{"typ":"JWT","alg":"none"}"#);
        for bad in [
            format!("{}.{changed}.{}", parts[0], parts[2]),
            format!("{none}.{}.", parts[1]),
            format!("{none}.{}.{}", parts[1], parts[2]),
            String::new(),
            "..".to_owned(),
        ] {
            assert_eq!(tokens.check(Purpose::Runtime, &bad, at(1000)), None, "{bad}");
        }
    }

    #[test]
    fn the_header_is_what_it_says() {
        let header = base64url::decode(HEADER).unwrap();
        assert_eq!(header, br#"{"typ":"JWT","alg":"HS256"}"#);
    }
}
