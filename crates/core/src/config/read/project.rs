//! The whole file.

use indexmap::IndexMap;
use shipway_workflow::Span;

use super::fields::Fields;
use super::item::Item;
use super::{PathKind, check, code, environment, gates, layers, path, service, value};
use crate::config::{
    Config, Gates, Limits, LostJob, RequiredWorkflows, TokenPermissions, Workflows, defaults,
};
use crate::ids::{EnvName, ProjectId, ServiceName};

const WORKFLOWS: &str = ".github/workflows";

pub(super) fn config(item: Item) -> Option<Config> {
    if item.node.is_null() {
        let message = "the file is empty";
        let problem = item.reader.error(code::MISSING_KEY, Span::default(), message);
        item.reader.report(problem.with_help("`shipway init` writes a first one"));
        return None;
    }
    let mut fields = Fields::of(item)?;
    let project = fields.required("project", "the file", value::name::<ProjectId>);
    let services = fields.required("services", "the file", |item| {
        let names = keys(item);
        at_least_one(item, "service");
        value::named(item, |name: &ServiceName, item| service::service(item, name, &names))
    });
    let services = services.unwrap_or_default();
    let environments = fields.required("environments", "the file", |item| {
        let names = keys(item);
        at_least_one(item, "environment");
        value::named(item, |name: &EnvName, item| {
            environment::environment(item, name, &names, &services)
        })
    });
    let environments = environments.unwrap_or_default();
    check::cycles(item, &services, &environments);
    check::routes(item, &services, &environments);
    let workflows = fields.or("workflows", Workflows::default, workflows);
    let gates = fields
        .or("gates", Gates::default, |item| gates::gates(item, &services, environments.keys()));
    let limits = fields.or("limits", Limits::default, limits);
    fields.later("notify");
    fields.finish();
    Some(Config { project: project?, services, environments, workflows, gates, limits })
}

fn keys<'a>(item: Item<'a>) -> Vec<&'a str> {
    let mapping = item.node.as_mapping();
    mapping.into_iter().flatten().map(|entry| entry.key.value.as_str()).collect()
}

fn at_least_one(item: Item, kind: &str) {
    if item.node.as_mapping().is_some_and(|mapping| mapping.is_empty()) {
        item.error(code::MISSING_KEY, format!("there is no {kind}: at least one is needed"));
    }
}

fn workflows(item: Item) -> Option<Workflows> {
    let mut fields = Fields::of(item)?;
    let required = fields.or("required", defaults::required_workflows, |item| {
        if item.node.as_sequence().is_some() {
            return item.list(workflow).map(RequiredWorkflows::Only);
        }
        if item.node.as_str() != Some("all") {
            item.wrong_type("`all`, or a list of workflow files");
        }
        Some(RequiredWorkflows::All)
    });
    let vars =
        fields.or("vars", IndexMap::new, |item| layers::variables(item, layers::plain_value));
    let secrets =
        fields.or("secrets", IndexMap::new, |item| layers::variables(item, layers::secret_source));
    let token = fields.or_off("token", || None, layers::token_source);
    let permissions = fields.or("permissions", TokenPermissions::default, {
        value::choice(&[("read", TokenPermissions::Read), ("write", TokenPermissions::Write)])
    });
    let runs_on = fields.or("runs_on", Vec::new, |item| item.list(value::text));
    let on_lost = fields.or("on_lost", LostJob::default, {
        value::choice(&[("fail", LostJob::Fail), ("retry", LostJob::Retry)])
    });
    fields.finish();
    Some(Workflows { required, vars, secrets, token, permissions, runs_on, on_lost })
}

fn workflow(item: Item) -> Option<String> {
    let name = value::text(item)?;
    let file = path::join(WORKFLOWS, &name);
    if name.contains('/') || item.reader.facts.at(&file) != Some(PathKind::File) {
        path::missing(item, &file, "workflow");
        return None;
    }
    Some(name)
}

fn limits(item: Item) -> Option<Limits> {
    let mut fields = Fields::of(item)?;
    let limits = Limits {
        jobs: fields.or("jobs", defaults::parallel_jobs, value::whole(1..=1_000)),
        releases: fields.or("releases", defaults::kept_releases, value::whole(1..=10_000)),
    };
    fields.finish();
    Some(limits)
}
