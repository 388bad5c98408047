//! What a power failure may take back.
//!
//! To wait for the disk takes as long as a short job. A job of a run that
//! releases nothing and deploys nowhere is worth no waiting: the power failure
//! that takes back its last transitions has ended its processes as well. What
//! is left is the run as it was a moment (100 ms and one sync of the disk) before.
//! Each job that had begun since is behind one that counts as under way there, and
//! that is lost like any other: nothing is begun twice that its workflow has not
//! declared so (`on_lost`, or `always()` after what was lost). A crash of the
//! engine takes nothing back.

use crate::effect::Effect;
use crate::ids::PlanId;
use crate::journal::StreamId;
use crate::plan::Delivery;
use crate::run::Event;
use crate::stream::{Decided, Record, Stream};
use crate::view::Live;

/// Whether the next entries of `stream` may be taken back by a power failure:
/// they say only that jobs of workflows ended and began, of a run that releases
/// nothing, and none of these jobs deploys to an environment.
pub fn may_be_taken_back(live: &Live, stream: &StreamId, decided: &Decided) -> bool {
    let Some(stream) = live.stream(stream) else { return false };
    let Some(run) = stream.run().and_then(|(_, run)| run.begun()) else { return false };
    decided.cancel.is_empty()
        && decided.records.iter().all(|record| is_of_a_job(stream, record))
        && releases_nothing(live, &run.spec.plan)
}

fn is_of_a_job(stream: &Stream, record: &Record) -> bool {
    let deploys_nowhere =
        |effect: &Effect| matches!(effect, Effect::RunJob(job) if job.environment.is_none());
    match record {
        Record::Intent { effect } => deploys_nowhere(effect),
        Record::Ended { intent, .. } => stream.pending.get(intent).is_some_and(deploys_nowhere),
        Record::Run(event) => matches!(
            event,
            Event::JobExpanded { .. }
                | Event::JobSkipped { .. }
                | Event::InstanceStarted { .. }
                | Event::InstanceEnded { .. }
        ),
        _ => false,
    }
}

fn releases_nothing(live: &Live, plan: &PlanId) -> bool {
    let delivery = live.stream(&StreamId::Plan(plan.clone())).and_then(Stream::plan);
    matches!(delivery, Some((_, Delivery::Open(open)))
        if open.plan.services.is_empty() && open.plan.stages.is_empty())
}
