//! The payloads of events, made from git as GitHub would send them:
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads>.

use serde_json::{Value, json};
use shipway_core::ids::CommitId;
use shipway_core::plan::{Commit, Trigger};
use shipway_workflow::trigger::GitRef;

use crate::git::{Remote, Repository};

use super::PlanError;

/// No commit: what `before` is of a new branch.
pub(super) const ZEROS: &str = "0000000000000000000000000000000000000000";
/// As many commits a push tells of; the newest.
const MOST_TOLD: usize = 20;

/// A push of `commit`: of all that `origin` does not have on its branch, as far
/// as this repository knows; without one, of the commit alone.
pub(super) fn push(
    repository: &Repository,
    commit: &Commit,
    git_ref: &GitRef,
) -> Result<Trigger, PlanError> {
    let upstream = match git_ref {
        GitRef::Branch(branch) => repository.upstream(branch)?,
        GitRef::Tag(_) => None,
    };
    let upstream = upstream.filter(|upstream| *upstream != commit.id);
    let parent = repository.parent(&commit.id)?;
    let forced = match &upstream {
        Some(upstream) => !repository.is_behind(upstream, &commit.id)?,
        None => false,
    };
    let before = upstream.or(parent);
    let commits = match &before {
        Some(before) if !forced => repository.between(before, &commit.id, MOST_TOLD)?,
        _ => vec![commit.clone()],
    };
    let described = described(repository)?;
    let told = |commit: &Commit| told(repository, &described, commit);
    let head = told(commit)?;
    let commits = commits.iter().map(told).collect::<Result<Vec<_>, _>>()?;
    let before = before.as_ref().map_or(ZEROS, CommitId::as_str);
    let created = before == ZEROS || matches!(git_ref, GitRef::Tag(_));
    let web = described["html_url"].as_str().unwrap_or_default();
    let short = |id: &str| id.get(..12).unwrap_or(id).to_owned();
    let compare = match created {
        true => format!("{web}/compare/{}", git_ref.short()),
        false => format!("{web}/compare/{}...{}", short(before), short(commit.id.as_str())),
    };
    let payload = json!({
        "ref": git_ref.full(),
        "base_ref": null,
        "before": before,
        "after": commit.id,
        "created": created,
        "deleted": false,
        "forced": forced,
        "compare": compare,
        "repository": described,
        "pusher": {"name": commit.author, "email": repository.author_email(&commit.id)?},
        "sender": {"login": commit.author, "type": "User"},
        "head_commit": head,
        "commits": commits,
    });
    Ok(Trigger { event: "push".to_owned(), git_ref: git_ref.full(), payload })
}

/// A commit as pushes tell of it.
fn told(repository: &Repository, described: &Value, commit: &Commit) -> Result<Value, PlanError> {
    let person = json!({"name": commit.author, "email": repository.author_email(&commit.id)?});
    let web = described["html_url"].as_str().unwrap_or_default();
    Ok(json!({
        "id": commit.id,
        "tree_id": repository.tree(&commit.id)?,
        "message": repository.message(&commit.id)?,
        "timestamp": commit.at.to_string(),
        "url": format!("{web}/commit/{}", commit.id),
        "author": person,
        "committer": person,
        "distinct": true,
    }))
}

/// The two branches of a pull request.
pub(super) struct Sides<'a> {
    pub(super) base: (&'a str, &'a CommitId),
    pub(super) head: (&'a str, &'a CommitId),
}

/// A pull request whose newest commit is `commit`.
pub(super) fn pull_request(
    repository: &Repository,
    commit: &Commit,
    number: u64,
    sides: &Sides<'_>,
) -> Result<Value, PlanError> {
    let mut payload = common(repository, commit)?;
    let described = payload["repository"].clone();
    let owner = described["owner"]["login"].as_str().unwrap_or_default();
    let side = |(name, id): (&str, &CommitId)| {
        json!({
            "label": format!("{owner}:{name}"),
            "ref": name,
            "sha": id,
            "repo": described,
            "user": described["owner"],
        })
    };
    let web = described["html_url"].as_str().unwrap_or_default();
    payload["action"] = json!("opened");
    payload["number"] = json!(number);
    payload["pull_request"] = json!({
        "number": number,
        "state": "open",
        "title": commit.subject,
        "body": null,
        "draft": false,
        "merged": false,
        "locked": false,
        "labels": [],
        "html_url": format!("{web}/pull/{number}"),
        "user": {"login": commit.author, "type": "User"},
        "author_association": "OWNER",
        "base": side(sides.base),
        "head": side(sides.head),
        "commits": repository.count_between(sides.base.1, sides.head.1)?,
    });
    Ok(payload)
}

/// What every payload has.
pub(super) fn common(repository: &Repository, commit: &Commit) -> Result<Value, PlanError> {
    Ok(json!({
        "repository": described(repository)?,
        "sender": {"login": commit.author, "type": "User"},
    }))
}

/// The repository: named as its `origin` names it, else as its folder.
fn described(repository: &Repository) -> Result<Value, PlanError> {
    let folder = repository.root().file_name().map(|name| name.to_string_lossy().into_owned());
    let folder = folder.unwrap_or_else(|| "repository".to_owned());
    let origin = repository.origin()?.and_then(|url| Remote::parse(&url));
    let origin = origin.map(|remote| (remote.owner, remote.name));
    let (owner, name) = origin.unwrap_or_else(|| ("local".to_owned(), folder));
    let web = format!("https://github.com/{owner}/{name}");
    Ok(json!({
        "name": name,
        "full_name": format!("{owner}/{name}"),
        "owner": {"login": owner, "name": owner},
        "private": true,
        "fork": false,
        "html_url": web,
        "clone_url": format!("{web}.git"),
        "default_branch": repository.default_branch()?,
    }))
}
