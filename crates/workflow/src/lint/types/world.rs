//! The contexts that are the same for everybody.
//!
//! Source: GitHub's "Contexts reference", and what its runner puts in.

use super::Type;

fn strings(names: &[&'static str]) -> Vec<(&'static str, Type)> {
    names.iter().map(|name| (*name, Type::String)).collect()
}

/// `github`, with the `inputs` of `workflow_dispatch` in its event.
pub(in crate::lint) fn github(event_inputs: Type) -> Type {
    let mut members = strings(&[
        "action",
        "action_path",
        "action_ref",
        "action_repository",
        "action_status",
        "actor",
        "actor_id",
        "api_url",
        "artifact_cache_size_limit",
        "base_ref",
        "env",
        "event_name",
        "event_path",
        "graphql_url",
        "head_ref",
        "job",
        "job_workflow_sha",
        "output",
        "path",
        "ref",
        "ref_name",
        "ref_type",
        "repository",
        "repository_id",
        "repository_owner",
        "repository_owner_id",
        "repository_visibility",
        "repositoryUrl",
        "retention_days",
        "run_attempt",
        "run_id",
        "run_number",
        "secret_source",
        "server_url",
        "sha",
        "state",
        "step_summary",
        "token",
        "triggering_actor",
        "workflow",
        "workflow_ref",
        "workflow_sha",
        "workspace",
    ]);
    members.push(("ref_protected", Type::Bool));
    members.push(("event", Type::open([("inputs", event_inputs)], Type::Any)));
    Type::strict(members)
}

/// `runner`
pub(in crate::lint) fn runner() -> Type {
    Type::strict(strings(&[
        "arch",
        "debug",
        "environment",
        "name",
        "os",
        "temp",
        "tool_cache",
        "workspace",
    ]))
}

/// `job`
pub(in crate::lint) fn job() -> Type {
    let service = Type::strict([
        ("id", Type::String),
        ("network", Type::String),
        ("ports", Type::map(Type::String)),
    ]);
    Type::strict([
        ("check_run_id", Type::Number),
        ("container", Type::strict(strings(&["id", "network"]))),
        ("services", Type::map(service)),
        ("status", Type::String),
        ("workflow_ref", Type::String),
        ("workflow_sha", Type::String),
        ("workflow_repository", Type::String),
        ("workflow_file_path", Type::String),
    ])
}

/// `strategy`
pub(in crate::lint) fn strategy() -> Type {
    Type::strict([
        ("fail-fast", Type::Bool),
        ("job-index", Type::Number),
        ("job-total", Type::Number),
        ("max-parallel", Type::Number),
    ])
}
