//! The job's list, in its order: what actions do before the first step, the
//! steps, and what actions do after the last one, backwards.

use std::sync::Arc;

use shipway_workflow::expr::Status;
use tokio_util::sync::CancellationToken;

use super::JobRun;
use crate::protocol::{Event, StepIndex};
use crate::worker::step::name::{fixed, staged};
use crate::worker::step::{Occurrence, Stage, StepRun};

/// One line of the list.
struct Unit {
    at: Arc<Occurrence>,
    stage: Stage,
}

impl Unit {
    fn new(stage: Stage) -> impl Fn(&Arc<Occurrence>) -> Self {
        move |at| Self { at: Arc::clone(at), stage }
    }
}

/// Runs the list. What comes after the last step is only known by then, so it
/// has the places behind those that the job began with.
pub(super) async fn run(job: &JobRun<'_>) {
    let units: Vec<Unit> = job.frame.steps.iter().map(Unit::new(Stage::Main)).collect();
    let masker = &job.shared.masker;
    let name = |unit: &Unit| masker.mask(&staged(unit.stage, &fixed(&unit.at.step)));
    let steps = units.iter().map(name).collect();
    job.shared.reporter.send(Event::Started { pid: std::process::id(), steps }).await;
    let mut index = 0;
    for unit in units {
        if !step(job, index, unit).await {
            return;
        }
        index += 1;
    }
    while let Some(at) = job.frame.next_post() {
        if !step(job, index, Unit { at, stage: Stage::Post }).await {
            return;
        }
        index += 1;
    }
}

/// Runs one of them, unless nothing of the job may run any more.
async fn step(job: &JobRun<'_>, index: StepIndex, unit: Unit) -> bool {
    note_stop(job);
    if job.shared.stop.is_overdue() {
        return false;
    }
    let Unit { at, stage } = unit;
    let (frame, deadline) = (&job.frame, CancellationToken::new());
    StepRun { job, frame, at: &at, stage, index, deadline }.run().await;
    note_stop(job);
    true
}

/// From here on the job counts as cancelled, if it was stopped.
fn note_stop(job: &JobRun<'_>) {
    if job.shared.stop.reason().is_some() {
        job.state.lock().status = Status::Cancelled;
    }
}
