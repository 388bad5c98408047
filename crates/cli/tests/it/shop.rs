//! A project of its own for a test: a sandbox, a repository with one service,
//! and what a test asks of them.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use shipway_core::effect::EffectKind;
use shipway_core::journal::{Entry, Seq};
use shipway_core::stream::Record;
use shipway_server::follow::Views;
use shipway_sim::backend::{Settings, executable};
use shipway_sim::repo::Repo;
use shipway_sim::sandbox::{Finished, Sandbox, Started};
use shipway_sim::{wait_for, wire};
use shipway_store::{Journal as _, Store, StoreError};

/// How long anything may take that a test waits for.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// What of `shipway.yaml` is different from one test to the next.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) project: &'static str,
    /// Lines of the service.
    pub(crate) service: &'static str,
    pub(crate) bake: &'static str,
    /// The value of `guard`.
    pub(crate) guard: &'static str,
    /// Lines of the environment.
    pub(crate) environment: &'static str,
    /// Lines after everything else; by default, that no workflow has to run.
    pub(crate) more: &'static str,
}

impl Default for Config {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Config {
    pub(crate) const DEFAULT: Self = Self {
        project: "shop",
        service: "",
        bake: "300ms",
        guard: "{error_rate: {over: 5%, at_least: 10}, probe: {path: /echo, interval: 20ms}}",
        environment: "",
        more: "workflows: {required: []}",
    };

    /// With this bake.
    pub(crate) fn bake(bake: &'static str) -> Self {
        Self { bake, ..Self::default() }
    }

    /// With these lines for the service.
    pub(crate) fn service(service: &'static str) -> Self {
        Self { service, ..Self::default() }
    }

    /// With these lines for the environment.
    pub(crate) fn environment(environment: &'static str) -> Self {
        Self { environment, ..Self::default() }
    }

    pub(crate) fn to_yaml(&self) -> String {
        let program = executable().unwrap();
        let mut text = format!("project: {}\n\nservices:\n  web:\n", self.project);
        let mut lines = |indent: usize, lines: &str| {
            for line in lines.lines() {
                writeln!(text, "{:indent$}{line}", "").unwrap();
            }
        };
        lines(4, &format!("run: {}", program.display()));
        lines(4, "health: {path: /health, interval: 50ms, start: 2s}");
        lines(4, "drain: 2s\nstop: {grace: 300ms}");
        lines(4, self.service);
        lines(0, "\nenvironments:\n  production:\n    branch: main");
        lines(4, &format!("rollout: {{blue_green: {{bake: {}}}}}", self.bake));
        lines(4, &format!("guard: {}", self.guard));
        lines(4, self.environment);
        lines(0, self.more);
        text
    }
}

/// What a request was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    /// The label of the version.
    pub(crate) version: Option<String>,
    pub(crate) text: String,
}

/// A project in a sandbox.
pub(crate) struct Shop {
    pub(crate) repo: Repo,
    pub(crate) sandbox: Sandbox,
}

impl Shop {
    /// With nothing shipped yet: the first commit is version `v1`.
    pub(crate) fn new(config: &Config) -> Self {
        Self::with(config, &version("v1"))
    }

    /// With nothing shipped yet: the first commit behaves as `settings` say.
    pub(crate) fn with(config: &Config, settings: &Settings) -> Self {
        let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_shipway")).unwrap();
        let repo = Repo::empty(sandbox.path().join("shop")).unwrap();
        let shop = Self { repo, sandbox };
        shop.configure(config);
        shop.repo.release(settings).unwrap();
        shop
    }

    /// With version `v1` shipped.
    pub(crate) fn shipped(config: &Config) -> Self {
        let shop = Self::new(config);
        shop.run(&["ship"]).assert_code(0);
        assert_eq!(shop.serving("production").as_deref(), Some("v1"));
        shop
    }

    /// With versions `v1` and `v2` shipped.
    pub(crate) fn shipped_twice(config: &Config) -> Self {
        let shop = Self::shipped(config);
        shop.ship(&version("v2")).assert_code(0);
        shop
    }

    /// Writes `shipway.yaml`; not committed.
    pub(crate) fn configure(&self, config: &Config) {
        self.repo.write("shipway.yaml", &config.to_yaml()).unwrap();
    }

