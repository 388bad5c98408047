//! A child that runs, or one that was adopted.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::process::{
    PidfdFlags, Signal, WaitId, WaitIdOptions, WaitIdStatus, pidfd_open, pidfd_send_signal, waitid,
};
use tokio::net::unix::pipe;

use crate::command::Lifetime;
use crate::ended::ended;
use crate::exit::Exit;
use crate::identity::raw_pid;
use crate::kill::KillError;
use crate::limits::Enforced;
use crate::record::Record;
use crate::room::Room;

/// A child with everything it starts. What dropping it means was said by its
/// [`Lifetime`].
#[derive(Debug)]
pub struct Contained {
    record: Record,
    lifetime: Lifetime,
    /// Descriptor of the child: it never comes to mean another process.
    process: OwnedFd,
    exit: Option<Exit>,
    ends: Ends,
}

/// The parent's ends of the pipes to a child and from it.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    pub(crate) stdin: Option<OwnedFd>,
    pub(crate) stdout: Option<OwnedFd>,
    pub(crate) stderr: Option<OwnedFd>,
}

/// A child that cannot be taken over.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// It has ended, and its pid may be another's. What it started may still
    /// be there: [`Record::kill_all`].
    #[error("process {pid} has ended")]
    Gone {
        /// Its process id.
        pid: u32,
    },
    /// The system refused.
    #[error("cannot take over process {pid}: {source}")]
    Io {
        /// Its process id.
        pid: u32,
        /// Its reason.
        source: io::Error,
    },
}

impl Contained {
    pub(crate) fn new(record: Record, lifetime: Lifetime, process: OwnedFd, ends: Ends) -> Self {
        Self { record, lifetime, process, exit: None, ends }
    }

    /// Takes over a child that another process started, or this one before it
    /// executed a new program. It lives on its own.
    ///
    /// # Errors
    /// [`AdoptError::Gone`] when it has ended, also when its pid was given to
    /// another process since.
    pub fn adopt(record: Record) -> Result<Self, AdoptError> {
        let pid = record.process.pid;
        let io = |source| AdoptError::Io { pid, source };
        let process = match pidfd_open(raw_pid(pid).map_err(io)?, PidfdFlags::empty()) {
            Ok(process) => process,
            Err(Errno::SRCH) => return Err(AdoptError::Gone { pid }),
            Err(error) => return Err(io(error.into())),
        };
        // Asked after the descriptor was opened: it means the same process.
        if !record.process.exists().map_err(io)? {
            return Err(AdoptError::Gone { pid });
        }
        let lifetime = Lifetime::OnItsOwn;
        Ok(Self { record, lifetime, process, exit: None, ends: Ends::default() })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.record.process.pid
    }

    /// What another process needs to adopt it.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Which of the limits asked for are in force.
    pub fn enforced(&self) -> Enforced {
        self.record.containment.enforced
    }

    /// The writing end of its stdin, once, if that is a pipe.
    ///
    /// # Errors
    /// When the pipe cannot be registered with the runtime.
    pub fn take_stdin(&mut self) -> io::Result<Option<pipe::Sender>> {
        self.ends.stdin.take().map(pipe::Sender::from_owned_fd).transpose()
    }

    /// The reading end of its stdout, once, if that is a pipe.
    ///
    /// # Errors
    /// When the pipe cannot be registered with the runtime.
    pub fn take_stdout(&mut self) -> io::Result<Option<pipe::Receiver>> {
        self.ends.stdout.take().map(pipe::Receiver::from_owned_fd).transpose()
    }

    /// The reading end of its stderr, once, if that is a pipe.
    ///
    /// # Errors
    /// When the pipe cannot be registered with the runtime.
    pub fn take_stderr(&mut self) -> io::Result<Option<pipe::Receiver>> {
        self.ends.stderr.take().map(pipe::Receiver::from_owned_fd).transpose()
    }

