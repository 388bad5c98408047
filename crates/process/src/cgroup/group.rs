//! One control group: who is in it, and how it is emptied and removed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags};

use crate::identity::gone;
use crate::kill::poll_until;

/// Every process in the group and the groups below it.
pub(crate) fn members(group: &Path) -> io::Result<Vec<u32>> {
    let mut pids = Vec::new();
    for folder in tree(group)? {
        match fs::read_to_string(folder.join("cgroup.procs")) {
            Ok(text) => pids.extend(text.lines().filter_map(|line| line.parse::<u32>().ok())),
            // ENODEV: removed after it was opened.
            Err(error) if removed(&error) => {}
            Err(error) => return Err(error),
        }
    }
    // Processes of another pid namespace are listed as 0.
    pids.retain(|pid| *pid != 0);
    Ok(pids)
}

/// The group and all groups below it, the lowest first.
fn tree(group: &Path) -> io::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    let mut next = vec![group.to_owned()];
    while let Some(folder) = next.pop() {
        match fs::read_dir(&folder) {
            Ok(entries) => {
                for entry in entries {
                    match entry {
                        Ok(entry) if entry.file_type().is_ok_and(|kind| kind.is_dir()) => {
                            next.push(entry.path());
                        }
                        Ok(_) => {}
                        Err(error) if removed(&error) => {}
                        Err(error) => return Err(error),
                    }
                }
                all.push(folder);
            }
            Err(error) if removed(&error) => {}
            Err(error) => return Err(error),
        }
    }
    all.reverse();
    Ok(all)
}

fn removed(error: &io::Error) -> bool {
    gone(error) || error.raw_os_error() == Some(rustix::io::Errno::NODEV.raw_os_error())
}

/// How `cgroup.events` says that nothing runs there.
const EMPTY: &[u8] = b"populated 0";

/// Whether nothing runs in a version 2 group and the groups below it.
pub(crate) fn is_empty(group: &Path) -> io::Result<bool> {
    match fs::File::open(group.join("cgroup.events")) {
        Ok(events) => Ok(!is_populated(&events)?),
        Err(error) if removed(&error) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Kills everything in a version 2 group with `cgroup.kill`, which no fork
/// escapes, and waits until it is empty. Whether it could: before Linux 5.14
/// there is no such file.
pub(crate) fn kill_at_once(group: &Path, deadline: Instant) -> io::Result<bool> {
    match fs::write(group.join("cgroup.kill"), "1") {
        Ok(()) => wait_empty(group, deadline).map(|()| true),
        Err(error) if removed(&error) => Ok(!group.exists()),
        Err(error) => Err(error),
    }
}

/// `cgroup.events` becomes readable with priority when `populated` changes.
fn wait_empty(group: &Path, deadline: Instant) -> io::Result<()> {
    let events = match fs::File::open(group.join("cgroup.events")) {
        Ok(events) => events,
        Err(error) if removed(&error) => return Ok(()),
        Err(error) => return Err(error),
    };
    // The read that is judged is the one that arms the poll: what changes after
    // it wakes the poll, and what changed before it is seen.
    while is_populated(&events)? {
        poll_until(&mut [PollFd::new(&events, PollFlags::PRI)], deadline)?;
    }
    Ok(())
}

/// Whether something runs in the group of which this is `cgroup.events`.
fn is_populated(events: &fs::File) -> io::Result<bool> {
    let mut text = [0; 256];
    match rustix::io::pread(events, &mut text, 0) {
        Ok(count) => Ok(!text[..count].split(|byte| *byte == b'\n').any(|line| line == EMPTY)),
        // The group was removed.
        Err(rustix::io::Errno::NODEV) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Stops a group of the version 1 freezer, so that it cannot fork faster than
/// it is killed, or lets it go on (SIGKILL takes effect only then).
pub(crate) fn freeze(group: &Path, frozen: bool) -> io::Result<()> {
    let state = if frozen { "FROZEN" } else { "THAWED" };
    match fs::write(group.join("freezer.state"), state) {
        Err(error) if !removed(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Removes the group and those below it. They must be empty.
pub(crate) fn remove(group: &Path) -> io::Result<()> {
    for folder in tree(group)? {
        match fs::remove_dir(&folder) {
            Err(error) if !removed(&error) => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// How often the kernel killed something in the group for want of memory.
pub(crate) fn out_of_memory_kills(group: &Path) -> u64 {
    // Version 2, then version 1. Neither file: nothing limited the memory.
    ["memory.events", "memory.oom_control"]
        .iter()
        .filter_map(|file| fs::read_to_string(group.join(file)).ok())
        .filter_map(|text| {
            let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "))?;
            count.trim().parse::<u64>().ok()
        })
        .sum()
}
