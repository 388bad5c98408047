//! The payload of the event that a commit stands for, made from git as GitHub
//! would send it:
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads#push>.

use serde_json::{Value, json};
use shipway_core::plan::{Commit, Trigger};
use shipway_workflow::trigger::GitRef;

use crate::git::Repository;

use super::PlanError;

/// No commit: what `before` is of a new branch.
const ZEROS: &str = "0000000000000000000000000000000000000000";

/// A push of `commit`.
pub(super) fn push(
    repository: &Repository,
    commit: &Commit,
    git_ref: &GitRef,
) -> Result<Trigger, PlanError> {
    let before = repository.parent(&commit.id)?;
    let before = before.as_ref().map_or(ZEROS, |id| id.as_str());
    let head = json!({
        "id": commit.id,
        "message": commit.subject,
        "timestamp": commit.at.to_string(),
        "author": {"name": commit.author},
        "distinct": true,
    });
    let payload = json!({
        "ref": git_ref.full(),
        "before": before,
        "after": commit.id,
        "created": before == ZEROS,
        "deleted": false,
        "forced": false,
        "repository": described(repository)?,
        "pusher": {"name": commit.author},
        "sender": {"login": commit.author},
        "head_commit": head,
        "commits": [head],
    });
    Ok(Trigger { event: "push".to_owned(), git_ref: git_ref.full(), payload })
}

/// The repository: named as its `origin` names it, else as its folder.
fn described(repository: &Repository) -> Result<Value, PlanError> {
    let folder = repository.root().file_name().map(|name| name.to_string_lossy().into_owned());
    let folder = folder.unwrap_or_else(|| "repository".to_owned());
    let origin = repository.origin()?.and_then(|url| owner_and_name(&url));
    let (owner, name) = origin.unwrap_or_else(|| ("local".to_owned(), folder));
    Ok(json!({
        "name": name,
        "full_name": format!("{owner}/{name}"),
        "owner": {"login": owner, "name": owner},
        "private": true,
    }))
}

/// The last two parts of an address such as `https://example.org/owner/name.git`
/// or `git@example.org:owner/name`.
fn owner_and_name(url: &str) -> Option<(String, String)> {
    let path = url.trim_end_matches('/').trim_end_matches(".git");
    let mut parts = path.rsplit(['/', ':']);
    let (name, owner) = (parts.next()?, parts.next()?);
    let fit = |text: &str| !text.is_empty() && !text.contains('@');
    (fit(name) && fit(owner)).then(|| (owner.to_owned(), name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owner_and_name_come_from_the_address() {
        let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(owner_and_name("https://example.org/acme/shop.git"), pair("acme", "shop"));
        assert_eq!(owner_and_name("git@example.org:acme/shop"), pair("acme", "shop"));
        assert_eq!(owner_and_name("shop"), None);
    }
}
