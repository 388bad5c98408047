//! The files of the repository.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the repository: {0}")]
pub struct Unreadable(String);

/// Text files by their path from the root; what git ignores is left out.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// A tree that a test makes up.
    pub fn of<const N: usize>(files: [(&str, &str); N]) -> Self {
        let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
        Self { files: files.into() }
    }

    /// What git tracks in `root`, and what it would take if asked to.
    ///
    /// # Errors
    /// When git or a file cannot be read.
    pub fn read(root: &Path) -> Result<Self, Unreadable> {
        let output = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .map_err(|error| Unreadable(format!("git: {error}")))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Unreadable(format!("git ls-files: {}", said.trim())));
        }
        let mut files = BTreeMap::new();
        for path in String::from_utf8_lossy(&output.stdout).split_terminator('\0') {
            let bytes = match std::fs::read(root.join(path)) {
                Ok(bytes) => bytes,
                // Deleted and not yet committed, or a link to a folder.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) if error.kind() == std::io::ErrorKind::IsADirectory => continue,
                Err(error) => return Err(Unreadable(format!("{path}: {error}"))),
            };
            // An image has no lines; that it is there counts for links.
            files.insert(path.to_owned(), String::from_utf8(bytes).unwrap_or_default());
        }
        if files.is_empty() {
            return Err(Unreadable(format!("{}: git knows no file", root.display())));
        }
        Ok(Self { files })
    }

    /// The repository that this package is in.
    pub fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("/")).into()
    }

    /// Every file.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Every file that is the project's own: fixtures are what others wrote,
    /// or are wrong on purpose.
    pub fn own(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(|(path, _)| !path.starts_with("fixtures/"))
    }

    /// The project's own files whose name ends so.
    pub fn ending<'a>(&'a self, end: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.own().filter(move |(path, _)| path.ends_with(end))
    }

    /// Whether there is such a file, or a folder with files.
    pub fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        path.is_empty()
            || self.files.contains_key(path)
            || self.files.keys().any(|file| file.starts_with(&folder))
    }

    /// A file's text.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    // This very text is looked for.
    fn the_repository_has_its_own_source() {
        let tree = Tree::read(&Tree::root()).unwrap();
        assert!(tree.text("crates/tidy/src/tree.rs").unwrap().contains("This very text"));
        assert!(tree.has("crates/tidy") && tree.has("Cargo.toml") && !tree.has("target"));
    }

    #[test]
    fn a_fixture_is_not_the_projects_own() {
        let tree = Tree::of([("fixtures/a.md", ""), ("docs/a.md", "")]);
        assert_eq!(tree.ending(".md").collect::<Vec<_>>(), [("docs/a.md", "")]);
        assert_eq!(tree.own().count(), 1);
        assert!(tree.has("fixtures/a.md"));
    }

    #[test]
    fn a_folder_that_is_no_repository_is_an_error() {
        assert!(Tree::read(Path::new("/proc")).is_err());
    }
}
