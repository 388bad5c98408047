//! What is known of one client connection: who it is, what it is doing and
//! since when. Shared by its socket, its driver and its requests, all of which
//! run in turn.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::HeaderValue;

use super::limits::Limits;

/// One client connection.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) address: IpAddr,
    /// What the listener is bound to.
    pub(crate) listen: SocketAddr,
    /// Its forwarding headers are believed.
    pub(crate) trusted: bool,
    pub(crate) address_text: HeaderValue,
    forwarded: Mutex<Option<(HeaderValue, HeaderValue)>>,
    opened: Instant,
    requests: AtomicU32,
    idle_since: Stamp,
    head_since: Stamp,
    body_awaited_since: Stamp,
    write_blocked_since: Stamp,
    closing_since: Stamp,
    finishing: AtomicBool,
    body_refused: AtomicBool,
    upgrade: AtomicU8,
}

/// The answer to a request to change the protocol.
const GRANTED: u8 = 1;
const DECLINED: u8 = 2;
const TUNNEL: u8 = 3;

/// How long a closed connection may go on sending.
const LINGER: Duration = Duration::from_secs(2);
/// How long a connection without a request stays open when the proxy ends:
/// long enough for one more request, whose answer asks the client to close.
const FINISH_IDLE: Duration = Duration::from_secs(3);

/// Milliseconds after the connection was opened, plus one; 0 for "not now".
#[derive(Debug, Default)]
struct Stamp(AtomicU64);

impl Stamp {
    fn set(&self, on: bool, opened: Instant) {
        match (on, self.0.load(Relaxed)) {
            (true, 0) => self.0.store(now(opened), Relaxed),
            (true, _) | (false, 0) => {}
            (false, _) => self.0.store(0, Relaxed),
        }
    }

    fn older_than(&self, age: Duration, now: u64) -> bool {
        let since = self.0.load(Relaxed);
        since != 0 && u128::from(now.saturating_sub(since)) >= age.as_millis()
    }
}

fn now(opened: Instant) -> u64 {
    u64::try_from(opened.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
}

/// Why a connection is to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expired {
    /// It has nothing to do; it may be closed politely.
    Idle,
    /// It keeps us waiting.
    Stalled,
}

impl Client {
    pub(crate) fn new(peer: SocketAddr, listen: SocketAddr, limits: &Limits) -> Self {
        let address = peer.ip().to_canonical();
        let text = address.to_string();
        let client = Self {
            address,
            listen,
            trusted: limits.trusted.iter().any(|network| network.contains(address)),
            address_text: HeaderValue::try_from(text)
                .unwrap_or(HeaderValue::from_static("unknown")),
            forwarded: Mutex::new(None),
            opened: Instant::now(),
            requests: AtomicU32::new(0),
            idle_since: Stamp::default(),
            head_since: Stamp::default(),
            body_awaited_since: Stamp::default(),
            write_blocked_since: Stamp::default(),
            closing_since: Stamp::default(),
            finishing: AtomicBool::new(false),
            body_refused: AtomicBool::new(false),
            upgrade: AtomicU8::new(0),
        };
        client.idle_since.set(true, client.opened);
        client
    }

    /// A request began; it ends when `ended` is called.
    pub(crate) fn began(&self) {
        self.requests.fetch_add(1, Relaxed);
        self.idle_since.set(false, self.opened);
    }

    pub(crate) fn ended(&self) {
        if self.requests.fetch_sub(1, Relaxed) == 1 {
            self.idle_since.set(true, self.opened);
        }
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.requests.load(Relaxed) > 0
    }

    pub(crate) fn head_pending(&self, yes: bool) {
        self.head_since.set(yes, self.opened);
    }

    pub(crate) fn body_awaited(&self, yes: bool) {
        self.body_awaited_since.set(yes, self.opened);
    }

    pub(crate) fn write_blocked(&self, yes: bool) {
        self.write_blocked_since.set(yes, self.opened);
    }

    pub(crate) fn closing(&self) {
        self.closing_since.set(true, self.opened);
    }

    /// The body broke the rules of its framing.
    pub(crate) fn body_refused(&self) {
        self.body_refused.store(true, Relaxed);
    }

    pub(crate) fn is_body_refused(&self) -> bool {
        self.body_refused.load(Relaxed)
    }

    /// Answers are to say that the connection closes.
    pub(crate) fn finish(&self) {
        self.finishing.store(true, Relaxed);
        // It gets its time from here on.
        self.idle_since.set(false, self.opened);
        self.idle_since.set(!self.is_busy(), self.opened);
    }

    pub(crate) fn is_finishing(&self) -> bool {
        self.finishing.load(Relaxed)
    }

    /// A request to change the protocol has been answered.
    pub(crate) fn decide_upgrade(&self, granted: bool) {
        self.upgrade.store(if granted { GRANTED } else { DECLINED }, Relaxed);
    }

    /// The decision, once.
    pub(crate) fn take_decision(&self) -> Option<bool> {
        match self.upgrade.load(Relaxed) {
            GRANTED => {
                self.upgrade.store(TUNNEL, Relaxed);
                Some(true)
            }
            DECLINED => {
                self.upgrade.store(0, Relaxed);
                Some(false)
            }
            _ => None,
        }
    }

    pub(crate) fn is_tunnel(&self) -> bool {
        matches!(self.upgrade.load(Relaxed), GRANTED | TUNNEL)
    }

    /// What has lasted too long, if anything has.
    pub(crate) fn expired(&self, limits: &Limits) -> Option<Expired> {
        let now = now(self.opened);
        let stalled = self.closing_since.older_than(LINGER, now)
            || self.head_since.older_than(limits.head_timeout, now)
            || self.write_blocked_since.older_than(limits.body_timeout, now)
            || self.is_busy() && self.body_awaited_since.older_than(limits.body_timeout, now);
        if stalled {
            return Some(Expired::Stalled);
        }
        let idle = if self.is_finishing() {
            limits.idle_timeout.min(FINISH_IDLE)
        } else {
            limits.idle_timeout
        };
        self.idle_since.older_than(idle, now).then_some(Expired::Idle)
    }

    /// The `Forwarded` element (RFC 7239) for a request to `host`; the last
    /// one is kept, since a connection seldom asks for another host.
    pub(crate) fn forwarded(&self, host: &HeaderValue) -> Option<HeaderValue> {
        let mut kept = self.forwarded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, element)) = &*kept
            && known == host
        {
            return Some(element.clone());
        }
        let element = HeaderValue::try_from(self.element(host.to_str().ok()?)).ok()?;
        *kept = Some((host.clone(), element.clone()));
        Some(element)
    }

    fn element(&self, host: &str) -> String {
        let node = match self.address {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => format!("\"[{v6}]\""),
        };
        // A host with a port, or an IPv6 address, is no token.
        let quoted = host.replace(['"', '\\'], "");
        format!("for={node};host=\"{quoted}\";proto=http")
    }
}
