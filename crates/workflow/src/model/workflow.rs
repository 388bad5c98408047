//! The whole file.

use indexmap::IndexMap;

use super::reader::Reader;
use super::{
    Bindings, Concurrency, Defaults, Job, JobKind, On, Permissions, cache_mode, check, code,
};
use crate::diagnostic::Diagnostic;
use crate::expr::{Template, scopes};
use crate::span::{Span, Spanned};
use crate::yaml;

/// A workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct Workflow {
    /// The file as the caller named it.
    pub file: String,
    /// Its name; without one, its file is shown.
    pub name: Option<Spanned<String>>,
    /// The name of its runs.
    pub run_name: Option<Template>,
    /// What starts it.
    pub on: On,
    /// What its token may do, if it says so.
    pub permissions: Option<Permissions>,
    /// What its jobs may do with caches, if it says so.
    pub cache_mode: Option<Template>,
    /// The environment of all its jobs.
    pub env: Bindings,
    /// What `run` steps get unless they say otherwise.
    pub defaults: Defaults,
    /// Its concurrency group.
    pub concurrency: Option<Concurrency>,
    /// Its jobs in the order of the file, at least one.
    pub jobs: IndexMap<String, Job>,
}

const KEYS: &[&str] = &[
    "name",
    "description",
    "run-name",
    "on",
    "permissions",
    "cache-mode",
    "env",
    "defaults",
    "concurrency",
    "jobs",
];

impl Workflow {
    /// Reads a workflow. `file` is named in the problems, and kept.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the file, at least one problem.
    pub fn read(file: &str, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let (root, problems) = yaml::read(file, text);
        match Self::read_tree(file, text, root.as_ref(), problems) {
            (Some(workflow), problems) if problems.is_empty() => Ok(workflow),
            (_, problems) => Err(problems),
        }
    }

    /// As much of a tree as can be read, and everything that is wrong with it, in the order of
    /// the file. What could not be read is left out.
    pub(crate) fn read_tree(
        file: &str,
        text: &str,
        root: Option<&yaml::Node>,
        problems: Vec<Diagnostic>,
    ) -> (Option<Self>, Vec<Diagnostic>) {
        let mut reader = Reader::new(file, text, problems);
        let workflow = root.and_then(|root| Self::read_root(&mut reader, root));
        (workflow, reader.sorted())
    }

    fn read_root(reader: &mut Reader<'_>, root: &yaml::Node) -> Option<Self> {
        if root.is_null() {
            let message = "the workflow is empty";
            reader.problem(code::MISSING_KEY, Span::default(), message);
            return None;
        }
        let what = "the workflow";
        let fields = reader.fields(root, what, KEYS)?;
        let name = fields
            .get("name")
            .and_then(|node| reader.template(node, "`name`", &scopes::NONE))
            .filter(|name| !name.text().is_empty())
            .map(|name| Spanned::new(name.text().to_owned(), name.span));
        let run_name = fields
            .get("run-name")
            .and_then(|node| reader.template(node, "`run-name`", &scopes::WORKFLOW));
        let permissions =
            fields.get("permissions").and_then(|node| Permissions::read(reader, node));
        let cache_mode = fields
            .get("cache-mode")
            .and_then(|node| cache_mode::read(reader, node, &scopes::WORKFLOW));
        let env = Bindings::read(reader, fields.get("env"), "`env`", &scopes::WORKFLOW_ENV);
        let defaults = Defaults::read(reader, fields.get("defaults"), &scopes::NONE);
        let concurrency = fields
            .get("concurrency")
            .and_then(|node| Concurrency::read(reader, node, &scopes::WORKFLOW));
        let on = reader.require(&fields, "on", what).map(|node| On::read(reader, node));
        let jobs = reader.require(&fields, "jobs", what).map(|node| read_jobs(reader, node));
        Some(Self {
            file: reader.file().to_owned(),
            name,
            run_name,
            on: on?,
            permissions,
            cache_mode,
            env,
            defaults,
            concurrency,
            jobs: jobs?,
        })
    }

    /// The same with no steps in its jobs: what it takes to say which run.
    #[must_use]
    pub fn without_steps(mut self) -> Self {
        for job in self.jobs.values_mut() {
            if let JobKind::Steps(steps) = &mut job.kind {
                steps.steps = Vec::new();
            }
        }
        self
    }

    /// Its name, or the file's.
    #[must_use]
    pub fn title(&self) -> &str {
        self.name.as_ref().map_or(self.file.as_str(), |name| name.as_str())
    }
}

fn read_jobs(reader: &mut Reader<'_>, node: &yaml::Node) -> IndexMap<String, Job> {
    let mut jobs = IndexMap::new();
    let Some(fields) = reader.plain_mapping(node, "`jobs`") else { return jobs };
    if fields.iter().next().is_none() {
        reader.problem(code::MISSING_KEY, node.at(), "`jobs` has no job");
    }
    for entry in fields.iter() {
        if let Some(job) = Job::read(reader, entry) {
            jobs.insert(entry.key.value.clone(), job);
        }
    }
    let names: Vec<String> = fields.iter().map(|entry| entry.key.value.clone()).collect();
    check::needs(reader, &mut jobs, &names);
    jobs
}
