//! Actions that run in a container of their own.

use std::ffi::OsString;

use indexmap::IndexMap;
use shipway_workflow::expr::{Context as _, Value};
use shipway_workflow::model::{Bindings, DockerAction, DockerImage};

use super::{Files, inputs};
use crate::docker::options::arguments;
use crate::worker::container::{ActionImage, ContainerStep};
use crate::worker::environment::Base;
use crate::worker::job::JobRun;
use crate::worker::step::{Body, Ending, Stage};

/// Whether such actions can be run, asked before the job begins.
///
/// # Errors
/// Why not.
pub(super) async fn check(job: &JobRun<'_>) -> Result<(), String> {
    job.shared.containers.check().await.map_err(|error| error.to_string())
}

/// Runs what the action does in a stage.
///
/// # Errors
/// Why it was not begun.
pub(super) async fn run(
    body: &Body<'_>,
    files: &Files,
    action: &DockerAction,
    given: &IndexMap<String, String>,
) -> Result<Ending, String> {
    let entrypoint = match body.run.stage {
        Stage::Pre => action.pre_entrypoint.as_ref(),
        Stage::Main => action.entrypoint.as_ref(),
        Stage::Post => action.post_entrypoint.as_ref(),
    };
    if entrypoint.is_none() && body.run.stage != Stage::Main {
        return Ok(Ending::Success { outputs: IndexMap::new() });
    }
    inputs::show(body, given).await;
    let (args, own) = {
        let view = body.view().with_inputs(given);
        let wrong = |error| body.wrong_in(&files.manifest.file, &error);
        let args: Result<Vec<String>, _> =
            action.args.iter().map(|arg| arg.render(&view)).collect();
        (args.map_err(wrong)?, action.env.render(&view).map_err(wrong)?)
    };
    let args = if args.is_empty() { written_args(given)? } else { args };
    let mut env = variables(body, given);
    // What the workflow, the job, or a step before says goes over what the action says itself.
    let context = body.view().get("env");
    let context = context.as_ref().and_then(Value::as_object);
    let known = |name: &str| context.is_some_and(|env| env.contains_key(name));
    let own = own.into_iter().filter(|(name, _)| !known(name));
    env.extend(own.map(|(name, value)| (OsString::from(name), OsString::from(value))));
    let image = match &action.image {
        DockerImage::Pull(image) => ActionImage::Pull(image.clone()),
        DockerImage::Build(dockerfile) => ActionImage::Build(files.place.path.join(dockerfile)),
    };
    let entrypoint = entrypoint.cloned().or_else(|| input(given, "entrypoint"));
    body.container(ContainerStep { image, entrypoint, args, env }).await
}

/// Runs `docker://image`.
///
/// # Errors
/// Why it was not begun.
pub(super) async fn run_image(
    body: &Body<'_>,
    image: &str,
    with: &Bindings,
) -> Result<Ending, String> {
    let given = with.render(&body.view()).map_err(|error| body.wrong(&error))?;
    inputs::show(body, &given).await;
    let step = ContainerStep {
        image: ActionImage::Pull(image.to_owned()),
        entrypoint: input(&given, "entrypoint"),
        args: written_args(&given)?,
        env: variables(body, &given),
    };
    body.container(step).await
}

/// The variables of the container, but for those of the action itself.
fn variables(body: &Body<'_>, given: &IndexMap<String, String>) -> Vec<(OsString, OsString)> {
    let mut env = body.environment_over(Base::Action);
    let inputs = inputs::variables(body, given).into_iter();
    env.extend(inputs.map(|(name, value)| (OsString::from(name), OsString::from(value))));
    env.extend(body.shared.action_variables());
    env
}

/// `with.args`, a command line.
fn written_args(given: &IndexMap<String, String>) -> Result<Vec<String>, String> {
    let text = input(given, "args").unwrap_or_default();
    arguments(&text).map_err(|error| format!("`args`: {error}"))
}

fn input(given: &IndexMap<String, String>, wanted: &str) -> Option<String> {
    let found = given.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
}
