//! The actions of a job: found and copied once, whoever uses them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shipway_workflow::model::{Runs, StepKind, Uses};
use tokio::sync::{Mutex, OnceCell};

use super::ready::{ActionPlace, Files, Ready};
use super::{BuiltIn, docker};
use crate::actions::lock::{FILE, Lock};
use crate::actions::node::Node;
use crate::actions::walk::{MAX_DEPTH, read_in, read_manifest};
use crate::actions::{ActionRef, Manifest, ManifestError, Repository, Resolved, Store, git};
use crate::protocol::{Level, StepIndex};
use crate::worker::job::JobRun;
use crate::worker::shared::Shared;
use crate::worker::step::name::written;
use crate::worker::step::{Frame, Inside, Occurrence};

/// What a job has found of the actions it uses.
#[derive(Default)]
pub(crate) struct Catalog {
    store: OnceCell<Store>,
    copies: Mutex<HashMap<ActionRef, (PathBuf, Resolved)>>,
    /// The files of the workflow's own commit, which `$/` means.
    own: OnceCell<PathBuf>,
    nodes: Mutex<HashMap<u32, Node>>,
}

/// Finds the action of a step, its files, and those of all that it uses in
/// other repositories. `index` is the step in whose output that is told;
/// `None`: the job's own, before the first step.
///
/// # Errors
/// What cannot be had and why.
pub(crate) async fn prepare(
    job: &JobRun<'_>,
    frame: &Frame,
    at: &Arc<Occurrence>,
    index: Option<StepIndex>,
) -> Result<Arc<Ready>, String> {
    if let Some(ready) = at.ready() {
        return Ok(ready);
    }
    let StepKind::Uses { action, with } = &at.step.kind else {
        return Err("this step uses no action".to_owned());
    };
    let (settings, own) = (&job.shared.message.actions, job.shared.repository());
    match BuiltIn::find(&action.value, with, settings, own) {
        Some(built_in) => Ok(at.set_ready(Ready::BuiltIn(built_in))),
        None => released(job, frame, at, index).await,
    }
}

/// As [`prepare`], whatever is built in.
///
/// # Errors
/// What cannot be had and why.
pub(super) async fn released(
    job: &JobRun<'_>,
    frame: &Frame,
    at: &Arc<Occurrence>,
    index: Option<StepIndex>,
) -> Result<Arc<Ready>, String> {
    let StepKind::Uses { action, .. } = &at.step.kind else {
        return Err("this step uses no action".to_owned());
    };
    let ready = job.catalog.find(job.shared, frame, &action.value, index).await?;
    if let Ready::Image(_) = &ready {
        docker::check(job).await?;
    }
    if let Ready::Files(files) = &ready {
        match &files.manifest.action.runs {
            Runs::JavaScript(action) => {
                job.catalog.node(job.shared, action.node, index).await?;
            }
            Runs::Docker(_) => docker::check(job).await?,
            Runs::Composite(steps) => {
                if frame.depth() >= MAX_DEPTH {
                    return Err(format!(
                        "{}: more than {MAX_DEPTH} actions inside of each other",
                        files.manifest.file
                    ));
                }
                let inside =
                    Inside::new(files.place.clone(), files.root.clone(), frame.depth() + 1);
                let inner = at.inner(|| Frame::of_action(&files.manifest.file, steps, inside));
                Box::pin(prepare_all(job, inner, &inner.steps, index)).await?;
            }
        }
    }
    Ok(at.set_ready(ready))
}

