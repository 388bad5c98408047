//! A sandbox in which versions are shipped while users ask.

use std::net::SocketAddr;
use std::time::Duration;

use shipway_host::client::HostClient;
use shipway_host::paths::HostPaths;
use shipway_host::protocol::HostStatus;
use shipway_sim::backend::{Settings, executable};
use shipway_sim::repo::Repo;
use shipway_sim::sandbox::{Finished, Process, Sandbox, Started};
use shipway_sim::traffic::{Load, Running, Source};
use shipway_sim::wait::wait_for;
use tokio::runtime::Runtime;

/// For anything that has to happen soon.
const PATIENCE: Duration = Duration::from_secs(60);

/// Just enough to test that a backend is there.
const WORKFLOW: &str = "\
name: CI
on:
  push:
    branches: [main]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: grep -q ^VERSION= backend.env
";

/// Fields are dropped in this order: what asks goes before what it asks.
pub(crate) struct World {
    host: HostClient,
    runtime: Runtime,
    repo: Repo,
    sandbox: Sandbox,
    versions: u32,
}

impl World {
    /// With a first version that serves.
    pub(crate) fn new(drain: Duration) -> Self {
        let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_shipway")).unwrap();
        let repo = Repo::empty(sandbox.path().join("repo")).unwrap();
        repo.write(".github/workflows/ci.yml", WORKFLOW).unwrap();
        repo.write("shipway.yaml", &config(drain)).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        commit(&repo, 1);
        sandbox.run(repo.path(), &["ship"]).unwrap().assert_code(0);
        let paths = HostPaths::at(sandbox.path().join("state/shipway/host"), None).unwrap();
        let host = runtime.block_on(HostClient::connect(&paths)).unwrap();
        Self { host, runtime, repo, sandbox, versions: 1 }
    }

    /// Commits the next version, and says its name.
    pub(crate) fn commit(&mut self) -> String {
        self.versions += 1;
        commit(&self.repo, self.versions)
    }

    /// Runs `shipway` to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        self.sandbox.run(self.repo.path(), arguments).unwrap()
    }

    /// Starts `shipway`.
    pub(crate) fn start(&self, arguments: &[&str]) -> Started {
        self.sandbox.start(self.repo.path(), arguments).unwrap()
    }

    /// Where users ask.
    pub(crate) fn address(&self) -> SocketAddr {
        self.status().apps[0].listening.unwrap()
    }

    /// The version that has all new requests.
    pub(crate) fn serving(&self) -> String {
        let status = self.status();
        let weights = &status.apps[0].split.weights;
        let all = weights.iter().find(|(_, weight)| **weight == 100);
        all.unwrap_or_else(|| panic!("{weights:?}")).0.0.clone()
    }

    pub(crate) fn status(&self) -> HostStatus {
        self.runtime.block_on(self.host.status()).unwrap()
    }

    /// Begins a load, and waits until every part of it is answered.
    pub(crate) fn load(&self, load: &Load) -> Running {
        let running = self.runtime.block_on(async { load.start() });
        self.all_is_answered(&running);
        running
    }

    /// Waits until every part of the load has been answered once more.
    pub(crate) fn all_is_answered(&self, running: &Running) {
        let parts =
            [Source::Requests, Source::Sockets, Source::Uploads, Source::Events, Source::Streams];
        let before = parts.map(|part| running.answered(part));
        let answered = || {
            let now = parts.map(|part| running.answered(part));
            before.iter().zip(now).all(|(before, now)| *before < now).then_some(())
        };
        wait_for("an answer to every part of the load", PATIENCE, answered)
            .unwrap_or_else(|late| panic!("{late}: {}", running.so_far()));
    }

    /// Ends a load.
    pub(crate) fn stop(&self, running: Running) -> shipway_sim::traffic::Report {
        self.runtime.block_on(running.stop())
    }

    /// The processes of releases.
    pub(crate) fn releases(&self) -> Vec<u32> {
        let all = self.sandbox.processes().unwrap();
        let mut releases: Vec<u32> =
            all.iter().filter(|p| p.line.ends_with("sim-backend")).map(|p| p.pid).collect();
        releases.sort_unstable();
        releases
    }

    /// Waits until no version is being drained.
    pub(crate) fn one_release_is_left(&self) -> u32 {
        let one = || match self.releases()[..] {
            [one] => Some(one),
            _ => None,
        };
        wait_for("one release to be left", PATIENCE, one).unwrap()
    }

    /// Kills one process with SIGKILL.
    pub(crate) fn kill(&self, pid: u32) {
        let killed = self.sandbox.kill(|process: &Process| process.pid == pid).unwrap();
        assert_eq!(killed, 1, "no process {pid}");
    }

    /// Waits until the host fits.
    pub(crate) fn until(&self, what: &str, fits: impl Fn(&HostStatus) -> bool) {
        wait_for(what, PATIENCE, || fits(&self.status()).then_some(())).unwrap();
    }
}

fn commit(repo: &Repo, number: u32) -> String {
    let settings = Settings { version: format!("v{number}"), ..Settings::default() };
    repo.release(&settings).unwrap();
    settings.version
}

fn config(drain: Duration) -> String {
    let program = executable().unwrap();
    format!(
        "\
project: sim
services:
  web:
    run: {program}
    health: {{path: /health, interval: 100ms, start: 30s}}
    drain: {drain}s
environments:
  production:
    branch: main
    rollout:
      blue_green: {{bake: 500ms}}
    guard:
      error_rate: {{over: 1%, at_least: 5}}
      probe: {{path: /echo, interval: 50ms}}
",
        program = program.display(),
        drain = drain.as_secs()
    )
}
