//! What to start, and starting it.

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::io::fcntl_dupfd_cloexec;

use crate::before_exec::BeforeExec;
use crate::cgroup::create;
use crate::cgroup::hierarchy::Hierarchies;
use crate::contained::{Contained, Ends};
use crate::exec::Exec;
use crate::identity::Identity;
use crate::limits::{Enforced, Limits};
use crate::marked;
use crate::record::{Containment, Members, Record};
use crate::room::Room;
use crate::spawner;
use crate::start::{self, Started};
use crate::stdio::Stdio;

/// How long a child may live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// At most as long as its parent: the kernel kills it when the parent dies
    /// (not what it started; for that see [`crate::kill_leftovers`]), and
    /// dropping its [`Contained`] kills everything in the containment.
    WithParent,
    /// Until its [`Contained`] is dropped, which kills everything in the
    /// containment. When the parent dies without that, it is not killed: for
    /// a child that notices by itself, and has something to clean up then.
    WithHandle,
    /// Until it is killed or ends by itself. Dropping its [`Contained`] leaves
    /// it running, to be adopted by its [`Record`].
    OnItsOwn,
}

/// A child to start, in a session of its own. Its environment is exactly what
/// is set here; where no control group can be created, and only there, with
/// `SHIPWAY_CONTAINMENT` beside it.
#[derive(Debug)]
pub struct Command {
    name: String,
    program: OsString,
    args: Vec<OsString>,
    dir: Option<PathBuf>,
    env: Vec<(OsString, OsString)>,
    stdin: Stdio,
    stdout: Stdio,
    stderr: Stdio,
    inherit: Vec<(OwnedFd, RawFd)>,
    limits: Limits,
    lifetime: Lifetime,
    use_cgroups: bool,
    room: Option<Room>,
}

/// A child that was not started.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The folder to run it in is not there.
    #[error("cannot run `{program}`: there is no folder {dir}")]
    NoDir {
        /// The program.
        program: String,
        /// The folder.
        dir: PathBuf,
    },
    /// The program is not there.
    #[error("cannot run `{program}`: no such program")]
    NoProgram {
        /// The program.
        program: String,
    },
    /// The system refused.
    #[error("cannot run `{program}`: {source}")]
    Io {
        /// The program.
        program: String,
        /// Its reason.
        source: io::Error,
    },
}

impl Command {
    /// A child named `name` (what [`crate::kill_leftovers`] finds it by; also
    /// in the control group's name) that runs `program`: a path, or a name
    /// looked up in the PATH set by [`Command::env`].
    pub fn new(name: impl Into<String>, program: impl AsRef<OsStr>) -> Self {
        Self {
            name: folder_name(&name.into()),
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            dir: None,
            env: Vec::new(),
            stdin: Stdio::null(),
            stdout: Stdio::null(),
            stderr: Stdio::null(),
            inherit: Vec::new(),
            limits: Limits::default(),
            lifetime: Lifetime::WithParent,
            use_cgroups: true,
            room: None,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// The folder to run in; without it, the parent's.
    #[must_use]
    pub fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.dir = Some(dir.as_ref().to_owned());
        self
    }

    /// Sets a variable. Nothing is inherited.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Sets variables. Nothing is inherited.
    #[must_use]
    pub fn envs(
        mut self,
        env: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
    ) -> Self {
        let env = env.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.env.extend(env);
        self
    }

    /// Where it reads from: a file, a pipe, or nothing (the default).
    #[must_use]
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.stdin = stdin.into();
        self
    }

