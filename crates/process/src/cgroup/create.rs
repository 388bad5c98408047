//! A control group of its own for a child, with limits as far as they go.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::hierarchy::{Hierarchies, Hierarchy};
use super::{PREFIX, group};
use crate::limits::{Enforced, Limits};
use crate::record::{Containment, Members};

/// The group below its own into which a process moves, so that controllers can
/// be enabled for its other children: in version 2, a group with processes of
/// its own passes no controllers on.
const INSIDE: &str = "shipway-inside";

/// Creates the groups for a child named `id`. `None`: no control group can be
/// created to hold the members.
pub(crate) fn create(
    hierarchies: &Hierarchies,
    id: &str,
    limits: &Limits,
) -> io::Result<Option<Containment>> {
    let folder = format!("{PREFIX}{id}");
    let mut enforced = Enforced::default();
    let members = match in_version_2(hierarchies.unified.as_ref(), &folder, limits, &mut enforced)?
    {
        Some(path) => Members::Cgroup2 { path },
        None => match hierarchies.freezer.as_ref().and_then(|h| make(&h.own, &folder)) {
            Some(path) => Members::Freezer { path },
            None => return Ok(None),
        },
    };
    let limiting = in_version_1(hierarchies, &folder, limits, &mut enforced);
    Ok(Some(Containment { members, limiting, enforced }))
}

impl Containment {
    /// The folder of the group in which the child may begin, without joining it.
    pub(crate) fn folder(&self) -> io::Result<Option<OwnedFd>> {
        let Members::Cgroup2 { path } = &self.members else { return Ok(None) };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Some(rustix::fs::open(path, flags, Mode::empty())?))
    }

    /// `cgroup.procs` of each group that the child joins: of those that limit
    /// it, and of its own unless it begins there.
    pub(crate) fn doors(&self, own: bool) -> io::Result<Vec<OwnedFd>> {
        let members = match &self.members {
            Members::Cgroup2 { path } => own.then_some(path),
            Members::Freezer { path } => Some(path),
            Members::Marked { .. } => None,
        };
        members
            .into_iter()
            .chain(&self.limiting)
            .map(|group| fs::OpenOptions::new().write(true).open(group.join("cgroup.procs")))
            .map(|file| file.map(OwnedFd::from))
            .collect()
    }

    /// Removes the groups, which must be empty.
    pub(crate) fn remove(&self) -> io::Result<()> {
        self.limiting.iter().try_for_each(|path| group::remove(path))?;
        match &self.members {
            Members::Cgroup2 { path } | Members::Freezer { path } => group::remove(path),
            Members::Marked { .. } => Ok(()),
        }
    }

    /// Whether the kernel killed something in here for want of memory.
    pub(crate) fn ran_out_of_memory(&self) -> bool {
        let members = match &self.members {
            Members::Cgroup2 { path } => Some(path),
            Members::Freezer { .. } | Members::Marked { .. } => None,
        };
        members.into_iter().chain(&self.limiting).any(|path| group::out_of_memory_kills(path) > 0)
    }
}

/// A new folder, or `None` where this process may not create one.
fn make(parent: &Path, folder: &str) -> Option<PathBuf> {
    let path = parent.join(folder);
    match fs::create_dir(&path) {
        // A process may be allowed to create a group and not to enter it.
        Ok(())
            if rustix::fs::access(path.join("cgroup.procs"), rustix::fs::Access::WRITE_OK)
                .is_ok() =>
        {
            Some(path)
        }
        Ok(()) => {
            drop(fs::remove_dir(&path));
            None
        }
        Err(error) => {
            tracing::debug!(path = %path.display(), %error, "no control group here");
            None
        }
    }
}

fn in_version_2(
    unified: Option<&Hierarchy>,
    folder: &str,
    limits: &Limits,
    enforced: &mut Enforced,
) -> io::Result<Option<PathBuf>> {
    let Some(unified) = unified else { return Ok(None) };
    let own = match unified.own.file_name() == Some(OsStr::new(INSIDE)) {
        true => unified.own.parent().unwrap_or(&unified.own),
        false => &unified.own,
    };
    let wanted = wanted(limits);
    // The root of the hierarchy is exempt from the rule about processes in
    // inner groups, so it is the way out where a session's group is shared.
    let parents = [own, &unified.mount];
    let parent = parents
        .into_iter()
        .find(|parent| !wanted.is_empty() && can_limit(parent, &wanted, *parent == unified.own));
    let Some(path) = make(parent.unwrap_or(own), folder) else { return Ok(None) };
    if parent.is_some() {
        *enforced = limit_version_2(&path, limits);
    }
    Ok(Some(path))
}

fn wanted(limits: &Limits) -> Vec<&'static str> {
    let all = [
        ("memory", limits.memory_max.is_some()),
        ("cpu", limits.cpu_milli.is_some()),
        ("pids", limits.pids.is_some()),
    ];
    all.into_iter().filter(|(_, wanted)| *wanted).map(|(name, _)| name).collect()
}

