//! Where control groups are mounted, and which of them this process is in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A hierarchy of control groups, seen from this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hierarchy {
    /// The folder where it is mounted.
    pub(crate) mount: PathBuf,
    /// The folder of the group that this process is in.
    pub(crate) own: PathBuf,
}

/// The hierarchies of this machine that this crate knows how to use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Hierarchies {
    /// Version 2, also where it is mounted beside version 1 without any
    /// controllers ("hybrid").
    pub(crate) unified: Option<Hierarchy>,
    /// Version 1, by controller.
    pub(crate) freezer: Option<Hierarchy>,
    /// As above.
    pub(crate) memory: Option<Hierarchy>,
    /// As above.
    pub(crate) cpu: Option<Hierarchy>,
    /// As above.
    pub(crate) pids: Option<Hierarchy>,
}

impl Hierarchies {
    /// Reads what is mounted. Nothing mounted is no error.
    pub(crate) fn read() -> io::Result<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo")?;
        match fs::read_to_string("/proc/self/cgroup") {
            Ok(groups) => Ok(Self::parse(&mounts, &groups)),
            // A kernel without control groups has no such file.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    fn parse(mounts: &str, groups: &str) -> Self {
        let mounts: Vec<Mount> = mounts.lines().filter_map(Mount::parse).collect();
        let version1 = |controller: &str| {
            let mount = mounts.iter().find(|mount| {
                mount.kind == "cgroup" && mount.options.split(',').any(|o| o == controller)
            })?;
            let own = groups.lines().find_map(|line| {
                let (names, path) = line.split_once(':')?.1.split_once(':')?;
                names.split(',').any(|name| name == controller).then_some(path)
            })?;
            mount.hierarchy(own)
        };
        let unified = || {
            let own = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
            mounts.iter().find(|mount| mount.kind == "cgroup2")?.hierarchy(own)
        };
        Self {
            unified: unified(),
            freezer: version1("freezer"),
            memory: version1("memory"),
            cpu: version1("cpu"),
            pids: version1("pids"),
        }
    }
}

/// What is needed of a line of proc_pid_mountinfo(5).
struct Mount<'a> {
    root: &'a str,
    point: PathBuf,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (before, after) = line.split_once(" - ")?;
        let mut before = before.split(' ').skip(3);
        let (root, point) = (before.next()?, before.next()?);
        let mut after = after.split(' ');
        let (kind, options) = (after.next()?, after.nth(1)?);
        // Spaces in a mount point are written \040; nobody mounts control
        // groups there, so such a line is not taken.
        (!point.contains('\\')).then(|| Self { root, point: PathBuf::from(point), kind, options })
    }

    /// `own` is relative to the hierarchy's root; the mount may show only a
    /// part of it, as in a container without a namespace of its own.
    fn hierarchy(&self, own: &str) -> Option<Hierarchy> {
        let inside = Path::new(own).strip_prefix(self.root).ok()?;
        if inside.components().any(|part| part.as_os_str() == "..") {
            return None;
        }
        let own = match inside.as_os_str().is_empty() {
            true => self.point.clone(),
            false => self.point.join(inside),
        };
        Some(Hierarchy { mount: self.point.clone(), own })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(mount: &str, own: &str) -> Option<Hierarchy> {
        Some(Hierarchy { mount: mount.into(), own: own.into() })
    }

    #[test]
    fn plain_version_2() {
        let mounts =
            "35 25 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate";
        let found = Hierarchies::parse(mounts, "0::/user.slice/session-3.scope\n");
        let own = "/sys/fs/cgroup/user.slice/session-3.scope";
        assert_eq!(
            found,
            Hierarchies { unified: at("/sys/fs/cgroup", own), ..Hierarchies::default() }
        );
    }

    #[test]
    fn hybrid_with_joined_controllers() {
        let mounts = "40 30 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n\
                      41 30 0:32 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
                      42 30 0:33 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory";
        let found = Hierarchies::parse(mounts, "5:cpu,cpuacct:/a\n4:memory:/\n0::/b\n");
        assert_eq!(found.unified, at("/sys/fs/cgroup/unified", "/sys/fs/cgroup/unified/b"));
        assert_eq!(found.cpu, at("/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct/a"));
        assert_eq!(found.memory, at("/sys/fs/cgroup/memory", "/sys/fs/cgroup/memory"));
        assert_eq!(found.pids, None);
    }

    #[test]
    fn a_mount_that_shows_a_part_only() {
        let mounts = "35 25 0:30 /docker/c1 /sys/fs/cgroup ro - cgroup2 cgroup rw";
        let found = Hierarchies::parse(mounts, "0::/docker/c1/inner\n");
        assert_eq!(found.unified, at("/sys/fs/cgroup", "/sys/fs/cgroup/inner"));
        assert_eq!(Hierarchies::parse(mounts, "0::/elsewhere\n").unified, None);
        assert_eq!(Hierarchies::parse(mounts, "0::/../../host\n").unified, None);
    }
}
