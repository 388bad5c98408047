//! A sandbox in which a version serves under load, and its journal and calls
//! are read.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use shipway_core::effect::{EffectId, EffectKind};
use shipway_core::journal::Seq;
use shipway_core::stream::Record;
use shipway_host::client::HostClient;
use shipway_host::paths::HostPaths;
use shipway_sim::backend::{SETTINGS_FILE, Settings, executable};
use shipway_sim::repo::Repo;
use shipway_sim::sandbox::{Finished, Process, Sandbox};
use shipway_sim::traffic::{Load, Requests, Running, Source};
use shipway_sim::wait::wait_for;
use shipway_store::{Journal as _, Store};
use tokio::runtime::Runtime;

use super::project::{OVERLAP, Rules, config, workflow};

/// For anything that has to happen soon.
const PATIENCE: Duration = Duration::from_secs(20);

/// Fields are dropped in this order: users go before what they ask.
pub(crate) struct World {
    load: Running,
    runtime: Runtime,
    repo: Repo,
    sandbox: Sandbox,
    address: SocketAddr,
    versions: u32,
    answered: u64,
    calls: usize,
    ran: usize,
}

impl World {
    /// With a first version that serves, under a light load.
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_shipway")).unwrap();
        fs::create_dir(sandbox.path().join("control")).unwrap();
        let repo = Repo::empty(sandbox.path().join("repo")).unwrap();
        repo.write("migrations/1.sql", "").unwrap();
        repo.write(".github/workflows/ci.yml", &workflow(&sandbox.path().join("control"))).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        commit(&sandbox, &repo, 1, RETRY, false);
        sandbox.run(repo.path(), &["ship", "--yes"]).unwrap().assert_code(0);
        let address = runtime.block_on(address(&sandbox));
        let mut load = Load::new(address);
        load.requests = Some(Requests { connections: 6, rate: 30, body: 512 });
        let load = runtime.block_on(async { load.start() });
        let mut world = Self {
            load,
            runtime,
            repo,
            sandbox,
            address,
            versions: 1,
            answered: 0,
            calls: 0,
            ran: 0,
        };
        world.new_calls();
        world.new_runs();
        world
    }

    /// Commits the next version, and says its name. A slow one is refused
    /// after the switch, at nobody's cost but time.
    pub(crate) fn commit(&mut self, rules: Rules, slow: bool) -> String {
        self.versions += 1;
        commit(&self.sandbox, &self.repo, self.versions, rules, slow)
    }

    /// `shipway ship`, which dies at `failpoint` if one is named.
    pub(crate) fn ship(&self, failpoint: Option<&str>) -> Finished {
        self.shipway(&["ship", "--yes"], failpoint)
    }

    /// Any command.
    pub(crate) fn shipway(&self, arguments: &[&str], failpoint: Option<&str>) -> Finished {
        let mut command = self.sandbox.shipway(self.repo.path(), arguments);
        command.envs(failpoint.map(|point| ("SHIPWAY_FAILPOINT", point)));
        self.sandbox.begin(command).unwrap().wait(Duration::from_secs(60)).unwrap()
    }

    /// Whether commands of this kind stay until they are killed.
    pub(crate) fn stay(&self, kind: EffectKind, stay: bool) {
        let file = self.control().join(format!("stay-{}", kind.name()));
        if stay {
            fs::write(file, "").unwrap();
        } else if file.exists() {
            fs::remove_file(file).unwrap();
        }
    }

    fn control(&self) -> PathBuf {
        self.sandbox.path().join("control")
    }

    /// The version that answers users.
    pub(crate) fn serving(&self) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: sim\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let mark = format!("{}: ", shipway_sim::wire::VERSION);
        let version = answer.lines().find_map(|line| line.strip_prefix(mark.as_str()));
        version.unwrap_or_else(|| panic!("no version in {answer}")).to_owned()
    }

    /// Waits until nothing runs but the host and what it has released.
    pub(crate) fn only_the_host_is_left(&self) {
        self.await_processes("only the host is left", |_| true);
    }

    /// Waits until nothing runs but the host and one version.
    pub(crate) fn one_version_is_left(&self) {
        self.await_processes("one version is left", |versions| versions == 1);
    }

    fn await_processes(&self, what: &str, versions_fit: impl Fn(usize) -> bool) {
        let mut seen = Vec::new();
        let waited = wait_for(what, PATIENCE, || {
            seen = self.sandbox.processes().unwrap();
            let (versions, others): (Vec<&Process>, Vec<&Process>) =
                seen.iter().partition(|process| process.line.ends_with("sim-backend"));
            let (host, others): (Vec<&Process>, Vec<&Process>) =
                others.into_iter().partition(|process| process.line.contains(" host "));
            (others.is_empty() && host.len() == 2 && versions_fit(versions.len())).then_some(())
        });
        if let Err(late) = waited {
            let seen: Vec<String> = seen.iter().map(ToString::to_string).collect();
            panic!("{late}:\n{}", seen.join("\n"));
        }
    }

    /// Users have been answered since the last time, and none of them wrongly.
    pub(crate) fn traffic_never_stopped(&mut self) {
        let before = self.answered;
        wait_for("answers to users", PATIENCE, || {
            (self.load.answered(Source::Requests) > before).then_some(())
        })
        .unwrap();
        assert_eq!(self.load.failed(), 0, "{}", self.load.so_far());
        self.answered = self.load.answered(Source::Requests);
    }

    /// Ends the load, and judges all of it.
    pub(crate) fn end(self) {
        let Self { load, runtime, sandbox, .. } = self;
        runtime.block_on(load.stop()).assert_clean();
        drop(sandbox);
    }

    /// How often the host was told each effect since the last time.
    pub(crate) fn new_calls(&mut self) -> BTreeMap<String, usize> {
        let log = fs::read_to_string(host(&self.sandbox).calls()).unwrap();
        let lines: Vec<&str> = log.lines().collect();
        let mut calls = BTreeMap::new();
        for line in &lines[self.calls..] {
            let call: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(call["outcome"]["is"], "applied", "{line}");
            *calls.entry(call["effect"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        self.calls = lines.len();
        calls
    }

    /// Which commands ran since the last time: what, and for which effect,
    /// run or commit.
    pub(crate) fn new_runs(&mut self) -> Vec<(String, String)> {
        let log = fs::read_to_string(self.control().join("ran")).unwrap();
        let lines: Vec<&str> = log.lines().collect();
        let split = |line: &&str| {
            let (what, id) = line.split_once(' ').unwrap();
            (what.to_owned(), id.to_owned())
        };
        let new: Vec<(String, String)> = lines[self.ran..].iter().map(split).collect();
        self.ran = lines.len();
        let overlap = new.iter().find(|(what, _)| what == OVERLAP);
        assert!(overlap.is_none(), "begun while the one before still ran: {new:?}");
        new
    }

    /// Every intent of the journal: what, and whether it has ended.
    pub(crate) fn intents(&self) -> BTreeMap<EffectId, Intent> {
        let state = self.sandbox.path().join("state/shipway/projects/crash/store");
        let store = Store::open(&state).unwrap();
        let mut intents = BTreeMap::new();
        for entry in store.journal().read(Seq(1), 1_000_000).unwrap() {
            match serde_json::from_str(entry.payload.as_ref().unwrap()).unwrap() {
                Record::Intent { effect } => {
                    let id = EffectId { stream: entry.stream, version: entry.version };
                    intents.insert(id, Intent { kind: effect.kind(), ended: false });
                }
                Record::Ended { intent, .. } => {
                    let id = EffectId { stream: entry.stream, version: intent };
                    intents.get_mut(&id).unwrap().ended = true;
                }
                Record::Plan(_)
                | Record::Run(_)
                | Record::Env(_)
                | Record::Group(_)
                | Record::Gates(_) => {}
            }
        }
        intents
    }
}

/// An effect that the journal speaks of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Intent {
    pub(crate) kind: EffectKind,
    pub(crate) ended: bool,
}

/// What is lost is done again.
pub(crate) const RETRY: Rules = Rules { on_lost: "retry", refuse_slow: false };

fn commit(sandbox: &Sandbox, repo: &Repo, number: u32, rules: Rules, slow: bool) -> String {
    let version = format!("v{number}");
    let slow = if slow { Duration::from_millis(250) } else { Duration::ZERO };
    let settings = Settings { version: version.clone(), slow, ..Settings::default() };
    let control = sandbox.path().join("control");
    repo.write("shipway.yaml", &config(&executable().unwrap(), &control, rules)).unwrap();
    repo.write(SETTINGS_FILE, &settings.to_file()).unwrap();
    repo.commit(&version).unwrap();
    version
}

fn host(sandbox: &Sandbox) -> HostPaths {
    HostPaths::at(sandbox.path().join("state/shipway/host"), None).unwrap()
}

async fn address(sandbox: &Sandbox) -> SocketAddr {
    let client = HostClient::connect(&host(sandbox)).await.unwrap();
    let status = client.status().await.unwrap();
    status.apps[0].listening.unwrap()
}
