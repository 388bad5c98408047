//! The job's list, in its order: what actions do before the first step, the
//! steps, and what actions do after the last one, backwards.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::JobRun;
use crate::protocol::{Event, StepIndex};
use crate::worker::action::catalog::prepare_all;
use crate::worker::action::has_pre;
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

/// Finds the actions and runs the list. What comes after the last step is only
/// known by then, so it has the places behind those that the job began with.
///
/// # Errors
/// Why nothing was begun: what cannot be had.
pub(super) async fn run(job: &JobRun<'_>) -> Result<(), String> {
    let frame = &job.frame;
    tokio::select! {
        prepared = prepare_all(job, frame, &frame.steps, None) => prepared?,
        () = job.shared.stop.stopped() => job.note_stop(),
    }
    let before = frame.steps.iter().filter(|at| has_pre(at)).map(Unit::new(Stage::Pre));
    let units: Vec<Unit> = before.chain(frame.steps.iter().map(Unit::new(Stage::Main))).collect();
    let masker = &job.shared.masker;
    let name = |unit: &Unit| masker.mask(&staged(unit.stage, &fixed(&unit.at.step)));
    let steps = units.iter().map(name).collect();
    job.shared.reporter.send(Event::Started { pid: std::process::id(), steps }).await;
    let mut index = 0;
    for unit in units {
        if !step(job, index, unit).await {
            return Ok(());
        }
        index += 1;
    }
    while let Some(at) = frame.next_post() {
        if !step(job, index, Unit { at, stage: Stage::Post }).await {
            return Ok(());
        }
        index += 1;
    }
    Ok(())
}

/// Runs one of them, unless nothing of the job may run any more.
async fn step(job: &JobRun<'_>, index: StepIndex, unit: Unit) -> bool {
    job.note_stop();
    if job.shared.stop.is_overdue() {
        return false;
    }
    let Unit { at, stage } = unit;
    let (frame, deadline) = (&job.frame, CancellationToken::new());
    StepRun { job, frame, at: &at, stage, index, deadline }.run().await;
    job.note_stop();
    true
}
