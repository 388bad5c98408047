//! What the tests release: a small HTTP service that misbehaves on request.

use std::path::Path;

use indexmap::IndexMap;
use shipway_host::protocol::{
    AppId, Apply, Desired, Health, Lease, Route, Split, VersionId, VersionSpec,
};

/// `MODE` says how it misbehaves; `NAME` is what it answers.
const SCRIPT: &str = r#"
import http.server, os, signal, sys, time

mode = os.environ.get("MODE", "")
name = os.environ["NAME"]
port = int(os.environ.get("PORT", "0"))
here = os.path.dirname(os.path.abspath(__file__))

print(f"{name} begins", flush=True)
if mode == "crash":
    print("no such table: users", flush=True)
    sys.exit(3)
if mode == "deaf":
    while True:
        time.sleep(1)
if mode == "worker":
    assert "PORT" not in os.environ
    while True:
        time.sleep(0.1)
if mode == "eats":
    hoard = []
    while True:
        hoard.append(b"x" * (1024 * 1024 * 4))
        time.sleep(0.005)
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status, text = 200, name
        if self.path == "/health" and (mode == "sick" or os.path.exists(here + "/sick-" + name)):
            status = 500
        if self.path == "/pid":
            text = str(os.getpid())
        if self.path.startswith("/slow"):
            time.sleep(float(self.path.split("=")[1]))
        body = text.encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 512
    daemon_threads = True


Server(("127.0.0.1", port), Handler).serve_forever()
"#;

/// Writes the service into `dir`.
pub(crate) fn unpack(dir: &Path) {
    std::fs::create_dir_all(dir).unwrap();
    std::fs::write(dir.join("service.py"), SCRIPT).unwrap();
}

/// A version that answers `name` and behaves.
pub(crate) fn version(dir: &Path, name: &str) -> VersionSpec {
    let env = [("NAME", name), ("PATH", "/usr/bin:/bin")];
    VersionSpec {
        label: format!("commit of {name}"),
        dir: dir.to_owned(),
        run: "python3 service.py".to_owned(),
        env: env.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        replicas: 1,
        listens: true,
        health: Health {
            path: Some("/health".to_owned()),
            interval_ms: 100,
            timeout_ms: 2_000,
            retries: 3,
            start_ms: 30_000,
        },
        memory_max: None,
        cpu_milli: None,
        stop_signal: "TERM".to_owned(),
        stop_grace_ms: 10_000,
        drain_ms: 5_000,
    }
}

/// A version that misbehaves so.
pub(crate) fn misbehaving(dir: &Path, name: &str, mode: &str) -> VersionSpec {
    let mut spec = version(dir, name);
    spec.env.insert("MODE".to_owned(), mode.to_owned());
    spec
}

pub(crate) fn id(name: &str) -> VersionId {
    VersionId(name.to_owned())
}

pub(crate) fn app() -> AppId {
    AppId("shop/production/api".to_owned())
}

pub(crate) fn split(weights: &[(&str, u8)]) -> Split {
    let weights = weights.iter().map(|(name, weight)| (id(name), *weight)).collect();
    Split { weights, ..Split::default() }
}

/// A desired state, put together step by step.
pub(crate) struct Wish(Apply);

impl Wish {
    pub(crate) fn new(generation: u64) -> Self {
        let desired = Desired {
            versions: IndexMap::new(),
            route: Some(Route {
                listen: "127.0.0.1:0".parse().unwrap(),
                hosts: Vec::new(),
                path: "/".to_owned(),
            }),
            split: Split::default(),
            lease: None,
        };
        let effect = format!("env/production#{generation}");
        Self(Apply { app: app(), effect, generation, desired })
    }

    pub(crate) fn of(mut self, app: &str) -> Self {
        self.0.app = AppId(app.to_owned());
        self
    }

    pub(crate) fn with(mut self, name: &str, spec: VersionSpec) -> Self {
        self.0.desired.versions.insert(id(name), spec);
        self
    }

    pub(crate) fn split(mut self, weights: &[(&str, u8)]) -> Self {
        self.0.desired.split = split(weights);
        self
    }

    pub(crate) fn lease(mut self, lease: Lease) -> Self {
        self.0.desired.lease = Some(lease);
        self
    }

    pub(crate) fn unrouted(mut self) -> Self {
        self.0.desired.route = None;
        self
    }

    pub(crate) fn build(self) -> Apply {
        self.0
    }
}
