//! What commits have: every blob with each of its paths, and their own messages.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::git::{GitError, git};

/// Which commits.
pub(super) enum Reach<'r> {
    /// All that a branch, a tag, a note, a work tree or a stash leads to.
    All,
    /// Those that were made since this one.
    Since(&'r str),
}

/// The objects of commits.
#[derive(Default)]
pub(super) struct Commits {
    /// Each once.
    pub(super) ids: Vec<String>,
    /// Where each blob stood.
    places: HashMap<String, Vec<Place>>,
    /// Names that the list of objects has.
    names: HashMap<String, String>,
    /// What is told of each commit.
    commits: Vec<String>,
}

struct Place {
    path: String,
    /// The oldest that has it there.
    commit: usize,
}

impl Commits {
    /// Lists them.
    pub(super) fn list(root: &Path, reach: &Reach<'_>) -> Result<Self, GitError> {
        let (stashes, since);
        let from: Vec<&str> = match reach {
            Reach::All => {
                // A stash is a commit that the log of `refs/stash` alone leads to, but the newest.
                stashes = git(root, &["stash", "list", "--format=%H"])?;
                let stashes = std::str::from_utf8(&stashes).unwrap_or_default().lines();
                std::iter::once("--all").chain(stashes).collect()
            }
            Reach::Since(base) => {
                since = format!("^{base}");
                vec!["HEAD", &since]
            }
        };
        let mut listed = Self::default();
        listed.add_objects(&git(root, &[&["rev-list", "--objects"], &from[..], &["--"]].concat())?);
        let log = [
            "log",
            "-z",
            "--raw",
            "-c",
            "--root",
            "--no-abbrev",
            "--no-renames",
            "--no-relative",
            "--no-color",
            "--no-show-signature",
            "--ignore-submodules=none",
            "--format=format:%H of %as by %an",
        ];
        listed.add_places(&git(root, &[&log, &from[..], &["--"]].concat())?);
        Ok(listed)
    }

    /// What the next commit has by now, where the work tree has something else.
    pub(super) fn staged(root: &Path) -> Result<Self, GitError> {
        let changes = [
            "diff-files",
            "-z",
            "--raw",
            "--no-abbrev",
            "--no-renames",
            "--no-relative",
            "--ignore-submodules=all",
        ];
        let changes = git(root, &changes)?;
        let mut staged = Self::default();
        staged.commits.push("staged for the next commit".to_owned());
        let mut fields = changes.split(|byte| *byte == 0);
        while let (Some(change), Some(path)) = (fields.next(), fields.next()) {
            if let Some(id) = old_blob(change) {
                staged.ids.push(id.to_owned());
                staged.add_place(id, String::from_utf8_lossy(path).into_owned());
            }
        }
        staged.ids.sort_unstable();
        staged.ids.dedup();
        Ok(staged)
    }

    /// `ID` or `ID NAME` a line.
    fn add_objects(&mut self, list: &[u8]) {
        let mut seen = HashSet::new();
        for line in list.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let line = String::from_utf8_lossy(line);
            let (id, name) = line.split_once(' ').unwrap_or((&line, ""));
            if seen.insert(id.to_owned()) {
                self.ids.push(id.to_owned());
                if !name.is_empty() {
                    self.names.insert(id.to_owned(), name.to_owned());
                }
            }
        }
    }

    /// Commits, the newest first, with the files that each changes: `:MODES IDS STATUS`, and the
    /// path behind a zero. The first of them is behind the commit, on a line of its own.
    fn add_places(&mut self, log: &[u8]) {
        let mut fields = log.split(|byte| *byte == 0);
        while let Some(field) = fields.next() {
            let mut change = field;
            if !field.starts_with(b":") {
                let end = field.iter().position(|byte| *byte == b'\n').unwrap_or(field.len());
                let (commit, rest) = field.split_at(end);
                if commit.is_empty() {
                    continue;
                }
                let commit = String::from_utf8_lossy(commit);
                let (id, made) = commit.split_once(' ').unwrap_or((&commit, ""));
                self.commits.push(format!("committed in {} {made}", short(id)));
                change = rest.strip_prefix(b"\n").unwrap_or(rest);
            }
            if let Some(id) = new_blob(change)
                && let Some(path) = fields.next()
            {
                self.add_place(id, String::from_utf8_lossy(path).into_owned());
            } else if change.starts_with(b":") {
                fields.next();
            }
        }
    }

    fn add_place(&mut self, id: &str, path: String) {
        let commit = self.commits.len().saturating_sub(1);
        let places = self.places.entry(id.to_owned()).or_default();
        match places.iter_mut().find(|place| place.path == path) {
            Some(place) => place.commit = commit,
            None => places.push(Place { path, commit }),
        }
    }

    /// The paths of a blob, and what is told of the oldest commit that has it there.
    pub(super) fn places(&self, id: &str) -> Vec<(String, Option<&str>)> {
        match self.places.get(id) {
            Some(places) => {
                let commit = |place: &Place| self.commits.get(place.commit).map(String::as_str);
                places.iter().map(|place| (place.path.clone(), commit(place))).collect()
            }
            // Nothing but a tag leads to it.
            None => {
                let name = self.names.get(id).cloned();
                vec![(name.unwrap_or_else(|| format!("object {}", short(id))), None)]
            }
        }
    }
}

/// An id, as far as it is told.
pub(super) fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// The blob that a change of the log leads to: as many signs `:` as there are parents, the modes of
/// the parents and the new one, their ids and the new one.
fn new_blob(change: &[u8]) -> Option<&str> {
    let change = std::str::from_utf8(change).ok()?;
    let rest = change.trim_start_matches(':');
    let parents = change.len() - rest.len();
    let mut fields = rest.split(' ').skip(parents);
    let (mode, id) = (fields.next()?, fields.nth(parents)?);
    // Gone, or a submodule's commit.
    (parents > 0 && mode != "000000" && mode != "160000").then_some(id)
}

/// The blob that a change begins with: `:MODE MODE ID ID STATUS`.
fn old_blob(change: &[u8]) -> Option<&str> {
    let change = std::str::from_utf8(change).ok()?;
    let mut fields = change.strip_prefix(':')?.split(' ');
    let (mode, id) = (fields.next()?, fields.nth(1)?);
    // Not there, or a submodule's commit.
    (mode != "000000" && mode != "160000").then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_of_a_blob_is_known_with_the_oldest_commit() {
        let log = b"3 of Ann\n:100644 000000 aa 00 D\0gone\0\0\
                    2 of Ann\0::100644 100644 100644 aa bb cc MM\0:odd\n\0\0\
                    1 of Ann\n:000000 100644 00 cc A\0:odd\n\0:000000 120000 00 cc A\0b\0\0\
                    0 of Ann\n:000000 160000 00 dd A\0sub";
        let mut commits = Commits::default();
        commits.add_places(log);
        let places = commits.places("cc");
        let odd = (":odd\n".to_owned(), Some("committed in 1 of Ann"));
        assert_eq!(places, [odd, ("b".to_owned(), Some("committed in 1 of Ann"))]);
        assert_eq!(commits.places.len(), 1);
    }
}
