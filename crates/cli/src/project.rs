//! The project that a command is about: found from the current folder.

use std::collections::HashMap;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shipway_core::config::FILE_NAME;
use shipway_core::digest::Digest;
use shipway_core::ids::ProjectId;
use shipway_core::journal::Actor;
use shipway_host::paths::{HostPaths, UserEnv as HostEnv};
use shipway_runner::actions::Settings;
use shipway_runner::client::{WorkerCommand, Workers};
use shipway_server::folders::{Folders, UserEnv};
use shipway_server::git::{GitError, LookingAhead, Repository};
use shipway_server::material::ProjectMaterial;
use shipway_server::{Performer, Results, ToldToAll, Workspaces};
use shipway_store::Store;
use shipway_targets::{HostTarget, Material, Secret, Target};
use shipway_workflow::yaml;

use crate::error::CliError;

/// A project on this machine.
pub(crate) struct Project {
    pub(crate) root: PathBuf,
    pub(crate) id: ProjectId,
    pub(crate) folders: Folders,
    pub(crate) store: Arc<Store>,
    pub(crate) target: Arc<dyn Target>,
    material: Arc<dyn Material>,
    /// The repository, where it has been looked for.
    found: Option<Repository>,
    /// What it was asked ahead.
    _ahead: Option<LookingAhead>,
    workers: Workers,
}

impl Project {
    /// The project that the current folder is in.
    pub(crate) fn open() -> Result<Self, CliError> {
        Self::open_at(&here()?)
    }

    /// The project that the current folder is in, or the repository alone where
    /// there is no `shipway.yaml`: workflows run without one.
    pub(crate) fn open_for_runs() -> Result<Self, CliError> {
        let Place { root, id, repository } = Place::here()?;
        let folders = folders_of(&id)?;
        Ok(Self { found: repository, ..Self::with(root, id, folders)? })
    }

    /// The same with its repository, which is asked what every plan asks while the
    /// project is opened, if files count as they are `now`.
    pub(crate) fn open_to_run(now: bool) -> Result<(Self, Repository), CliError> {
        let Place { root, id, repository } = Place::here()?;
        let folders = folders_of(&id)?;
        let repository = repository.map_or_else(|| Repository::at(&root), Ok)?;
        let ahead = now.then(|| repository.look_ahead(&folders.last_snapshot()));
        let found = Some(repository.clone());
        Ok((Self { found, _ahead: ahead, ..Self::with(root, id, folders)? }, repository))
    }

    /// The project that `dir` is in.
    pub(crate) fn open_at(dir: &Path) -> Result<Self, CliError> {
        let root = find_root(dir)?;
        let id = project_id(&root.join(FILE_NAME))?;
        let folders = folders_of(&id)?;
        Self::with(root, id, folders)
    }

    fn with(root: PathBuf, id: ProjectId, folders: Folders) -> Result<Self, CliError> {
        let store = Arc::new(Store::open_or_create(&folders.store())?);
        let material: Arc<dyn Material> =
            Arc::new(ProjectMaterial::new(folders.clone(), Arc::clone(&store)));
        let host = HostTarget::new(host_paths()?, executable()?, Arc::clone(&material));
        let target = Arc::new(host);
        let worker = WorkerCommand::new(executable()?, &["worker"]);
        let workers = Workers::new(worker, &folders.state().to_string_lossy());
        Ok(Self { root, id, folders, store, target, material, found: None, _ahead: None, workers })
    }

    /// Has a worker ready for the first job.
    pub(crate) fn prepare_worker(&self) {
        self.workers.prepare();
    }

    /// Its repository.
    pub(crate) fn repository(&self) -> Result<Repository, GitError> {
        self.found.clone().map_or_else(|| Repository::at(&self.root), Ok)
    }

    /// What performs its effects.
    pub(crate) fn performer(
        &self,
        secrets: HashMap<String, Secret>,
        live_output: Option<shipway_server::LiveOutput>,
    ) -> Result<Performer, CliError> {
        Ok(Performer {
            project: self.id.clone(),
            folders: self.folders.clone(),
            store: Arc::clone(&self.store),
            target: Arc::clone(&self.target),
            material: Arc::clone(&self.material),
            workers: self.workers.clone(),
            secrets,
            live_output,
            workspaces: Workspaces::default(),
            told: ToldToAll::default(),
            on_failure: None,
            actions: actions()?,
            results: Results::default(),
        })
    }
}