/// Prepares the steps that use actions of other repositories. Those of the
/// workspace may only come to be when the job runs.
///
/// # Errors
/// All that cannot be had, with their places.
pub(crate) async fn prepare_all(
    job: &JobRun<'_>,
    frame: &Frame,
    steps: &[Arc<Occurrence>],
    index: Option<StepIndex>,
) -> Result<(), String> {
    let mut wrong = Vec::new();
    for at in steps {
        Box::pin(prepare_all(job, frame, &at.children, index)).await.unwrap_or_else(|error| {
            wrong.push(error);
        });
        let StepKind::Uses { action, .. } = &at.step.kind else { continue };
        if matches!(action.value, Uses::Local { .. }) {
            continue;
        }
        if let Err(error) = prepare(job, frame, at, index).await {
            let place = action.span.start;
            wrong.push(format!("{}:{}:{}: {error}", frame.file, place.line, place.column));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

impl Catalog {
    async fn find(
        &self,
        shared: &Shared,
        frame: &Frame,
        uses: &Uses,
        index: Option<StepIndex>,
    ) -> Result<Ready, String> {
        let (root, resolved, path) = match uses {
            Uses::Docker { image } => return Ok(Ready::Image(image.clone())),
            Uses::Local { path } => return local(shared, path),
            Uses::SameRepository { path } => {
                let inside = frame.inside.as_ref().and_then(|inside| {
                    Some((inside.root.clone()?, inside.place.repository.clone()))
                });
                let (root, repository) = match inside {
                    Some(found) => found,
                    None => self.own(shared).await?,
                };
                return files(root, repository, path, |folder| {
                    let shown = if path.is_empty() { "$".to_owned() } else { format!("$/{path}") };
                    let name = |file: &str| format!("{shown}/{file}");
                    Manifest::read(&shown, name, |file| read_in(folder, file))
                });
            }
            Uses::Repository { path, .. } => {
                let Some((action, _)) = ActionRef::of(uses) else {
                    return Err(format!("`{}` names no repository", written(uses)));
                };
                let (root, resolved) = self.copy(shared, action, index).await?;
                (root, resolved, path)
            }
        };
        let ActionRef { repository, reference } = &resolved.action;
        let repository = Some((repository.to_string(), reference.clone()));
        files(root, repository, path, |folder| read_manifest(folder, &resolved, path))
    }

    /// The job's copy of a repository.
    async fn copy(
        &self,
        shared: &Shared,
        action: ActionRef,
        index: Option<StepIndex>,
    ) -> Result<(PathBuf, Resolved), String> {
        let mut copies = self.copies.lock().await;
        if let Some(known) = copies.get(&action) {
            return Ok(known.clone());
        }
        let store = self.store(shared).await?;
        let resolved = store.resolve(&action).await.map_err(|error| error.to_string())?;
        // A ref may have slashes; the revision tells refs apart that would be
        // the same folder.
        let name = action.reference.replace('/', "-");
        let Repository { owner, name: repository } = &action.repository;
        let mut folder = shared.actions().join(owner).join(repository).join(&name);
        if folder.exists() {
            folder.set_file_name(format!("{name}-{}", copies.len()));
        }
        store.copy(&resolved, &folder).await.map_err(|error| error.to_string())?;
        let text = format!("Download action repository '{action}' (SHA:{})", resolved.revision);
        shared.reporter.say(index, &text).await;
        copies.insert(action, (folder.clone(), resolved.clone()));
        Ok((folder, resolved))
    }

    /// Where actions come from, with the lock file of the run's commit.
    async fn store(&self, shared: &Shared) -> Result<&Store, String> {
        let make = async {
            let source = &shared.message.source;
            let text = git::file_at(&source.repository, source.commit.as_str(), FILE).await;
            let lock = match text.map_err(|error| error.to_string())? {
                None => None,
                Some(text) => Some(Lock::read(&text).map_err(|problems| {
                    let problems: Vec<String> = problems.iter().map(|p| p.render(&text)).collect();
                    problems.join("\n")
                })?),
            };
            Ok(Store::new(shared.message.actions.clone(), lock))
        };
        self.store.get_or_try_init(|| make).await
    }

    /// The files of the repository that the workflow is in, at its commit.
    async fn own(&self, shared: &Shared) -> Result<(PathBuf, Option<(String, String)>), String> {
        let source = &shared.message.source;
        let make = async {
            let folder = shared.actions().join("_own");
            std::fs::create_dir_all(&folder)
                .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
            let unpacked = git::unpack(&source.repository, source.commit.as_str(), &folder).await;
            match unpacked {
                Ok(Ok(())) => Ok(folder),
                Ok(Err(answer)) => Err(format!("cannot unpack {}: {answer}", source.commit)),
                Err(error) => Err(error.to_string()),
            }
        };
        let folder = self.own.get_or_try_init(|| make).await?;
        let repository =
            shared.repository().map(|name| (name.to_owned(), source.commit.to_string()));
        Ok((folder.clone(), repository))
    }

    /// The Node for actions that want version `wanted`.
    ///
    /// # Errors
    /// There is none.
    pub(super) async fn node(
        &self,
        shared: &Shared,
        wanted: u32,
        index: Option<StepIndex>,
    ) -> Result<Node, String> {
        let mut nodes = self.nodes.lock().await;
        if let Some(known) = nodes.get(&wanted) {
            return Ok(known.clone());
        }
        let configured = shared.message.actions.node.as_deref();
        let found = Node::find(wanted, configured, &shared.machine_env).await;
        let node = found.map_err(|error| error.to_string())?;
        if !node.suits(wanted) {
            let message = format!(
                "Actions of this job are written for Node {wanted}; {} is Node {} and runs them \
                 all the same. Install Node {wanted} as `node{wanted}` or name it with \
                 SHIPWAY_NODE if one fails.",
                node.program.display(),
                node.version
            );
            shared.reporter.annotate(index, Level::Warning, &message).await;
        }
        nodes.insert(wanted, node.clone());
        Ok(node)
    }
}

/// The action in `path` of a repository that is unpacked in `root`.
fn files(
    root: PathBuf,
    repository: Option<(String, String)>,
    path: &str,
    read: impl FnOnce(&Path) -> Result<Manifest, ManifestError>,
) -> Result<Ready, String> {
    let folder = crate::worker::glob::clean(&root.join(path));
    if !folder.starts_with(&root) {
        return Err(format!("`{path}` is not in the repository"));
    }
    let manifest = read(&folder).map_err(|error| error.to_string())?;
    let place = ActionPlace { path: folder, repository };
    Ok(Ready::Files(Box::new(Files { manifest, place, root: Some(root) })))
}

/// An action of the workspace.
fn local(shared: &Shared, path: &str) -> Result<Ready, String> {
    let workspace = &shared.message.folders.workspace;
    let folder = crate::worker::glob::clean(&workspace.join(path));
    if !folder.starts_with(workspace) {
        return Err(format!("`./{path}` is not in the workspace"));
    }
    let path = path.trim_end_matches('/');
    let name = |file: &str| match path.is_empty() {
        true => format!("./{file}"),
        false => format!("./{path}/{file}"),
    };
    let shown = folder.display().to_string();
    let manifest = Manifest::read(&shown, name, |file| read_in(&folder, file)).map_err(
        |error| match error {
            ManifestError::Missing(_) => format!(
                "{error} Did you forget to run actions/checkout before running your local action?"
            ),
            other => other.to_string(),
        },
    )?;
    let place = ActionPlace { path: folder, repository: None };
    Ok(Ready::Files(Box::new(Files { manifest, place, root: None })))
}
