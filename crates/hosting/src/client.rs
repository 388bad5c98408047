//! One question, one answer.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Response, StatusCode, Url, redirect};
use serde_json::Value;

use crate::address::Api;
use crate::error::{Again, ApiError};
use crate::link;

/// How long everything about one pull request may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// Redirects, one after the other: a repository that was renamed has one.
const MOST_REDIRECTS: usize = 3;
/// Bytes that are read of an answer that is none.
const MOST_SAID: usize = 64 << 10;
/// Characters that are told of it.
const MOST_TOLD: usize = 200;

/// Asks the API, with a token.
pub struct Client {
    api: Api,
    http: reqwest::Client,
    authorization: HeaderValue,
    patience: Duration,
}

/// An answer.
pub(crate) struct Page {
    pub(crate) json: Value,
    /// Where it goes on.
    pub(crate) next: Option<Url>,
}

/// Without the token.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("api", &self.api).finish_non_exhaustive()
    }
}

impl Client {
    /// Of the API at `api`, with `token`.
    ///
    /// # Errors
    /// When the token cannot be one, or there are no certificates to trust.
    pub fn new(api: Api, token: &str) -> Result<Self, ApiError> {
        let token = token.trim();
        let written = HeaderValue::from_str(&format!("Bearer {token}"));
        let mut authorization =
            written.ok().filter(|_| !token.is_empty()).ok_or(ApiError::NoToken)?;
        authorization.set_sensitive(true);
        let http = reqwest::Client::builder()
            .user_agent(concat!("shipway/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .referer(false)
            .redirect(staying_at(api.clone()));
        let http = match api.is_plain() {
            // Neither a proxy nor a certificate has to do with this machine.
            true => http.no_proxy().tls_certs_only([]),
            false => http.https_only(true),
        };
        let http = http.build().map_err(|error| ApiError::NoTls(causes(&error)))?;
        Ok(Self { api, http, authorization, patience: PATIENCE })
    }

    /// The same, which waits for everything about one pull request at most that long.
    #[must_use]
    pub const fn waiting(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    pub(crate) const fn patience(&self) -> Duration {
        self.patience
    }

    pub(crate) const fn api(&self) -> &Api {
        &self.api
    }

    /// Asks for `url`, whose answer may have as many bytes as are `left`.
    pub(crate) async fn get(&self, url: Url, left: &mut usize) -> Result<Page, ApiError> {
        let asked = self.http.get(url).headers(self.headers()).send().await;
        let response = asked.map_err(unreachable)?;
        let (status, headers) = (response.status(), response.headers().clone());
        if status != StatusCode::OK {
            let url = response.url().clone();
            return Err(refused(status, &headers, &url, message(response).await));
        }
        let body = body(response, left).await?;
        let json =
            serde_json::from_slice(&body).map_err(|error| ApiError::NoJson(error.to_string()))?;
        Ok(Page { json, next: self.next(&headers)? })
    }

    fn headers(&self) -> HeaderMap {
        HeaderMap::from_iter([
            (header::AUTHORIZATION, self.authorization.clone()),
            (header::ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
            (
                header::HeaderName::from_static("x-github-api-version"),
                HeaderValue::from_static("2022-11-28"),
            ),
        ])
    }

    fn next(&self, headers: &HeaderMap) -> Result<Option<Url>, ApiError> {
        let Some(next) = text(headers, header::LINK.as_str()).and_then(link::next) else {
            return Ok(None);
        };
        let url = Url::parse(next).map_err(|_| ApiError::Form("a list with links to its pages"))?;
        if self.api.has(&url) { Ok(Some(url)) } else { Err(ApiError::Elsewhere(server(&url))) }
    }
}

/// Follows what stays at the API's server. What does not is the answer.
fn staying_at(api: Api) -> redirect::Policy {
    redirect::Policy::custom(move |attempt| {
        if api.has(attempt.url()) && attempt.previous().len() <= MOST_REDIRECTS {
            attempt.follow()
        } else {
            attempt.stop()
        }
    })
}

async fn body(mut response: Response, left: &mut usize) -> Result<Vec<u8>, ApiError> {
    let most = *left;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        *left = left.checked_sub(chunk.len()).ok_or(ApiError::Large(most))?;
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What GitHub says where it refuses: `message`.
async fn message(response: Response) -> Option<String> {
    // The status is the reason; what was said beside it may be lost.
    let body = body(response, &mut { MOST_SAID }).await.ok()?;
    let json: Value = serde_json::from_slice(&body).ok()?;
    let told = json.get("message")?.as_str()?.chars().filter(|c| !c.is_control()).take(MOST_TOLD);
    Some(told.collect()).filter(|told: &String| !told.is_empty())
}

/// What an answer means that is none. On limits: "Rate limits for the REST API".
fn refused(status: StatusCode, headers: &HeaderMap, url: &Url, said: Option<String>) -> ApiError {
    let spent = text(headers, "x-ratelimit-remaining") == Some("0");
    let wait = number(headers, header::RETRY_AFTER.as_str());
    let sent_on = text(headers, header::LOCATION.as_str()).and_then(|to| url.join(to).ok());
    let sent_on = sent_on.filter(|_| status.is_redirection()).map(|to| server(&to));
    if let Some(to) = sent_on {
        return if to == server(url) { ApiError::Round } else { ApiError::Elsewhere(to) };
    }
    match status.as_u16() {
        401 => ApiError::Unauthorized(said),
        403 | 429 if spent || wait.is_some() || status.as_u16() == 429 => {
            let reset = number(headers, "x-ratelimit-reset").filter(|_| spent);
            let reset = reset.and_then(|at| Timestamp::from_second(i64::try_from(at).ok()?).ok());
            ApiError::RateLimit(match (wait, reset) {
                (Some(seconds), _) => Again::After(Duration::from_secs(seconds)),
                (None, Some(at)) => Again::At(at),
                (None, None) => Again::Later,
            })
        }
        403 => ApiError::Forbidden(said),
        404 | 410 => ApiError::NotFound,
        status => ApiError::Status { status, said },
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name)?.parse().ok()
}

/// A URL's server: what stands behind it may be long, and what stands before it a secret.
fn server(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn unreachable(error: reqwest::Error) -> ApiError {
    ApiError::Unreachable(causes(&error.without_url()))
}

/// An error and what it comes from; the outermost says least.
fn causes(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    if causes.is_empty() { error.to_string() } else { causes.join(": ") }
}
