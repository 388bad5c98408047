//! The files to examine, and those that they refer to.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use shipway_core::config::FILE_NAME;
use shipway_workflow::lint::{Found, Surroundings};

/// The repository around a folder.
pub(crate) struct Repository {
    pub(crate) root: PathBuf,
}

/// What a file is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Workflow,
    Action,
    Configuration,
}

/// A file to examine.
pub(crate) struct File {
    /// Its path from the root of the repository, if it lies there.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Its text, or why there is none.
    pub(crate) text: Result<String, String>,
}

impl Repository {
    /// The nearest folder above with `.git`, else with `.github`, else the folder itself.
    pub(crate) fn around(folder: &Path) -> Self {
        let with = |name: &str| folder.ancestors().find(|above| above.join(name).exists());
        let root = with(".git").or_else(|| with(".github")).unwrap_or(folder);
        Self { root: root.to_owned() }
    }
}

impl Surroundings for Repository {
    fn file(&self, path: &str) -> Found {
        if path.split('/').any(|part| part == "..") {
            return Found::Unknown;
        }
        match fs::read(self.root.join(path)) {
            Ok(bytes) => String::from_utf8(bytes).map_or(Found::Unknown, Found::Text),
            Err(error) => match error.kind() {
                ErrorKind::NotFound | ErrorKind::NotADirectory => Found::Missing,
                _ => Found::Unknown,
            },
        }
    }

    fn has_time_zone(&self, name: &str) -> Option<bool> {
        let zones = jiff::tz::db();
        // A machine without the data base knows none.
        zones.get("Europe/London").ok()?;
        Some(zones.get(name).is_ok())
    }
}

impl File {
    pub(crate) fn at(repository: &Repository, path: &Path) -> Self {
        let name = path.strip_prefix(&repository.root).unwrap_or(path);
        let kind = match path.file_name().and_then(|name| name.to_str()) {
            Some("action.yml" | "action.yaml") => Kind::Action,
            Some(FILE_NAME) => Kind::Configuration,
            _ => Kind::Workflow,
        };
        let text = fs::read(path).map_err(|error| error.to_string()).and_then(|bytes| {
            String::from_utf8(bytes).map_err(|_| "the file is no UTF-8 text".to_owned())
        });
        let name = name.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
        Self { name, kind, text }
    }
}

/// The workflows and local actions of a repository, and its `shipway.yaml`, by path.
pub(crate) fn of_repository(repository: &Repository) -> Vec<File> {
    let root = &repository.root;
    let mut paths = BTreeSet::new();
    for entry in entries(&root.join(".github/workflows")) {
        if entry.extension().is_some_and(|end| end == "yml" || end == "yaml") {
            paths.insert(entry);
        }
    }
    actions(&root.join(".github/actions"), 0, &mut paths);
    let single = ["action.yml", "action.yaml", FILE_NAME].map(|name| root.join(name));
    paths.extend(single.into_iter().filter(|path| path.is_file()));
    paths.iter().map(|path| File::at(repository, path)).collect()
}

/// How deep folders of actions are searched.
const MAX_DEPTH: usize = 8;

fn actions(folder: &Path, depth: usize, paths: &mut BTreeSet<PathBuf>) {
    for entry in entries(folder) {
        let name = entry.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if matches!(name, "action.yml" | "action.yaml") {
            paths.insert(entry);
        } else if depth < MAX_DEPTH && name != "node_modules" && entry.is_dir() {
            actions(&entry, depth + 1, paths);
        }
    }
}

/// What is in a folder; nothing if there is none.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}
