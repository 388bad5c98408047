//! Waiting for a process by its descriptor, also for one that is no child.
//!
//! Unsafe only because tokio's registration asks for a promise about the
//! descriptor; `OwnedFd` keeps it.

#![expect(unsafe_code, reason = "tokio's registration of a descriptor")]

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Returns when the process has ended. May be dropped half-way.
pub(crate) async fn ended(process: OwnedFd) -> io::Result<()> {
    // SAFETY: an `OwnedFd` is open and the same until it is dropped, and it is
    // moved into the registration, which is dropped here.
    let process = unsafe { AsyncFd::register_with_interest(process, Interest::READABLE) }?;
    // A process descriptor is readable once the process has ended, and stays so.
    drop(process.readable().await?);
    Ok(())
}
