//! Killing everything in a containment, and knowing that it is dead.

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::cgroup::group;
use crate::identity::raw_pid;
use crate::marked;
use crate::record::{Members, Record};

/// Something of a child may be left.
#[derive(Debug, thiserror::Error)]
pub enum KillError {
    /// It was killed and still exists, for example in a system call that waits
    /// for a disk or a network file system.
    #[error("process {pid} and what it started did not end within {seconds} s of SIGKILL")]
    Survives {
        /// The child's process id.
        pid: u32,
        /// How long was waited.
        seconds: u64,
    },
    /// The system refused.
    #[error("cannot kill process {pid} and what it started: {source}")]
    Io {
        /// The child's process id.
        pid: u32,
        /// Its reason.
        source: io::Error,
    },
}

/// How long a killed process may take to be gone.
const PATIENCE: Duration = Duration::from_secs(10);

impl Record {
    /// Kills everything in the containment, waits until it is gone and removes
    /// the control groups. Fine when nothing is left any more.
    ///
    /// # Errors
    /// When something may be left.
    pub async fn kill_all(&self) -> Result<(), KillError> {
        let record = self.clone();
        let pid = self.process.pid;
        tokio::task::spawn_blocking(move || record.kill_all_blocking())
            .await
            .map_err(|error| KillError::Io { pid, source: io::Error::other(error) })?
    }

    /// As [`Record::kill_all`], for destructors.
    pub(crate) fn kill_all_blocking(&self) -> Result<(), KillError> {
        let pid = self.process.pid;
        let deadline = Instant::now() + PATIENCE;
        self.try_kill_all(deadline).map_err(|source| match source.kind() {
            io::ErrorKind::TimedOut => KillError::Survives { pid, seconds: PATIENCE.as_secs() },
            _ => KillError::Io { pid, source },
        })
    }

    fn try_kill_all(&self, deadline: Instant) -> io::Result<()> {
        if !self.of_this_boot()? {
            return Ok(());
        }
        match &self.containment.members {
            Members::Cgroup2 { path } => {
                if !group::kill_at_once(path, deadline)? {
                    kill_listed(|| group::members(path), deadline)?;
                }
            }
            Members::Freezer { path } => {
                group::freeze(path, true)?;
                let killed = signal_each(group::members(path)?, Signal::KILL);
                group::freeze(path, false)?;
                killed?;
                kill_listed(|| group::members(path), deadline)?;
            }
            Members::Marked { mark } => {
                kill_listed(|| marked::members(&self.process, mark), deadline)?;
            }
        }
        self.containment.remove()
    }

    /// Sends `signal` to everything in the containment.
    ///
    /// # Errors
    /// When the system refuses; processes that ended meanwhile are no error.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        signal_each(self.members()?, signal)
    }

    /// Every process in the containment now.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn members(&self) -> io::Result<Vec<u32>> {
        if !self.of_this_boot()? {
            return Ok(Vec::new());
        }
        match &self.containment.members {
            Members::Cgroup2 { path } | Members::Freezer { path } => group::members(path),
            Members::Marked { mark } => marked::members(&self.process, mark),
        }
    }
}

/// Kills what `list` finds until it finds nothing twice in a row. A list is not
/// taken in one moment: a process can be listed, fork and end before it is
/// looked at, and its child come too late for the same list.
fn kill_listed(list: impl Fn() -> io::Result<Vec<u32>>, deadline: Instant) -> io::Result<()> {
    let mut seen_empty = false;
    loop {
        let pids = list()?;
        if pids.is_empty() && seen_empty {
            return Ok(());
        }
        seen_empty = pids.is_empty();
        let processes = open_each(pids)?;
        // First all, then wait: the fewer are left alive, the fewer fork.
        processes.iter().try_for_each(|process| send(process, Signal::KILL))?;
        for process in &processes {
            poll_until(&mut [PollFd::new(process, PollFlags::IN)], deadline)?;
        }
    }
}

fn signal_each(pids: Vec<u32>, signal: Signal) -> io::Result<()> {
    open_each(pids)?.iter().try_for_each(|process| send(process, signal))
}

/// Descriptors rather than numbers: they never come to mean another process.
fn open_each(pids: Vec<u32>) -> io::Result<Vec<OwnedFd>> {
    pids.into_iter()
        .filter_map(|pid| match raw_pid(pid).map(|pid| pidfd_open(pid, PidfdFlags::empty())) {
            Ok(Ok(process)) => Some(Ok(process)),
            Ok(Err(Errno::SRCH)) => None,
            Ok(Err(error)) => Some(Err(error.into())),
            Err(error) => Some(Err(error)),
        })
        .collect()
}

fn send(process: &OwnedFd, signal: Signal) -> io::Result<()> {
    match pidfd_send_signal(process, signal) {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Waits for an event on one of `fds`; past the deadline, `TimedOut`.
pub(crate) fn poll_until(fds: &mut [PollFd<'_>], deadline: Instant) -> io::Result<()> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        match poll(fds, Some(&timeout)) {
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
