//! The hosting service's token, from where `workflows.token` says.

use std::path::Path;
use std::time::Duration;

use shipway_core::config::{SecretSource, TokenSource};
use shipway_core::run::Granted;
use shipway_process::{Command, Lifetime, Stdio};
use shipway_targets::{MaterialError, Secret};
use tokio::io::AsyncReadExt as _;

use crate::material::secret;

/// How long the command may take that makes a token.
const TOKEN_TIME: Duration = Duration::from_secs(60);
/// Tokens are short; more than this is something else.
const LONGEST_TOKEN: u64 = 16 * 1024;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// There is nothing where it should be.
    #[error(transparent)]
    Material(#[from] MaterialError),
    /// The command that makes one failed.
    #[error("the command of `workflows.token` failed: {0}")]
    Command(String),
}

/// A token.
pub(crate) struct Wanted<'a> {
    /// What the process is called that makes it.
    pub(crate) process: String,
    /// What it has to be good for, where it is made. One from a variable or a file can do what it
    /// can do.
    pub(crate) permissions: &'a Granted,
    /// The repository, `owner/name`.
    pub(crate) repository: &'a str,
    /// Where the process works that makes it; where this one does without.
    pub(crate) folder: Option<&'a Path>,
}

impl Wanted<'_> {
    /// Its value now.
    pub(crate) async fn from(self, source: &TokenSource) -> Result<Secret, TokenError> {
        let source = match source {
            TokenSource::Command(command) => return Ok(Secret::new(self.printed(command).await?)),
            TokenSource::Env(name) => SecretSource::Env(name.clone()),
            TokenSource::File(path) => SecretSource::File(path.clone()),
        };
        Ok(secret("GITHUB_TOKEN", &source)?)
    }

    /// What the command prints. Nothing of it is left running.
    async fn printed(self, command: &str) -> Result<String, TokenError> {
        let failed = |why: &dyn std::fmt::Display| TokenError::Command(why.to_string());
        let permissions = serde_json::to_string(self.permissions).map_err(|e| failed(&e))?;
        let mut making = Command::new(self.process, "/bin/sh");
        if let Some(folder) = self.folder {
            making = making.dir(folder);
        }
        let mut child = making
            .args(["-c", command])
            .envs([
                ("SHIPWAY_PERMISSIONS", permissions.as_str()),
                ("GITHUB_REPOSITORY", self.repository),
            ])
            .stdout(Stdio::piped())
            .lifetime(Lifetime::WithParent)
            .spawn()
            .map_err(|error| failed(&error))?;
        let out = child.take_stdout().map_err(|error| failed(&error))?;
        let asking = async {
            let mut said = String::new();
            if let Some(out) = out {
                out.take(LONGEST_TOKEN).read_to_string(&mut said).await?;
            }
            Ok::<_, std::io::Error>((child.wait().await?, said))
        };
        let ended = tokio::time::timeout(TOKEN_TIME, asking).await;
        child.kill_all().await.map_err(|error| failed(&error))?;
        let ended = ended.map_err(|_| failed(&format!("it took longer than {TOKEN_TIME:?}")))?;
        let (exit, said) = ended.map_err(|error| failed(&error))?;
        match said.trim() {
            _ if !exit.success() => Err(failed(&exit)),
            "" => Err(failed(&"it printed nothing")),
            token => Ok(token.to_owned()),
        }
    }
}
