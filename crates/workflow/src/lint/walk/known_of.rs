//! What a file tells about its contexts.
//!
//! What is written and could not be read (its problem is reported) counts as known, with any
//! type: one mistake is not told twice.

use crate::lint::callee::{Callee, type_of};
use crate::lint::checking::Checking;
use crate::lint::types::{Type, job as any_job};
use crate::model::{
    Event, Input, Job, JobKind, Services, Step, StepKind, Strategy, Tree, Workflow,
};
use crate::yaml::{Mapping, Node};
use indexmap::IndexMap;

/// The mapping at a path of keys.
fn written<'a>(checking: &Checking<'a>, path: &[&str]) -> Option<&'a Mapping> {
    path.iter().try_fold(checking.root?.as_mapping()?, |at, key| at.get(key)?.as_mapping())
}

/// `inputs`: those of `workflow_dispatch` and of `workflow_call` together.
pub(super) fn inputs(checking: &Checking<'_>, workflow: &Workflow) -> Type {
    let mut members: IndexMap<String, Type> = IndexMap::new();
    for event in ["workflow_dispatch", "workflow_call"] {
        for entry in written(checking, &["on", event, "inputs"]).into_iter().flatten() {
            members.insert(entry.key.to_lowercase(), Type::Any);
        }
    }
    let call = workflow.on.call().map(|call| &call.inputs);
    let mut seen = std::collections::HashSet::new();
    for (name, input) in workflow.on.dispatch_inputs().into_iter().chain(call).flatten() {
        let of = type_of(&input.kind);
        let name = name.to_lowercase();
        let known = members.get(&name).filter(|_| !seen.insert(name.clone())).cloned();
        members.insert(name, known.map_or(of.clone(), |known| known.either(of)));
    }
    Type::strict(members)
}

/// `github.event.inputs`: texts, whatever their type.
pub(super) fn event_inputs(checking: &Checking<'_>, workflow: &Workflow) -> Type {
    let Some(inputs) = workflow.on.dispatch_inputs() else { return Type::Any };
    let unread = written(checking, &["on", "workflow_dispatch", "inputs"]).into_iter().flatten();
    let unread = unread.map(|entry| entry.key.value.clone());
    let named = |inputs: &IndexMap<String, Input>| inputs.keys().cloned().collect::<Vec<_>>();
    Type::strict(named(inputs).into_iter().chain(unread).map(|name| (name, Type::String)))
}

/// `secrets`: a workflow that is only ever called knows which it takes.
pub(super) fn secrets(workflow: &Workflow) -> Type {
    let only_called = workflow.on.triggers.keys().all(|event| *event == Event::WorkflowCall);
    match workflow.on.call().filter(|call| only_called && !call.secrets.is_empty()) {
        None => Type::map(Type::String),
        Some(call) => {
            let always = ["GITHUB_TOKEN", "ACTIONS_STEP_DEBUG", "ACTIONS_RUNNER_DEBUG"];
            let names = call.secrets.keys().map(String::as_str).chain(always);
            Type::strict(names.map(|name| (name, Type::String)))
        }
    }
}

/// `needs`: the jobs that a job names.
pub(super) fn needs(checking: &Checking<'_>, workflow: &Workflow, job: &Job) -> Type {
    Type::strict(job.needs.iter().map(|need| {
        let of = workflow.jobs.get(&need.value).map(|job| job_result(checking, job));
        (need.value.clone(), of.unwrap_or_default())
    }))
}

/// `jobs`: all of them, for the outputs of a called workflow.
pub(super) fn jobs(checking: &Checking<'_>, workflow: &Workflow) -> Type {
    let unread = written(checking, &["jobs"]).into_iter().flatten();
    let unread = unread.map(|entry| (entry.key.value.clone(), Type::Any));
    let read = workflow.jobs.iter().map(|(id, job)| (id.clone(), job_result(checking, job)));
    Type::strict(unread.chain(read))
}

fn job_result(checking: &Checking<'_>, job: &Job) -> Type {
    let outputs = match &job.kind {
        JobKind::Steps(steps) => match steps.outputs.written() {
            Some(named) => Type::strict(named.keys().map(|name| (name, Type::String))),
            None => Type::map(Type::String),
        },
        JobKind::Call(call) => match checking.called(&call.uses).as_ref() {
            Callee::Workflow(call) => {
                Type::strict(call.outputs.keys().map(|name| (name, Type::String)))
            }
            _ => Type::map(Type::String),
        },
    };
    Type::strict([("outputs", outputs), ("result", Type::String)])
}

