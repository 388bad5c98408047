//! A host of a test's own, in a folder of its own, of which nothing is left.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use shipway_host::client::HostClient;
use shipway_host::paths::HostPaths;
use shipway_host::protocol::{AppId, Apply, Observed, VersionHealth, VersionId};

use super::service;

/// How long anything may take before the test fails: generous, because it is
/// waited for by condition.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct World {
    dir: tempfile::TempDir,
    pub(crate) paths: HostPaths,
    pub(crate) host: HostClient,
}

/// The executable with both daemons.
pub(crate) fn executable() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_shipway-host"))
}

impl World {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        service::unpack(&dir.path().join("release"));
        let paths = HostPaths::at(dir.path().join("host"), None).unwrap();
        let host = HostClient::connect_or_start(&paths, executable()).await.unwrap();
        Self { dir, paths, host }
    }

    /// The unpacked release.
    pub(crate) fn release(&self) -> PathBuf {
        self.dir.path().join("release")
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) async fn apply(&self, apply: Apply) -> Observed {
        self.host.apply(apply).await.unwrap()
    }

    pub(crate) async fn observe(&self) -> Observed {
        self.host.observe(&service::app(), false).await.unwrap()
    }

    /// Waits until the app is as `done` wants it.
    pub(crate) async fn until(&self, what: &str, done: impl Fn(&Observed) -> bool) -> Observed {
        self.until_of(&service::app(), what, done).await
    }

    pub(crate) async fn until_of(
        &self,
        app: &AppId,
        what: &str,
        done: impl Fn(&Observed) -> bool,
    ) -> Observed {
        let start = Instant::now();
        loop {
            let observed = self.host.observe(app, false).await.unwrap();
            if done(&observed) {
                return observed;
            }
            assert!(start.elapsed() < PATIENCE, "not {what}: {observed:#?}\n{}", self.logs());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn until_healthy(&self, version: &str) -> Observed {
        self.until(&format!("{version} healthy"), |observed| {
            health(observed, version) == Some(VersionHealth::Healthy)
        })
        .await
    }

    /// Waits until a version is given up, and says why.
    pub(crate) async fn until_failed(&self, version: &str) -> String {
        let failed = |observed: &Observed| match health(observed, version) {
            Some(VersionHealth::Failed { reason }) => Some(reason),
            _ => None,
        };
        let observed =
            self.until(&format!("{version} failed"), |observed| failed(observed).is_some()).await;
        failed(&observed).unwrap()
    }

    /// Every process of this world's: the daemons, named by their arguments,
    /// and the releases, by their working directory.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let mark = self.dir.path();
        let text = mark.to_str().unwrap();
        let pids = fs::read_dir("/proc").unwrap().flatten();
        let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        pids.filter(|pid| {
            let proc = PathBuf::from(format!("/proc/{pid}"));
            let line = fs::read(proc.join("cmdline")).unwrap_or_default();
            let named = String::from_utf8_lossy(&line).contains(text);
            let inside = fs::read_link(proc.join("cwd")).is_ok_and(|cwd| cwd.starts_with(mark));
            *pid != std::process::id() && (named || inside)
        })
        .collect()
    }

    /// What the daemons wrote, for a test that fails.
    pub(crate) fn logs(&self) -> String {
        let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
        format!(
            "keeper:\n{}\nproxy:\n{}",
            read(self.paths.keeper_log()),
            read(self.paths.proxy_log())
        )
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let start = Instant::now();
        loop {
            let left = self.processes();
            if left.is_empty() || start.elapsed() > PATIENCE {
                return;
            }
            left.into_iter().for_each(kill);
            std::thread::yield_now();
        }
    }
}

/// Ends a process the hard way.
pub(crate) fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    // It may have ended meanwhile.
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}

/// Whether a process is there, and no zombie.
pub(crate) fn lives(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

pub(crate) async fn until_true(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "not {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) fn health(observed: &Observed, version: &str) -> Option<VersionHealth> {
    let version = VersionId(version.to_owned());
    observed.versions.get(&version).map(|version| version.health.clone())
}

/// One GET over a connection of its own: the status and the body.
pub(crate) fn get(address: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: example.org\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let parsed = answer
        .split_once("\r\n\r\n")
        .and_then(|(head, body)| Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned())));
    parsed.ok_or_else(|| io::Error::other(format!("no answer: {answer:?}")))
}

/// What an app answers, from a thread that may wait.
pub(crate) async fn ask(address: SocketAddr, path: &str) -> (u16, String) {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || get(address, &path).unwrap()).await.unwrap()
}
