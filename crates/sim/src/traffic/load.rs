//! What a load consists of, and its run.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::context::Context;
use super::failure::Source;
use super::ledger::Ledger;
use super::report::{Report, Tally};
use super::schedule::Schedule;
use super::{events, requests, sockets, streams, uploads};

/// Requests over kept connections of HTTP/1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requests {
    /// How many connections.
    pub connections: usize,
    /// Requests a second, over all of them.
    pub rate: u32,
    /// Bytes of each body.
    pub body: usize,
}

/// Web sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sockets {
    /// How many.
    pub count: usize,
    /// Between two frames that one of them sends.
    pub every: Duration,
}

/// Uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uploads {
    /// How many at a time.
    pub count: usize,
    /// Bytes of each.
    pub bytes: u64,
    /// How long each takes, unless the load stops before.
    pub over: Duration,
}

/// Requests over streams of HTTP/2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Http2 {
    /// How many connections.
    pub connections: usize,
    /// Streams that may be open at a time on each of them.
    pub streams: usize,
    /// Requests a second, over all connections.
    pub rate: u32,
    /// Bytes of each body.
    pub body: usize,
}

/// A load: what is sent where. Parts that are `None` or 0 are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// Where to connect.
    pub address: SocketAddr,
    /// What the requests say as host; the address, if empty.
    pub host: String,
    /// Requests over kept connections of HTTP/1.1.
    pub requests: Option<Requests>,
    /// Web sockets.
    pub sockets: Option<Sockets>,
    /// Uploads.
    pub uploads: Option<Uploads>,
    /// How many streams of server-sent events.
    pub events: usize,
    /// Requests over streams of HTTP/2.
    pub http2: Option<Http2>,
    /// How long one answer, echo or event may take.
    pub patience: Duration,
    /// The load stops by itself after this time.
    pub limit: Duration,
}

impl Load {
    /// Nothing yet; ten seconds of patience, ten minutes at the most.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            host: String::new(),
            requests: None,
            sockets: None,
            uploads: None,
            events: 0,
            http2: None,
            patience: Duration::from_secs(10),
            limit: Duration::from_secs(600),
        }
    }

    /// Begins. Must be called within a tokio runtime.
    pub fn start(&self) -> Running {
        let host = match self.host.as_str() {
            "" => self.address.to_string(),
            host => host.to_owned(),
        };
        let context = Context {
            address: self.address,
            authority: host.into(),
            patience: self.patience,
            stopping: CancellationToken::new(),
            ledger: Arc::new(Ledger::new()),
        };
        let mut tasks = JoinSet::new();
        self.spawn(&context, &mut tasks);
        let limit = tokio::spawn(limit(context.clone(), self.limit));
        Running { context, tasks, _limit: AbortOnDropHandle::new(limit) }
    }

    fn spawn(&self, context: &Context, tasks: &mut JoinSet<()>) {
        let start = Instant::now();
        if let Some(Requests { connections, rate, body }) = self.requests {
            for share in 0..connections {
                let schedule = Schedule::share(start, rate, share, connections);
                tasks.spawn(requests::run(context.clone(), schedule, body));
            }
        }
        if let Some(Sockets { count, every }) = self.sockets {
            for _ in 0..count {
                tasks.spawn(sockets::run(context.clone(), every));
            }
        }
        if let Some(Uploads { count, bytes, over }) = self.uploads {
            for _ in 0..count {
                tasks.spawn(uploads::run(context.clone(), bytes, over));
            }
        }
        for _ in 0..self.events {
            tasks.spawn(events::run(context.clone()));
        }
        if let Some(Http2 { connections, streams: per, rate, body }) = self.http2 {
            for connection in 0..connections {
                let shared = streams::Shared::default();
                for stream in 0..per {
                    let share = stream * connections + connection;
                    let schedule = Schedule::share(start, rate, share, connections * per);
                    tasks.spawn(streams::run(context.clone(), shared.clone(), schedule, body));
                }
            }
        }
    }
}

async fn limit(context: Context, limit: Duration) {
    let end = Instant::now() + limit;
    while Instant::now() < end && !context.ledger.is_full() {
        sleep(Duration::from_millis(100).min(end - Instant::now())).await;
    }
    context.stopping.cancel();
}

/// A load that goes on. Dropped, it is gone at once, unjudged.
#[derive(Debug)]
#[must_use = "a load is judged by its report"]
pub struct Running {
    context: Context,
    tasks: JoinSet<()>,
    _limit: AbortOnDropHandle<()>,
}

impl Running {
    /// The sums so far.
    pub fn tallies(&self) -> BTreeMap<Source, Tally> {
        self.context.ledger.tallies()
    }

    /// How much was right so far in one part.
    pub fn answered(&self, source: Source) -> u64 {
        self.tallies().get(&source).map_or(0, |tally| tally.answered)
    }

    /// How much failed so far.
    pub fn failed(&self) -> u64 {
        self.tallies().values().map(|tally| tally.failed).sum()
    }

    /// What was seen so far; the load goes on.
    pub fn so_far(&self) -> Report {
        self.context.ledger.report()
    }

    /// Begins nothing new, waits for what is open (no longer than its
    /// patience), and tells what was seen.
    ///
    /// # Panics
    /// When a task of the load did, which is a bug of the load.
    pub async fn stop(mut self) -> Report {
        self.context.stopping.cancel();
        while let Some(joined) = self.tasks.join_next().await {
            if let Err(error) = joined
                && error.is_panic()
            {
                std::panic::resume_unwind(error.into_panic());
            }
        }
        self.context.ledger.report()
    }
}
