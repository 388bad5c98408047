//! A folder of repositories on this machine.

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use shipway_core::digest::Digest;
use shipway_core::ids::CommitId;

use super::reference::{ActionRef, Repository};
use super::{ActionError, git};

/// A mirror folder.
pub(super) struct Mirror<'a> {
    pub(super) folder: &'a Path,
}

/// What a mirror has of an action.
pub(super) enum Found {
    /// Plain files.
    Folder(PathBuf),
    /// A commit of this repository.
    Commit(PathBuf, CommitId),
}

impl Mirror<'_> {
    /// What `action` is here, or why it is not.
    pub(super) async fn find(
        &self,
        action: &ActionRef,
    ) -> Result<Result<Found, String>, ActionError> {
        let plain = self.folder.join(action.repository.owner.as_str());
        let plain = plain.join(format!("{}@{}", action.repository.name, action.reference));
        if plain.is_dir() {
            return Ok(Ok(Found::Folder(plain)));
        }
        let Some(repository) = self.repository(&action.repository) else {
            let Repository { owner, name } = &action.repository;
            return Ok(Err(format!("neither {owner}/{name} nor {owner}/{name}@<ref> is there")));
        };
        // Branches of a clone are those of the server it is of.
        let places = ["refs/tags", "refs/heads", "refs/remotes/origin"];
        let mut names: Vec<String> =
            places.iter().map(|place| format!("{place}/{}", action.reference)).collect();
        if action.commit().is_some() || action.reference.starts_with("refs/") {
            names.insert(0, action.reference.clone());
        }
        for name in names {
            let wanted = format!("{name}^{{commit}}");
            let args = ["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted];
            if let Ok(line) = git::ask(&repository, args).await?
                && let Ok(commit) = CommitId::new(String::from_utf8_lossy(&line).trim())
            {
                return Ok(Ok(Found::Commit(repository, commit)));
            }
        }
        let what = if action.commit().is_some() { "commit" } else { "tag or branch" };
        let place = repository.strip_prefix(self.folder).unwrap_or(&repository);
        Ok(Err(format!("{} has no {what} {}", place.display(), action.reference)))
    }

    /// The repository, bare or not.
    fn repository(&self, repository: &Repository) -> Option<PathBuf> {
        let owner = self.folder.join(&repository.owner);
        let names = [repository.name.clone(), format!("{}.git", repository.name)];
        names
            .into_iter()
            .map(|name| owner.join(name))
            .find(|folder| folder.join(".git").exists() || folder.join("HEAD").is_file())
    }
}

/// The digest of all files below a folder: paths in their order, whether they
/// may be executed, and contents.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn digest(folder: &Path) -> io::Result<Digest> {
    let mut files = Vec::new();
    list(folder, &mut files)?;
    files.sort();
    let mut all = Sha256::new();
    for path in files {
        let name = path.strip_prefix(folder).unwrap_or(&path).as_os_str().as_bytes();
        let metadata = fs::symlink_metadata(&path)?;
        let (kind, content) = if metadata.is_symlink() {
            (b'l', fs::read_link(&path)?.as_os_str().as_bytes().to_vec())
        } else {
            let mut content = Vec::new();
            fs::File::open(&path)?.read_to_end(&mut content)?;
            (if metadata.permissions().mode() & 0o111 == 0 { b'f' } else { b'x' }, content)
        };
        // Lengths keep what is next to each other apart.
        all.update([kind]);
        all.update((name.len() as u64).to_be_bytes());
        all.update(name);
        all.update((content.len() as u64).to_be_bytes());
        all.update(&content);
    }
    Ok(Digest::from_bytes(all.finalize().into()))
}

/// Every file below a folder, but those of git.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == ".git" {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => list(&entry.path(), files)?,
            false => files.push(entry.path()),
        }
    }
    Ok(())
}

/// Copies the files below `from` into `to`, which is created. Links stay
/// links; what belongs to git stays behind.
///
/// # Errors
/// What cannot be read or written.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if entry.file_name() == ".git" {
            continue;
        }
        if kind.is_dir() {
            copy(&source, &target)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&source)?, &target)?;
        } else {
            fs::copy(&source, &target)?;
        }
    }
    Ok(())
}
