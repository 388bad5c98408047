//! `github`: what a workflow is told about the event and the repository.
//!
//! Source: the `github` context of GitHub's "Contexts reference". What only
//! the worker knows (`workspace`, `event_path`, `action`, `job`, `token`) is
//! added there.

use serde_json::{Map, Value, json};

use crate::journal::Actor;
use crate::plan::Trigger;

use super::RunSpec;

/// The `github` context of `spec`'s jobs. Where the event's payload names no
/// repository, `repository` is the name of its folder.
pub fn github_context(spec: &RunSpec) -> Map<String, Value> {
    let mut context = github_without_event(spec);
    context.insert("event".to_owned(), spec.trigger.payload.clone());
    context
}

/// The same for whoever has the event's payload already: `event` is null.
pub fn github_without_event(spec: &RunSpec) -> Map<String, Value> {
    match spec.text.read(&spec.path) {
        Ok(workflow) => without_event(spec, workflow.title()),
        Err(_) => without_event(spec, &spec.path),
    }
}

fn without_event(spec: &RunSpec, workflow: &str) -> Map<String, Value> {
    let payload = &spec.trigger.payload;
    let text = |path: &str| payload.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let or = |first: &str, second: &str| -> String {
        let known = [text(first), second];
        known.into_iter().find(|text| !text.is_empty()).unwrap_or_default().to_owned()
    };
    let git_ref = GitRef::of(&spec.trigger.git_ref);
    let repository = or("/repository/full_name", folder_name(&spec.repository));
    let owner = repository.split_once('/').map_or("", |(owner, _)| owner).to_owned();
    let server = server_url(text("/repository/html_url"));
    let actor = or("/sender/login", login(&spec.by));
    let triggering = spec.attempt.by.as_ref().map_or(actor.as_str(), login);
    let sha = spec.commit.id.as_str();
    let full_ref = &spec.trigger.git_ref;
    let context = json!({
        "actor": actor,
        "actor_id": payload.pointer("/sender/id").map(as_text),
        "api_url": api_url(&server),
        "base_ref": text("/pull_request/base/ref"),
        "event": null,
        "event_name": spec.trigger.event,
        "graphql_url": format!("{}/api/graphql", server),
        "head_ref": text("/pull_request/head/ref"),
        "ref": full_ref,
        "ref_name": git_ref.name,
        "ref_protected": spec.rules.ref_protected,
        "ref_type": git_ref.kind,
        "repository": repository,
        "repository_id": payload.pointer("/repository/id").map(as_text),
        "repository_owner": owner,
        "repository_owner_id": payload.pointer("/repository/owner/id").map(as_text),
        "repositoryUrl": or("/repository/git_url", &spec.repository),
        "retention_days": "90",
        "run_attempt": spec.attempt.number.to_string(),
        "run_id": super::run_number(spec.first()).to_string(),
        "run_number": spec.number.to_string(),
        "secret_source": "Actions",
        "server_url": server,
        "sha": sha,
        "triggering_actor": triggering,
        "workflow": workflow,
        "workflow_ref": format!("{repository}/{}@{full_ref}", spec.path),
        "workflow_sha": sha,
    });
    let Value::Object(mut context) = context else { return Map::new() };
    if server == PUBLIC_SERVER {
        context.insert("graphql_url".to_owned(), json!("https://api.github.com/graphql"));
    }
    context
}

fn login(actor: &Actor) -> &str {
    match actor {
        Actor::Engine => "shipway",
        Actor::Unverified { user } => user,
    }
}

/// Whether the run is for a pull request from a fork, so that what it executes
/// is not trusted: it gets no secrets, and its token only reads. Not for
/// `pull_request_target`, which executes what the base branch says.
pub fn is_from_fork(trigger: &Trigger) -> bool {
    let is_about_a_head = matches!(
        trigger.event.as_str(),
        "pull_request" | "pull_request_review" | "pull_request_review_comment"
    );
    if !is_about_a_head {
        return false;
    }
    let of = |side: &str| {
        let repository = trigger.payload.pointer(&format!("/pull_request/{side}/repo/full_name"));
        repository.and_then(Value::as_str)
    };
    let own = trigger.payload.pointer("/repository/full_name").and_then(Value::as_str);
    of("head").is_some_and(|head| of("base").or(own) != Some(head))
}

const PUBLIC_SERVER: &str = "https://github.com";

/// Where the REST API of a server is, `https://github.com` or another.
///
/// Source: "Getting started with the REST API" of GitHub, of GitHub Enterprise Server, and of
/// GitHub Enterprise Cloud with data residency.
#[must_use]
pub fn api_url(server: &str) -> String {
    match server.strip_prefix("https://") {
        _ if server == PUBLIC_SERVER => "https://api.github.com".to_owned(),
        Some(host) if host.ends_with(".ghe.com") => format!("https://api.{host}"),
        _ => format!("{server}/api/v3"),
    }
}

/// A ref in the two forms that workflows know it by.
struct GitRef<'a> {
    name: &'a str,
    kind: &'static str,
}

impl<'a> GitRef<'a> {
    fn of(full: &'a str) -> Self {
        let known = [("refs/heads/", "branch"), ("refs/tags/", "tag"), ("refs/pull/", "branch")];
        let found = known
            .iter()
            .find_map(|(prefix, kind)| Some(Self { name: full.strip_prefix(prefix)?, kind }));
        // On a detached HEAD there is neither branch nor tag.
        found.unwrap_or(Self { name: full, kind: "" })
    }
}

fn folder_name(repository: &str) -> &str {
    let path = repository.trim_end_matches('/');
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".git").unwrap_or(name)
}

/// `https://host` of a repository's address.
fn server_url(address: &str) -> String {
    let mut parts = address.splitn(4, '/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(scheme), Some(""), Some(host)) if !host.is_empty() => format!("{scheme}//{host}"),
        _ => PUBLIC_SERVER.to_owned(),
    }
}

/// Ids are text in this context, and numbers in payloads.
fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_server_has_its_api_elsewhere() {
        assert_eq!(api_url("https://github.com"), "https://api.github.com");
        assert_eq!(api_url("https://acme.ghe.com"), "https://api.acme.ghe.com");
        assert_eq!(api_url("https://git.acme.org:8443"), "https://git.acme.org:8443/api/v3");
        assert_eq!(api_url("https://evilghe.com"), "https://evilghe.com/api/v3");
    }
}
