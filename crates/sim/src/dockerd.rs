//! A Docker daemon for tests, which ends with them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// The script that starts and ends it.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/dockerd");

/// A daemon in a folder of its own, with the images `shipway/busybox:1` and
/// `shipway/glibc:1`.
pub struct Dockerd {
    folder: PathBuf,
    /// It ends when its stdin closes, at the latest with this process.
    _script: Child,
}

impl Dockerd {
    /// The daemon of this process. `None`, said on stderr, where none can be
    /// started; where `CI` is `true`, one has to be.
    ///
    /// # Panics
    /// When one has to be there and is not.
    pub fn get() -> Option<&'static Self> {
        static DAEMON: OnceLock<Option<Dockerd>> = OnceLock::new();
        DAEMON.get_or_init(Self::start).as_ref()
    }

    #[expect(
        clippy::expect_used,
        clippy::print_stderr,
        reason = "a test may panic, and skips aloud"
    )]
    #[expect(clippy::disallowed_methods, reason = "the script ends when its stdin closes")]
    fn start() -> Option<Self> {
        let promised = std::env::var("CI").is_ok_and(|ci| ci == "true");
        let able = Command::new(SCRIPT).arg("check").output().expect("scripts/dockerd is there");
        if !able.status.success() && !promised {
            eprintln!("SKIPPED: {}", String::from_utf8_lossy(&able.stderr).trim());
            return None;
        }
        let folder = std::env::temp_dir().join(format!("shipway-dockerd-{}", std::process::id()));
        let mut script = Command::new(SCRIPT)
            .arg("serve")
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("scripts/dockerd is there");
        let stdout = script.stdout.take().expect("it is a pipe");
        let mut ready = String::new();
        BufReader::new(stdout).read_line(&mut ready).expect("scripts/dockerd speaks");
        assert_eq!(ready, "ready\n", "scripts/dockerd did not start");
        Some(Self { folder, _script: script })
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// `DOCKER_HOST`
    pub fn host(&self) -> String {
        format!("unix://{}/docker.sock", self.folder.display())
    }

    /// What the `docker` command says about it.
    ///
    /// # Panics
    /// When the command fails.
    #[expect(clippy::expect_used, reason = "a test may panic")]
    pub fn docker(&self, args: &[&str]) -> String {
        let mut docker = Command::new("docker");
        let output = docker.env("DOCKER_HOST", self.host()).args(args).output();
        let output = output.expect("docker is there");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Containers, networks and volumes that were made for jobs; of one effect,
    /// if that is given.
    pub fn left(&self, effect: Option<&str>) -> Vec<String> {
        let label = match effect {
            Some(effect) => format!("label=shipway.effect={effect}"),
            None => "label=shipway.effect".to_owned(),
        };
        let mut found = Vec::new();
        for kind in [&["ps", "--all"][..], &["network", "ls"], &["volume", "ls"]] {
            let args = [kind, &["--quiet", "--filter", &label]].concat();
            found.extend(self.docker(&args).lines().map(str::to_owned));
        }
        found
    }
}
