//! What a proxy changes in the head of a message.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::uri::{Authority, PathAndQuery};
use http::{Method, Uri, Version, request, response};

use super::client::Client;

const FORWARDED: HeaderName = header::FORWARDED;
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP: HeaderValue = HeaderValue::from_static("http");

/// A request that cannot be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadHead {
    /// No host, more than one, or one that is none (RFC 9112 §3.2).
    Host,
    /// CONNECT: this is not that kind of proxy.
    Connect,
}

/// The host that a request is for, as it is passed on. An absolute target or
/// HTTP/2's `:authority` overrides the header (RFC 9112 §3.2.2).
pub(crate) fn host(parts: &request::Parts) -> Result<HeaderValue, BadHead> {
    if parts.method == Method::CONNECT {
        return Err(BadHead::Connect);
    }
    let mut given = parts.headers.get_all(header::HOST).iter();
    let first = given.next();
    if given.next().is_some() {
        return Err(BadHead::Host);
    }
    if let Some(authority) = parts.uri.authority() {
        // The user's name and password have no place in it (RFC 9110 §4.2.4).
        let text = authority.as_str().rsplit('@').next().unwrap_or_default();
        return HeaderValue::from_str(text).map_err(|_| BadHead::Host);
    }
    match first {
        Some(host) if valid_host(host.as_bytes()) => Ok(host.clone()),
        None if parts.version < Version::HTTP_11 => Ok(HeaderValue::from_static("localhost")),
        _ => Err(BadHead::Host),
    }
}

/// Quick for what every host consists of; the rest is parsed.
fn valid_host(host: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':');
    let parsed = || Authority::try_from(host).is_ok() && !host.contains(&b'@');
    !host.is_empty() && (host.iter().all(plain) || parsed())
}

/// A host without its port.
pub(crate) fn name(host: &HeaderValue) -> &str {
    let host = host.to_str().unwrap_or_default();
    let end = match host.rfind(']') {
        Some(bracket) => host[bracket..].find(':').map(|colon| bracket + colon),
        None => host.find(':'),
    };
    &host[..end.unwrap_or(host.len())]
}

/// Makes a client's request into the one that the backend gets, and returns
/// whether it asks for another protocol.
pub(crate) fn forward_request(
    parts: &mut request::Parts,
    host: HeaderValue,
    client: &Client,
    has_body: bool,
) -> bool {
    let upgrade = if has_body { None } else { upgrade(parts) };
    let trailers = wants_trailers(&parts.headers);
    let headers = &mut parts.headers;
    remove_hop_by_hop(headers);
    // The client is told to go on by this proxy, when the backend reads.
    headers.remove(header::EXPECT);
    if trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    if parts.version == Version::HTTP_2 {
        join_cookies(headers);
    }
    set_forwarded(headers, &host, client);
    headers.insert(header::HOST, host);
    let upgrades = upgrade.is_some();
    if let Some(protocol) = upgrade {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, protocol);
    }
    if parts.uri.authority().is_some() {
        parts.uri = origin_form(&parts.uri);
    }
    parts.version = Version::HTTP_11;
    upgrades
}

/// The path and query alone.
pub(crate) fn origin_form(uri: &Uri) -> Uri {
    let path = uri.path_and_query().cloned();
    Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
}

/// Makes a backend's answer into the one that the client gets.
pub(crate) fn forward_answer(parts: &mut response::Parts, upgrades: bool) {
    let upgrade = if upgrades { parts.headers.remove(header::UPGRADE) } else { None };
    remove_hop_by_hop(&mut parts.headers);
    if let Some(protocol) = upgrade {
        parts.headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        parts.headers.insert(header::UPGRADE, protocol);
    }
    parts.version = Version::HTTP_11;
}

/// The protocol that the client wants to change to; not HTTP/2, which would
/// hide its requests from the routing.
fn upgrade(parts: &request::Parts) -> Option<HeaderValue> {
    let protocol = parts.headers.get(header::UPGRADE)?;
    let wanted = parts.version == Version::HTTP_11
        && listed(&parts.headers, header::CONNECTION, "upgrade")
        && !listed(&parts.headers, header::UPGRADE, "h2c");
    wanted.then(|| protocol.clone())
}

/// Whether the client reads trailers.
pub(crate) fn wants_trailers(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TE) && listed(headers, header::TE, "trailers")
}

fn listed(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    headers.get_all(name).iter().any(|line| tokens(line).any(|t| t.eq_ignore_ascii_case(token)))
}

fn tokens(line: &HeaderValue) -> impl Iterator<Item = &str> {
    line.to_str().unwrap_or_default().split(',').map(str::trim)
}

/// RFC 9110 §7.6.1. `Trailer` stays: it describes the body.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    if let header::Entry::Occupied(entry) = headers.entry(header::CONNECTION) {
        let (_, lines) = entry.remove_entry_mult();
        let named: Vec<HeaderName> = lines
            .collect::<Vec<_>>()
            .iter()
            .flat_map(tokens)
            .filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok())
            .filter(|name| !is_end_to_end(name))
            .collect();
        for name in named {
            headers.remove(name);
        }
    }
    for name in [KEEP_ALIVE, PROXY_CONNECTION, header::TE, header::UPGRADE] {
        headers.remove(name);
    }
    // `Transfer-Encoding` is removed with the framing it describes: a body
    // without a length gets a new one.
    headers.remove(header::TRANSFER_ENCODING);
}

/// What a message cannot lose, whatever `Connection` says.
fn is_end_to_end(name: &HeaderName) -> bool {
    let kept = [header::HOST, header::CONTENT_LENGTH, header::CONTENT_TYPE, header::COOKIE];
    kept.contains(name)
}

/// HTTP/2 may cut the cookie header into pieces (RFC 9113 §8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let mut pieces = headers.get_all(header::COOKIE).iter();
    if pieces.next().is_none() || pieces.next().is_none() {
        return;
    }
    let all: Vec<&[u8]> = headers.get_all(header::COOKIE).iter().map(|c| c.as_bytes()).collect();
    if let Ok(joined) = HeaderValue::from_bytes(&all.join(&b"; "[..])) {
        headers.insert(header::COOKIE, joined);
    }
}

/// Says who the client is; what it says of others is passed on only if it is
/// trusted.
fn set_forwarded(headers: &mut HeaderMap, host: &HeaderValue, client: &Client) {
    if client.trusted && headers.contains_key(X_FORWARDED_FOR) {
        append(headers, X_FORWARDED_FOR, &client.address_text);
    } else {
        headers.insert(X_FORWARDED_FOR, client.address_text.clone());
    }
    if !client.trusted || !headers.contains_key(X_FORWARDED_PROTO) {
        headers.insert(X_FORWARDED_PROTO, HTTP);
    }
    if !client.trusted || !headers.contains_key(X_FORWARDED_HOST) {
        headers.insert(X_FORWARDED_HOST, host.clone());
    }
    match client.forwarded(host) {
        Some(element) if client.trusted && headers.contains_key(FORWARDED) => {
            append(headers, FORWARDED, &element);
        }
        Some(element) => {
            headers.insert(FORWARDED, element);
        }
        None => {
            headers.remove(FORWARDED);
        }
    }
}

/// Adds an element to a list that may span several lines.
fn append(headers: &mut HeaderMap, name: HeaderName, element: &HeaderValue) {
    let lines = headers.get_all(&name).iter().chain([element]);
    let all: Vec<&[u8]> = lines.map(HeaderValue::as_bytes).collect();
    if let Ok(list) = HeaderValue::from_bytes(&all.join(&b", "[..])) {
        headers.insert(name, list);
    }
}
