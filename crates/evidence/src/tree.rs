//! The files below a folder.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Folders that hold what others wrote.
const FOREIGN: &[&str] = &[".git", "node_modules", "target", "vendor", ".venv", "__pycache__"];

/// Every regular file below `root`, but those that others wrote, in order of their paths. Links
/// are not followed.
///
/// # Errors
/// When a folder cannot be read.
pub fn files_below(root: &Path) -> io::Result<Vec<PathBuf>> {
    files_but_in(root, FOREIGN)
}

/// The same, leaving out folders of these names alone.
pub(crate) fn files_but_in(root: &Path, left_out: &[&str]) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    add_files(root, left_out, &mut files)?;
    Ok(files)
}

/// Entries in the order of their names, each folder's files where the folder stands: so paths are
/// in order, part by part.
fn add_files(folder: &Path, left_out: &[&str], files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        entries.push((entry.file_name(), entry.file_type()?));
    }
    entries.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    for (name, kind) in entries {
        if kind.is_file() {
            files.push(below(folder, &name));
        } else if kind.is_dir() && left_out.iter().all(|other| name != *other) {
            add_files(&folder.join(name), left_out, files)?;
        }
    }
    Ok(())
}

/// A name in a folder: `join` asks of every name whether it is a path of its own.
fn below(folder: &Path, name: &OsStr) -> PathBuf {
    let mut path = OsString::with_capacity(folder.as_os_str().len() + 1 + name.len());
    path.push(folder);
    if !folder.as_os_str().as_encoded_bytes().ends_with(b"/") {
        path.push("/");
    }
    path.push(name);
    PathBuf::from(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_but_those_of_others_is_found_in_order() {
        let dir = tempfile::tempdir().unwrap();
        for path in ["b/2.sql", "b/1.sql", "b-c.sql", "a.sql", "node_modules/x.sql"] {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = files_below(dir.path()).unwrap();
        let names: Vec<_> =
            found.iter().map(|path| path.strip_prefix(dir.path()).unwrap().to_str()).collect();
        assert_eq!(names, ["a.sql", "b/1.sql", "b/2.sql", "b-c.sql"].map(Some));
        assert!(found.is_sorted());
    }
}
