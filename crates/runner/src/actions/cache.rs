//! What was fetched, kept by commit: `<cache>/tree/<owner>/<name>/<commit>`,
//! files without history, and `<cache>/ref/<owner>/<name>/<ref>`, the commit
//! that a ref was at when somebody last asked, for those who are offline.
//!
//! A tree is made beside and then named, so it is there whole or not at all,
//! however many workers want it at once.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use shipway_core::ids::CommitId;

use super::ActionError;
use super::reference::{ActionRef, Repository};

pub(super) struct Cache<'a> {
    pub(super) folder: &'a Path,
}

/// A folder to fill; removed when dropped, or by the next one who makes one if
/// its maker was killed.
pub(super) struct Part {
    folder: tempfile::TempDir,
    /// Held while somebody fills the folder.
    _alive: File,
}

const PART: &str = ".part-";
const UNTIL_LOCKED: Duration = Duration::from_secs(60);
const ALIVE: &str = "alive";

impl Cache<'_> {
    /// Where the files of a commit are or belong.
    pub(super) fn tree(&self, repository: &Repository, commit: &CommitId) -> PathBuf {
        self.of("tree", repository).join(commit.as_str())
    }

    fn of(&self, kind: &str, repository: &Repository) -> PathBuf {
        let lower = |text: &str| text.to_ascii_lowercase();
        self.folder.join(kind).join(lower(&repository.owner)).join(lower(&repository.name))
    }

    fn reference(&self, action: &ActionRef) -> PathBuf {
        // One file a ref: `a/b` beside `a` would be a folder.
        let name = action.reference.replace('%', "%25").replace('/', "%2F");
        self.of("ref", &action.repository).join(name)
    }

    /// The commit that `action` was at when it was last asked for.
    pub(super) fn last(&self, action: &ActionRef) -> Option<CommitId> {
        let text = fs::read_to_string(self.reference(action)).ok()?;
        CommitId::new(text.trim()).ok()
    }

    /// Remembers the commit of a ref.
    pub(super) fn remember(
        &self,
        action: &ActionRef,
        commit: &CommitId,
    ) -> Result<(), ActionError> {
        if self.last(action).as_ref() == Some(commit) {
            return Ok(());
        }
        let path = self.reference(action);
        let write = || {
            let folder = path.parent().unwrap_or(self.folder);
            fs::create_dir_all(folder)?;
            let file = tempfile::NamedTempFile::new_in(folder)?;
            fs::write(file.path(), format!("{commit}\n"))?;
            file.persist(&path).map_err(|error| error.error)
        };
        write().map(drop).map_err(ActionError::io("write", &path))
    }

    /// A new folder to fill.
    pub(super) fn part(&self) -> Result<Part, ActionError> {
        self.sweep();
        let make = || {
            fs::create_dir_all(self.folder)?;
            let folder = tempfile::Builder::new().prefix(PART).tempdir_in(self.folder)?;
            let alive = File::create(folder.path().join(ALIVE))?;
            alive.lock()?;
            Ok(Part { folder, _alive: alive })
        };
        make().map_err(ActionError::io("create a folder in", self.folder))
    }

    /// Removes what somebody who was killed left behind. What cannot be
    /// removed is in nobody's way.
    fn sweep(&self) {
        let entries = fs::read_dir(self.folder).into_iter().flatten().flatten();
        for entry in entries.filter(|e| e.file_name().to_string_lossy().starts_with(PART)) {
            // Whoever makes one needs a moment until its lock is held.
            let old = entry
                .metadata()
                .and_then(|metadata| metadata.modified())
                .is_ok_and(|made| made.elapsed().is_ok_and(|age| age > UNTIL_LOCKED));
            let held = File::open(entry.path().join(ALIVE))
                .is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)));
            let dead = old && !held;
            if dead && let Err(error) = fs::remove_dir_all(entry.path()) {
                tracing::debug!(%error, path = %entry.path().display(), "a leftover stays");
            }
        }
    }
}

impl Part {
    /// A folder in it.
    pub(super) fn folder(&self, name: &str) -> Result<PathBuf, ActionError> {
        let path = self.folder.path().join(name);
        fs::create_dir(&path).map_err(ActionError::io("create", &path))?;
        Ok(path)
    }

    /// Names a folder of it `tree`. If somebody was quicker, theirs stays.
    pub(super) fn keep(&self, name: &str, tree: &Path) -> Result<(), ActionError> {
        let rename = || {
            fs::create_dir_all(tree.parent().unwrap_or(tree))?;
            match fs::rename(self.folder.path().join(name), tree) {
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists
                    ) =>
                {
                    Ok(())
                }
                other => other,
            }
        };
        rename().map_err(ActionError::io("write", tree))
    }
}
