//! The server that repositories are fetched from.

use std::path::Path;

use shipway_core::ids::CommitId;

use super::reference::{ActionRef, Repository};
use super::{ActionError, git};

/// A server, by the beginning of its repositories' addresses.
pub(super) struct Server<'a> {
    pub(super) address: &'a str,
}

impl Server<'_> {
    /// The address of a repository.
    pub(super) fn of(&self, repository: &Repository) -> String {
        format!("{}/{repository}", self.address.trim_end_matches('/'))
    }

    /// The commit that a tag or branch is at now: tags first, as git has it.
    pub(super) async fn resolve(
        &self,
        action: &ActionRef,
    ) -> Result<Result<CommitId, String>, ActionError> {
        let reference = &action.reference;
        let (tag, branch) = match reference.starts_with("refs/") {
            true => (reference.clone(), reference.clone()),
            false => (format!("refs/tags/{reference}"), format!("refs/heads/{reference}")),
        };
        let peeled = format!("{tag}^{{}}");
        let address = self.of(&action.repository);
        let args = ["ls-remote", "--quiet", "--", &address, &tag, &peeled, &branch];
        let lines = match git::ask(Path::new("/"), args).await? {
            Ok(lines) => String::from_utf8_lossy(&lines).into_owned(),
            Err(complaint) => return Ok(Err(complaint)),
        };
        let of = |wanted: &str| {
            let mut lines = lines.lines().filter_map(|line| line.split_once('\t'));
            lines.find(|(_, name)| *name == wanted).and_then(|(id, _)| CommitId::new(id).ok())
        };
        let found = of(&peeled).or_else(|| of(&tag)).or_else(|| of(&branch));
        Ok(found.ok_or_else(|| missing(reference)))
    }

    /// Fetches one commit into the empty folder `git_dir`, a bare repository.
    pub(super) async fn fetch(
        &self,
        action: &ActionRef,
        commit: &CommitId,
        git_dir: &Path,
    ) -> Result<Result<(), String>, ActionError> {
        let address = self.of(&action.repository);
        if let Err(complaint) = git::ask(git_dir, ["init", "--bare", "--quiet", "."]).await? {
            return Ok(Err(complaint));
        }
        let fetch = async |what: &str| {
            let args = ["fetch", "--quiet", "--no-tags", "--depth=1", "--", &address, what];
            git::ask(git_dir, args).await
        };
        let by_commit = fetch(commit.as_str()).await?;
        let Err(complaint) = by_commit else { return Ok(Ok(())) };
        if action.commit().is_some() {
            return Ok(Err(complaint));
        }
        // A server that hands out only what has a name.
        Ok(fetch(&action.reference).await?.map(drop).map_err(|_| complaint))
    }
}

/// GitHub refuses abbreviated commits, too: they may become ambiguous.
fn missing(reference: &str) -> String {
    let hex = reference.len() >= 4 && reference.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hex && reference.len() < 40 {
        return format!(
            "no tag or branch {reference}; if it is the beginning of a commit's id, write the \
             whole id"
        );
    }
    format!("no tag or branch {reference}")
}
