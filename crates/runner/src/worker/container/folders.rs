//! The folders of a job, and where they are in its containers.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::paths::Paths;
use crate::docker::{Docker, Mounted, files_of};
use crate::worker::shared::Shared;

/// The folders of a job on this machine.
pub(super) struct Folders {
    pub(super) workspace: PathBuf,
    pub(super) temp: PathBuf,
    tools: PathBuf,
    actions: PathBuf,
    home: PathBuf,
    workflow: PathBuf,
    /// What a checkout borrows its objects from.
    source: Vec<PathBuf>,
    /// The repository's name without its owner.
    name: String,
}

impl Folders {
    /// Them; those that containers need are created.
    pub(super) fn create(shared: &Shared) -> io::Result<Self> {
        let message = &shared.message;
        let name = message.contexts.github.get("repository").and_then(|name| name.as_str());
        let name = name.and_then(|name| name.rsplit('/').next()).filter(|name| !name.is_empty());
        let temp = shared.temp();
        let folders = Self {
            workspace: message.folders.workspace.clone(),
            home: temp.join("_github_home"),
            tools: message.folders.tools(),
            actions: message.folders.temp.join("_actions"),
            workflow: message.folders.temp.join("_github_workflow"),
            source: source(&message.source.repository),
            name: name.unwrap_or("repository").to_owned(),
            temp,
        };
        for folder in [&folders.home, &folders.tools, &folders.actions, &folders.workflow] {
            fs::create_dir_all(folder)?;
        }
        folders.trust_workspace()?;
        Ok(folders)
    }

    /// Lets git work in the workspace, whose owner is somebody else in the
    /// container.
    fn trust_workspace(&self) -> io::Result<()> {
        let config = self.home.join(".gitconfig");
        if config.exists() {
            return Ok(());
        }
        fs::write(config, format!("[safe]\n\tdirectory = {}\n", self.workspace_in_job()))
    }

    /// The workspace in the job's container.
    pub(super) fn workspace_in_job(&self) -> String {
        format!("/__w/{0}/{0}", self.name)
    }

    /// Their names in the job's container.
    pub(super) fn in_job(&self) -> Paths {
        let workspace = self.workspace_in_job();
        let outer = format!("/__w/{}", self.name);
        let mut pairs = vec![
            (self.workspace.as_path(), workspace.as_str()),
            (&self.temp, "/__w/_temp"),
            (&self.tools, "/__t"),
            (&self.actions, "/__w/_actions"),
            (&self.home, "/github/home"),
            (&self.workflow, "/github/workflow"),
        ];
        // `RUNNER_WORKSPACE`
        pairs.extend(self.workspace.parent().map(|parent| (parent, outer.as_str())));
        Paths::new(pairs)
    }

    /// What is mounted in the job's container.
    pub(super) fn mounts_of_job(&self, docker: &Docker) -> Vec<Mounted> {
        let workspace = self.workspace_in_job();
        let mut mounts = vec![
            mounted(&self.workspace, &workspace),
            mounted(&self.temp, "/__w/_temp"),
            mounted(&self.actions, "/__w/_actions"),
            mounted(&self.tools, "/__t"),
            mounted(&self.home, "/github/home"),
            mounted(&self.workflow, "/github/workflow"),
        ];
        // Objects are where the checkout says that they are.
        mounts.extend(
            self.source.iter().map(|path| Mounted {
                read_only: true,
                ..mounted(path, &path.display().to_string())
            }),
        );
        mounts.extend(socket(docker));
        mounts
    }

    /// Their names in the container of an action; `files` are those that its
    /// program writes to.
    pub(super) fn in_action(&self, files: &Path) -> Paths {
        Paths::new([
            (self.workspace.as_path(), "/github/workspace"),
            (&self.temp, "/github/runner_temp"),
            (&self.home, "/github/home"),
            (&self.workflow, "/github/workflow"),
            (files, "/github/file_commands"),
        ])
    }

    /// What is mounted in the container of an action.
    pub(super) fn mounts_of_action(&self, docker: &Docker, files: &Path) -> Vec<Mounted> {
        let mut mounts = vec![
            mounted(&self.workspace, "/github/workspace"),
            mounted(&self.temp, "/github/runner_temp"),
            mounted(&self.home, "/github/home"),
            mounted(&self.workflow, "/github/workflow"),
            mounted(files, "/github/file_commands"),
        ];
        mounts.extend(
            self.source.iter().map(|path| Mounted {
                read_only: true,
                ..mounted(path, &path.display().to_string())
            }),
        );
        mounts.extend(socket(docker));
        mounts
    }

    /// The note that lets files of the container's users be given back, where
    /// root in a container is not who this is.
    pub(super) fn note(&self, docker: &Docker, folders: &[&str]) -> HashMap<String, String> {
        owner(docker).map(|owner| files_of(&owner, folders)).unwrap_or_default()
    }
}

/// Who the files of a job have to belong to in a container, so that they can be
/// removed here; `None`: whoever they belong to.
pub(super) fn owner(docker: &Docker) -> Option<String> {
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    match (docker.is_rootless(), user.is_root()) {
        // Root there is the user here; others there are nobody here.
        (true, _) => Some("0:0".to_owned()),
        (false, true) => None,
        (false, false) => Some(format!("{}:{}", user.as_raw(), group.as_raw())),
    }
}

fn mounted(source: &Path, target: &str) -> Mounted {
    let source = source.display().to_string();
    Mounted { source, target: target.to_owned(), read_only: false }
}

/// Docker's own socket, as GitHub's runner hands it in.
fn socket(docker: &Docker) -> Option<Mounted> {
    docker.socket().filter(|socket| socket.exists()).map(|s| mounted(s, "/var/run/docker.sock"))
}

/// The folders of a repository: its own, and of a linked work tree the one that
/// it is linked to.
fn source(repository: &Path) -> Vec<PathBuf> {
    let mut folders = vec![repository.to_owned()];
    if let Ok(text) = fs::read_to_string(repository.join(".git"))
        && let Some(git) = text.trim().strip_prefix("gitdir: ")
    {
        let git = repository.join(git);
        let common = fs::read_to_string(git.join("commondir")).unwrap_or_default();
        folders.push(git.join(common.trim()).canonicalize().unwrap_or(git));
    }
    folders.retain(|folder| folder.exists());
    folders
}
