//! What of a workflow's jobs this machine cannot run, told before they begin.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fmt;

use shipway_workflow::Span;
use shipway_workflow::model::{Job, JobKind, Runs, Step, StepKind, Workflow};

use super::node::{Node, NodeError};
use super::walk::{Found, Tree, Used, Wanted, walk};
use super::{Manifest, Settings, Store};
use crate::docker::{self, NeedKind};
use crate::worker::BuiltIn;

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

/// Whether the jobs of `workflow` that `wanted` chooses ask nothing of any machine: what
/// they use is built in, so that [`check`] finds nothing. `name` is that of the repository.
#[must_use]
pub fn asks_nothing(
    settings: &Settings,
    workflow: &Workflow,
    wanted: &Wanted<'_>,
    name: Option<&str>,
) -> bool {
    let mut jobs = workflow.jobs.values().filter(|job| wanted(workflow, job));
    jobs.all(|job| match &job.kind {
        JobKind::Steps(steps) => {
            docker::needs(steps).is_empty()
                && crate::worker::unsupported(job.id.span, steps).is_empty()
                && are_built_in(settings, &steps.steps, name)
        }
        JobKind::Call(_) => false,
    })
}

fn are_built_in(settings: &Settings, steps: &[Step], name: Option<&str>) -> bool {
    steps.iter().all(|step| match &step.kind {
        StepKind::Uses { action, with } => {
            BuiltIn::find(&action.value, with, settings, name).is_some()
        }
        StepKind::Parallel(steps) => are_built_in(settings, steps, name),
        _ => true,
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a job asks nothing, and what is found where there is nothing.
    fn looked(job: &str, settings: &Settings, wanted: bool) -> (bool, Vec<Refusal>) {
        let text = format!("on: push\njobs:\n  a: {job}\n");
        let workflow = Workflow::read("w.yml", &text).unwrap();
        let wanted = |_: &Workflow, _: &Job| wanted;
        let store = Store::new(settings.clone(), None);
        let tree = Tree { name: Some("own/one"), read: &|_| Ok(None) };
        let machine = Machine { env: &[], no_containers: Some("there are none") };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(check(&store, &workflow, &wanted, tree, machine));
        (asks_nothing(settings, &workflow, &wanted, tree.name), found)
    }

    #[test]
    fn what_is_built_in_asks_nothing_and_all_else_may() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { offline: true, ..Settings::new(folder.path().join("cache")) };
        let steps = |steps: &str| format!("{{runs-on: here, steps: [{steps}]}}");
        let checkout = steps("{run: a}, {uses: actions/checkout@v4}");
        let built_in = steps("{parallel: [{uses: actions/upload-artifact@v4, with: {path: a}}]}");
        for job in [&checkout, &built_in] {
            assert_eq!(looked(job, &settings, true), (true, Vec::new()), "{job}");
        }
        for job in [
            &steps("{uses: actions/checkout@v4, with: {submodules: true}}"),
            &steps("{uses: actions/checkout@v4, with: {repository: an/other}}"),
            &steps("{parallel: [{uses: an/other@v1}]}"),
            &steps("{uses: an/other@v1}"),
            &steps("{uses: 'docker://image'}"),
            "{runs-on: here, container: image, steps: [{run: a}]}",
            "{runs-on: here, services: {s: {image: image}}, steps: [{run: a}]}",
            "{uses: ./.github/workflows/none.yml}",
        ] {
            let (asks_nothing, found) = looked(job, &settings, true);
            assert!(!asks_nothing && !found.is_empty(), "{job}: {found:?}");
            assert_eq!(looked(job, &settings, false), (true, Vec::new()), "{job}");
        }
        // An action of the repository itself may still be made.
        assert_eq!(looked(&steps("{uses: ./own}"), &settings, true), (false, Vec::new()));
        let released = Settings { released: true, ..settings };
        assert!(!looked(&checkout, &released, true).0);
    }
}
