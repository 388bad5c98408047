//! A home folder of its own for a test, from which no process survives.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

pub use self::process::Process;
pub use self::started::{Finished, Started};
use crate::wait::wait_for;

mod process;
mod started;

/// The variable that marks what a sandbox started; its value is the folder.
const MARK: &str = "SHIPWAY_SIM_SANDBOX";
/// How long a command gets that is run to its end.
const RUN: Duration = Duration::from_secs(300);
/// How long the host gets to stop in order.
const STOP: Duration = Duration::from_secs(30);
/// How long processes get to be gone once they were killed.
const GONE: Duration = Duration::from_secs(10);

/// Folders of its own in place of the user's, and the `shipway` to run there.
///
/// When it is dropped, the host is stopped, every process that belongs to the
/// sandbox is killed, and the test fails if one is still there afterwards. A
/// process belongs to it if its environment carries the mark, if it works or
/// was started from inside the folder, or if its parent does.
#[derive(Debug)]
pub struct Sandbox {
    program: PathBuf,
    folder: TempDir,
}

impl Sandbox {
    /// Empty folders, for `program`: the `shipway` binary under test.
    ///
    /// # Errors
    /// When the folders cannot be made.
    pub fn new(program: impl Into<PathBuf>) -> io::Result<Self> {
        // Sockets are made inside, and a socket's path is short (107 bytes).
        let folder = tempfile::Builder::new().prefix("sw-").tempdir_in("/tmp")?;
        let sandbox = Self { program: program.into(), folder };
        for (_, path) in sandbox.folders() {
            fs::DirBuilder::new().mode(0o700).recursive(true).create(path)?;
        }
        Ok(sandbox)
    }

    /// The folder that everything is in; tests may put things there.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where HOME points.
    pub fn home(&self) -> PathBuf {
        self.path().join("home")
    }

    fn folders(&self) -> [(&'static str, PathBuf); 7] {
        [
            ("HOME", self.home()),
            ("XDG_CONFIG_HOME", self.path().join("config")),
            ("XDG_STATE_HOME", self.path().join("state")),
            ("XDG_DATA_HOME", self.path().join("data")),
            ("XDG_CACHE_HOME", self.path().join("cache")),
            ("XDG_RUNTIME_DIR", self.path().join("run")),
            ("TMPDIR", self.path().join("tmp")),
        ]
    }

    /// The whole environment of what runs here: the folders, PATH, a language
    /// and the mark. Nothing of the user's own.
    pub fn env(&self) -> Vec<(OsString, OsString)> {
        let mut env: Vec<(OsString, OsString)> =
            self.folders().into_iter().map(|(key, path)| (key.into(), path.into())).collect();
        env.push((MARK.into(), self.path().into()));
        env.push(("LANG".into(), "C.UTF-8".into()));
        env.push(("PATH".into(), std::env::var_os("PATH").unwrap_or_default()));
        env
    }

    /// A command with the sandbox's environment, and no standard input.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.env()).stdin(Stdio::null()).current_dir(self.path());
        command
    }

    /// `shipway` with these arguments, in `dir`.
    pub fn shipway(&self, dir: &Path, arguments: &[&str]) -> Command {
        let mut command = self.command(&self.program);
        command.current_dir(dir).args(arguments);
        command
    }

