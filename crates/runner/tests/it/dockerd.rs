//! Workers that use the tests' Docker daemon.

use std::ffi::OsString;

use shipway_runner::client::{WorkerCommand, Workers};
use shipway_sim::dockerd::Dockerd;

pub(crate) fn workers(dockerd: &Dockerd) -> Workers {
    Workers::new(command(dockerd), "docker-test")
}

pub(crate) fn command(dockerd: &Dockerd) -> WorkerCommand {
    let mut command = WorkerCommand::new(env!("CARGO_BIN_EXE_shipway-worker"), &[]);
    command.env.retain(|(name, _)| name != "DOCKER_HOST");
    command.env.push(("DOCKER_HOST".into(), dockerd.host().into()));
    command
}

/// The environment that names it.
pub(crate) fn env(dockerd: &Dockerd) -> impl Fn(&str) -> Option<OsString> + Sync {
    let host = OsString::from(dockerd.host());
    move |name| (name == "DOCKER_HOST").then(|| host.clone())
}
