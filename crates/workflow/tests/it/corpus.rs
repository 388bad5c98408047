//! Where the shared data lies: beside the workspace, not in it.

use std::path::{Path, PathBuf};

/// A folder of the corpus, or nothing (said in one line) where it is not at hand.
#[expect(clippy::print_stdout, reason = "a test that did not look says so")]
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = workspace.join("../shared/corpus").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: the corpus is not at {}", folder.display());
    None
}

/// Names and texts of the files of a folder with this extension, by name.
pub(crate) fn files(folder: &Path, extension: &str) -> std::io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|e| e == extension) {
            let name = entry.file_name().to_string_lossy().into_owned();
            files.push((name, std::fs::read_to_string(entry.path())?));
        }
    }
    files.sort();
    Ok(files)
}
