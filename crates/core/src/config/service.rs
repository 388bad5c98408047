//! What is built and run.

use std::time::Duration;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::{ByteSize, Cpu, duration};
use super::{defaults, schema};

/// One thing that is built and run: a server, or a worker without a port.
///
/// `build` runs in the service's folder of a clean checkout; `run`, `smoke` and
/// `migrations.apply` run in the unpacked release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The folder that belongs to it, from the repository's root. A change
    /// there deploys it.
    #[serde(default = "defaults::path")]
    pub path: String,
    /// Other services, or folders and files from the repository's root, that
    /// it is made of: a change there deploys it too.
    #[serde(default)]
    pub uses: Vec<String>,
    /// Where its release comes from.
    #[schemars(flatten)]
    pub source: Source,
    /// The command that starts it. Gets `$PORT`. A single one: it takes the
    /// place of the shell that reads it.
    pub run: String,
    /// `false` for a worker that does not listen on `$PORT`.
    #[serde(rename = "port", default = "defaults::listens")]
    pub listens: bool,
    /// How to know that it is healthy: a path, or all of it.
    #[serde(default)]
    pub health: Health,
    /// A command that tries the new version before any user does. Gets `$URL`.
    #[serde(default)]
    pub smoke: Option<Smoke>,
    /// Changes to its database, applied before the new version starts.
    #[serde(default)]
    pub migrations: Option<Migrations>,
    /// Environment variables.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, schema::Scalar>")]
    pub env: IndexMap<String, String>,
    /// Environment variables whose values are secrets, and where those are.
    #[serde(default)]
    pub secrets: IndexMap<String, SecretSource>,
    /// How many processes.
    #[serde(default = "defaults::replicas")]
    #[schemars(range(min = 1, max = 1_000))]
    pub replicas: u16,
    /// What each process may use.
    #[serde(default)]
    pub resources: Resources,
    /// How it is stopped.
    #[serde(default)]
    pub stop: Stop,
    /// How long open requests get to finish once new ones go elsewhere.
    #[serde(default = "defaults::drain", with = "duration")]
    #[schemars(with = "duration::Text")]
    pub drain: Duration,
}

/// Where a service's release comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Built by a command on a clean checkout.
    Build(Build),
    /// An artifact that a workflow of the same commit uploaded, by name.
    Artifact(String),
    /// The service's folder as it was committed: nothing to build.
    Tree,
}

/// A command that builds a release on a clean checkout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::or_text)]
pub struct Build {
    /// The command.
    pub run: String,
    /// What the release consists of: patterns such as `dist/**`, from the
    /// service's folder; also what `smoke` and `migrations` need. Without any,
    /// the whole folder as the build left it.
    #[serde(default)]
    pub outputs: Vec<String>,
    /// How long it may take.
    #[serde(default = "defaults::build_timeout", with = "duration")]
    #[schemars(with = "duration::Text")]
    pub timeout: Duration,
}

/// How to know that a service is healthy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::or_text)]
pub struct Health {
    /// GET this path and expect 2xx or 3xx. Without it an accepted connection
    /// is enough, and for a worker that it runs.
    #[serde(default)]
    pub path: Option<String>,
    /// The time between two checks.
    #[serde(default = "defaults::health_interval", with = "duration")]
    #[schemars(with = "duration::Text")]
    pub interval: Duration,
    /// How long one answer may take.
    #[serde(default = "defaults::health_timeout", with = "duration")]
    #[schemars(with = "duration::Text")]
    pub timeout: Duration,
    /// Failures in a row after which a healthy process counts as unhealthy.
    #[serde(default = "defaults::health_retries")]
    #[schemars(range(min = 1, max = 1_000))]
    pub retries: u32,
    /// How long a new version has to become healthy.
    #[serde(default = "defaults::health_start", with = "duration")]
    #[schemars(with = "duration::Text")]
    pub start: Duration,
}

/// A command that tries the new version before any user does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::or_text)]
pub struct Smoke {
    /// The command. Gets `$URL` of the new version.
    pub run: String,
    /// How long it may take.
    #[serde(default = "defaults::smoke_timeout", with = "duration")]
    #[schemars(with = "duration::Text")]
    pub timeout: Duration,
    /// What follows if the engine dies meanwhile.
    #[serde(default = "defaults::smoke_on_lost")]
    pub on_lost: OnLost,
}

/// Changes to a database, applied before the new version starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Migrations {
    /// The folder they are in, from the service's folder.
    pub dir: String,
    /// The command that applies those that are pending.
    pub apply: String,
    /// How long it may take.
    #[serde(default = "defaults::migrations_timeout", with = "duration")]
    #[schemars(with = "duration::Text")]
    pub timeout: Duration,
    /// What follows if the engine dies meanwhile.
    #[serde(default = "defaults::migrations_on_lost")]
    pub on_lost: OnLost,
}

/// What follows when the engine died in the middle of a command, so that
/// nobody knows how far it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnLost {
    /// Run it again: doing it twice does no harm.
    Retry,
    /// Ask a person.
    Ask,
    /// Count it as failed.
    Fail,
}

/// Where a secret's value is. The file `shipway.yaml` never holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    /// In this environment variable of the engine.
    Env(String),
    /// In this file of the machine: an absolute path. One line break at its
    /// end is not part of the value.
    File(String),
}

/// What each process may use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// Memory, such as `256MiB`. A process that needs more is ended.
    #[serde(default)]
    pub memory: Option<ByteSize>,
    /// CPU time, such as `0.5` or `500m` for half a CPU.
    #[serde(default)]
    pub cpu: Option<Cpu>,
}

/// How a process is stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// The signal that is sent first.
    #[serde(default = "defaults::stop_signal")]
    pub signal: Signal,
    /// How long it has to end by itself before it is killed.
    #[serde(default = "defaults::stop_grace", with = "duration")]
    #[schemars(with = "duration::Text")]
    pub grace: Duration,
}

/// A signal that asks a process to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Signal {
    /// SIGTERM.
    Term,
    /// SIGINT.
    Int,
    /// SIGQUIT.
    Quit,
    /// SIGHUP.
    Hup,
    /// SIGUSR1.
    Usr1,
    /// SIGUSR2.
    Usr2,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            path: None,
            interval: defaults::health_interval(),
            timeout: defaults::health_timeout(),
            retries: defaults::health_retries(),
            start: defaults::health_start(),
        }
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self { signal: defaults::stop_signal(), grace: defaults::stop_grace() }
    }
}

impl Signal {
    /// Its name without `SIG`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Term => "TERM",
            Self::Int => "INT",
            Self::Quit => "QUIT",
            Self::Hup => "HUP",
            Self::Usr1 => "USR1",
            Self::Usr2 => "USR2",
        }
    }
}
