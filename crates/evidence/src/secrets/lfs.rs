//! Files that git keeps outside of the repository (Git LFS): what is committed points to them.

use std::path::{Path, PathBuf};

use super::LARGEST;
use crate::git::git;

/// The first line of a pointer (Git LFS, "The Pointer").
const FIRST: &[u8] = b"version https://git-lfs.github.com/spec/";
/// A pointer is shorter.
const LONGEST: usize = 1024;

/// Where git-lfs puts what it has fetched.
pub(super) struct Store(Option<PathBuf>);

impl Store {
    /// That of a repository.
    pub(super) fn of(root: &Path) -> Self {
        let folder = git(root, &["rev-parse", "--git-common-dir"]).ok();
        let folder = folder.map(|folder| String::from_utf8_lossy(&folder).trim_end().to_owned());
        Self(folder.map(|folder| root.join(folder).join("lfs/objects")))
    }

    /// The content of an object, if it was fetched and is not too large to be looked at.
    pub(super) fn read(&self, oid: &str) -> Option<Vec<u8>> {
        let file = self.0.as_ref()?.join(oid.get(..2)?).join(oid.get(2..4)?).join(oid);
        let is_small = std::fs::metadata(&file).is_ok_and(|meta| meta.len() <= LARGEST);
        is_small.then(|| std::fs::read(&file).ok()).flatten()
    }
}

/// The object that a pointer points to; nothing of what is none.
pub(super) fn pointed_to(content: &[u8]) -> Option<String> {
    if content.len() > LONGEST || !content.starts_with(FIRST) {
        return None;
    }
    let text = std::str::from_utf8(content).ok()?;
    let oid = text.lines().find_map(|line| line.strip_prefix("oid sha256:"))?;
    oid.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| oid.to_owned())
}
