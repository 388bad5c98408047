//! A command under way, and its end.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::wait::wait_for;

/// A command that runs. Its output goes to files, so that it never waits for
/// a reader. Dropped, it is killed (its children are the sandbox's affair).
#[derive(Debug)]
pub struct Started {
    line: String,
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The command line.
    pub line: String,
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it printed to standard error.
    pub stderr: String,
}

impl Started {
    pub(super) fn new(mut command: Command, folder: &Path) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let stdout = folder.join(format!("{number}.stdout"));
        let stderr = folder.join(format!("{number}.stderr"));
        command.stdout(File::create(&stdout)?).stderr(File::create(&stderr)?);
        let line = format!("{command:?}");
        #[expect(clippy::disallowed_methods, reason = "killed when dropped")]
        let child = command.spawn()?;
        Ok(Self { line, child, stdout, stderr })
    }

    /// Its process number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn is_running(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// What it has printed so far, standard output first.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub fn output_so_far(&self) -> io::Result<String> {
        Ok(read(&self.stdout)? + &read(&self.stderr)?)
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(mut self) -> io::Result<Finished> {
        self.child.kill()?;
        self.finish()
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it does not end in time; it is then killed, and the error has what
    /// it printed.
    pub fn wait(mut self, deadline: Duration) -> io::Result<Finished> {
        let mut failed = None;
        let ended = wait_for(&self.line, deadline, || match self.child.try_wait() {
            Ok(status) => status.map(|_| ()),
            Err(error) => {
                failed = Some(error);
                Some(())
            }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        if let Err(late) = ended {
            return Err(io::Error::other(format!("{late}\n{}", self.output_so_far()?)));
        }
        self.finish()
    }

    fn finish(&mut self) -> io::Result<Finished> {
        let status = self.child.wait()?;
        Ok(Finished {
            line: self.line.clone(),
            code: status.code(),
            signal: status.signal(),
            stdout: read(&self.stdout)?,
            stderr: read(&self.stderr)?,
        })
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(path: &Path) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned())
}

impl Finished {
    /// Fails the test, with everything that was printed, unless it ended with
    /// this exit code.
    ///
    /// # Panics
    /// When it ended in another way.
    #[track_caller]
    pub fn assert_code(&self, code: i32) -> &Self {
        assert!(self.code == Some(code), "expected exit code {code}: {self}");
        self
    }

    /// Standard output and error together.
    pub fn output(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nended with ", self.line)?;
        match (self.code, self.signal) {
            (Some(code), _) => writeln!(f, "{code}")?,
            (None, Some(signal)) => writeln!(f, "signal {signal}")?,
            (None, None) => writeln!(f, "neither code nor signal")?,
        }
        write!(f, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(script: &str) -> (tempfile::TempDir, Started) {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        let started = Started::new(command, folder.path()).unwrap();
        (folder, started)
    }

    #[test]
    fn output_and_code_are_told() {
        let (_folder, started) = start("echo out; echo err >&2; exit 3");
        let finished = started.wait(Duration::from_secs(10)).unwrap();
        finished.assert_code(3);
        assert_eq!((finished.stdout.as_str(), finished.stderr.as_str()), ("out\n", "err\n"));
    }

    #[test]
    #[should_panic(expected = "expected exit code 0")]
    fn another_code_fails_the_test() {
        let (_folder, started) = start("exit 3");
        started.wait(Duration::from_secs(10)).unwrap().assert_code(0);
    }

    #[test]
    fn what_does_not_end_is_killed_and_its_output_told() {
        let (_folder, started) = start("echo begun; exec sleep 300");
        let printed = || started.output_so_far().unwrap().contains("begun").then_some(());
        wait_for("output", Duration::from_secs(10), printed).unwrap();
        let pid = started.pid();
        let error = started.wait(Duration::from_millis(20)).unwrap_err();
        assert!(error.to_string().ends_with("in vain\nbegun\n"), "{error}");
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
    }

    #[test]
    fn a_killed_command_ends_by_a_signal() {
        let (_folder, mut started) = start("exec sleep 300");
        assert!(started.is_running().unwrap());
        assert_eq!(started.kill().unwrap().signal, Some(9));
    }
}
