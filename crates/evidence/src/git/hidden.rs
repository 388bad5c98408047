//! Files that git was told not to look at: `git update-index --assume-unchanged`, `--skip-worktree`.

use std::collections::HashMap;
use std::path::Path;

use super::{GitError, git, names};

/// So many files are named to git at once.
const AT_ONCE: usize = 200;

/// The files that git takes for unchanged without a look, and that have another content than at
/// `base`. One that is not in the work tree (a sparse checkout) is none of them.
pub(super) fn changed(root: &Path, base: &str) -> Result<Vec<String>, GitError> {
    let hidden = hidden(root)?;
    let hidden: Vec<String> = hidden.into_iter().filter(|name| is_there(root, name)).collect();
    if hidden.is_empty() {
        return Ok(hidden);
    }
    let merged = blobs(root, base)?;
    let mut changed = Vec::new();
    for some in hidden.chunks(AT_ONCE) {
        let arguments = ["hash-object", "--"].into_iter().chain(some.iter().map(String::as_str));
        let ids = git(root, &arguments.collect::<Vec<_>>())?;
        let ids = String::from_utf8_lossy(&ids).into_owned();
        let differs = some.iter().zip(ids.lines()).filter(|(name, id)| {
            // What a link leads to is not what git keeps of it.
            root.join(name).is_symlink() || merged.get(*name).is_none_or(|merged| merged != id)
        });
        changed.extend(differs.map(|(name, _)| name.clone()));
    }
    Ok(changed)
}

/// The files that git tracks and has not checked out (a sparse checkout).
///
/// # Errors
/// When git cannot be run or fails.
pub fn not_checked_out(root: &Path) -> Result<Vec<String>, GitError> {
    let hidden = hidden(root)?;
    let gone = |name: &String| std::fs::symlink_metadata(root.join(name)).is_err();
    Ok(hidden.into_iter().filter(gone).collect())
}

fn is_there(root: &Path, name: &str) -> bool {
    std::fs::symlink_metadata(root.join(name)).is_ok_and(|meta| !meta.is_dir())
}

/// The files that git does not look at: their tags are small letters, or `S`.
fn hidden(root: &Path) -> Result<Vec<String>, GitError> {
    let list = git(root, &["ls-files", "-v", "-z"])?;
    let hidden = names(&list).filter_map(|entry| match entry {
        [tag, b' ', name @ ..] if tag.is_ascii_lowercase() || *tag == b'S' => {
            Some(String::from_utf8_lossy(name).into_owned())
        }
        _ => None,
    });
    Ok(hidden.collect())
}

/// The files of a commit, with the ids of what is in them.
fn blobs(root: &Path, commit: &str) -> Result<HashMap<String, String>, GitError> {
    let list = git(root, &["ls-tree", "-r", "-z", "--full-tree", commit])?;
    let entry = |entry: &[u8]| {
        let entry = String::from_utf8_lossy(entry);
        let (head, name) = entry.split_once('\t')?;
        Some((name.to_owned(), head.rsplit(' ').next()?.to_owned()))
    };
    Ok(names(&list).filter_map(entry).collect())
}