/// Whether groups below `parent` can be limited, after enabling what it takes.
fn can_limit(parent: &Path, wanted: &[&str], is_own: bool) -> bool {
    let listed = |file: &str| {
        let text = fs::read_to_string(parent.join(file)).unwrap_or_default();
        wanted.iter().all(|name| text.split_whitespace().any(|word| word == *name))
    };
    if !listed("cgroup.controllers") {
        return false;
    }
    if listed("cgroup.subtree_control") {
        return true;
    }
    let enable = || {
        let words: Vec<String> = wanted.iter().map(|name| format!("+{name}")).collect();
        fs::write(parent.join("cgroup.subtree_control"), words.join(" ")).is_ok()
    };
    enable() || (is_own && step_inside(parent) && enable())
}

/// Moves this process out of the way, if it is alone in its group.
fn step_inside(own: &Path) -> bool {
    let alone = fs::read_to_string(own.join("cgroup.procs"))
        .is_ok_and(|pids| pids.trim() == std::process::id().to_string());
    let inside = own.join(INSIDE);
    alone
        && (inside.is_dir() || fs::create_dir(&inside).is_ok())
        && fs::write(inside.join("cgroup.procs"), "0").is_ok()
}

fn limit_version_2(path: &Path, limits: &Limits) -> Enforced {
    let set = |file: &str, value: String| fs::write(path.join(file), value).is_ok();
    let enforced = Enforced {
        memory: limits.memory_max.is_some_and(|bytes| set("memory.max", bytes.to_string())),
        cpu: limits
            .cpu_milli
            .is_some_and(|milli| set("cpu.max", format!("{} {PERIOD_US}", quota_us(milli)))),
        pids: limits.pids.is_some_and(|count| set("pids.max", count.to_string())),
    };
    if enforced.memory && path.join("memory.swap.max").exists() {
        // Without it, what exceeds the limit goes to the swap.
        set("memory.swap.max", "0".to_owned());
    }
    enforced
}

/// The length of a period in which a share of the CPU is counted.
const PERIOD_US: u64 = 100_000;

/// The kernel takes no quota below a millisecond.
fn quota_us(milli: u32) -> u64 {
    (u64::from(milli) * PERIOD_US / 1000).max(1000)
}

/// Limits that version 2 did not take, by the controllers of version 1.
fn in_version_1(
    hierarchies: &Hierarchies,
    folder: &str,
    limits: &Limits,
    enforced: &mut Enforced,
) -> Vec<PathBuf> {
    let mut groups: Vec<PathBuf> = Vec::new();
    let mut limit = |hierarchy: &Option<Hierarchy>, settings: Vec<(&str, String, bool)>| {
        let Some(path) = hierarchy.as_ref().and_then(|h| make(&h.own, folder)) else {
            return false;
        };
        let taken = settings
            .into_iter()
            .all(|(file, value, needed)| fs::write(path.join(file), value).is_ok() || !needed);
        match taken {
            true => groups.push(path),
            false => drop(fs::remove_dir(&path)),
        }
        taken
    };
    if let (Some(bytes), false) = (limits.memory_max, enforced.memory) {
        let bytes = bytes.to_string();
        enforced.memory = limit(
            &hierarchies.memory,
            vec![
                ("memory.limit_in_bytes", bytes.clone(), true),
                // There only if the kernel accounts for swap.
                ("memory.memsw.limit_in_bytes", bytes, false),
            ],
        );
    }
    if let (Some(milli), false) = (limits.cpu_milli, enforced.cpu) {
        enforced.cpu = limit(
            &hierarchies.cpu,
            vec![
                ("cpu.cfs_period_us", PERIOD_US.to_string(), true),
                ("cpu.cfs_quota_us", quota_us(milli).to_string(), true),
            ],
        );
    }
    if let (Some(count), false) = (limits.pids, enforced.pids) {
        enforced.pids = limit(&hierarchies.pids, vec![("pids.max", count.to_string(), true)]);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel reads in these files is in cgroup-v2.rst; the machine
    /// that runs the tests may have the controllers in version 1.
    #[test]
    fn limits_are_written_as_version_2_reads_them() {
        let group = tempfile::tempdir().unwrap();
        fs::write(group.path().join("memory.swap.max"), "max").unwrap();
        let limits = Limits { memory_max: Some(1 << 20), cpu_milli: Some(250), pids: Some(7) };
        let enforced = limit_version_2(group.path(), &limits);
        assert_eq!(enforced, Enforced { memory: true, cpu: true, pids: true });
        let read = |file: &str| fs::read_to_string(group.path().join(file)).unwrap();
        assert_eq!(read("memory.max"), "1048576");
        assert_eq!(read("memory.swap.max"), "0");
        assert_eq!(read("cpu.max"), "25000 100000");
        assert_eq!(read("pids.max"), "7");
    }

    #[test]
    fn controllers_are_enabled_before_a_group_is_limited() {
        let parent = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| fs::write(parent.path().join(file), text).unwrap();
        write("cgroup.controllers", "cpu memory");
        write("cgroup.subtree_control", "cpu");
        assert!(!can_limit(parent.path(), &["pids"], false), "there is no such controller");
        assert!(can_limit(parent.path(), &["cpu", "memory"], false));
        let written = fs::read_to_string(parent.path().join("cgroup.subtree_control")).unwrap();
        assert_eq!(written, "+cpu +memory");
    }
}
