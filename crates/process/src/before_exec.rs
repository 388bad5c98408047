//! What the child does between its start and exec.
//!
//! It works in its parent's memory ([`crate::start`]), of whose threads some
//! may hold locks: everything here was prepared before, and what is left are
//! plain system calls on numbers, without allocation or locks.

#![expect(unsafe_code, reason = "system calls on what was prepared")]

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use crate::exec::Exec;

/// What the child does to itself.
pub(crate) struct BeforeExec {
    /// Its standard input, output and error.
    pub(crate) stdio: [OwnedFd; 3],
    /// The folder to run in.
    pub(crate) dir: Option<CString>,
    /// `cgroup.procs` of each group to join.
    pub(crate) join: Vec<OwnedFd>,
    /// Descriptors to hand over, and the numbers they get. The sources are
    /// above every target.
    pub(crate) inherit: Vec<(OwnedFd, RawFd)>,
    /// The parent with which it dies.
    pub(crate) dies_with: Option<u32>,
    /// What it becomes.
    pub(crate) exec: Exec,
}

impl BeforeExec {
    /// Does it, and becomes the program, or tells why not.
    pub(crate) fn run(&self) -> io::Error {
        self.prepare().err().unwrap_or_else(|| self.exec.run())
    }

    fn prepare(&self) -> io::Result<()> {
        default_signals()?;
        for (source, target) in self.stdio.iter().zip(0..) {
            hand_over(source, target)?;
        }
        if let Some(dir) = &self.dir {
            // SAFETY: a text that ends in a zero byte.
            check(unsafe { libc::chdir(dir.as_ptr()) })?;
        }
        // SAFETY: takes and touches no memory.
        check(unsafe { libc::setsid() })?;
        if let Some(parent) = self.dies_with {
            die_with(parent)?;
        }
        for group in &self.join {
            // SAFETY: the buffer is one readable byte. "0" means the writer.
            let written = unsafe { libc::write(group.as_raw_fd(), b"0".as_ptr().cast(), 1) };
            if written < 0 {
                return Err(io::Error::last_os_error());
            }
        }
        close_the_rest_on_exec();
        self.inherit.iter().try_for_each(|(source, target)| hand_over(source, *target))
    }
}

/// Under another number, which stays open across exec. No source has the
/// number that it gets: those of stdio are above 2.
fn hand_over(source: &OwnedFd, target: RawFd) -> io::Result<()> {
    // SAFETY: numbers only.
    check(unsafe { libc::dup2(source.as_raw_fd(), target) })
}

/// Ignored and blocked signals stay so across exec: without this, a program
/// started from a shell's background job could not be interrupted. No handler
/// of the parent's may run any more once signals are let through.
fn default_signals() -> io::Result<()> {
    for number in 1..32 {
        // SAFETY: SIG_DFL is a valid disposition; SIGKILL and SIGSTOP are
        // refused, which is what is wanted.
        unsafe { libc::signal(number, libc::SIG_DFL) };
    }
    let mut none = std::mem::MaybeUninit::uninit();
    // SAFETY: the set is made empty before it is read.
    check(unsafe { libc::sigemptyset(none.as_mut_ptr()) })?;
    check(unsafe { libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut()) })
}

/// Descriptors that this process itself inherited without the close-on-exec
/// flag are nobody's business in the child. Kernels before 5.11 cannot do this
/// at once; then they stay.
fn close_the_rest_on_exec() {
    // SAFETY: sets a flag on descriptors of this process, which are used up to
    // exec and no longer.
    unsafe { libc::close_range(3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC as libc::c_int) };
}

fn die_with(parent: u32) -> io::Result<()> {
    // SAFETY: takes numbers only.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) })?;
    // The parent may have died before the call above. SAFETY: as above.
    if unsafe { libc::getppid() } as u32 != parent {
        return Err(io::Error::from_raw_os_error(libc::ESRCH));
    }
    Ok(())
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
