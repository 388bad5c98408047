//! Every action that a workflow uses, those of composite actions and of called
//! workflows included.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;

use shipway_workflow::Span;
use shipway_workflow::model::{
    Bindings, Job, JobKind, Runs, Step, StepKind, Uses, Workflow, WorkflowUses,
};

use super::reference::{ActionRef, Resolved};
use super::{Manifest, ManifestError, Store};
use crate::worker::BuiltIn;

/// How many composite actions, or called workflows, may be inside of each
/// other: as many as on GitHub.
pub const MAX_DEPTH: usize = 10;

/// Reads a file of the repository that the workflow is in, by its path;
/// nothing if it is not there.
pub type ReadFile<'a> = dyn Fn(&str) -> io::Result<Option<String>> + Sync + 'a;

/// Whether a job of a workflow is looked into. A called workflow of another
/// repository has the file `owner/name/path@ref`.
pub type Wanted<'a> = dyn Fn(&Workflow, &Job) -> bool + Sync + 'a;

/// The repository that a workflow is in, at the commit that it is of.
#[derive(Clone, Copy)]
pub struct Tree<'a> {
    /// `owner/name`, if it has one.
    pub name: Option<&'a str>,
    /// Its files.
    pub read: &'a ReadFile<'a>,
}

/// A `uses`, and what it was found to be.
#[derive(Debug)]
pub struct Used {
    /// The file it stands in.
    pub file: String,
    /// Where in it.
    pub span: Span,
    /// What it is.
    pub found: Found,
}

/// What a `uses` is.
#[derive(Debug)]
pub enum Found {
    /// An action that Shipway has built in.
    BuiltIn,
    /// An action, of another repository at a revision or of this one.
    Action(Option<Resolved>, Box<Manifest>),
    /// A workflow that is called, of another repository at a revision or of
    /// this one.
    Workflow(Option<Resolved>, Box<Workflow>),
    /// A container.
    Image(String),
    /// A folder that is not in the repository: a step may still make it.
    Later,
    /// It cannot be had, and why.
    Nowhere(String),
}

/// Where something stands: what `$/` and, of a called workflow, `./` mean.
#[derive(Clone)]
enum Home {
    /// The repository itself.
    Own,
    /// Another one, unpacked.
    Other(PathBuf, Resolved),
}

struct Item {
    file: String,
    span: Span,
    home: Home,
    depth: usize,
    what: What,
}

enum What {
    Step(Uses, bool),
    Call(WorkflowUses),
}

/// Walks the jobs of `workflow`, and of those it calls, that `wanted` chooses,
/// in the order of the files; what an action uses comes after it.
pub async fn walk(
    store: &Store,
    workflow: &Workflow,
    wanted: &Wanted<'_>,
    tree: Tree<'_>,
) -> Vec<Used> {
    let (resolved, todo, used) = (HashMap::new(), Vec::new(), Vec::new());
    let mut walk = Walk { store, wanted, tree, resolved, todo, used };
    walk.jobs(workflow, &Home::Own, 0);
    while let Some(item) = walk.todo.pop() {
        let Item { file, span, home, depth, what } = item;
        let found = if depth > MAX_DEPTH {
            Found::Nowhere(format!(
                "more than {MAX_DEPTH} actions or workflows inside of each other"
            ))
        } else {
            match what {
                What::Step(_, true) => Found::BuiltIn,
                What::Step(uses, false) => walk.step(&uses, &home, depth).await,
                What::Call(uses) => walk.call(&uses, &home, depth).await,
            }
        };
        walk.used.push(Used { file, span, found });
    }
    walk.used
}

struct Walk<'a> {
    store: &'a Store,
    wanted: &'a Wanted<'a>,
    tree: Tree<'a>,
    resolved: HashMap<ActionRef, Result<(Resolved, PathBuf), String>>,
    /// What comes next is at the end.
    todo: Vec<Item>,
    used: Vec<Used>,
}