    /// Commits a version and ships it.
    pub(crate) fn ship(&self, settings: &Settings) -> Finished {
        self.repo.release(settings).unwrap();
        self.run(&["ship"])
    }

    /// Commits a version and begins to ship it.
    pub(crate) fn begin(&self, settings: &Settings) -> Started {
        self.repo.release(settings).unwrap();
        self.start(&["ship"])
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        self.sandbox.run(self.repo.path(), arguments).unwrap()
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Started {
        self.sandbox.start(self.repo.path(), arguments).unwrap()
    }

    /// The answer of a command that has to succeed, as JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        json(self.run(arguments).assert_code(0))
    }

    /// Where users reach the service in an environment.
    pub(crate) fn address(&self, env: &str) -> Option<SocketAddr> {
        let status = self.json(&["host", "status", "--json"]);
        let apps = status["apps"].as_array()?;
        let suffix = format!("/{env}/web");
        let app = apps.iter().find(|app| app["app"].as_str().unwrap().ends_with(&suffix))?;
        app["listening"].as_str()?.parse().ok()
    }

    /// Asks as a user does.
    pub(crate) fn ask(&self, env: &str, path: &str) -> Option<Answered> {
        get(self.address(env)?, path)
    }

    /// The version that answers users, by asking it.
    pub(crate) fn serving(&self, env: &str) -> Option<String> {
        let answered = self.ask(env, wire::HEALTH)?;
        answered.version.filter(|_| answered.status == 200)
    }

    /// Where the project's state is.
    pub(crate) fn state(&self) -> PathBuf {
        self.sandbox.path().join("state/shipway/projects/shop")
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(&self.state().join("store")).unwrap()
    }

    /// Everything in the journal: nothing before the first command made it.
    pub(crate) fn journal(&self) -> Vec<(Entry, Record)> {
        match Store::open(&self.state().join("store")) {
            Ok(store) => journal(&store),
            Err(StoreError::NotFound { .. }) => Vec::new(),
            Err(error) => panic!("{error}"),
        }
    }

    /// How many effects of this kind were ever begun.
    pub(crate) fn begun(&self, kind: EffectKind) -> usize {
        begun(&self.journal(), kind)
    }

    /// Waits until an effect of this kind was begun `times` times.
    pub(crate) fn wait_for_effect(&self, kind: EffectKind, times: usize) {
        let dir = self.state().join("store");
        wait_for(format!("{} for the {times}. time", kind.name()), SOON, || {
            // It may be that it is just being made.
            let store = Store::open(&dir).ok()?;
            (begun(&journal(&store), kind) >= times).then_some(())
        })
        .unwrap();
    }

    /// The journal is as it was written.
    pub(crate) fn verify(&self) {
        self.run(&["audit", "verify"]).assert_code(0);
    }
}

fn journal(store: &Store) -> Vec<(Entry, Record)> {
    let entries = store.journal().read(Seq(1), 100_000).unwrap();
    let mut views = Views::default();
    entries
        .into_iter()
        .map(|entry| {
            let record = views.apply(&entry).unwrap().unwrap();
            (entry, record)
        })
        .collect()
}

fn begun(journal: &[(Entry, Record)], kind: EffectKind) -> usize {
    let begun = |(_, record): &&(Entry, Record)| match record {
        Record::Intent { effect } => effect.kind() == kind,
        _ => false,
    };
    journal.iter().filter(begun).count()
}

/// A good version.
pub(crate) fn version(name: &str) -> Settings {
    Settings { version: name.to_owned(), ..Settings::default() }
}

/// What a command printed, as JSON.
#[track_caller]
pub(crate) fn json(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {finished}"))
}

/// Asks, and hangs up; `None` if nobody answers.
pub(crate) fn get(address: SocketAddr, path: &str) -> Option<Answered> {
    let mut stream = TcpStream::connect_timeout(&address, SOON).ok()?;
    stream.set_read_timeout(Some(SOON)).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, text) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let version = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case(wire::VERSION).then(|| value.trim().to_owned())
    });
    Some(Answered { status, version, text: text.to_owned() })
}
