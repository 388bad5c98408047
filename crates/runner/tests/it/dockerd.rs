//! A Docker daemon for the tests, which ends with them.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use shipway_runner::client::{WorkerCommand, Workers};

/// A daemon in a folder of its own.
pub(crate) struct Dockerd {
    folder: PathBuf,
    /// It ends when its stdin closes, at the latest with this process.
    _script: Child,
}

impl Dockerd {
    /// The daemon of this process. `None`, said on stderr, where there is no
    /// Docker to start and nobody promised one.
    pub(crate) fn get() -> Option<&'static Self> {
        static DAEMON: OnceLock<Option<Dockerd>> = OnceLock::new();
        DAEMON.get_or_init(Self::start).as_ref()
    }

    fn start() -> Option<Self> {
        let promised = std::env::var("CI").is_ok_and(|ci| ci == "true");
        let root = rustix::process::geteuid().is_root();
        let there = |program: &str| {
            let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
            std::env::split_paths(&path).any(|folder| folder.join(program).exists())
        };
        if !promised && !(root && there("dockerd") && there("busybox")) {
            eprintln!("SKIPPED: no dockerd, busybox or root; scripts/setup installs them");
            return None;
        }
        let folder = std::env::temp_dir().join(format!("shipway-dockerd-{}", std::process::id()));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/dockerd");
        let mut child = Command::new(script)
            .arg("serve")
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert_eq!(ready, "ready\n", "scripts/dockerd did not start");
        Some(Self { folder, _script: child })
    }

    pub(crate) fn host(&self) -> String {
        format!("unix://{}/docker.sock", self.folder.display())
    }

    /// Workers that use it.
    pub(crate) fn workers(&self) -> Workers {
        Workers::new(self.command(), "docker-test")
    }

    pub(crate) fn command(&self) -> WorkerCommand {
        let mut command = WorkerCommand::new(env!("CARGO_BIN_EXE_shipway-worker"), &[]);
        command.env.retain(|(name, _)| name != "DOCKER_HOST");
        command.env.push(("DOCKER_HOST".into(), self.host().into()));
        command
    }

    /// The environment that names it.
    pub(crate) fn env(&self) -> impl Fn(&str) -> Option<OsString> + Sync {
        let host = OsString::from(self.host());
        move |name| (name == "DOCKER_HOST").then(|| host.clone())
    }

    /// What `docker` says about it.
    pub(crate) fn docker(&self, args: &[&str]) -> String {
        let output =
            Command::new("docker").env("DOCKER_HOST", self.host()).args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Containers, networks and volumes of an effect.
    pub(crate) fn left_of(&self, effect: &str) -> Vec<String> {
        let label = format!("label=shipway.effect={effect}");
        let mut found = Vec::new();
        for kind in [&["ps", "--all"][..], &["network", "ls"], &["volume", "ls"]] {
            let args = [kind, &["--quiet", "--filter", &label]].concat();
            found.extend(self.docker(&args).lines().map(str::to_owned));
        }
        found
    }
}
