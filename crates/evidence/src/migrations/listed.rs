//! The files among which migrations are looked for.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::{GatherError, relative};
use crate::git::{FileChange, Since};
use crate::tree::Found;

/// Files, by their names from the root.
pub(super) struct Listed {
    /// All of them, deleted ones too.
    pub(super) names: Vec<String>,
    /// To these, a link leads.
    pub(super) linked: HashSet<String>,
    /// These cannot be opened by their names.
    pub(super) unreadable: HashMap<String, Unreadable>,
}

/// Why a file cannot be opened by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// The name that is told is not the one that it has.
    NotUtf8,
    /// It is a link, and elsewhere it may lead to something.
    LeadsNowhere,
}

impl Unreadable {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::NotUtf8 => "its name is not UTF-8; rename it",
            Self::LeadsNowhere => "it is a link that leads to no file; commit the file itself",
        }
    }
}

impl Listed {
    /// Those below folders, and files that are named themselves.
    pub(super) fn below(
        starts: &[PathBuf],
        named: bool,
        root: &Path,
        since: Option<&Since>,
    ) -> Result<Self, GatherError> {
        let (starts, found) = look_below(starts, named)?;
        let mut unreadable = HashMap::new();
        let mut name = |path: PathBuf| {
            let is_utf8 = path.to_str().is_some();
            let name = relative(path, root);
            if !is_utf8 {
                unreadable.insert(name.clone(), Unreadable::NotUtf8);
            }
            name
        };
        let linked = found.linked.into_iter().map(&mut name).collect();
        let nowhere: Vec<String> = found.nowhere.into_iter().map(&mut name).collect();
        let mut names: Vec<String> = found.files.into_iter().map(&mut name).collect();
        names.extend(nowhere.iter().cloned());
        unreadable.extend(nowhere.into_iter().map(|name| (name, Unreadable::LeadsNowhere)));
        // Deleted, or in a part of the repository that is not checked out: it cannot be read then.
        let is_gone = |path: &str| std::fs::symlink_metadata(root.join(path)).is_err();
        let gone = since
            .into_iter()
            .flat_map(|since| &since.changes)
            .filter(|(path, change)| **change == FileChange::Deleted || is_gone(path))
            .map(|(path, _)| path)
            .filter(|path| starts.iter().any(|start| root.join(path).starts_with(start)));
        names.extend(gone.cloned());
        Ok(Self { names, linked, unreadable })
    }
}

/// What is below folders, and the starts as they are found.
fn look_below(starts: &[PathBuf], named: bool) -> Result<(Vec<PathBuf>, Found), GatherError> {
    let (mut resolved, mut found) = (Vec::new(), Found::default());
    for start in starts {
        let unreadable = |error| GatherError::Read { path: start.display().to_string(), error };
        if start.metadata().map_err(unreadable)?.is_dir() {
            let start = start.canonicalize().map_err(unreadable)?;
            found.add_below(&start, named).map_err(unreadable)?;
            resolved.push(start);
        } else {
            // By the name that it is given: what it leads to may be called otherwise.
            let folder = start.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new(".")).canonicalize().map_err(unreadable)?;
            let file = folder.join(start.file_name().unwrap_or_default());
            if file.is_symlink() {
                found.linked.push(file.clone());
            }
            found.files.push(file.clone());
            resolved.push(file);
        }
    }
    Ok((resolved, found))
}
