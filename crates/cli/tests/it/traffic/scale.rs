//! How much traffic, and how many switches.

use std::net::SocketAddr;
use std::time::Duration;

use shipway_sim::traffic::{Http2, Load, Requests, Sockets, Uploads};

/// Says `full` for the figures of the acceptance; else it fits two busy cores.
const VARIABLE: &str = "SHIPWAY_TEST_SCALE";

/// How much traffic, and how many switches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) switches: usize,
    /// Longer than an upload takes.
    pub(crate) drain: Duration,
    requests: Requests,
    sockets: Sockets,
    uploads: Uploads,
    events: usize,
    http2: Http2,
}

impl Scale {
    pub(crate) fn of_environment() -> Self {
        match std::env::var(VARIABLE).as_deref() {
            Ok("full") => Self::full(),
            Ok(other) if !other.is_empty() => panic!("{VARIABLE} is `full` or not set: {other}"),
            _ => Self::small(),
        }
    }

    const fn full() -> Self {
        Self {
            switches: 20,
            drain: Duration::from_secs(40),
            requests: Requests { connections: 200, rate: 1_000, body: 2_000 },
            sockets: Sockets { count: 50, every: Duration::from_millis(200) },
            uploads: Uploads { count: 20, bytes: 100 << 20, over: Duration::from_secs(25) },
            events: 20,
            http2: Http2 { connections: 4, streams: 25, rate: 200, body: 2_000 },
        }
    }

    const fn small() -> Self {
        Self {
            switches: 20,
            drain: Duration::from_secs(4),
            requests: Requests { connections: 200, rate: 200, body: 1_000 },
            sockets: Sockets { count: 20, every: Duration::from_millis(500) },
            uploads: Uploads { count: 6, bytes: 3 << 20, over: Duration::from_secs(2) },
            events: 10,
            http2: Http2 { connections: 2, streams: 10, rate: 50, body: 1_000 },
        }
    }

    /// All kinds of traffic.
    pub(crate) fn load(&self, address: SocketAddr) -> Load {
        Load {
            requests: Some(self.requests),
            sockets: Some(self.sockets),
            uploads: Some(self.uploads),
            events: self.events,
            http2: Some(self.http2),
            limit: Duration::from_secs(1_800),
            ..Load::new(address)
        }
    }
}
