//! How to start a worker.

use std::ffi::OsString;
use std::path::PathBuf;

/// How to start a worker. Steps get the worker's environment and what the
/// workflow adds to it, so this is also what a job sees of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerCommand {
    /// The executable.
    pub program: PathBuf,
    /// Its arguments, for example `worker`.
    pub args: Vec<OsString>,
    /// Its whole environment.
    pub env: Vec<(OsString, OsString)>,
}

/// What a program needs to find its tools, its home and its language. No
/// more: an engine's environment has secrets that are not a job's.
const PASSED_ON: [&str; 24] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "GOPATH",
    "JAVA_HOME",
    "XDG_RUNTIME_DIR",
    "DOCKER_HOST",
    "DOCKER_CONFIG",
];

impl WorkerCommand {
    /// A variable of its environment.
    pub(super) fn variable(&self, name: &str) -> Option<OsString> {
        self.env.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    /// A worker with what this process's environment has that jobs need: PATH,
    /// HOME, the language, proxies, and where tools keep their things.
    pub fn new(program: impl Into<PathBuf>, args: &[&str]) -> Self {
        let passed = |name: &OsString| {
            name.to_str().is_some_and(|name| PASSED_ON.contains(&name) || name.starts_with("LC_"))
        };
        Self {
            program: program.into(),
            args: args.iter().map(OsString::from).collect(),
            env: std::env::vars_os().filter(|(name, _)| passed(name)).collect(),
        }
    }
}
