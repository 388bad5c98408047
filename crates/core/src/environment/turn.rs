//! A decision under way: facts change a copy of the state as they are decided,
//! so that what follows from them can be decided in the same turn.

use jiff::Timestamp;

use crate::command::Command as AnyCommand;
use crate::effect::{Effect, EffectId};
use crate::ids::PlanId;
use crate::journal::StreamId;
use crate::machine::{Decision, Illegal};
use crate::plan;

use super::{Environment, Event, StageEnd, evolve};

pub(super) struct Turn {
    pub(super) state: Environment,
    pub(super) now: Timestamp,
    out: Vec<Decision<Event>>,
    /// An effect was decided on in this turn: the deployment waits for it.
    pub(super) doing: bool,
}

impl Turn {
    pub(super) fn new(state: &Environment, now: Timestamp) -> Self {
        Self { state: state.clone(), now, out: Vec::new(), doing: false }
    }

    pub(super) fn happen(&mut self, event: Event) -> Result<(), Illegal> {
        evolve::evolve(&mut self.state, &event, self.now)?;
        self.out.push(Decision::Event(event));
        Ok(())
    }

    pub(super) fn perform(&mut self, effect: Effect) {
        self.doing = true;
        self.out.push(Decision::Do(effect));
    }

    pub(super) fn cancel(&mut self, effect: EffectId) {
        self.out.push(Decision::Cancel(effect));
    }

    /// Tells the plan how its stage here ended.
    pub(super) fn tell(&mut self, plan: Option<&PlanId>, end: StageEnd) {
        let Some(plan) = plan else { return };
        let command = plan::Command::StageEnded { env: self.state.name.clone(), end };
        self.out.push(Decision::Do(Effect::Tell {
            to: StreamId::Plan(plan.clone()),
            command: Box::new(AnyCommand::Plan(command)),
        }));
    }

    pub(super) fn done(self) -> Vec<Decision<Event>> {
        self.out
    }
}
