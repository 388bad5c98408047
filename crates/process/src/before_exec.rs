//! What the child does between fork and exec.
//!
//! `pre_exec` is unsafe because the child
//! of a process with several threads may call nothing but async-signal-safe
//! functions. Everything here was prepared before the fork; what is left are
//! plain system calls on numbers, without allocation or locks.

#![expect(unsafe_code, reason = "pre_exec, and the system calls that are safe inside it")]

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;

/// What the child does to itself.
pub(crate) struct BeforeExec {
    /// `cgroup.procs` of each group to join.
    pub(crate) join: Vec<OwnedFd>,
    /// Descriptors to hand over, and the numbers they get. The sources are
    /// above every target.
    pub(crate) inherit: Vec<(OwnedFd, RawFd)>,
    /// The parent with which it dies.
    pub(crate) dies_with: Option<u32>,
}

impl BeforeExec {
    /// Makes every child of `command` do this.
    pub(crate) fn install(self, command: &mut std::process::Command) {
        // SAFETY: the closure makes async-signal-safe system calls only
        // (signal-safety(7)); prctl, setsid and dup2 are such.
        unsafe {
            command.pre_exec(move || self.run());
        }
    }

    fn run(&self) -> io::Result<()> {
        default_signals();
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
        for (source, target) in &self.inherit {
            // SAFETY: numbers only. The copy stays open across exec.
            check(unsafe { libc::dup2(source.as_raw_fd(), *target) })?;
        }
        Ok(())
    }
}

/// Ignored signals stay ignored across exec: without this, a program started
/// from a shell's background job could not be interrupted.
fn default_signals() {
    for number in 1..32 {
        // SAFETY: SIG_DFL is a valid disposition; SIGKILL and SIGSTOP are
        // refused, which is what is wanted.
        unsafe { libc::signal(number, libc::SIG_DFL) };
    }
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