    /// Starts `shipway`, and goes on.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, dir: &Path, arguments: &[&str]) -> io::Result<Started> {
        self.begin(self.shipway(dir, arguments))
    }

    /// Starts a command, one of [`Self::shipway`] or [`Self::command`] that was
    /// added to, and goes on.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn begin(&self, command: Command) -> io::Result<Started> {
        Started::new(command, &self.path().join("tmp"))
    }

    /// Runs `shipway` to its end, for five minutes at the most.
    ///
    /// # Errors
    /// When it cannot be started or does not end.
    pub fn run(&self, dir: &Path, arguments: &[&str]) -> io::Result<Finished> {
        self.start(dir, arguments)?.wait(RUN)
    }

    /// Every living process that belongs to the sandbox.
    ///
    /// # Errors
    /// When the processes of the machine cannot be listed.
    pub fn processes(&self) -> io::Result<Vec<Process>> {
        let belongs = |process: &Process| process.belongs(MARK, self.path());
        let (mut members, mut others): (Vec<_>, Vec<_>) =
            Process::all()?.into_iter().partition(belongs);
        loop {
            let is_child = |process: &Process| members.iter().any(|m| m.pid == process.parent);
            let (children, rest): (Vec<_>, Vec<_>) = others.into_iter().partition(is_child);
            if children.is_empty() {
                return Ok(members);
            }
            members.extend(children);
            others = rest;
        }
    }

    /// Kills, with SIGKILL, each process of the sandbox whose command line
    /// `which` picks; says how many those were.
    ///
    /// # Errors
    /// When the processes cannot be listed, or one cannot be killed.
    pub fn kill(&self, which: impl Fn(&Process) -> bool) -> io::Result<usize> {
        let mut killed = 0;
        for process in self.processes()?.iter().filter(|process| which(process)) {
            killed += usize::from(process.signal(Signal::KILL)?);
        }
        Ok(killed)
    }

    /// Stops the host in order, kills what is left, and sees it gone.
    ///
    /// # Errors
    /// When a process cannot be killed or is not gone in time.
    pub fn clear(&self) -> io::Result<()> {
        if self.processes()?.is_empty() {
            return Ok(());
        }
        self.stop_host();
        let mut failed = None;
        let gone = wait_for("the sandbox's processes to be gone", GONE, || {
            // What a killed process had just started is found the next time.
            match self.kill(|_| true) {
                Ok(0) => Some(()),
                Ok(_) => None,
                Err(error) => {
                    failed = Some(error);
                    None
                }
            }
        });
        match (gone, failed) {
            (Ok(()), _) => Ok(()),
            (Err(_), Some(error)) => Err(error),
            (Err(late), None) => {
                let left: Vec<_> = self.processes()?.iter().map(ToString::to_string).collect();
                Err(io::Error::other(format!("{late}: {}", left.join("; "))))
            }
        }
    }

    /// Asks the host to stop. What does not stop, or never was a host, is
    /// killed next.
    fn stop_host(&self) {
        if let Ok(asked) = self.start(self.path(), &["host", "stop"]) {
            // However that ends, what is left is killed.
            let _ = asked.wait(STOP);
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Err(error) = self.clear() {
            assert!(std::thread::panicking(), "{error}");
        }
        if std::thread::panicking() && std::env::var_os("SHIPWAY_SIM_KEEP").is_some() {
            self.folder.disable_cleanup(true);
        } else if let Err(error) = make_writable(self.folder.path()) {
            assert!(std::thread::panicking(), "cannot clean up {}: {error}", self.path().display());
        }
    }
}

/// Releases are unpacked read-only; only root removes what is in such folders.
fn make_writable(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            make_writable(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(command: &mut Command) -> std::process::Child {
        #[expect(clippy::disallowed_methods, reason = "what the sandbox has to find")]
        let child = command.spawn().unwrap();
        child
    }

    #[test]
    fn what_it_started_is_gone_with_it() {
        let sandbox = Sandbox::new("/bin/true").unwrap();
        // The second leaves its session, its parent and its environment, and
        // is found by its working directory.
        let script = "sleep 300 & env -i setsid sleep 301 & wait";
        let mut child = start(sandbox.command("/bin/sh").args(["-c", script]));
        let found = wait_for("three processes", Duration::from_secs(5), || {
            let found = sandbox.processes().unwrap();
            (found.len() == 3 && found.iter().any(|p| p.line == "sleep 301")).then_some(found)
        });
        let found = found.unwrap();
        drop(sandbox);
        child.wait().unwrap();
        assert!(found.iter().all(|process| Process::describe(process.pid).is_none()), "{found:?}");
    }

    #[test]
    fn a_folder_that_was_made_read_only_is_gone_with_it() {
        let sandbox = Sandbox::new("/bin/true").unwrap();
        let release = sandbox.path().join("state/release");
        fs::create_dir(&release).unwrap();
        fs::write(release.join("file"), "").unwrap();
        fs::set_permissions(&release, fs::Permissions::from_mode(0o500)).unwrap();
        let path = sandbox.path().to_owned();
        drop(sandbox);
        assert!(!path.exists());
    }

    #[test]
    fn processes_of_another_sandbox_are_left_alone() {
        let (one, other) = (Sandbox::new("/bin/true").unwrap(), Sandbox::new("/bin/true").unwrap());
        let mut child = start(one.command("/bin/sleep").arg("300"));
        assert_eq!(other.kill(|_| true).unwrap(), 0);
        other.clear().unwrap();
        assert!(child.try_wait().unwrap().is_none());
        one.clear().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn nothing_of_the_users_environment_gets_in() {
        let sandbox = Sandbox::new("/usr/bin/env").unwrap();
        let output = sandbox.run(sandbox.path(), &[]).unwrap();
        for line in output.stdout.lines().filter(|line| !line.starts_with("PATH=")) {
            let expected = line.contains(sandbox.path().to_str().unwrap());
            assert!(expected || line == "LANG=C.UTF-8", "{line}");
        }
    }
}
