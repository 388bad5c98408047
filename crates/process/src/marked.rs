//! Who belongs to a child where no control group holds them: what carries its
//! mark in the environment, shares its session, or descends from such a one.
//!
//! A daemon that leaves the session, loses its parents and clears its
//! environment, all before anybody looks, is not found.

use std::collections::BTreeSet;
use std::fs;
use std::io;

use crate::identity::{Identity, Stat, gone};

/// The variable that carries the mark. Marks of containments inside others
/// begin with the outer one's.
pub(crate) const VARIABLE: &str = "SHIPWAY_CONTAINMENT";

/// The mark for a child of this process.
pub(crate) fn mark_for(id: &str) -> String {
    match std::env::var(VARIABLE) {
        Ok(own) => format!("{own}/{id}"),
        Err(_) => id.to_owned(),
    }
}

/// Every living process that belongs to `root` or carries `mark`.
pub(crate) fn members(root: &Identity, mark: &str) -> io::Result<Vec<u32>> {
    // Once the child itself is gone, its number may name another session.
    let session = root.exists()?.then_some(root.pid);
    let mut found = BTreeSet::new();
    let mut rest = Vec::new();
    for (pid, stat) in all()? {
        if stat.session != 0 && Some(stat.session) == session || carries(pid, mark)? {
            found.insert(pid);
        } else {
            rest.push((pid, stat.parent));
        }
    }
    loop {
        let before = found.len();
        for (pid, parent) in &rest {
            if found.contains(parent) {
                found.insert(*pid);
            }
        }
        if found.len() == before {
            return Ok(found.into_iter().collect());
        }
    }
}

/// Every living process of the machine.
pub(crate) fn all() -> io::Result<Vec<(u32, Stat)>> {
    let mut all = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if let Some(stat) = Stat::read(pid)?
            && !matches!(stat.state, 'Z' | 'X')
        {
            all.push((pid, stat));
        }
    }
    Ok(all)
}

fn carries(pid: u32, mark: &str) -> io::Result<bool> {
    Ok(mark_of(pid)?.is_some_and(|found| {
        found.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }))
}

/// The mark that a process carries.
pub(crate) fn mark_of(pid: u32) -> io::Result<Option<String>> {
    let environment = match fs::read(format!("/proc/{pid}/environ")) {
        Ok(environment) => environment,
        // Another user's process is not ours to kill.
        Err(error) if gone(&error) || error.kind() == io::ErrorKind::PermissionDenied => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let prefix = format!("{VARIABLE}=");
    Ok(environment
        .split(|byte| *byte == 0)
        .find_map(|variable| variable.strip_prefix(prefix.as_bytes()))
        .map(|mark| String::from_utf8_lossy(mark).into_owned()))
}
