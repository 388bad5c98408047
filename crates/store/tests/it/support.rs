//! A store in a folder of its own, a clock to turn, a child process.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use shipway_core::journal::{Actor, Cause, NewEntry, StreamId, Version};
use shipway_store::sqlite::{Clock, Options};
use shipway_store::{Batch, CheckpointLog, Durability, Epoch, Holder, Journal, Store, verify};
use tempfile::TempDir;

pub(crate) const TTL: Duration = Duration::from_secs(30);

pub(crate) fn stream(name: &str) -> StreamId {
    name.parse().unwrap()
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(crate) fn entry(payload: &str) -> NewEntry {
    NewEntry {
        at: at(0),
        actor: Actor::Engine,
        cause: Some(Cause("tick".to_owned())),
        payload: payload.to_owned(),
    }
}

pub(crate) fn own(journal: &dyn Journal) -> Epoch {
    journal.acquire(&Holder::this_process("test"), TTL).unwrap()
}

/// Appends entries with these payloads to a stream that has `version` entries.
pub(crate) fn append(
    journal: &dyn Journal,
    epoch: Epoch,
    name: &str,
    version: u64,
    payloads: &[&str],
) {
    let entries = payloads.iter().map(|payload| entry(payload)).collect();
    let batch = Batch::of(stream(name), Version(version), entries);
    journal.append(epoch, batch, Durability::Durable).unwrap();
}

/// A folder with a new store in `store`.
pub(crate) fn new_store() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(&dir.path().join("store")).unwrap();
    (dir, store)
}

pub(crate) fn database(store: &Path) -> PathBuf {
    store.join("journal.db")
}

/// A clock that stands until it is turned.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<Mutex<Timestamp>>);

impl TestClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(at(0))))
    }

    pub(crate) fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(SignedDuration::try_from(by).unwrap()).unwrap();
    }

    pub(crate) fn options(&self) -> Options {
        let now = self.0.clone();
        let clock: Clock = Arc::new(move || *now.lock().unwrap());
        Options { clock, ..Options::default() }
    }
}

/// Whether every entry is where it was appended, and unchanged.
pub(crate) fn assert_whole(journal: &dyn Journal) {
    let report = verify(journal, &CheckpointLog::default()).unwrap();
    assert!(report.is_clean(), "{report:#?}");
}

/// A process that runs [`crate::processes::child`] in a role, with a pipe to
/// read what it says. Killed when dropped.
pub(crate) struct Child(std::process::Child);

const ROLE: &str = "SHIPWAY_STORE_TEST_ROLE";
const SAYS: &str = "child says: ";

impl Child {
    pub(crate) fn start(role: &str, arguments: &[&str]) -> Self {
        #[expect(clippy::disallowed_methods, reason = "killed and waited for when dropped")]
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["processes::child", "--exact", "--ignored", "--nocapture"])
            .env(ROLE, [&[role], arguments].concat().join("\n"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// What the child says, a line each, until it ends.
    pub(crate) fn lines(&mut self) -> impl Iterator<Item = String> + use<> {
        let lines = BufReader::new(self.0.stdout.take().unwrap()).lines();
        lines.filter_map(|line| line.unwrap().split_once(SAYS).map(|(_, said)| said.to_owned()))
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    pub(crate) fn succeeds(mut self) {
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.has_ended() {
            self.kill();
        }
    }
}

/// In the child: its role and arguments.
pub(crate) fn role() -> Vec<String> {
    let role = std::env::var(ROLE).expect("only started by another test");
    role.split('\n').map(ToOwned::to_owned).collect()
}

/// In the child: says a line, at once.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{SAYS}{line}").unwrap();
    out.flush().unwrap();
}

/// A small file system of its own, in memory; unmounted when dropped.
pub(crate) struct Tmpfs(TempDir);

impl Tmpfs {
    /// `None`, and a note, where this user may not mount.
    pub(crate) fn mount(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        let mounted = run("mount", &["-t", "tmpfs", "-o", &options, "tmpfs"], dir.path());
        if !mounted {
            let mut err = std::io::stderr().lock();
            writeln!(err, "not run: it takes root to mount a file system").unwrap();
        }
        mounted.then_some(Self(dir))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn make_read_only(&self) {
        assert!(run("mount", &["-o", "remount,ro"], self.path()));
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        assert!(run("umount", &["-l"], self.path()));
    }
}

fn run(command: &str, arguments: &[&str], path: &Path) -> bool {
    let ran = Command::new(command).args(arguments).arg(path).output();
    ran.is_ok_and(|output| output.status.success())
}
