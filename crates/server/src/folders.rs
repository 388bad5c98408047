//! Where a project's state is on this machine: under the XDG folders, by
//! project id; nothing is kept in the repository.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use shipway_core::digest::Digest;
use shipway_core::ids::{EnvName, JobKey, ProjectId, RunId, ServiceName};

use crate::log::EXTENSION;

/// The values of the environment that decide where state is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserEnv {
    /// `HOME`.
    pub home: Option<OsString>,
    /// `XDG_STATE_HOME`: journals, logs, workspaces.
    pub state_home: Option<OsString>,
    /// `XDG_DATA_HOME`: checkpoints and services' data.
    pub data_home: Option<OsString>,
}

/// No folder for state is named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no folder for Shipway's state: set HOME, or XDG_STATE_HOME and XDG_DATA_HOME, to absolute paths"
)]
pub struct NoHome;

/// A project's folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    state: PathBuf,
    data: PathBuf,
}

impl Folders {
    /// The folders of `project` for the user whose environment this is.
    /// Relative values count as unset, as the XDG base directory
    /// specification says.
    ///
    /// # Errors
    /// When no folder is named.
    pub fn for_user(env: &UserEnv, project: &ProjectId) -> Result<Self, NoHome> {
        let home = |set: &Option<OsString>, below: &str| {
            let absolute =
                |value: &OsString| Some(PathBuf::from(value)).filter(|p| p.is_absolute());
            let of_home = || env.home.as_ref().and_then(absolute).map(|home| home.join(below));
            set.as_ref().and_then(absolute).or_else(of_home).ok_or(NoHome)
        };
        let below = |base: PathBuf| base.join("shipway/projects").join(project.as_str());
        Ok(Self {
            state: below(home(&env.state_home, ".local/state")?),
            data: below(home(&env.data_home, ".local/share")?),
        })
    }

    /// The journal and the blobs.
    pub fn store(&self) -> PathBuf {
        self.state.join("store")
    }

    /// Signed checkpoints and their key: not beside the journal.
    pub fn checkpoints(&self) -> PathBuf {
        self.data.join("checkpoints")
    }

    /// What a job writes while it runs: [`crate::log::LogReader`] reads it.
    pub fn job_log(&self, run: &RunId, job: &JobKey, index: usize) -> PathBuf {
        self.state.join("logs").join(run.as_str()).join(format!("{job}.{index}{EXTENSION}"))
    }

    /// Every job's log of a run.
    pub fn run_logs(&self, run: &RunId) -> PathBuf {
        self.state.join("logs").join(run.as_str())
    }

    /// Which commit was made last of uncommitted changes.
    pub fn last_snapshot(&self) -> PathBuf {
        self.state.join("snapshot")
    }

    /// What plans need not find out again.
    pub fn memory(&self) -> PathBuf {
        self.state.join("memory")
    }

    /// Where a job or build works: removed when it has ended.
    pub fn work(&self, name: &str) -> PathBuf {
        self.state.join("work").join(name)
    }

    /// Every workspace.
    pub fn all_work(&self) -> PathBuf {
        self.state.join("work")
    }

    /// Artifacts, caches, and the key of OIDC tokens.
    pub fn results(&self) -> PathBuf {
        self.state.join("results")
    }

    /// An unpacked release.
    pub fn release(&self, digest: Digest) -> PathBuf {
        self.releases().join(digest.hex())
    }

    /// Every unpacked release.
    pub fn releases(&self) -> PathBuf {
        self.state.join("releases")
    }

    /// A service's data: outlives its releases.
    pub fn service_data(&self, env: &EnvName, service: &ServiceName) -> PathBuf {
        self.data.join("data").join(env.as_str()).join(service.as_str())
    }

    /// Everything that can be made again, or that the journal speaks of.
    pub fn state(&self) -> &Path {
        &self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_and_data_follow_the_xdg_folders() {
        let project = ProjectId::new("shop").expect("a name");
        let env = UserEnv { home: Some("/h".into()), ..UserEnv::default() };
        let folders = Folders::for_user(&env, &project).expect("a home");
        assert_eq!(folders.store(), Path::new("/h/.local/state/shipway/projects/shop/store"));
        let relative = UserEnv { state_home: Some("x".into()), ..env.clone() };
        assert_eq!(Folders::for_user(&relative, &project), Ok(folders));
        let set = UserEnv { state_home: Some("/s".into()), ..env };
        let folders = Folders::for_user(&set, &project).expect("a home");
        assert_eq!(folders.state(), Path::new("/s/shipway/projects/shop"));
        assert_eq!(Folders::for_user(&UserEnv::default(), &project), Err(NoHome));
    }
}
