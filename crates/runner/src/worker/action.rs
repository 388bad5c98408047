//! What `uses` runs.

mod built_in;
mod cache;
pub(crate) mod catalog;
mod checkout;
mod composite;
mod docker;
mod download;
mod inputs;
mod javascript;
mod ready;
mod service;
mod upload;

use shipway_workflow::model::{Bindings, Runs, StepKind, Uses};

use crate::protocol::Level;
use crate::worker::step::name::written;
use crate::worker::step::{Body, Ending, Stage};

pub(crate) use built_in::{BuiltIn, Inputs};
use built_in::{flag, text};
pub(crate) use ready::{ActionPlace, Files, Ready, has_pre};

/// Does what the action of a step does in its stage.
///
/// # Errors
/// Why it failed, in a line.
pub(crate) async fn run(body: &Body<'_>, with: &Bindings) -> Result<Ending, String> {
    let run = body.run;
    let mut ready = catalog::prepare(run.job, run.frame, run.at, Some(body.index)).await?;
    if let Ready::BuiltIn(built_in) = ready.as_ref() {
        let inputs = built_in::given(body, with)?;
        if !built_in.falls_short(&inputs, body.shared.repository()) {
            if run.stage != Stage::Post && ready.may_have_post() {
                run.frame.register_post(run.at);
            }
            return built_in.run(body, &inputs).await;
        }
        ready = catalog::released(run.job, run.frame, run.at, Some(body.index)).await?;
    }
    let files = match ready.as_ref() {
        Ready::BuiltIn(_) => return Err("this step has no released action".to_owned()),
        Ready::Image(image) => return docker::run_image(body, image, with).await,
        Ready::Files(files) => files,
    };
    if run.stage == Stage::Main {
        tell_of_pre(body).await;
    }
    let inputs = inputs::evaluate(body, &files.manifest.action, with).await?;
    if run.stage != Stage::Post && ready.may_have_post() {
        run.frame.register_post(run.at);
    }
    match &files.manifest.action.runs {
        Runs::JavaScript(action) => javascript::run(body, files, action, &inputs).await,
        Runs::Composite(_) => composite::run(body, files, inputs).await,
        Runs::Docker(action) => docker::run(body, files, action, &inputs).await,
    }
}

/// Tells, as GitHub does, that a local action does nothing before the steps: its files are only
/// there when one of them has brought them.
async fn tell_of_pre(body: &Body<'_>) {
    let at = body.run.at;
    let StepKind::Uses { action, .. } = &at.step.kind else { return };
    if matches!(action.value, Uses::Local { .. }) && has_pre(at) {
        let uses = written(&action.value);
        let message = format!("`pre` execution is not supported for local action from '{uses}'");
        body.shared.reporter.annotate(Some(body.index), Level::Warning, &message).await;
    }
}
