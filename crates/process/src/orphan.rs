//! A contained process whose parent is gone cleans up behind itself.

use std::path::Path;
use std::{fs, io};

use crate::cgroup::hierarchy::{Hierarchies, Hierarchy};
use crate::cgroup::{PREFIX, group};

/// Steps out of the control groups that were created for this process and
/// removes them, for a process that nobody will clean up after. Everything
/// else in them must have ended. Where there are none, nothing is done.
///
/// # Errors
/// When the groups are not empty, or the kernel lets no process into the group
/// around them; they are found later by [`crate::kill_leftovers`].
pub fn leave_own_groups() -> io::Result<()> {
    let all = Hierarchies::read()?;
    let all = [all.unified, all.freezer, all.memory, all.cpu, all.pids];
    all.iter().flatten().filter_map(created).try_for_each(|created| {
        let outside = created.parent().unwrap_or(created);
        fs::write(outside.join("cgroup.procs"), "0")?;
        group::remove(created)
    })
}

/// The innermost group around this process that was created for it.
fn created(hierarchy: &Hierarchy) -> Option<&Path> {
    hierarchy.own.ancestors().take_while(|folder| folder.starts_with(&hierarchy.mount)).find(
        |folder| folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX)),
    )
}
