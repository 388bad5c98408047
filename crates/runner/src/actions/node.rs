//! The Node that JavaScript actions run in.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::worker::find_program;

/// A Node of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The program.
    pub program: PathBuf,
    /// Its version, such as `20.11.1`.
    pub version: String,
    /// The first number of it.
    pub major: u32,
}

/// Why there is no Node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// None was found.
    #[error(
        "JavaScript actions need Node {wanted} and there is no `node` in the PATH; install it, or \
         name it with SHIPWAY_NODE"
    )]
    Missing {
        /// The major version that the action asks for.
        wanted: u32,
    },
    /// What was found is no Node.
    #[error("{program} is no usable Node: {problem}")]
    Unusable {
        /// The program.
        program: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Node {
    /// The configured Node, else `node<major>`, else `node` of the PATH in
    /// `env`. It may be another version than the one wanted: see
    /// [`Node::suits`].
    ///
    /// # Errors
    /// There is none that runs.
    pub async fn find(
        wanted: u32,
        configured: Option<&Path>,
        env: &[(OsString, OsString)],
    ) -> Result<Self, NodeError> {
        let named = || find_program(&format!("node{wanted}"), env);
        let program = configured
            .map(Path::to_owned)
            .or_else(named)
            .or_else(|| find_program("node", env))
            .ok_or(NodeError::Missing { wanted })?;
        Self::at(program).await
    }

    async fn at(program: PathBuf) -> Result<Self, NodeError> {
        let shown = program.display().to_string();
        let unusable = |problem: String| NodeError::Unusable { program: shown, problem };
        let output = tokio::process::Command::new(&program)
            .arg("--version")
            .env_remove("NODE_OPTIONS")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await;
        let output = match output {
            Ok(output) if output.status.success() => output,
            Ok(output) => return Err(unusable(format!("--version ended with {}", output.status))),
            Err(error) => return Err(unusable(error.to_string())),
        };
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text.trim().trim_start_matches('v').to_owned();
        match version.split('.').next().and_then(|major| major.parse().ok()) {
            Some(major) => Ok(Self { program, version, major }),
            None => Err(unusable(format!("--version says `{}`", text.trim()))),
        }
    }

    /// Whether it is as new as an action wants it. Newer is good: GitHub, too,
    /// runs actions for Node 12 and 16 in Node 20.
    pub fn suits(&self, wanted: u32) -> bool {
        self.major >= wanted
    }
}
