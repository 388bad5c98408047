//! What a job says about its containers, and the moment they are begun.

use shipway_workflow::expr::{EvaluateError, Status};
use shipway_workflow::model::{StepKind, StepsJob};

use super::start::Wanted;
use crate::actions::node::Node;
use crate::protocol::{Level, Reason};
use crate::worker::contexts::View;
use crate::worker::job::JobRun;

/// The Node that current actions are written for.
const CURRENT_NODE: u32 = 20;

impl Wanted {
    /// What a job says, expressions evaluated.
    pub(crate) async fn of(job: &JobRun<'_>, steps: &StepsJob) -> Result<Self, EvaluateError> {
        let view = View::of_job(job);
        let container = steps.container.as_ref().map(|container| container.evaluate(&view));
        let container = container.transpose()?.flatten();
        let services = steps.services.evaluate(&view)?;
        let uses = steps.steps.iter().any(|step| matches!(step.kind, StepKind::Uses { .. }));
        let node = match container.is_some() && uses {
            true => {
                let configured = job.shared.message.actions.node.as_deref();
                // Whether it is needed shows when an action is about to run.
                let found = Node::find(CURRENT_NODE, configured, &job.shared.machine_env).await;
                found.ok().map(|node| node.program)
            }
            false => None,
        };
        Ok(Self { container, services, node })
    }

    /// Starts it; the job has failed if that is not possible, and only steps
    /// that run then go on.
    pub(crate) async fn begin(self, job: &JobRun<'_>) {
        let shared = job.shared;
        let Err(message) = shared.containers.start(shared, self).await else { return };
        if shared.stop.reason().is_some() {
            return;
        }
        shared.reporter.annotate(None, Level::Error, &message).await;
        let message = shared.masker.mask(&message);
        let mut state = job.state.lock();
        state.status = Status::Failure;
        state.reason.get_or_insert(Reason::Refused { message });
    }
}
