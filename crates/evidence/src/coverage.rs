//! What reports of coverage are matched with: the files of a repository, and what tools call its
//! folders.

use std::fs;
use std::path::Path;

use shipway_checks::reports::coverage::{Coverage, Placed, Root, Tree};

use crate::git::{self, GitError};

/// The files of a repository, and what tools call its folders.
#[derive(Debug)]
pub struct Files {
    names: Vec<String>,
    roots: Vec<Root>,
}

impl Files {
    /// Of the work tree at `root`.
    ///
    /// # Errors
    /// When git fails.
    pub fn of(root: &Path) -> Result<Self, GitError> {
        let tracked = git::tracked(root)?;
        let names: Vec<String> =
            tracked.iter().map(|file| file.to_string_lossy().into_owned()).collect();
        // Reports that were written here have whole paths.
        let here = root.to_string_lossy().into_owned();
        let mut roots = vec![Root { prefix: here, folder: String::new() }];
        for name in names.iter().filter(|name| name.rsplit('/').next() == Some("go.mod")) {
            // A module that cannot be read has no name: its files are told as not placed.
            let text = fs::read_to_string(root.join(name)).unwrap_or_default();
            let folder = name.strip_suffix("go.mod").unwrap_or_default().trim_end_matches('/');
            if let Some(prefix) = go_module(&text) {
                roots.push(Root { prefix: prefix.to_owned(), folder: folder.to_owned() });
            }
        }
        Ok(Self { names, roots })
    }

    /// Coverage by the repository's own names of files.
    #[must_use]
    pub fn place(&self, coverage: Coverage) -> Placed {
        coverage.placed(&Tree::new(self.names.iter().map(String::as_str), &self.roots))
    }
}

/// `module example.com/shop // a comment`.
fn go_module(text: &str) -> Option<&str> {
    let mut lines = text.lines().map(|line| line.split("//").next().unwrap_or_default().trim());
    let name = lines.find_map(|line| line.strip_prefix("module "))?;
    Some(name.trim().trim_matches('"')).filter(|name| !name.is_empty())
}
