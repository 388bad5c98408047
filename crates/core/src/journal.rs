//! What an entry of the journal is. The store keeps entries; views fold them.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ids::{BadName, EnvName, GroupId, PlanId, RunId};

/// An entry's place in the whole journal, from 1, without gaps.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

/// An entry's place in its stream, from 1, without gaps. As an expectation:
/// how many entries the writer believes the stream to have.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct Version(pub u64);

/// A boundary of consistency: what is decided together is in one stream.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum StreamId {
    /// What follows from one event, until it is delivered or given up.
    Plan(PlanId),
    /// One execution of one workflow.
    Run(RunId),
    /// An environment: its deployments, lock and queue.
    Env(EnvName),
    /// A concurrency group: whose turn it is, and who waits.
    Group(GroupId),
    /// The project's gates: who agreed to what, and what was judged.
    Gates,
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan(id) => write!(f, "plan/{id}"),
            Self::Run(id) => write!(f, "run/{id}"),
            Self::Env(name) => write!(f, "env/{name}"),
            Self::Group(id) => write!(f, "group/{id}"),
            Self::Gates => f.write_str("gates/project"),
        }
    }
}

/// A text that names no stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadStream {
    /// The part before `/` is not a kind of stream.
    #[error("`{0}` is not a stream: expected plan/…, run/…, env/…, group/… or gates/project")]
    Kind(String),
    /// The part after `/` is not a name.
    #[error(transparent)]
    Name(#[from] BadName),
}

impl FromStr for StreamId {
    type Err = BadStream;

    fn from_str(text: &str) -> Result<Self, BadStream> {
        match text.split_once('/') {
            Some(("plan", id)) => Ok(Self::Plan(PlanId::new(id)?)),
            Some(("run", id)) => Ok(Self::Run(RunId::new(id)?)),
            Some(("env", name)) => Ok(Self::Env(EnvName::new(name)?)),
            Some(("group", id)) => Ok(Self::Group(GroupId::new(id)?)),
            Some(("gates", "project")) => Ok(Self::Gates),
            _ => Err(BadStream::Kind(text.to_owned())),
        }
    }
}

impl TryFrom<String> for StreamId {
    type Error = BadStream;
    fn try_from(text: String) -> Result<Self, BadStream> {
        text.parse()
    }
}

impl From<StreamId> for String {
    fn from(id: StreamId) -> String {
        id.to_string()
    }
}

/// Who caused an entry, and how far that is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// The engine itself: a deadline, a result, what follows.
    Engine,
    /// A person at this machine, as its operating system names them.
    /// Satisfies only the rules that allow an unverified person.
    Unverified {
        /// The login name.
        user: String,
    },
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine => f.write_str("engine"),
            Self::Unverified { user } => write!(f, "{user} (unverified)"),
        }
    }
}

/// The input that an entry follows from: its id in the inbox, an effect's id,
/// or `tick` for a deadline.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cause(pub String);

/// An entry to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// When it happened, by the engine's clock.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// The input it follows from.
    pub cause: Option<Cause>,
    /// The event as JSON. The chain covers its hash, not its text.
    pub payload: String,
}

/// An entry as it stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the journal.
    pub seq: Seq,
    /// The stream it belongs to.
    pub stream: StreamId,
    /// Its place in the stream.
    pub version: Version,
    /// When it happened, by the engine's clock.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// The input it follows from.
    pub cause: Option<Cause>,
    /// The event as JSON; `None` once it was erased on request.
    pub payload: Option<String>,
    /// SHA-256 of the payload's bytes; stays when the payload is erased.
    pub payload_hash: Digest,
    /// The hash of the entry before, all zeros for the first.
    pub prev_hash: Digest,
    /// SHA-256 over everything above but the payload's text.
    pub hash: Digest,
}