impl Walk<'_> {
    fn jobs(&mut self, workflow: &Workflow, home: &Home, depth: usize) {
        let mut items = Vec::new();
        let file = &workflow.file;
        for job in workflow.jobs.values().filter(|job| (self.wanted)(workflow, job)) {
            match &job.kind {
                JobKind::Steps(job) => self.steps(&job.steps, file, home, depth, &mut items),
                JobKind::Call(call) => items.push(Item {
                    file: file.clone(),
                    span: call.uses.span,
                    home: home.clone(),
                    depth,
                    what: What::Call(call.uses.value.clone()),
                }),
            }
        }
        self.todo.extend(items.into_iter().rev());
    }

    fn steps(&self, steps: &[Step], file: &str, home: &Home, depth: usize, items: &mut Vec<Item>) {
        for step in steps {
            match &step.kind {
                StepKind::Uses { action, with } => items.push(Item {
                    file: file.to_owned(),
                    span: action.span,
                    home: home.clone(),
                    depth,
                    what: What::Step(action.value.clone(), self.is_built_in(&action.value, with)),
                }),
                StepKind::Parallel(steps) => self.steps(steps, file, home, depth, items),
                _ => {}
            }
        }
    }

    fn is_built_in(&self, uses: &Uses, with: &Bindings) -> bool {
        BuiltIn::find(uses, with, self.store.settings(), self.tree.name).is_some()
    }

    async fn step(&mut self, uses: &Uses, home: &Home, depth: usize) -> Found {
        match uses {
            Uses::Docker { image } => Found::Image(image.clone()),
            Uses::Local { path } => self.own(path, true, depth),
            Uses::SameRepository { path } => match home {
                Home::Own => self.own(path, false, depth),
                Home::Other(folder, resolved) => {
                    let home = (folder.clone(), resolved.clone());
                    self.other(home, path, depth)
                }
            },
            Uses::Repository { path, .. } => {
                let Some((action, _)) = ActionRef::of(uses) else { return Found::Later };
                match self.fetch(&action).await {
                    Ok(home) => self.other(home, path, depth),
                    Err(why) => Found::Nowhere(why),
                }
            }
        }
    }

    /// An action of the repository itself.
    fn own(&mut self, path: &str, may_come: bool, depth: usize) -> Found {
        let path = path.trim_matches('/');
        let name = |file: &str| match path.is_empty() {
            true => file.to_owned(),
            false => format!("{path}/{file}"),
        };
        match Manifest::read(path, name, |file| (self.tree.read)(&name(file))) {
            Ok(manifest) => self.found(manifest, None, Home::Own, depth),
            Err(ManifestError::Missing(_)) if may_come => Found::Later,
            Err(error) => Found::Nowhere(error.to_string()),
        }
    }

    fn other(&mut self, home: (PathBuf, Resolved), path: &str, depth: usize) -> Found {
        let (folder, resolved) = home;
        match read_manifest(&folder.join(path), &resolved, path) {
            Ok(manifest) => {
                let home = Home::Other(folder, resolved.clone());
                self.found(manifest, Some(resolved), home, depth)
            }
            Err(error) => Found::Nowhere(error.to_string()),
        }
    }

    fn found(
        &mut self,
        manifest: Manifest,
        resolved: Option<Resolved>,
        home: Home,
        depth: usize,
    ) -> Found {
        if let Runs::Composite(steps) = &manifest.action.runs {
            let mut items = Vec::new();
            self.steps(steps, &manifest.file, &home, depth + 1, &mut items);
            self.todo.extend(items.into_iter().rev());
        }
        Found::Action(resolved, Box::new(manifest))
    }

    async fn call(&mut self, uses: &WorkflowUses, home: &Home, depth: usize) -> Found {
        let (folder, resolved, path) = match (uses, home) {
            (WorkflowUses::Local { path }, Home::Own) => return self.own_workflow(path, depth),
            (WorkflowUses::Local { path }, Home::Other(folder, resolved)) => {
                (folder.clone(), resolved.clone(), path)
            }
            (WorkflowUses::Repository { path, .. }, _) => {
                let Some((action, _)) = ActionRef::of_workflow(uses) else { return Found::Later };
                match self.fetch(&action).await {
                    Ok((folder, resolved)) => (folder, resolved, path),
                    Err(why) => return Found::Nowhere(why),
                }
            }
        };
        let file = format!("{}/{path}@{}", resolved.action.repository, resolved.action.reference);
        match std::fs::read_to_string(folder.join(path)) {
            Ok(text) => {
                let home = Home::Other(folder, resolved.clone());
                self.called(&file, &text, Some(resolved), &home, depth)
            }
            Err(error) => Found::Nowhere(format!("cannot read {file}: {error}")),
        }
    }

    /// A workflow of the repository itself.
    fn own_workflow(&mut self, path: &str, depth: usize) -> Found {
        match (self.tree.read)(path) {
            Ok(Some(text)) => self.called(path, &text, None, &Home::Own, depth),
            Ok(None) => Found::Nowhere(format!("there is no `{path}`")),
            Err(error) => Found::Nowhere(format!("cannot read {path}: {error}")),
        }
    }

    /// What a called workflow uses comes next.
    fn called(
        &mut self,
        file: &str,
        text: &str,
        resolved: Option<Resolved>,
        home: &Home,
        depth: usize,
    ) -> Found {
        match Workflow::read(file, text) {
            Ok(workflow) => {
                self.jobs(&workflow, home, depth + 1);
                Found::Workflow(resolved, Box::new(workflow))
            }
            Err(problems) => {
                let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                Found::Nowhere(problems.join("\n"))
            }
        }
    }

    async fn fetch(&mut self, action: &ActionRef) -> Result<(PathBuf, Resolved), String> {
        if let Some(known) = self.resolved.get(action) {
            return known.clone().map(|(resolved, folder)| (folder, resolved));
        }
        let fetch = async {
            let resolved = self.store.resolve(action).await?;
            let folder = self.store.files(&resolved).await?;
            Ok::<_, super::ActionError>((resolved, folder))
        };
        let fetched = fetch.await.map_err(|error| error.to_string());
        self.resolved.insert(action.clone(), fetched.clone());
        fetched.map(|(resolved, folder)| (folder, resolved))
    }
}

/// Reads the action in `folder`, which is `path` of a repository.
///
/// # Errors
/// There is none, or it is wrong.
pub(crate) fn read_manifest(
    folder: &std::path::Path,
    resolved: &Resolved,
    path: &str,
) -> Result<Manifest, ManifestError> {
    let ActionRef { repository, reference } = &resolved.action;
    let path = path.trim_matches('/');
    let below = |file: &str| match path.is_empty() {
        true => format!("{repository}@{reference}/{file}"),
        false => format!("{repository}@{reference}/{path}/{file}"),
    };
    Manifest::read(below("").trim_end_matches('/'), below, |file| read_in(folder, file))
}

/// The text of a file of a folder, or nothing if it is not there.
pub(crate) fn read_in(folder: &std::path::Path, file: &str) -> io::Result<Option<String>> {
    match std::fs::read_to_string(folder.join(file)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