    /// Where it writes to: a file, a pipe, or nowhere (the default).
    #[must_use]
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.stdout = stdout.into();
        self
    }

    /// Where it writes errors to: a file, a pipe, or nowhere (the default).
    #[must_use]
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.stderr = stderr.into();
        self
    }

    /// Hands `fd` over as number `target`, 3 or higher.
    #[must_use]
    pub fn inherit(mut self, fd: OwnedFd, target: RawFd) -> Self {
        self.inherit.push((fd, target));
        self
    }

    /// What it may use at most. See [`Contained::enforced`].
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How long it may live; [`Lifetime::WithParent`] unless set.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Lifetime) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Whether to use control groups at all (the default): without them, the
    /// weaker containment of a machine that has none, for comparison.
    #[must_use]
    pub fn use_cgroups(mut self, yes: bool) -> Self {
        self.use_cgroups = yes;
        self
    }

    /// Where an earlier child left nothing: it is contained there, and not in
    /// a place of its own. Only without limits.
    #[must_use]
    pub fn room(mut self, room: Option<Room>) -> Self {
        self.room = room;
        self
    }

    /// Starts it. It is in its containment before its program begins.
    ///
    /// # Errors
    /// When it cannot be started. Nothing is left behind then.
    pub fn spawn(self) -> Result<Contained, SpawnError> {
        let program = self.program.to_string_lossy().into_owned();
        let dir = self.dir.clone();
        let result = match self.lifetime {
            Lifetime::WithParent => spawner::on_lasting_thread(move || self.start()),
            Lifetime::WithHandle | Lifetime::OnItsOwn => self.start(),
        };
        result.map_err(|source| match (source.kind(), dir) {
            (io::ErrorKind::NotFound, Some(dir)) if !dir.is_dir() => {
                SpawnError::NoDir { program, dir }
            }
            (io::ErrorKind::NotFound, _) => SpawnError::NoProgram { program },
            _ => SpawnError::Io { program, source },
        })
    }

    fn start(mut self) -> io::Result<Contained> {
        let containment = self.contain()?;
        let started = self.start_in(&containment);
        let (Started { pid, process }, ends) = match started {
            Ok(started) => started,
            Err(error) => {
                containment.remove()?;
                return Err(error);
            }
        };
        match Identity::of(pid) {
            // Not reaped yet, so /proc still knows it even if it has ended.
            Ok(Some(identity)) => {
                let record = Record { process: identity, containment };
                Ok(Contained::new(record, self.lifetime, process, ends))
            }
            result => {
                rustix::process::pidfd_send_signal(&process, rustix::process::Signal::KILL)?;
                start::reap(&process)?;
                containment.remove()?;
                Err(result.err().unwrap_or_else(|| io::Error::other("/proc does not show it")))
            }
        }
    }

    fn contain(&mut self) -> io::Result<Containment> {
        let room = self.room.take().filter(|_| self.limits == Limits::default());
        let containment = match room.and_then(Room::enter) {
            Some(containment) => containment,
            None => self.build()?,
        };
        if let Members::Marked { mark } = &containment.members {
            self.env.push((marked::VARIABLE.into(), mark.into()));
        }
        Ok(containment)
    }

    /// A containment of its own.
    fn build(&self) -> io::Result<Containment> {
        let id = unique(&self.name);
        let hierarchies = match self.use_cgroups {
            true => Hierarchies::read()?,
            false => Hierarchies::default(),
        };
        if let Some(containment) = create::create(&hierarchies, &id, &self.limits)? {
            return Ok(containment);
        }
        let members = Members::Marked { mark: marked::mark_for(&id) };
        Ok(Containment { members, limiting: Vec::new(), enforced: Enforced::default() })
    }

    fn start_in(&mut self, containment: &Containment) -> io::Result<(Started, Ends)> {
        let exec = Exec::new(&self.program, &self.args, std::mem::take(&mut self.env))?;
        let dir = self.dir.take().map(|dir| CString::new(dir.into_os_string().into_vec()));
        let (inherit, _filler) = self.lift()?;
        let (stdin, stdin_end) = std::mem::take(&mut self.stdin).read_by_child()?;
        let (stdout, stdout_end) = std::mem::take(&mut self.stdout).written_by_child()?;
        let (stderr, stderr_end) = std::mem::take(&mut self.stderr).written_by_child()?;
        let group = containment.folder()?;
        let mut child = BeforeExec {
            stdio: [stdin, stdout, stderr],
            dir: dir.transpose()?,
            join: containment.doors(group.is_none())?,
            inherit,
            dies_with: (self.lifetime == Lifetime::WithParent).then(std::process::id),
            exec,
        };
        let ends = Ends { stdin: stdin_end, stdout: stdout_end, stderr: stderr_end };
        if let Some(group) = group {
            if let Some(started) = start::start_in(&child, &group)? {
                return Ok((started, ends));
            }
            child.join = containment.doors(true)?;
        }
        Ok((start::start(&child)?, ends))
    }

    /// Moves the descriptors to hand over above all their targets, and fills
    /// the free numbers up to there, so that nothing the child still needs
    /// before exec (a group's door, its standard output) sits where a
    /// descriptor is about to go.
    #[expect(clippy::type_complexity, reason = "descriptors by target, and fillers")]
    fn lift(&mut self) -> io::Result<(Vec<(OwnedFd, RawFd)>, Vec<OwnedFd>)> {
        let Some(highest) = self.inherit.iter().map(|(_, target)| *target).max() else {
            return Ok((Vec::new(), Vec::new()));
        };
        if self.inherit.iter().any(|(_, target)| *target < 3) {
            let message = "0, 1 and 2 are stdin, stdout and stderr";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let lifted = self
            .inherit
            .drain(..)
            .map(|(fd, target)| Ok((fcntl_dupfd_cloexec(&fd, highest + 1)?, target)))
            .collect::<io::Result<Vec<_>>>()?;
        let mut filler = Vec::new();
        if let Some((fd, _)) = lifted.first() {
            loop {
                let next = fcntl_dupfd_cloexec(fd, 3)?;
                let number = std::os::fd::AsRawFd::as_raw_fd(&next);
                filler.push(next);
                if number > highest {
                    break;
                }
            }
        }
        Ok((lifted, filler))
    }
}

/// The longest name in a folder's name, which has 255 bytes at most.
const LONGEST_NAME: usize = 120;

/// A name as a part of a folder's name: two names never become one, since what
/// does not fit is written in hex, and what is too long ends in a hash. `.` is
/// what ends the name there.
fn folder_name(name: &str) -> String {
    let mut folder = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => folder.push(char::from(byte)),
            _ => folder.push_str(&format!("_{byte:02x}")),
        }
    }
    if folder.len() > LONGEST_NAME {
        folder.truncate(LONGEST_NAME - 17);
        folder.push_str(&format!("_{:016x}", fnv1a(name.as_bytes())));
    }
    folder
}

/// The FNV-1a hash of 64 bits: the same in every build, unlike the standard
/// library's.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The prefix of every id made from `name`.
pub(crate) fn id_prefix(name: &str) -> String {
    format!("{}.", folder_name(name))
}

/// An id that no other child has, of this process or another.
fn unique(name: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("{name}.{}-{count}-{now:x}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_are_two_folders() {
        let long = "a".repeat(300);
        let longer = "a".repeat(301);
        let names = ["a.b", "a_b", "a/b", "a", "a_2eb", &long, &longer];
        let mut folders: Vec<String> = names.iter().map(|name| folder_name(name)).collect();
        assert!(folders.iter().all(|folder| folder.len() <= LONGEST_NAME), "{folders:?}");
        assert!(!folders.iter().any(|folder| folder.contains(['.', '/'])), "{folders:?}");
        folders.sort();
        folders.dedup();
        assert_eq!(folders.len(), names.len());
    }
}
