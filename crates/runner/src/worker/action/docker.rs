//! Actions that run in a container.

use indexmap::IndexMap;
use shipway_workflow::model::{Bindings, DockerAction};

use super::Files;
use crate::worker::job::JobRun;
use crate::worker::step::{Body, Ending};

const NOT_YET: &str = "not supported yet: an action that runs in a container";

/// Whether such actions can be run, asked before the job begins.
///
/// # Errors
/// Why not.
pub(super) fn check(_job: &JobRun<'_>) -> Result<(), String> {
    Err(NOT_YET.to_owned())
}

/// Runs what the action does in a stage.
///
/// # Errors
/// Why it was not begun.
pub(super) async fn run(
    _body: &Body<'_>,
    _files: &Files,
    _action: &DockerAction,
    _inputs: &IndexMap<String, String>,
) -> Result<Ending, String> {
    Err(NOT_YET.to_owned())
}

/// Runs `docker://image`.
///
/// # Errors
/// Why it was not begun.
pub(super) async fn run_image(
    _body: &Body<'_>,
    _image: &str,
    _with: &Bindings,
) -> Result<Ending, String> {
    Err(NOT_YET.to_owned())
}
