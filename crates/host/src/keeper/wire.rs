//! What keeper and proxy say to each other: one JSON value a line, over a
//! socket pair that one of them made for the other. Descriptors travel beside
//! the line that announces them (`SCM_RIGHTS`, unix(7)).
//!
//! This protocol is small on purpose: the keeper has hardly a reason to
//! change, and what it is told about a release it keeps without reading it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The version of this protocol. A keeper refuses a proxy of another one.
pub(crate) const VERSION: u32 = 1;

/// A process, as the proxy names it. Never used twice.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ProcessId(pub(crate) String);

/// A numbered order of the proxy; the answer carries the number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ask {
    pub(crate) nr: u64,
    pub(crate) order: Order,
}

/// What the proxy wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Order {
    /// The first order. Answered with [`Answer::Welcome`] and every listening
    /// socket.
    Greet { version: u32, build: String, pid: u32 },
    /// The proxy could serve and waits for the one before it to let go.
    Ready,
    /// The proxy is in charge now.
    Serving,
    /// The proxy finishes what it has and will end.
    Leaving,
    /// Listen on an address, and pass the socket.
    Listen { address: SocketAddr },
    /// Take over the listening socket that comes with this order.
    Keep { address: SocketAddr },
    /// Close a listening socket.
    Unlisten { address: SocketAddr },
    /// Start a process.
    Spawn { id: ProcessId, spec: Box<ProcessSpec> },
    /// Send a signal to a process and everything it started.
    Signal { id: ProcessId, signal: String },
    /// End a process and everything it started. Its exit is told as usual.
    Kill { id: ProcessId },
    /// A process that has exited need not be listed any more.
    Forget { id: ProcessId },
    /// Start a second proxy, to take over from this one.
    Succeed { executable: PathBuf },
    /// End the second proxy: it does not become ready.
    Dismiss,
    /// Go on as this executable: same process, children and sockets.
    Reexec { executable: PathBuf },
    /// Kill what is left, and end.
    End,
}

/// A process to be started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProcessSpec {
    pub(crate) dir: PathBuf,
    pub(crate) command: Vec<String>,
    /// The whole environment.
    pub(crate) env: BTreeMap<String, String>,
    /// Where its output is appended.
    pub(crate) log: PathBuf,
    pub(crate) memory_max: Option<u64>,
    pub(crate) cpu_milli: Option<u32>,
    /// Kept and listed for the proxy.
    pub(crate) tag: serde_json::Value,
}

/// What the keeper says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub(crate) enum Say {
    /// To an order.
    Answer { nr: u64, answer: Answer },
    /// A process and everything it started is gone.
    Exited { id: ProcessId, exit: Exit },
    /// The second proxy waits for this one to let go.
    SuccessorReady,
    /// The second proxy serves.
    SuccessorServing,
    /// The second proxy ended before it served.
    SuccessorFailed,
    /// The proxy before this one has finished its last request.
    Alone,
}

/// How an order went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(crate) enum Answer {
    Done,
    Welcome(Welcome),
    Listening {
        address: SocketAddr,
    },
    Spawned {
        pid: u32,
        /// Whether the system keeps the process within `memory_max`.
        memory_enforced: bool,
    },
    Refused {
        reason: String,
    },
}

/// What a proxy needs to begin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Welcome {
    pub(crate) build: String,
    pub(crate) pid: u32,
    /// Milliseconds since boot at which this keeper started.
    pub(crate) started_ms: u64,
    pub(crate) executable: PathBuf,
    /// In the order of the descriptors that come with this answer.
    pub(crate) listening: Vec<SocketAddr>,
    pub(crate) processes: Vec<Process>,
    /// Whether another proxy still finishes requests.
    pub(crate) accompanied: bool,
    /// What the keeper could not do when it took over, for people.
    pub(crate) problems: Vec<String>,
}

/// A process that the keeper knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Process {
    pub(crate) id: ProcessId,
    pub(crate) pid: u32,
    pub(crate) memory_enforced: bool,
    pub(crate) tag: serde_json::Value,
    /// `None`: it runs.
    pub(crate) exit: Option<Exit>,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub(crate) enum Exit {
    Code { code: i32 },
    Signal { number: i32 },
    OutOfMemory,
    Unknown,
}

impl From<shipway_process::Exit> for Exit {
    fn from(exit: shipway_process::Exit) -> Self {
        match exit {
            shipway_process::Exit::Code(code) => Self::Code { code },
            shipway_process::Exit::Signal(number) => Self::Signal { number },
            shipway_process::Exit::OutOfMemory => Self::OutOfMemory,
            shipway_process::Exit::Unknown => Self::Unknown,
        }
    }
}