/// Where the current folder is.
struct Place {
    root: PathBuf,
    id: ProjectId,
    /// The repository, where it had to be looked for.
    repository: Option<Repository>,
}

impl Place {
    fn here() -> Result<Self, CliError> {
        let here = here()?;
        if let Some(root) = with_file(&here) {
            let id = project_id(&root.join(FILE_NAME))?;
            return Ok(Self { root: root.to_owned(), id, repository: None });
        }
        let repository = Repository::at(&here)?;
        let root = repository.root().to_owned();
        Ok(Self { id: nameless(&root)?, root, repository: Some(repository) })
    }
}

fn folders_of(id: &ProjectId) -> Result<Folders, CliError> {
    Folders::for_user(&user_env(), id).map_err(|error| CliError::usage(error.to_string()))
}

/// Where this user has actions from.
pub(crate) fn actions() -> Result<Settings, CliError> {
    Settings::from_env(|name| env::var_os(name)).map_err(|error| CliError::usage(error.to_string()))
}

/// The folder of the project that the current folder is in.
pub(crate) fn root_here() -> Result<PathBuf, CliError> {
    find_root(&here()?)
}

pub(crate) fn here() -> Result<PathBuf, CliError> {
    env::current_dir().map_err(|error| CliError::usage(format!("the current folder: {error}")))
}

fn with_file(dir: &Path) -> Option<&Path> {
    dir.ancestors().find(|folder| folder.join(FILE_NAME).is_file())
}

/// The nearest folder with a `shipway.yaml`, or else the repository's top.
fn find_root(dir: &Path) -> Result<PathBuf, CliError> {
    with_file(dir).map(Path::to_owned).ok_or_else(|| {
        let top = Repository::at(dir).map(|repository| repository.root().to_owned());
        let top = top.unwrap_or_else(|_| dir.to_owned());
        CliError::usage(format!("there is no {FILE_NAME} in {} or above", dir.display()))
            .hint(format!("`shipway init` in {} writes one", top.display()))
    })
}

/// Only the project's id, so that a mistake elsewhere in the file is in the way
/// of nobody who wants to roll back.
fn project_id(file: &Path) -> Result<ProjectId, CliError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| CliError::usage(format!("{}: {error}", file.display())))?;
    let (root, problems) = yaml::read(FILE_NAME, &text);
    let named = root.as_ref().and_then(|root| root.as_mapping()?.get("project")?.text());
    match (named, problems.first()) {
        (Some(name), _) => {
            ProjectId::new(name).map_err(|error| CliError::usage(format!("{FILE_NAME}: {error}")))
        }
        (None, Some(problem)) => Err(CliError::usage(problem.render(&text))),
        (None, None) => Err(CliError::usage(format!("{FILE_NAME} does not name its project"))
            .hint("begin it with `project: a-name`")),
    }
}

/// A repository that has no `shipway.yaml` is known by where it is.
fn nameless(root: &Path) -> Result<ProjectId, CliError> {
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    let fit = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = name.chars().map(fit).take(30).collect();
    let digest = Digest::of(root.as_os_str().as_encoded_bytes());
    let place: String = digest.hex().chars().take(12).collect();
    ProjectId::new(format!("repository-{}-{place}", name.trim_matches('-')))
        .map_err(|error| CliError::usage(error.to_string()))
}

/// The person at this machine, as the operating system names them.
pub(crate) fn actor() -> Actor {
    let name = ["USER", "LOGNAME"].iter().find_map(|name| env::var(name).ok());
    let user = name.filter(|name| !name.is_empty());
    Actor::Unverified { user: user.unwrap_or_else(|| "unknown".to_owned()) }
}

fn user_env() -> UserEnv {
    UserEnv {
        home: env::var_os("HOME"),
        state_home: env::var_os("XDG_STATE_HOME"),
        data_home: env::var_os("XDG_DATA_HOME"),
    }
}

/// This user's host.
pub(crate) fn host_paths() -> Result<HostPaths, CliError> {
    let env = HostEnv {
        state_home: env::var_os("XDG_STATE_HOME"),
        runtime_dir: env::var_os("XDG_RUNTIME_DIR"),
        home: env::var_os("HOME"),
    };
    HostPaths::for_user(&env).map_err(|error| CliError::usage(error.to_string()))
}

/// This program.
pub(crate) fn executable() -> Result<PathBuf, CliError> {
    env::current_exe().map_err(|error| CliError::trouble(format!("where this program is: {error}")))
}
