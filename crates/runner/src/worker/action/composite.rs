//! Actions that are steps themselves.

use indexmap::IndexMap;
use shipway_workflow::expr::Status;

use super::{Files, has_pre, inputs};
use crate::protocol::Outcome;
use crate::worker::contexts::View;
use crate::worker::step::{Around, Body, Ended, Ending, Frame, Occurrence, Stage, StepRun};

use std::sync::Arc;

/// How the steps went so far.
#[derive(Default)]
struct Progress {
    /// The first failure that is not tolerated, and where it was.
    failed: Option<String>,
    stopped: bool,
    /// No step may follow.
    is_over: bool,
}

/// Runs what the action's steps do in a stage.
///
/// # Errors
/// Why it was not begun.
pub(super) async fn run(
    body: &Body<'_>,
    files: &Files,
    given: IndexMap<String, String>,
) -> Result<Ending, String> {
    let stage = body.run.stage;
    let missing = || format!("{}: its steps were not prepared", files.manifest.file);
    let inner = body.run.at.inner_frame().ok_or_else(missing)?;
    let inside = inner.inside.as_ref().ok_or_else(missing)?;
    inputs::show(body, &given).await;
    let outer = body.run.frame.inside.as_ref().map(|inside| inside.around().env);
    let mut env = outer.unwrap_or_default();
    env.extend(body.env.clone());
    inside.enter(Around {
        inputs: given,
        env,
        status: (stage == Stage::Main).then_some(Status::Success),
        survives: body.survives,
    });
    let mut progress = Progress::default();
    match stage {
        Stage::Pre => {
            let steps: Vec<_> = inner.steps.iter().filter(|at| has_pre(at)).cloned().collect();
            steps_in_order(body, inner, &steps, &mut progress).await;
        }
        Stage::Main => steps_in_order(body, inner, &inner.steps, &mut progress).await,
        Stage::Post => {
            while let Some(at) = inner.next_post().filter(|_| !progress.is_over) {
                steps_in_order(body, inner, &[at], &mut progress).await;
            }
        }
    }
    let outputs = match stage {
        Stage::Main => outputs(body, files, inner)?,
        Stage::Pre | Stage::Post => IndexMap::new(),
    };
    Ok(match progress {
        Progress { failed: Some(message), .. } => Ending::Failure { message, outputs, told: true },
        Progress { stopped: true, .. } => Ending::Stopped,
        Progress { .. } => Ending::Success { outputs },
    })
}

/// Runs steps until none may follow. As on GitHub, none does behind one whose `if` cannot be
/// evaluated, not even with `always()`.
async fn steps_in_order(
    body: &Body<'_>,
    frame: &Arc<Frame>,
    steps: &[Arc<Occurrence>],
    progress: &mut Progress,
) {
    let (job, stage, index) = (body.run.job, body.run.stage, body.index);
    for at in steps {
        job.note_stop();
        if body.deadline.is_cancelled() || job.shared.stop.is_overdue() {
            progress.stopped = true;
            return;
        }
        let deadline = body.deadline.clone();
        let ended = Box::pin(StepRun { job, frame, at, stage, index, deadline }.run()).await;
        match ended.conclusion {
            Outcome::Failure => {
                progress.failed.get_or_insert_with(|| place(frame, at, &ended));
            }
            Outcome::Cancelled => progress.stopped = true,
            Outcome::Success | Outcome::Skipped => {}
        }
        if ended.is_undecided {
            progress.is_over = true;
            return;
        }
    }
}

/// Which step failed, where it stands and why.
fn place(frame: &Frame, at: &Occurrence, ended: &Ended) -> String {
    let start = at.step.span.start;
    format!(
        "{}:{}:{}: step `{}` failed: {}",
        frame.file,
        start.line,
        start.column,
        ended.name,
        ended.reason.as_deref().unwrap_or_default()
    )
}

/// The action's outputs: of its steps, also of those before a failure.
fn outputs(
    body: &Body<'_>,
    files: &Files,
    inner: &Frame,
) -> Result<IndexMap<String, String>, String> {
    let view = View::new(body.run.job, inner, body.run.at, &IndexMap::new());
    let mut outputs = IndexMap::new();
    for (name, output) in &files.manifest.action.outputs {
        let Some(value) = &output.value else { continue };
        let value = value.render(&view).map_err(|error| {
            let at = error.span.start;
            format!("{}:{}:{}: {}", files.manifest.file, at.line, at.column, error.message)
        })?;
        outputs.insert(name.clone(), value);
    }
    Ok(outputs)
}
