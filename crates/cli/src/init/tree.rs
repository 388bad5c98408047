//! What is in a repository, as far as `init` looks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fs, io};

/// Files that say what a folder is: their text is read.
pub(super) const MANIFESTS: &[&str] = &[
    "Cargo.toml",
    "Dockerfile",
    "Pipfile",
    "Procfile",
    "build.gradle",
    "build.gradle.kts",
    "go.mod",
    "package.json",
    "pom.xml",
    "pyproject.toml",
    "requirements.txt",
    "settings.gradle",
    "settings.gradle.kts",
];

/// Folders that hold what others made: nothing in them is the repository's.
const SKIPPED: &[&str] = &[
    ".git",
    ".gradle",
    ".next",
    ".venv",
    "__pycache__",
    "build",
    "dist",
    "node_modules",
    "target",
    "vendor",
    "venv",
];

/// A manifest that is larger is not read.
const LARGEST_MANIFEST: u64 = 1 << 20;

/// How deep folders are looked into: `services/api/db/migrations`, and one more.
const DEEPEST: usize = 5;

/// The files of a repository by their paths from its root.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// The name of the repository's folder.
    pub(super) name: String,
    /// The branch that is checked out.
    pub(super) branch: String,
    pub(super) files: BTreeSet<String>,
    pub(super) texts: BTreeMap<String, String>,
}

impl Tree {
    /// Looks at the folder `root`, which has `branch` checked out.
    ///
    /// # Errors
    /// When a folder cannot be listed or a manifest cannot be read.
    pub(crate) fn read(root: &Path, branch: &str) -> io::Result<Self> {
        let name = root.canonicalize()?.file_name().map(|name| name.to_string_lossy().into_owned());
        let mut tree =
            Self { name: name.unwrap_or_default(), branch: branch.to_owned(), ..Self::default() };
        tree.walk(root, "", 0)?;
        Ok(tree)
    }

    fn walk(&mut self, folder: &Path, prefix: &str, depth: usize) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let kind = entry.file_type()?;
            let path = format!("{prefix}{name}");
            if kind.is_dir() && depth < DEEPEST && !SKIPPED.contains(&name.as_str()) {
                self.walk(&entry.path(), &format!("{path}/"), depth + 1)?;
            } else if kind.is_file() {
                let small = entry.metadata()?.len() <= LARGEST_MANIFEST;
                if small && MANIFESTS.contains(&name.as_str()) {
                    let bytes = fs::read(entry.path())?;
                    self.texts.insert(path.clone(), String::from_utf8_lossy(&bytes).into_owned());
                }
                self.files.insert(path);
            }
        }
        Ok(())
    }
}
