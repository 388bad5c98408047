//! Steps that are about other steps: `wait`, `wait-all`, `cancel`, and what
//! comes of `parallel`.

use std::sync::Arc;
use std::time::Instant;

use indexmap::IndexMap;
use shipway_workflow::model::StepKind;

use super::JobRun;
use super::background::Background;
use crate::protocol::{Event, Level, Outcome, Reason, StepIndex, StepReport};
use crate::worker::contexts::View;
use crate::worker::step::Occurrence;
use crate::worker::step::name::fixed;

/// Executes such a step.
pub(super) async fn run(
    job: &JobRun<'_>,
    background: &mut Background<'_>,
    index: StepIndex,
    at: &Arc<Occurrence>,
) {
    let began = Instant::now();
    let (reporter, masker) = (&job.shared.reporter, &job.shared.masker);
    let name = masker.mask(&fixed(&at.step));
    reporter.send(Event::StepStarted { step: index, name: name.clone() }).await;
    let is = |other: &Occurrence, id: &str| {
        other.step.id.as_ref().is_some_and(|known| known.value.eq_ignore_ascii_case(id))
    };
    let failed = match &at.step.kind {
        StepKind::Wait(ids) => {
            background.wait(|other| ids.iter().any(|id| is(other, &id.value))).await
        }
        StepKind::Cancel(id) => background.cancel(|other| is(other, &id.value)).await,
        StepKind::Parallel(_) => {
            let child = |other: &Occurrence| {
                at.children.iter().any(|child| std::ptr::eq(Arc::as_ptr(child), other))
            };
            background.wait(child).await
        }
        _ => background.wait(|_| true).await,
    };
    let tolerant = at.step.continue_on_error.as_ref().map(|c| c.evaluate(&View::of_job(job)));
    let (reason, tolerant) = match (failed.is_empty(), tolerant.transpose()) {
        (_, Err(error)) => (Some(job.wrong(&error)), false),
        (true, Ok(_)) => (None, false),
        (false, Ok(tolerant)) => (
            Some(format!("in the background, {} failed", failed.join(", "))),
            tolerant == Some(true),
        ),
    };
    let outcome = if reason.is_some() { Outcome::Failure } else { Outcome::Success };
    let conclusion = if tolerant { Outcome::Success } else { outcome };
    let reason = reason.map(|reason| masker.mask(&reason));
    if let Some(message) = &reason {
        reporter.annotate(Some(index), Level::Error, message).await;
    }
    if let Some(id) = &at.step.id {
        job.frame.record(&id.value, outcome, conclusion, &IndexMap::new());
    }
    if conclusion == Outcome::Failure {
        let (name, message) = (name.clone(), reason.clone().unwrap_or_default());
        job.state.lock().fail(Reason::StepFailed { step: index, name, message });
    }
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let outputs = IndexMap::new();
    let report =
        StepReport { step: index, name, outcome, conclusion, reason, outputs, duration_ms };
    reporter.send(Event::StepEnded(report)).await;
}
