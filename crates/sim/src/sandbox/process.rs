//! Processes, as `/proc` shows them.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};

/// A process of a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its parent's.
    pub parent: u32,
    /// Its command line.
    pub line: String,
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.pid, self.line)
    }
}

impl Process {
    /// Every living process of the machine but this one.
    pub(super) fn all() -> io::Result<Vec<Self>> {
        let own = std::process::id();
        let mut all = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            all.extend(Self::describe(pid).filter(|process| process.pid != own));
        }
        Ok(all)
    }

    /// What `/proc` says of it; `None` if it is gone or a zombie.
    pub(super) fn describe(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name, in parentheses, may itself hold spaces and parentheses.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        if matches!(fields.next()?, "Z" | "X") {
            return None;
        }
        let parent = fields.next()?.parse().ok()?;
        let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ").trim_end().to_owned();
        Some(Self { pid, parent, line })
    }

    /// Whether its environment has this variable, or it works in the folder
    /// or was started from inside it.
    pub(super) fn belongs(&self, variable: &str, folder: &Path) -> bool {
        let proc = PathBuf::from(format!("/proc/{}", self.pid));
        let inside =
            |link: &str| fs::read_link(proc.join(link)).is_ok_and(|path| path.starts_with(folder));
        let mut mark = format!("{variable}=").into_bytes();
        mark.extend_from_slice(folder.as_os_str().as_bytes());
        let marked = fs::read(proc.join("environ"))
            .is_ok_and(|env| env.split(|byte| *byte == 0).any(|variable| variable == mark));
        marked || inside("cwd") || inside("exe")
    }

    /// Sends a signal; false if it is gone already.
    ///
    /// # Errors
    /// When it may not be sent.
    pub fn signal(&self, signal: Signal) -> io::Result<bool> {
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else {
            return Ok(false);
        };
        match kill_process(pid, signal) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::SRCH) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
