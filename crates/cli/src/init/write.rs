//! Files that are not there yet.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use shipway_core::config::FILE_NAME;

use super::{Detected, render};

const WORKFLOW: &str = ".github/workflows/ci.yml";

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// It was written.
    Created(&'static str),
    /// It is there already and was left as it is.
    Kept(&'static str),
    /// There are other workflows already: this one was not needed.
    NotNeeded(&'static str),
}

/// Writes `shipway.yaml` and the first workflow below `root`, as far as they
/// are not there.
///
/// # Errors
/// When a file or its folder cannot be written. A file that was begun is
/// removed again.
pub(crate) fn write(root: &Path, detected: &Detected) -> io::Result<[Written; 2]> {
    let config = create(root, FILE_NAME, &render::config(detected))?;
    let workflow = if detected.has_workflows && !root.join(WORKFLOW).exists() {
        Written::NotNeeded(WORKFLOW)
    } else {
        create(root, WORKFLOW, &render::workflow(detected))?
    };
    Ok([config, workflow])
}

fn create(root: &Path, name: &'static str, text: &str) -> io::Result<Written> {
    let path = root.join(name);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Whether it is there and creating it is one step: nobody's file is lost
    // in between.
    let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Ok(Written::Kept(name));
        }
        Err(error) => return Err(error),
    };
    if let Err(error) = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()) {
        fs::remove_file(&path)?;
        return Err(error);
    }
    Ok(Written::Created(name))
}