    /// Ends when the child itself has ended, without saying how: what to wait
    /// for while other things are done with it, then ask [`Contained::wait`].
    pub fn ended(&self) -> impl Future<Output = io::Result<()>> + use<> {
        let process = self.process.try_clone();
        async move { ended(process?).await }
    }

    /// Waits until the child itself has ended; what it started may go on. May
    /// be called again, and dropped half-way.
    ///
    /// # Errors
    /// When the system does not tell.
    pub async fn wait(&mut self) -> io::Result<Exit> {
        if let Some(exit) = self.exit {
            return Ok(exit);
        }
        if let Some(exit) = self.try_wait()? {
            return Ok(exit);
        }
        ended(self.process.try_clone()?).await?;
        self.reap()
    }

    /// How it ended, or `None` while it runs. Does not wait.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn try_wait(&mut self) -> io::Result<Option<Exit>> {
        if self.exit.is_some() {
            return Ok(self.exit);
        }
        let mut fds = [rustix::event::PollFd::new(&self.process, rustix::event::PollFlags::IN)];
        match rustix::event::poll(&mut fds, Some(&rustix::event::Timespec::default())) {
            Ok(0) => Ok(None),
            Ok(_) => self.reap().map(Some),
            Err(error) => Err(error.into()),
        }
    }

    /// Asks how the ended child ended, so that it is no zombie any more.
    fn reap(&mut self) -> io::Result<Exit> {
        use std::os::fd::AsFd;
        let id = WaitId::PidFd(self.process.as_fd());
        let exit = match waitid(id, WaitIdOptions::EXITED) {
            Ok(Some(status)) => exit_of(&status),
            // Somebody else's child.
            Ok(None) | Err(Errno::CHILD) => Exit::Unknown,
            Err(error) => return Err(error.into()),
        };
        let killed = matches!(exit, Exit::Signal(libc::SIGKILL) | Exit::Unknown);
        let exit = match killed && self.record.containment.ran_out_of_memory() {
            true => Exit::OutOfMemory,
            false => exit,
        };
        self.exit = Some(exit);
        Ok(exit)
    }

    /// Sends `signal` to everything in the containment.
    ///
    /// # Errors
    /// When the system refuses; having ended already is no error.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        self.record.signal(signal)
    }

    /// Sends `signal` to the child alone.
    ///
    /// # Errors
    /// When the system refuses; having ended already is no error.
    pub fn signal_child(&self, signal: Signal) -> io::Result<()> {
        match pidfd_send_signal(&self.process, signal) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// What held a child that has ended, for the next one, if it left nothing
    /// running there. Quick: nothing is killed or waited for.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn vacate(&mut self) -> io::Result<Option<Room>> {
        if self.exit.is_none() {
            return Ok(None);
        }
        let room = Room::left_by(&self.record)?;
        if room.is_some() {
            // Nothing is left for the destructor to kill.
            self.lifetime = Lifetime::OnItsOwn;
        }
        Ok(room)
    }

    /// Kills everything in the containment, waits until it is gone, reaps the
    /// child and removes the control groups. Fine when nothing is left, and
    /// needed also after the child ended by itself.
    ///
    /// # Errors
    /// When something may be left.
    pub async fn kill_all(&mut self) -> Result<Exit, KillError> {
        self.record.kill_all().await?;
        let pid = self.pid();
        self.wait().await.map_err(|source| KillError::Io { pid, source })
    }
}

fn exit_of(status: &WaitIdStatus) -> Exit {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(number)) => Exit::Signal(number),
        (None, None) => Exit::Unknown,
    }
}

impl Drop for Contained {
    fn drop(&mut self) {
        if self.lifetime == Lifetime::OnItsOwn {
            return;
        }
        if let Err(error) = self.record.kill_all_blocking() {
            tracing::error!(%error, "a child may be left behind");
        }
        if self.exit.is_none()
            && let Err(error) = self.reap()
        {
            tracing::error!(pid = self.pid(), %error, "a child was not reaped");
        }
    }
}
