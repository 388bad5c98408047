//! Executables by version: a rebuild never changes what runs, and a daemon
//! that is restarted is the one that ran before.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::files;
use crate::paths::HostPaths;

/// How many copies stay: the running one, the one before, one being installed.
const KEPT: usize = 3;

/// Copies `executable` to a path of its own below the host's folder, durably,
/// and says where. The same file is copied once.
pub(crate) fn install(paths: &HostPaths, executable: &Path) -> io::Result<PathBuf> {
    let executable = fs::canonicalize(executable)?;
    let folder = paths.bin();
    if executable.parent() == fs::canonicalize(&folder).ok().as_deref() {
        return Ok(executable);
    }
    let meta = fs::metadata(&executable)?;
    let (seconds, nanos) = (meta.mtime(), meta.mtime_nsec());
    let name = format!("shipway-{:x}-{seconds:x}.{nanos:x}-{:x}", meta.ino(), meta.size());
    let copy = folder.join(name);
    if copy.exists() {
        return Ok(copy);
    }
    files::create_private_dir(&folder)?;
    let partial = copy.with_extension(format!("{}.new", std::process::id()));
    fs::copy(&executable, &partial)?;
    File::open(&partial)?.sync_all()?;
    fs::rename(&partial, &copy)?;
    files::sync_parent(&copy)?;
    Ok(copy)
}

/// Removes copies that neither run nor ran lately.
pub(crate) fn remove_old(paths: &HostPaths, running: &[&Path]) -> io::Result<()> {
    let mut copies: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(paths.bin())? {
        let entry = entry?;
        copies.push((entry.metadata()?.modified()?, entry.path()));
    }
    copies.sort();
    let surplus = copies.len().saturating_sub(KEPT);
    for (_, path) in copies.into_iter().take(surplus) {
        if !running.contains(&path.as_path()) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_file_is_copied_once_and_a_changed_one_again() {
        let dir = tempfile::tempdir().unwrap();
        let paths = HostPaths::at(dir.path().join("host"), None).unwrap();
        let source = dir.path().join("program");
        fs::write(&source, "one").unwrap();
        let first = install(&paths, &source).unwrap();
        assert_eq!(install(&paths, &source).unwrap(), first);
        assert_eq!(install(&paths, &first).unwrap(), first);
        fs::write(&source, "other").unwrap();
        let second = install(&paths, &source).unwrap();
        assert_ne!(first, second);
        assert_eq!(fs::read_to_string(first).unwrap(), "one");
        assert_eq!(fs::read_to_string(second).unwrap(), "other");
    }

    #[test]
    fn old_copies_go_and_running_ones_stay() {
        let dir = tempfile::tempdir().unwrap();
        let paths = HostPaths::at(dir.path().join("host"), None).unwrap();
        let source = dir.path().join("program");
        let mut copies = Vec::new();
        for text in ["a", "bb", "ccc", "dddd", "eeeee"] {
            fs::write(&source, text).unwrap();
            copies.push(install(&paths, &source).unwrap());
        }
        remove_old(&paths, &[&copies[0]]).unwrap();
        let left: Vec<bool> = copies.iter().map(|copy| copy.exists()).collect();
        assert_eq!(left, [true, false, true, true, true]);
    }
}
