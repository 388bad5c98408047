//! A child that begins in a control group: clone3(2).
//!
//! Who moves a process from one group to another has to wait until no processor
//! is in the middle of a fork: the first move after a while takes as long as
//! twenty short programs. A child that begins in its group is never moved. The
//! C library has no name for that call where the child has a stack of its own.

#![expect(unsafe_code, reason = "a system call after which two go on")]

use std::io;
use std::os::fd::RawFd;

use libc::{c_int, c_void};

/// What the child does; it never returns.
pub(crate) type Enter = extern "C" fn(*mut c_void) -> c_int;

/// `CLONE_INTO_CGROUP`, which is too large for the type that it has in libc.
const INTO_GROUP: u64 = 0x2_0000_0000;

/// What clone3(2) takes: `struct clone_args` of Linux 5.7.
#[repr(C)]
#[derive(Default)]
struct Arguments {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// Where a child begins.
pub(crate) struct Place<'s> {
    /// Its stack, which it has to itself.
    pub(crate) stack: &'s mut [std::mem::MaybeUninit<u128>],
    /// The folder of its control group, of version 2.
    pub(crate) group: RawFd,
}

/// Starts a child in this process's memory that calls `enter` with `shared`; its
/// process id and descriptor. This thread stands still until the child has
/// become a program or has ended.
///
/// # Safety
/// `enter` does not return, does with `shared` and the memory only what a child
/// of vfork(2) may, and needs no more stack than it has.
pub(crate) unsafe fn clone3(
    place: Place<'_>,
    enter: Enter,
    shared: *mut c_void,
) -> io::Result<(u32, RawFd)> {
    let mut process: RawFd = -1;
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD;
    let arguments = Arguments {
        // Positive: none of them is the highest bit of its type.
        flags: flags as u64 | INTO_GROUP,
        pidfd: (&raw mut process) as u64,
        exit_signal: libc::SIGCHLD as u64,
        stack: place.stack.as_mut_ptr() as u64,
        stack_size: size_of_val(place.stack) as u64,
        cgroup: place.group as u64,
        ..Arguments::default()
    };
    // SAFETY: the arguments are whole, and the rest is the caller's promise.
    let answer = unsafe { call(&arguments, enter, shared) };
    match u32::try_from(answer) {
        Ok(pid) => Ok((pid, process)),
        Err(_) => Err(io::Error::from_raw_os_error(c_int::try_from(-answer).unwrap_or(libc::EIO))),
    }
}

#[cfg(target_arch = "x86_64")]
unsafe fn call(arguments: &Arguments, enter: Enter, shared: *mut c_void) -> i64 {
    let answer: i64;
    // SAFETY: the child begins behind the call, with 0 and the stack that it was
    // given, whose end is aligned as a call wants it; it comes back from nowhere.
    // The parent goes on as after any other system call.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r9",
            "call r8",
            "ud2",
            "2:",
            inlateout("rax") libc::SYS_clone3 => answer,
            in("rdi") arguments,
            in("rsi") size_of::<Arguments>(),
            in("r8") enter,
            in("r9") shared,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    answer
}

#[cfg(target_arch = "aarch64")]
unsafe fn call(arguments: &Arguments, enter: Enter, shared: *mut c_void) -> i64 {
    let answer: i64;
    // SAFETY: as on the other processor.
    unsafe {
        std::arch::asm!(
            "svc 0",
            "cbnz x0, 2f",
            "mov x29, xzr",
            "mov x30, xzr",
            "mov x0, x10",
            "blr x9",
            "brk 1",
            "2:",
            in("x8") libc::SYS_clone3,
            inlateout("x0") arguments as *const Arguments => answer,
            in("x1") size_of::<Arguments>(),
            in("x9") enter,
            in("x10") shared,
            lateout("x30") _,
        );
    }
    answer
}

/// Elsewhere it is not done: the child is moved.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
unsafe fn call(_arguments: &Arguments, _enter: Enter, _shared: *mut c_void) -> i64 {
    -i64::from(libc::ENOSYS)
}
