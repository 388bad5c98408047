//! The files below a folder.

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
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let skip = left_out.iter().any(|name| entry.file_name() == *name);
            if kind.is_dir() && !skip {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_but_those_of_others_is_found_in_order() {
        let dir = tempfile::tempdir().unwrap();
        for path in ["b/2.sql", "b/1.sql", "a.sql", "node_modules/x.sql"] {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = files_below(dir.path()).unwrap();
        let names: Vec<_> =
            found.iter().map(|path| path.strip_prefix(dir.path()).unwrap().to_str()).collect();
        assert_eq!(names, [Some("a.sql"), Some("b/1.sql"), Some("b/2.sql")]);
    }
}
