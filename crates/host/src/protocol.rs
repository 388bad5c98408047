//! What the engine and the host say to each other, over a local socket: one
//! JSON value a line. The first line of each side is a [`Hello`].

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// The newest version of the protocol that this build speaks. The version
/// before is understood too.
pub const PROTOCOL: u32 = 1;

/// The first line of each side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The oldest version the speaker understands.
    pub min: u32,
    /// The newest version the speaker understands.
    pub max: u32,
    /// The speaker's build, for people.
    pub build: String,
}

/// What this build says first.
pub fn hello() -> Hello {
    Hello { min: PROTOCOL, max: PROTOCOL, build: crate::BUILD.to_owned() }
}

/// One service of one environment of one project: what has a route of its own.
/// Written `<project>/<environment>/<service>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AppId(pub String);

/// A version of an app: the deployment that brought it. Fit for a file name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VersionId(pub String);

/// What the engine asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Request {
    /// Make it so: durable before it is acknowledged, and the same when asked
    /// twice. Answered with [`Reply::Applied`] as soon as the routes are as
    /// desired; versions still starting or draining are seen by `observe`.
    Apply(Box<Apply>),
    /// What is there now. Renews the app's lease if `renew` is set.
    Observe {
        /// The app.
        app: AppId,
        /// Push the end of the lease out by its full length.
        renew: bool,
    },
    /// Every app, the daemons' versions and addresses.
    Status,
    /// The last lines a version wrote (stdout and stderr interleaved).
    Tail {
        /// The app.
        app: AppId,
        /// Which of its versions.
        version: VersionId,
        /// How many lines at most.
        lines: usize,
    },
    /// Replace the proxy (and the keeper, in place) by the given executable.
    Upgrade {
        /// Copied to a versioned path before it is started.
        executable: PathBuf,
    },
    /// Drain, stop every release, end both daemons.
    Stop,
}

/// A desired state of one app, with its fence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Apply {
    /// The app.
    pub app: AppId,
    /// The effect this is; logged with the call, so that repeats are seen.
    pub effect: String,
    /// The deployment's generation. One lower than the newest seen for this
    /// app is refused with [`ErrorCode::StaleGeneration`].
    pub generation: u64,
    /// What shall be.
    pub desired: Desired,
}

/// What shall be of one app. A version that is not named is drained and then
/// stopped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Desired {
    /// The versions that shall run.
    pub versions: IndexMap<VersionId, VersionSpec>,
    /// Where the app answers; `None` for a worker without a port.
    pub route: Option<Route>,
    /// How traffic is divided.
    pub split: Split,
    /// What to do when nobody renews.
    pub lease: Option<Lease>,
}

/// How to run one version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VersionSpec {
    /// The commit or release, for people.
    pub label: String,
    /// The unpacked release: the working directory. Read-only.
    pub dir: PathBuf,
    /// The command line, run by `/bin/sh -c 'exec …'`.
    pub run: String,
    /// The whole environment besides PORT, which the host sets per replica.
    /// Values may be secrets: never logged, and the state file is mode 0600.
    pub env: BTreeMap<String, String>,
    /// How many processes.
    pub replicas: u16,
    /// Whether it listens on $PORT. A worker does not.
    pub listens: bool,
    /// How to know that it is healthy.
    pub health: Health,
    /// Bytes of memory per replica.
    pub memory_max: Option<u64>,
    /// Thousandths of a CPU per replica.
    pub cpu_milli: Option<u32>,
    /// Sent first to stop it, for example `TERM`.
    pub stop_signal: String,
    /// Milliseconds between the stop signal and SIGKILL.
    pub stop_grace_ms: u64,
    /// Milliseconds that open requests get once it no longer gets new ones.
    pub drain_ms: u64,
}

/// How health is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// GET this path and expect 2xx or 3xx; without it, an accepted TCP
    /// connection is enough (for a worker: to be alive for one interval).
    pub path: Option<String>,
    /// Milliseconds between two checks.
    pub interval_ms: u64,
    /// Milliseconds for one answer.
    pub timeout_ms: u64,
    /// Consecutive failures after which a healthy replica is unhealthy.
    pub retries: u32,
    /// Milliseconds that a new version has to become healthy.
    pub start_ms: u64,
}

/// Where an app answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Where to listen. Port 0: the host picks a free port once and keeps it
    /// for this app from then on; `observe` tells which.
    pub listen: SocketAddr,
    /// Host names (exact, or `*.example.org`); empty: any.
    pub hosts: Vec<String>,
    /// The path prefix, `/` for all. The longest match wins.
    pub path: String,
}

/// How traffic is divided between versions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Split {
    /// Percent per version. Sums to 100, or is empty: nothing serves.
    pub weights: IndexMap<VersionId, u8>,
    /// A request with this header goes to this version whatever the weights.
    pub headers: Vec<HeaderRule>,
    /// Keep a client on the version it first got, by this cookie.
    pub sticky: Option<String>,
}

