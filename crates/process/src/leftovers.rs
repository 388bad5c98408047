//! What children of a dead parent left behind.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::cgroup::PREFIX;
use crate::cgroup::hierarchy::Hierarchies;
use crate::command::id_prefix;
use crate::identity::{Identity, boot_id};
use crate::kill::KillError;
use crate::limits::Enforced;
use crate::marked;
use crate::record::{Containment, Members, Record};

/// Kills everything in every containment whose child was named `name`, by
/// whatever process, and removes its control groups; says how many there were.
/// For a parent's successor that has no [`Record`].
///
/// # Errors
/// When something may be left.
pub async fn kill_leftovers(name: &str) -> Result<usize, KillError> {
    let io = |source| KillError::Io { pid: 0, source };
    let records = find(&id_prefix(name)).map_err(io)?;
    for record in &records {
        record.kill_all().await?;
    }
    Ok(records.len())
}

fn find(prefix: &str) -> io::Result<Vec<Record>> {
    let hierarchies = Hierarchies::read()?;
    let folder = format!("{PREFIX}{prefix}");
    let search = |hierarchy: &Option<crate::cgroup::hierarchy::Hierarchy>| {
        hierarchy.as_ref().map_or(Ok(Vec::new()), |h| folders(&h.mount, &folder))
    };
    let cgroup2 = search(&hierarchies.unified)?.into_iter().map(|path| Members::Cgroup2 { path });
    let freezer = search(&hierarchies.freezer)?.into_iter().map(|path| Members::Freezer { path });
    let mut found: Vec<Containment> =
        cgroup2.chain(freezer).chain(marks(prefix)?).map(alone).collect();
    let mut limiting = Vec::new();
    for hierarchy in [&hierarchies.memory, &hierarchies.cpu, &hierarchies.pids] {
        limiting.extend(search(hierarchy)?);
    }
    // Once the members are dead, the groups that limited them are empty.
    match found.last_mut() {
        Some(last) => last.limiting = limiting,
        None => limiting.iter().try_for_each(|path| crate::cgroup::group::remove(path))?,
    }
    // No child is known, so none is looked for: only who is in the groups or
    // carries the mark.
    let nobody = Identity { pid: u32::MAX, start_time: 0, boot_id: boot_id()? };
    Ok(found
        .into_iter()
        .map(|containment| Record { process: nobody.clone(), containment })
        .collect())
}

fn alone(members: Members) -> Containment {
    Containment { members, limiting: Vec::new(), enforced: Enforced::default() }
}

/// The folders below `top` whose name begins so.
fn folders(top: &Path, prefix: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut next = vec![top.to_owned()];
    while let Some(folder) = next.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            // Removed meanwhile, or another user's.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
                ) =>
            {
                continue;
            }
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            match entry.file_name().to_string_lossy().starts_with(prefix) {
                true => found.push(entry.path()),
                false => next.push(entry.path()),
            }
        }
    }
    Ok(found)
}

/// The marks in the environments of living processes that are for such a child.
fn marks(prefix: &str) -> io::Result<Vec<Members>> {
    let mut found: Vec<Members> = Vec::new();
    for (pid, _) in marked::all()? {
        let Some(mark) = marked::mark_of(pid)? else { continue };
        let mut outer = String::new();
        for part in mark.split('/') {
            outer = if outer.is_empty() { part.to_owned() } else { format!("{outer}/{part}") };
            let members = Members::Marked { mark: outer.clone() };
            if part.starts_with(prefix) && !found.contains(&members) {
                found.push(members);
            }
        }
    }
    Ok(found)
}
