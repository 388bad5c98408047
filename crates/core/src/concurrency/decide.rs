//! What follows in a concurrency group.

use jiff::Timestamp;

use crate::command::Command as AnyCommand;
use crate::journal::StreamId;
use crate::machine::{Decision, Illegal, Input};
use crate::run;

use super::{Command, Concurrency, Event, Group, MAX_WAITING, Member, Queue};

pub(super) fn decide(
    state: &Group,
    input: &Input<Command>,
    now: Timestamp,
) -> Result<Vec<Decision<Event>>, Illegal> {
    let mut turn = Turn::new(state, now);
    match input {
        Input::Command { command: Command::Enter { member, concurrency }, .. } => {
            turn.enter(member, concurrency)?;
        }
        Input::Command { command: Command::Leave { member }, .. } => turn.leave(member)?,
        Input::Ended { .. } | Input::Tick => {}
    }
    turn.next()?;
    Ok(turn.done())
}

type Turn = crate::machine::Turn<Group>;

impl Turn {
    fn enter(&mut self, member: &Member, wanted: &Concurrency) -> Result<(), Illegal> {
        if self.has(member) {
            return Ok(());
        }
        let full = wanted.queue == Queue::Max && self.state.waiting.len() >= MAX_WAITING;
        if full {
            let why = format!("{MAX_WAITING} others wait for `{}` already", wanted.group);
            self.tell_run(member, |place| run::Command::Refused { place, why });
            return Ok(());
        }
        if wanted.queue == Queue::Single {
            let earlier: Vec<Member> = self.state.waiting.iter().cloned().collect();
            for earlier in earlier {
                self.happen(Event::GivesWay { member: earlier.clone() })?;
                let why = superseded(&wanted.group);
                self.tell_run(&earlier, |place| run::Command::Refused { place, why });
            }
        }
        let running = self.state.running.clone().filter(|_| wanted.cancel_in_progress);
        if let Some(running) = running {
            self.happen(Event::CallsOff { member: running.clone() })?;
            let why = superseded(&wanted.group);
            self.tell_run(&running, |place| run::Command::GiveWay { place, why });
        }
        self.happen(Event::Waits { member: member.clone(), name: wanted.group.clone() })
    }

    fn has(&self, member: &Member) -> bool {
        self.state.running.as_ref() == Some(member) || self.state.waiting.contains(member)
    }

    /// Who is not here any more, because it gave way meanwhile, may leave too.
    fn leave(&mut self, member: &Member) -> Result<(), Illegal> {
        if self.has(member) { self.happen(Event::Left { member: member.clone() }) } else { Ok(()) }
    }

    fn next(&mut self) -> Result<(), Illegal> {
        if self.state.running.is_some() {
            return Ok(());
        }
        let Some(member) = self.state.waiting.front().cloned() else { return Ok(()) };
        self.happen(Event::Begins { member: member.clone() })?;
        self.tell_run(&member, |place| run::Command::Passed { place });
        Ok(())
    }

    fn tell_run(&mut self, member: &Member, command: impl FnOnce(run::Place) -> run::Command) {
        let command = AnyCommand::Run(command(member.place.clone()));
        self.tell(StreamId::Run(member.run.clone()), command);
    }
}

/// As GitHub says it.
fn superseded(group: &str) -> String {
    format!("Canceling since a higher priority waiting request for '{group}' exists")
}