/// `matrix`: the keys of the rows and of what is included.
pub(super) fn matrix(strategy: Option<&Strategy>) -> Type {
    let matrix = match strategy {
        None | Some(Strategy::Written { matrix: None, .. }) => return Type::strict::<&str>([]),
        Some(Strategy::Written { matrix: Some(matrix), .. }) => matrix,
        Some(Strategy::Computed(_)) => return Type::Any,
    };
    let Tree::Mapping(rows) = matrix else { return Type::Any };
    let mut members: IndexMap<String, Type> = IndexMap::new();
    let mut open = false;
    let mut add = |name: &str, of: Type| match members.get_mut(name) {
        Some(known) => *known = known.clone().either(of),
        None => {
            members.insert(name.to_owned(), of);
        }
    };
    for (name, row) in rows.iter().filter(|(name, _)| *name != "exclude") {
        match (name.as_str(), row) {
            ("include", Tree::Sequence(items)) => {
                for item in items {
                    match item {
                        Tree::Mapping(values) => {
                            values.iter().for_each(|(name, value)| add(name, tree(value)));
                        }
                        _ => open = true,
                    }
                }
            }
            ("include", _) => open = true,
            (name, Tree::Sequence(items)) => {
                let of = items.iter().map(tree).reduce(Type::either);
                add(name, of.unwrap_or_default());
            }
            (name, _) => add(name, Type::Any),
        }
    }
    if open { Type::open(members, Type::Any) } else { Type::strict(members) }
}

fn tree(tree: &Tree) -> Type {
    match tree {
        Tree::Sequence(items) => {
            Type::list(items.iter().map(self::tree).reduce(Type::either).unwrap_or_default())
        }
        Tree::Mapping(members) => {
            Type::strict(members.iter().map(|(name, value)| (name, self::tree(value))))
        }
        Tree::Scalar(template) => match template.as_literal() {
            Some(value) => Type::of(&value),
            None => Type::Any,
        },
    }
}

/// `job`: with the services that there are.
pub(super) fn job_context(job: &Job) -> Type {
    let Type::Object(shape) = any_job() else { return Type::Any };
    let JobKind::Steps(steps) = &job.kind else { return Type::Object(shape) };
    let Services::Named(named) = &steps.services else { return Type::Object(shape) };
    let service = shape.get("services").and_then(Type::shape).and_then(|all| all.rest().cloned());
    let service = service.unwrap_or_default();
    let services = Type::strict(named.keys().map(|name| (name, service.clone())));
    let members = shape
        .members()
        .map(|(name, of)| (name, if name == "services" { services.clone() } else { of.clone() }));
    Type::strict(members)
}

/// What `steps` knows of one step.
pub(super) fn step(checking: &Checking<'_>, step: &Step) -> Type {
    let outputs = match &step.kind {
        StepKind::Uses { action, .. } => match checking.action(action).as_ref() {
            Callee::Action(interface) => interface.outputs(),
            _ => Type::map(Type::String),
        },
        _ => Type::map(Type::String),
    };
    Type::strict([("outputs", outputs), ("conclusion", Type::String), ("outcome", Type::String)])
}

/// The ids of steps as they are written in a job.
pub(super) fn written_steps(checking: &Checking<'_>, job: &Job) -> Vec<String> {
    ids(checking.written_job(job).and_then(|job| job.get("steps")))
}

/// The ids of steps as they are written in an action.
pub(super) fn written_action_steps(checking: &Checking<'_>) -> Vec<String> {
    ids(written(checking, &["runs"]).and_then(|runs| runs.get("steps")))
}

fn ids(steps: Option<&Node>) -> Vec<String> {
    let mut all = Vec::new();
    for step in steps.and_then(Node::as_sequence).unwrap_or_default() {
        let Some(fields) = step.as_mapping() else { continue };
        all.extend(fields.get("id").and_then(Node::text).map(str::to_owned));
        all.extend(ids(fields.get("parallel")));
    }
    all
}
