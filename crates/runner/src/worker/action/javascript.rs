//! Actions that run in Node.

use std::ffi::OsString;

use indexmap::IndexMap;
use shipway_workflow::model::JavaScriptAction;

use super::{Files, inputs};
use crate::worker::place::Place;
use crate::worker::program::Program;
use crate::worker::step::{Body, Ending, Stage};

/// Runs the script of a stage.
///
/// # Errors
/// Why it was not begun.
pub(super) async fn run(
    body: &Body<'_>,
    files: &Files,
    action: &JavaScriptAction,
    inputs: &IndexMap<String, String>,
) -> Result<Ending, String> {
    let script = match body.run.stage {
        Stage::Pre => action.pre.as_deref(),
        Stage::Main => Some(action.main.as_str()),
        Stage::Post => action.post.as_deref(),
    };
    let Some(script) = script else {
        return Ok(Ending::Success { outputs: IndexMap::new() });
    };
    let file = files.place.path.join(script);
    if !file.is_file() {
        return Err(format!("{}: File not found: '{script}'", files.manifest.file));
    }
    let job = body.run.job;
    let node = match body.place() {
        Place::Container(container) => container.node().await?.to_owned(),
        Place::Machine | Place::Nowhere => {
            job.catalog.node(body.shared, action.node, Some(body.index)).await?.program
        }
    };
    inputs::show(body, inputs).await;
    let mut env = body.environment();
    let own = inputs::variables(body, inputs).into_iter();
    env.extend(own.map(|(name, value)| (OsString::from(name), OsString::from(value))));
    env.extend(body.shared.action_variables());
    let dir = body.shared.message.folders.workspace.clone();
    body.talking_program(Program { program: node, args: vec![file.into_os_string()], dir, env })
        .await
}
