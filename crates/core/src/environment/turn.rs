//! What every turn of an environment needs.

use crate::command::Command as AnyCommand;
use crate::ids::PlanId;
use crate::journal::StreamId;
use crate::plan;

use super::{Environment, StageEnd};

/// A decision of an environment under way.
pub(super) type Turn = crate::machine::Turn<Environment>;

impl Turn {
    /// Tells the plan how its stage here ended.
    pub(super) fn tell_plan(&mut self, plan: Option<&PlanId>, end: StageEnd) {
        let Some(plan) = plan else { return };
        let command = plan::Command::StageEnded { env: self.state.name.clone(), end };
        self.tell(StreamId::Plan(plan.clone()), AnyCommand::Plan(command));
    }
}
