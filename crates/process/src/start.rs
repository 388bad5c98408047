//! Starting a child without a copy of its parent.
//!
//! The standard library forks where something is to be done between fork and
//! exec, and a fork copies the parent's page tables and then each page that is
//! written to: that costs more than all the rest of a short step. Here the
//! child borrows its parent's memory, as with vfork(2), on a stack of its own,
//! while the thread that starts it stands still until exec: what
//! posix_spawn(3) does, which knows no control groups.

#![expect(unsafe_code, reason = "clone")]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd as _, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

use libc::{c_int, c_void};
use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, waitid};

use crate::before_exec::BeforeExec;
use crate::clone3::{Place, clone3};

/// Of the child's stack; each argument needs a word more where a script without
/// `#!` is handed to sh.
const STACK: usize = 64 << 10;

/// A child that was started.
pub(crate) struct Started {
    pub(crate) pid: u32,
    /// Means this child as long as it is open.
    pub(crate) process: OwnedFd,
}

/// What parent and child share.
struct Both<'a> {
    child: &'a BeforeExec,
    /// Why the child did not come to exec, an error's number.
    failed: AtomicI32,
}

/// Starts a child that does `child`, in the control group (of version 2) whose
/// folder is `group`. `None`: this system starts none there, so that a child has
/// to join.
///
/// # Errors
/// When it cannot be started, or does not come to exec. Nothing is left then.
pub(crate) fn start_in(child: &BeforeExec, group: &OwnedFd) -> io::Result<Option<Started>> {
    let begin = |stack: &mut [_], shared| {
        let place = Place { stack, group: group.as_raw_fd() };
        // SAFETY: as for `start`.
        unsafe { clone3(place, enter, shared) }
    };
    match begun(child, begin) {
        Ok(started) => started.map(Some),
        Err(error) if is_refusal(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Starts a child that does `child`.
///
/// # Errors
/// When it cannot be started, or does not come to exec. Nothing is left then.
pub(crate) fn start(child: &BeforeExec) -> io::Result<Started> {
    let begin = |stack: &mut [MaybeUninit<u128>], shared| {
        let mut process: RawFd = -1;
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
        let top = stack.as_mut_ptr_range().end;
        // SAFETY: the stack is this child's alone, aligned, and large enough
        // for what `BeforeExec` calls. This thread stands still until the child
        // has left its memory (CLONE_VFORK), so what is borrowed lives, and
        // nothing else touches it. No handler of a signal runs in the child
        // meanwhile (`Quiet`, and then `default_signals`).
        let pid = unsafe { libc::clone(enter, top.cast(), flags, shared, &raw mut process) };
        let pid = u32::try_from(pid).map_err(|_| io::Error::last_os_error())?;
        Ok((pid, process))
    };
    begun(child, begin)?
}

/// A child that `begin` has started: outside, whether it was; inside, whether it
/// came to exec.
fn begun(
    child: &BeforeExec,
    begin: impl FnOnce(&mut [MaybeUninit<u128>], *mut c_void) -> io::Result<(u32, RawFd)>,
) -> io::Result<io::Result<Started>> {
    let both = Both { child, failed: AtomicI32::new(0) };
    let mut stack = Vec::<u128>::with_capacity(STACK / 16 + child.exec.count());
    let (pid, process) = {
        let _quiet = Quiet::begin()?;
        begin(stack.spare_capacity_mut(), ptr::from_ref(&both).cast_mut().cast::<c_void>())?
    };
    // SAFETY: the kernel has just made it for this process.
    let process = unsafe { OwnedFd::from_raw_fd(process) };
    Ok(match both.failed.load(Ordering::Relaxed) {
        0 => Ok(Started { pid, process }),
        why => reap(&process).and_then(|()| Err(io::Error::from_raw_os_error(why))),
    })
}

/// Whether the system does not know how to start a child in a group, or may not:
/// joining it may still work, or say better why not.
fn is_refusal(error: &io::Error) -> bool {
    // None of them is how a system without memory or processes answers.
    !matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE))
}

/// The child's beginning and, if it does not become its program, its end.
extern "C" fn enter(both: *mut c_void) -> c_int {
    // SAFETY: what `start` has handed over, which waits meanwhile.
    let both = unsafe { &*both.cast_const().cast::<Both<'_>>() };
    let why = both.child.run().raw_os_error().unwrap_or(libc::EIO);
    both.failed.store(why, Ordering::Relaxed);
    // SAFETY: ends the child, and nothing that it shares with its parent.
    unsafe { libc::_exit(127) }
}

/// Waits for a child that has ended or is about to.
pub(crate) fn reap(process: &OwnedFd) -> io::Result<()> {
    use std::os::fd::AsFd as _;
    loop {
        match waitid(WaitId::PidFd(process.as_fd()), WaitIdOptions::EXITED) {
            Err(Errno::INTR) => {}
            waited => return waited.map(drop).map_err(io::Error::from),
        }
    }
}

/// While it lives, this thread hears no signals.
struct Quiet(libc::sigset_t);

impl Quiet {
    fn begin() -> io::Result<Self> {
        let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        // SAFETY: each set is filled by one call before another reads it.
        let before = unsafe {
            libc::sigfillset(all.as_mut_ptr());
            match libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) {
                0 => before.assume_init(),
                why => return Err(io::Error::from_raw_os_error(why)),
            }
        };
        Ok(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // SAFETY: the set is whole. It cannot fail: the set was in force before.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs::File;

    use super::*;
    use crate::exec::Exec;

    #[test]
    fn what_is_no_control_group_is_no_place_to_begin_in() {
        let null =
            || OwnedFd::from(File::options().read(true).write(true).open("/dev/null").unwrap());
        let child = BeforeExec {
            stdio: [null(), null(), null()],
            dir: None,
            join: Vec::new(),
            inherit: Vec::new(),
            dies_with: None,
            exec: Exec::new(OsStr::new("/bin/true"), &[], Vec::new()).unwrap(),
        };
        let folder = OwnedFd::from(File::open("/").unwrap());
        assert!(start_in(&child, &folder).unwrap().is_none());
        reap(&start(&child).unwrap().process).unwrap();
    }
}
