//! What the access log says of one request.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use http::{HeaderValue, Method, StatusCode, Uri, Version};
use jiff::Timestamp;

use super::access_log::AccessLog;
use crate::protocol::{AppId, VersionId};

/// One request, logged when it is over.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) log: AccessLog,
    pub(crate) id: RequestId,
    pub(crate) client: IpAddr,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) host: Option<HeaderValue>,
    pub(crate) http: Version,
    pub(crate) began: Instant,
    pub(crate) route: Option<(AppId, VersionId)>,
    pub(crate) answer: Option<(StatusCode, Duration)>,
    pub(crate) bytes: u64,
    /// Nothing cut it short.
    pub(crate) whole: bool,
}

/// A name for one request, unique on this machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestId(pub(crate) u64, pub(crate) u64);

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:08x}-{:x}", self.0 & 0xffff_ffff, self.1)
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.log.write(|line| self.write(line));
    }
}

impl Record {
    fn write(&self, out: &mut Vec<u8>) {
        let mut line = Line(out);
        line.start(Timestamp::now(), self.id);
        line.number("us", self.began.elapsed().as_micros());
        line.display("client", &self.client);
        line.text("method", self.method.as_str().as_bytes());
        line.text("host", self.host.as_ref().map_or(b"", |host| host.as_bytes()));
        line.text("path", self.uri.path_and_query().map_or("", |path| path.as_str()).as_bytes());
        line.display("http", &format_args!("{:?}", self.http));
        if let Some((app, version)) = &self.route {
            line.text("app", app.0.as_bytes());
            line.text("version", version.0.as_bytes());
        }
        if let Some((status, first_byte)) = self.answer {
            line.number("status", u128::from(status.as_u16()));
            line.number("first_byte_us", first_byte.as_micros());
        }
        line.number("bytes", u128::from(self.bytes));
        if !self.whole {
            line.0.extend_from_slice(b",\"cut\":true");
        }
        line.0.extend_from_slice(b"}\n");
    }
}

/// A JSON object on one line.
struct Line<'o>(&'o mut Vec<u8>);

impl Line<'_> {
    fn start(&mut self, at: Timestamp, id: RequestId) {
        self.format(format_args!("{{\"at\":\"{at:.6}\",\"id\":\"{id}\""));
    }

    fn number(&mut self, key: &str, value: u128) {
        self.format(format_args!(",\"{key}\":{value}"));
    }

    /// For what needs no escaping.
    fn display(&mut self, key: &str, value: &dyn std::fmt::Display) {
        self.format(format_args!(",\"{key}\":\"{value}\""));
    }

    fn text(&mut self, key: &str, value: &[u8]) {
        self.format(format_args!(",\"{key}\":\""));
        for chunk in value.utf8_chunks() {
            for character in chunk.valid().chars() {
                match character {
                    '"' | '\\' => self.format(format_args!("\\{character}")),
                    c if c < ' ' => self.format(format_args!("\\u{:04x}", u32::from(c))),
                    c => self.format(format_args!("{c}")),
                }
            }
            if !chunk.invalid().is_empty() {
                self.format(format_args!("\u{fffd}"));
            }
        }
        self.0.push(b'"');
    }

    fn format(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to memory does not fail.
        let _ = self.write_fmt(text);
    }
}

impl std::fmt::Write for Line<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Shared by the requests of one proxy.
#[derive(Debug)]
pub(crate) struct RequestIds {
    proxy: u64,
    next: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new() -> Self {
        use std::hash::{BuildHasher as _, RandomState};
        let proxy = RandomState::new().hash_one(std::process::id());
        Self { proxy, next: AtomicU64::new(1) }
    }

    pub(crate) fn next(&self) -> RequestId {
        RequestId(self.proxy, self.next.fetch_add(1, Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_from_strangers_stay_inside_their_quotes() {
        let mut out = b"{".to_vec();
        Line(&mut out).text("path", b"/\"\\\n\xff\xe2\x82\xac");
        let json = String::from_utf8(out).unwrap().replace("{,", "{") + "}";
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["path"], "/\"\\\n\u{fffd}€");
    }
}
