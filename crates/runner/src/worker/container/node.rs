//! The Node that JavaScript actions run with in the job's container.

use std::path::{Path, PathBuf};

use super::exec::JobContainer;
use crate::docker::{DockerError, Mounted};

/// Where the runner's own Node is in the container.
const EXTERNAL: &str = "/__e/node/bin/node";

/// The runner's own Node, in the container.
pub(super) fn mount(node: &Path) -> Mounted {
    let source = node.canonicalize().unwrap_or_else(|_| node.to_owned());
    Mounted { source: source.display().to_string(), target: EXTERNAL.to_owned(), read_only: true }
}

impl JobContainer {
    /// The Node that runs in it: the runner's own, if the image has what that
    /// is linked with, else the image's.
    ///
    /// # Errors
    /// Why none runs.
    pub(crate) async fn node(&self) -> Result<&Path, String> {
        self.node.get_or_try_init(|| self.find_node()).await.map(PathBuf::as_path)
    }

    async fn find_node(&self) -> Result<PathBuf, String> {
        let ask = async |node: &str| -> Result<Result<(), String>, DockerError> {
            // Its errors are printed by the loader, on stderr.
            let (code, text) = self.ask(&["sh", "-c", "\"$0\" --version 2>&1", node]).await?;
            let text = text.trim().to_owned();
            Ok(if code == 0 && text.starts_with('v') { Ok(()) } else { Err(text) })
        };
        let own = ask(EXTERNAL).await.map_err(|error| error.to_string())?;
        let Err(problem) = own else { return Ok(PathBuf::from(EXTERNAL)) };
        if ask("node").await.map_err(|error| error.to_string())?.is_ok() {
            return Ok(PathBuf::from("node"));
        }
        let problem = problem.lines().next().unwrap_or_default();
        Err(format!(
            "a JavaScript action cannot run in the image {}: the runner's Node does not run there \
             ({problem}), and the image has no `node`. Use an image with a C library as the \
             runner's Node wants it (Debian, Ubuntu and their like), or one with Node",
            self.image()
        ))
    }
}
