//! Where an action is found: the order of asking.

use std::path::{Path, PathBuf};

use shipway_core::ids::CommitId;

use super::cache::Cache;
use super::git;
use super::lock::Lock;
use super::mirror::{self, Found, Mirror};
use super::reference::{ActionRef, Resolved, Revision};
use super::server::Server;
use super::{ActionError, Attempt, Settings};

/// Finds actions and their files.
#[derive(Debug, Clone)]
pub struct Store {
    settings: Settings,
    lock: Option<Lock>,
}

/// Where the files of a revision are.
enum Source {
    Folder(PathBuf),
    Repository(PathBuf),
}

const HINT_OFFLINE: &str =
    "run once without being offline, or put a clone of the repository into the mirror folder";
const HINT: &str = "see that owner, name and ref are spelled right, that the server can be \
                    reached and, for a private repository, that git has credentials for it; or \
                    put a clone of it into the mirror folder";

impl Store {
    /// A store that follows `lock`, if there is one.
    pub fn new(settings: Settings, lock: Option<Lock>) -> Self {
        Self { settings, lock }
    }

    /// What it was made from.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What `action` is: as the lock file pins it, else as it is now.
    ///
    /// # Errors
    /// It is nowhere, or it has to be pinned and is not.
    pub async fn resolve(&self, action: &ActionRef) -> Result<Resolved, ActionError> {
        match self.lock.as_ref().and_then(|lock| lock.get(action)) {
            Some(revision) => Ok(Resolved { action: action.clone(), revision: revision.clone() }),
            // A commit is its own pin, though a lock file lists it.
            None if self.settings.locked => Err(ActionError::NotLocked(action.clone())),
            None => self.current(action).await,
        }
    }

    /// What `action` is now, whatever the lock file says.
    ///
    /// # Errors
    /// It is nowhere.
    pub async fn current(&self, action: &ActionRef) -> Result<Resolved, ActionError> {
        let mut tried = Vec::new();
        let revision = match self.mirrored(action, &mut tried).await? {
            Some(Found::Folder(folder)) => Revision::Tree(digest(&folder).await?),
            Some(Found::Commit(_, commit)) => Revision::Commit(commit),
            None => Revision::Commit(self.commit(action, &mut tried).await?),
        };
        Ok(Resolved { action: action.clone(), revision })
    }

    /// Its commit by the reference itself, the server, or when offline by what
    /// the server said last.
    async fn commit(
        &self,
        action: &ActionRef,
        tried: &mut Vec<Attempt>,
    ) -> Result<CommitId, ActionError> {
        if let Some(commit) = action.commit() {
            return Ok(commit);
        }
        let (cache, server) = (self.cache(), self.server());
        if self.settings.offline {
            if let Some(commit) = cache.last(action) {
                return Ok(commit);
            }
            tried.push(Attempt::new(self.settings.cache.display(), "it was never fetched"));
            return Err(self.nowhere(action, tried));
        }
        match server.resolve(action).await? {
            Ok(commit) => {
                cache.remember(action, &commit)?;
                Ok(commit)
            }
            Err(answer) => {
                tried.push(Attempt::new(server.of(&action.repository), answer));
                Err(self.nowhere(action, tried))
            }
        }
    }

