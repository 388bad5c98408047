//! The job's list, in its order: what actions do before the first step, the
//! steps, and what actions do after the last one, backwards.

use std::sync::Arc;

use shipway_workflow::model::StepKind;
use tokio_util::sync::CancellationToken;

use super::background::Background;
use super::{JobRun, control};
use crate::protocol::{Event, StepIndex};
use crate::worker::action::catalog::prepare_all;
use crate::worker::action::has_pre;
use crate::worker::container::Wanted;
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
pub(super) async fn run<'a>(job: &'a JobRun<'a>, wanted: Wanted) -> Result<(), String> {
    let frame = &job.frame;
    let steps: Vec<Arc<Occurrence>> = frame.steps.iter().flat_map(listed).cloned().collect();
    tokio::select! {
        prepared = Box::pin(prepare_all(job, frame, &steps, None)) => prepared?,
        () = job.shared.stop.stopped() => job.note_stop(),
    }
    let before = steps.iter().filter(|at| has_pre(at)).map(Unit::new(Stage::Pre));
    let units: Vec<Unit> = before.chain(steps.iter().map(Unit::new(Stage::Main))).collect();
    let masker = &job.shared.masker;
    let name = |unit: &Unit| masker.mask(&staged(unit.stage, &fixed(&unit.at.step)));
    let steps = units.iter().map(name).collect();
    job.shared.reporter.send(Event::Started { pid: std::process::id(), steps }).await;
    Box::pin(wanted.begin(job)).await;
    let mut background = Background::of(job);
    let mut index = 0;
    for unit in units {
        if !step(job, &mut background, index, unit).await {
            return Ok(());
        }
        index += 1;
    }
    background.finish().await;
    job.note_stop();
    while let Some(at) = frame.next_post() {
        if !step(job, &mut background, index, Unit { at, stage: Stage::Post }).await {
            return Ok(());
        }
        index += 1;
    }
    Ok(())
}

/// A step with those that run at the same time inside of it, which come first:
/// they begin together, and then it waits for them.
fn listed(at: &Arc<Occurrence>) -> impl Iterator<Item = &Arc<Occurrence>> {
    at.children.iter().chain(std::iter::once(at))
}

/// Runs one of them, unless nothing of the job may run any more.
async fn step<'a>(
    job: &'a JobRun<'a>,
    background: &mut Background<'a>,
    index: StepIndex,
    unit: Unit,
) -> bool {
    job.note_stop();
    if job.shared.stop.is_overdue() {
        return false;
    }
    let Unit { at, stage } = unit;
    let in_parallel = || {
        job.frame.steps.iter().any(|step| step.children.iter().any(|child| Arc::ptr_eq(child, &at)))
    };
    match (&at.step.kind, stage) {
        (
            StepKind::Wait(_) | StepKind::WaitAll | StepKind::Cancel(_) | StepKind::Parallel(_),
            Stage::Main,
        ) => control::run(job, background, index, &at).await,
        (_, Stage::Main) if at.step.background || in_parallel() => background.start(index, &at),
        _ => {
            let (frame, deadline) = (&job.frame, CancellationToken::new());
            let run = StepRun { job, frame, at: &at, stage, index, deadline };
            // Where it is made it stays: it is large to be carried about.
            background.beside(Box::pin(run.run())).await;
        }
    }
    job.note_stop();
    true
}