/// A header that chooses a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderRule {
    /// The header's name.
    pub name: String,
    /// Its exact value.
    pub value: String,
    /// The version that gets the request.
    pub version: VersionId,
}

/// Somebody has to keep judging; else the fallback is taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lease {
    /// Milliseconds until it runs out, from the last renewal.
    pub ttl_ms: u64,
    /// What to do then.
    pub fallback: Fallback,
    /// The path that the host requests from each serving version itself, at
    /// this interval, while the lease holds and users send too little.
    pub probe: Option<Probe>,
}

/// Requests of the host's own during a bake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// What is requested.
    pub path: String,
    /// Milliseconds between two.
    pub interval_ms: u64,
}

/// What is safe when nobody judges any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "then", rename_all = "snake_case")]
pub enum Fallback {
    /// Leave the traffic as it is.
    Hold,
    /// Divide the traffic so; versions stay.
    Split {
        /// The division to go back to.
        split: Split,
    },
}

/// What the host answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// It is so, and durable.
    Applied(Observed),
    /// What is there.
    Observed(Observed),
    /// The host and every app.
    Status(HostStatus),
    /// Lines of output.
    Tail {
        /// Oldest first.
        lines: Vec<String>,
    },
    /// Done (upgrade, stop).
    Done,
    /// Refused, or failed.
    Error {
        /// What kind of error it is.
        code: ErrorCode,
        /// For people: what happened and what to do.
        message: String,
    },
}

/// Why the host refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// A newer generation was applied already.
    StaleGeneration,
    /// The request does not make sense (weights, names).
    BadRequest,
    /// The address cannot be listened on.
    Listen,
    /// No such app or version.
    NotFound,
    /// The state file cannot be written; nothing was changed.
    State,
    /// A daemon could not be started or reached.
    Daemon,
}

/// What is there of one app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// The app.
    pub app: AppId,
    /// The newest generation applied; 0 for an app never applied.
    pub generation: u64,
    /// The effect applied last.
    pub effect: Option<String>,
    /// Where it answers.
    pub listening: Option<SocketAddr>,
    /// What runs, with what it did.
    pub versions: IndexMap<VersionId, ObservedVersion>,
    /// How traffic is divided now.
    pub split: Split,
    /// The fallback was taken: nobody renewed the lease.
    pub fell_back: bool,
}

/// What is there of one version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObservedVersion {
    /// The commit or release, for people.
    pub label: String,
    /// Where it stands.
    pub health: VersionHealth,
    /// Processes that are healthy now.
    pub healthy: u16,
    /// Where each healthy process listens itself: what a smoke test talks to
    /// before any user does.
    pub endpoints: Vec<SocketAddr>,
    /// Processes wanted.
    pub replicas: u16,
    /// How often a process ended and was started again.
    pub restarts: u32,
    /// Requests it is serving now.
    pub in_flight: u64,
    /// Requests of users since it was started.
    pub users: Counters,
    /// Requests of the host's own since it was started.
    pub probes: Counters,
}

/// Where a version stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum VersionHealth {
    /// Not yet all replicas were healthy.
    Starting,
    /// All replicas are healthy.
    Healthy,
    /// It was healthy and some replica no longer is.
    Unhealthy {
        /// Why, in a line.
        reason: String,
    },
    /// It did not become healthy in its time, or crashes at every start.
    Failed {
        /// Why, in a line: exit status, signal, out of memory, never listened
        /// on $PORT, last health answer.
        reason: String,
    },
    /// It gets no new requests and finishes what it has.
    Draining,
}

/// What a version answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Answers, errors included.
    pub requests: u64,
    /// 5xx answers, and requests it broke off.
    pub errors: u64,
    /// Upper bounds in microseconds and how many answers (time to the first
    /// byte of the answer) were at most that slow and slower than the bound
    /// before. Sparse: empty buckets are left out.
    pub latency_us: Vec<(u64, u64)>,
}

/// The host and every app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostStatus {
    /// The keeper.
    pub keeper: Daemon,
    /// The proxy that accepts connections.
    pub proxy: Daemon,
    /// Where state and logs are.
    pub dir: PathBuf,
    /// Every app.
    pub apps: Vec<Observed>,
    /// Which run of the proxy this is: counters begin at 0 with each.
    #[serde(default)]
    pub instance: String,
    /// What a person should know: state that could not be read, a keeper that
    /// could not be upgraded.
    #[serde(default)]
    pub problems: Vec<String>,
}

/// A daemon of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Daemon {
    /// Its process id.
    pub pid: u32,
    /// Its build.
    pub build: String,
    /// Milliseconds since it started.
    pub up_ms: u64,
}