    /// A folder with the files of a revision, which nobody may change.
    ///
    /// # Errors
    /// They are nowhere, or are not those of the revision any more.
    pub async fn files(&self, resolved: &Resolved) -> Result<PathBuf, ActionError> {
        let (action, mut tried) = (&resolved.action, Vec::new());
        let commit = match &resolved.revision {
            Revision::Commit(commit) => commit,
            Revision::Tree(pinned) => {
                let Some(Found::Folder(folder)) = self.mirrored(action, &mut tried).await? else {
                    return Err(self.nowhere(action, &mut tried));
                };
                let found = digest(&folder).await?;
                if found == *pinned {
                    return Ok(folder);
                }
                let (pinned, found) = (pinned.to_string(), found.to_string());
                return Err(ActionError::OtherFiles { action: action.clone(), pinned, found });
            }
        };
        let cache = self.cache();
        let tree = cache.tree(&action.repository, commit);
        if tree.is_dir() {
            return Ok(tree);
        }
        let place = tree.display();
        tried.push(Attempt::new(place, format!("{} is not there", commit.short())));
        let part = cache.part()?;
        let mut source = None;
        let exact = ActionRef { reference: commit.to_string(), ..action.clone() };
        match self.mirrored(&exact, &mut tried).await? {
            Some(Found::Commit(repository, _)) => source = Some(Source::Repository(repository)),
            Some(Found::Folder(folder)) => source = Some(Source::Folder(folder)),
            None if self.settings.offline => {}
            None => {
                let (server, folder) = (self.server(), part.folder("git")?);
                match server.fetch(action, commit, &folder).await? {
                    Ok(()) => source = Some(Source::Repository(folder)),
                    Err(answer) => {
                        tried.push(Attempt::new(server.of(&action.repository), answer));
                    }
                }
            }
        }
        let files = part.folder("tree")?;
        let unpacked = match source {
            // A plain folder that is named like the commit: it is what it says.
            Some(Source::Folder(folder)) => return Ok(folder),
            Some(Source::Repository(repository)) => {
                git::unpack(&repository, commit.as_str(), &files).await?
            }
            None => return Err(self.nowhere(action, &mut tried)),
        };
        if let Err(answer) = unpacked {
            tried.push(Attempt::new("git archive", answer));
            return Err(self.nowhere(action, &mut tried));
        }
        part.keep("tree", &tree)?;
        Ok(tree)
    }

    /// Copies the files of a revision into `target`, so that what an action
    /// does to its own folder stays in its job.
    ///
    /// # Errors
    /// As [`Store::files`], and when they cannot be written.
    pub async fn copy(&self, resolved: &Resolved, target: &Path) -> Result<(), ActionError> {
        let files = self.files(resolved).await?;
        let to = target.to_owned();
        let copied = tokio::task::spawn_blocking(move || mirror::copy(&files, &to)).await;
        let copied = copied.map_err(std::io::Error::other).flatten();
        copied.map_err(ActionError::io("copy an action into", target))
    }

    async fn mirrored(
        &self,
        action: &ActionRef,
        tried: &mut Vec<Attempt>,
    ) -> Result<Option<Found>, ActionError> {
        let Some(folder) = &self.settings.mirror else {
            tried.push(Attempt::new("mirror", "none is configured (SHIPWAY_ACTIONS_MIRROR)"));
            return Ok(None);
        };
        Ok(match (Mirror { folder }).find(action).await? {
            Ok(found) => Some(found),
            Err(answer) => {
                let place = format!("mirror {}", folder.display());
                tried.push(Attempt::new(place, answer));
                None
            }
        })
    }

    fn nowhere(&self, action: &ActionRef, tried: &mut Vec<Attempt>) -> ActionError {
        let offline = self.settings.offline;
        if offline {
            let place = self.server().of(&action.repository);
            tried.push(Attempt::new(place, "offline, so it was not asked"));
        }
        let hint = if offline { HINT_OFFLINE } else { HINT };
        ActionError::NotFound { action: action.clone(), tried: std::mem::take(tried), hint }
    }

    fn cache(&self) -> Cache<'_> {
        Cache { folder: &self.settings.cache }
    }

    fn server(&self) -> Server<'_> {
        Server { address: &self.settings.server }
    }
}

async fn digest(folder: &Path) -> Result<shipway_core::digest::Digest, ActionError> {
    let (path, error) = (folder.to_owned(), ActionError::io("read", folder));
    let digest = tokio::task::spawn_blocking(move || mirror::digest(&path)).await;
    digest.map_err(std::io::Error::other).flatten().map_err(error)
}
