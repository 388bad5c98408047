//! What of a workflow's jobs this machine cannot run, told before they begin.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fmt;

use shipway_workflow::Span;
use shipway_workflow::model::{Job, JobKind, Runs, Workflow};

use super::node::{Node, NodeError};
use super::walk::{Found, Tree, Used, Wanted, walk};
use super::{Manifest, Store};
use crate::docker::{self, NeedKind};

/// What there is on this machine.
#[derive(Debug, Clone, Copy)]
pub struct Machine<'m> {
    /// The environment that jobs begin with: its PATH.
    pub env: &'m [(OsString, OsString)],
    /// Why there are no containers; `None`: there are.
    pub no_containers: Option<&'m str>,
}

/// Something that cannot be run here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The file it stands in.
    pub file: String,
    /// Where in it.
    pub span: Span,
    /// Why, and what to do.
    pub why: String,
}

/// `file:line:column: why`
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.span.start;
        write!(f, "{}:{}:{}: {}", self.file, at.line, at.column, self.why)
    }
}

/// What of the jobs of `workflow`, and of those it calls, that `wanted` chooses
/// cannot be run on `machine`, in the order of the files; nothing is said twice.
/// Actions are fetched on the way, so that the job itself finds them in the
/// cache.
pub async fn check(
    store: &Store,
    workflow: &Workflow,
    wanted: &Wanted<'_>,
    tree: Tree<'_>,
    machine: Machine<'_>,
) -> Vec<Refusal> {
    let of_jobs = |workflow: &Workflow| -> Vec<Refusal> {
        let jobs = workflow.jobs.values().filter(|job| wanted(workflow, job));
        jobs.flat_map(|job| of_job(&workflow.file, job, machine)).collect()
    };
    let mut refused = of_jobs(workflow);
    let mut nodes = Nodes { store, machine, known: HashMap::new() };
    for Used { file, span, found } in walk(store, workflow, wanted, tree).await {
        let why = match found {
            Found::BuiltIn | Found::Later => None,
            Found::Workflow(_, called) => {
                refused.extend(of_jobs(&called));
                None
            }
            Found::Nowhere(why) => Some(why),
            Found::Image(image) => machine
                .no_containers
                .map(|why| format!("`docker://{image}` needs containers: {why}")),
            Found::Action(_, manifest) => nodes.missing(&manifest).await,
        };
        refused.extend(why.map(|why| Refusal { file, span, why }));
    }
    let mut told = HashSet::new();
    refused.retain(|refusal| told.insert(refusal.to_string()));
    refused
}

/// What a job asks for itself; what its steps use is walked.
fn of_job(file: &str, job: &Job, machine: Machine<'_>) -> Vec<Refusal> {
    let JobKind::Steps(steps) = &job.kind else { return Vec::new() };
    let mut found = Vec::new();
    if let Some(why) = machine.no_containers {
        let needs = docker::needs(steps).into_iter();
        // Images of steps are among what is walked.
        let needs = needs.filter(|need| !matches!(need.kind, NeedKind::Image(_)));
        found.extend(needs.map(|need| (need.span, format!("{}: {why}", need.kind))));
    }
    let unsupported = crate::worker::unsupported(job.id.span, steps).into_iter();
    found.extend(unsupported.map(|(span, what)| (span, format!("not supported yet: {what}"))));
    let refusal = |(span, why)| Refusal { file: file.to_owned(), span, why };
    found.into_iter().map(refusal).collect()
}

/// The Nodes that were looked for: each is asked for its version once.
struct Nodes<'a> {
    store: &'a Store,
    machine: Machine<'a>,
    known: HashMap<u32, Result<Node, NodeError>>,
}

impl Nodes<'_> {
    async fn missing(&mut self, manifest: &Manifest) -> Option<String> {
        let wanted = match &manifest.action.runs {
            Runs::Composite(_) => return None,
            Runs::Docker(_) => {
                let why = self.machine.no_containers?;
                return Some(format!("{} runs in a container: {why}", manifest.file));
            }
            Runs::JavaScript(runs) => runs.node,
        };
        let known = match self.known.get(&wanted) {
            Some(known) => known.clone(),
            None => {
                let configured = self.store.settings().node.as_deref();
                let found = Node::find(wanted, configured, self.machine.env).await;
                self.known.entry(wanted).or_insert(found).clone()
            }
        };
        known.err().map(|error| error.to_string())
    }
}
