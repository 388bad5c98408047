//! Looks for code that stands twice in a work tree.

use std::fs;
use std::path::{Path, PathBuf};

use shipway_checks::duplication::{Detector, Limits};
use shipway_checks::reports::duplication::Duplication;
use shipway_checks::source_file::{is_test, syntax};

use crate::git::{self, GitError};
use crate::tree::files_below;

/// A source file is no larger: what is was made by a program.
const LARGEST: u64 = 4 << 20;

/// Why it could not be looked.
#[derive(Debug, thiserror::Error)]
pub enum DuplicationError {
    /// Git did not answer.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file or folder cannot be read.
    #[error("{path}: {error}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

/// Looks at the source files that git tracks or would add below `root`, tests left out.
///
/// # Errors
/// When git fails, or a file cannot be read.
pub fn look(root: &Path) -> Result<Duplication, DuplicationError> {
    let files = git::tracked(root)?;
    among(root, &files, &|_| false)
}

/// Looks at these files and the files below these folders, and leaves out those that are named to
/// be; paths are from `root`.
///
/// # Errors
/// When a file or folder cannot be read.
pub fn look_at(
    root: &Path,
    paths: &[PathBuf],
    is_left_out: &dyn Fn(&Path) -> bool,
) -> Result<Duplication, DuplicationError> {
    // A folder of the work tree stands for what git knows below it.
    let known = git::work_tree(root)?.map(|_| git::tracked(root)).transpose()?;
    let mut files = Vec::new();
    for path in paths {
        let full = root.join(path);
        let failed = |error| DuplicationError::File { path: path.clone(), error };
        if !fs::metadata(&full).map_err(failed)?.is_dir() {
            files.push(path.clone());
        } else if let Some(known) = &known {
            let plain = path.strip_prefix(".").unwrap_or(path);
            files.extend(known.iter().filter(|file| file.starts_with(plain)).cloned());
        } else {
            let below = files_below(&full).map_err(failed)?;
            let named =
                |file: PathBuf| file.strip_prefix(root).map(Path::to_path_buf).unwrap_or(file);
            files.extend(below.into_iter().map(named));
        }
    }
    files.sort_unstable();
    files.dedup();
    among(root, &files, is_left_out)
}

fn among(
    root: &Path,
    files: &[PathBuf],
    is_left_out: &dyn Fn(&Path) -> bool,
) -> Result<Duplication, DuplicationError> {
    let mut detector = Detector::new(Limits::default());
    for file in files {
        let name = file.to_string_lossy();
        let Some(syntax) = syntax(&name) else { continue };
        if is_test(&name) || is_left_out(file) {
            continue;
        }
        let full = root.join(file);
        let failed = |error| DuplicationError::File { path: file.clone(), error };
        if fs::metadata(&full).map_err(failed)?.len() <= LARGEST {
            detector.add(name, &fs::read(&full).map_err(failed)?, syntax);
        }
    }
    Ok(detector.finish())
}
