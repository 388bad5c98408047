//! A program in a container that runs already.

use bollard::exec::{CreateExecOptions, StartExecResults};

use super::container::{Output, written};
use super::{Docker, DockerError};

/// A program to run in a container.
pub(crate) struct Exec<'e> {
    pub(crate) container: &'e str,
    pub(crate) command: Vec<String>,
    /// `NAME=value`, beside the container's own.
    pub(crate) env: Vec<String>,
    /// `None`: the container's.
    pub(crate) dir: Option<String>,
    /// `None`: the container's.
    pub(crate) user: Option<String>,
}

/// A program that runs in a container.
pub(crate) struct Executing {
    pub(crate) id: String,
    pub(crate) output: Output,
}

impl Docker {
    /// Starts a program in a container.
    pub(crate) async fn exec(&self, exec: Exec<'_>) -> Result<Executing, DockerError> {
        let doing = match exec.command.first() {
            Some(program) => format!("run {program} in the container"),
            None => "run nothing in the container".to_owned(),
        };
        let options = CreateExecOptions {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(exec.command),
            env: Some(exec.env),
            working_dir: exec.dir,
            user: exec.user,
            ..CreateExecOptions::default()
        };
        let created = self.api.create_exec(exec.container, options).await;
        let id = created.map_err(DockerError::refused(&doing))?.id;
        match self.api.start_exec(&id, None).await.map_err(DockerError::refused(&doing))? {
            StartExecResults::Attached { output, .. } => {
                Ok(Executing { id, output: written(output) })
            }
            StartExecResults::Detached => {
                Err(DockerError::Refused { doing, reason: "Docker detached from it".to_owned() })
            }
        }
    }

    /// How a program ended; `None`: it runs.
    pub(crate) async fn exec_exit(&self, id: &str) -> Result<Option<i64>, DockerError> {
        let found = self.api.inspect_exec(id).await;
        let found = found.map_err(DockerError::refused("ask how a program ended"))?;
        Ok(match found.running {
            Some(true) => None,
            _ => Some(found.exit_code.unwrap_or_default()),
        })
    }
}
