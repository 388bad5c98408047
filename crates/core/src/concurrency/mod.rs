//! A concurrency group: of the runs and jobs in it, one at a time. One stream,
//! so that there is never a second one, whichever engine decides.
//!
//! Source: "Control the concurrency of workflows and jobs". Workflows and jobs
//! of a project share their groups; the names ignore case.

mod decide;
mod event;

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use event::{Command, Event};

use crate::digest::Digest;
use crate::effect::{Effect, EffectId};
use crate::ids::{BadName, GroupId, RunId};
use crate::machine::{Decision, Illegal, Input, Machine};
use crate::run::Place;

/// As many wait in a group with `queue: max`; GitHub's limit.
pub const MAX_WAITING: usize = 100;

/// What `concurrency` says, evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concurrency {
    /// The group's name, as it is written.
    pub group: String,
    /// What runs in the group is called off for the newcomer.
    #[serde(default)]
    pub cancel_in_progress: bool,
    /// How many may wait.
    #[serde(default)]
    pub queue: Queue,
}

/// How many may wait in a group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Queue {
    /// One: a newcomer takes the place of the one that waits.
    #[default]
    Single,
    /// Up to [`MAX_WAITING`], in the order in which they came.
    Max,
}

impl Concurrency {
    /// The group's stream.
    ///
    /// # Errors
    /// Never, unless the rules for names change.
    pub fn id(&self) -> Result<GroupId, BadName> {
        group_id(&self.group)
    }

    /// Whether another one is the same group.
    pub fn is_same(&self, other: &Self) -> bool {
        self.group.to_lowercase() == other.group.to_lowercase()
    }
}

/// A name that is fit for a stream: what is readable of the group's, and its
/// digest.
fn group_id(group: &str) -> Result<GroupId, BadName> {
    let group = group.to_lowercase();
    let fit = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let readable: String = group.chars().map(fit).take(40).collect();
    let readable = readable.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let digest = Digest::of(group.as_bytes()).short();
    let dash = if readable.is_empty() { "" } else { "." };
    GroupId::new(format!("{readable}{dash}{digest}"))
}

/// Who is in a group: a run, or an instance of one of its jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The run.
    pub run: RunId,
    /// Where in it.
    pub place: Place,
}

/// A group's state.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Group {
    /// Its name, as whoever came last wrote it.
    pub name: String,
    /// Whose turn it is.
    pub running: Option<Member>,
    /// Those that wait for theirs, in order.
    pub waiting: VecDeque<Member>,
}

impl Group {
    /// Nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.running.is_none() && self.waiting.is_empty()
    }
}

impl Machine for Group {
    type Command = Command;
    type Event = Event;

    fn decide(
        &self,
        input: &Input<Command>,
        now: Timestamp,
    ) -> Result<Vec<Decision<Event>>, Illegal> {
        decide::decide(self, input, now)
    }

    fn evolve(&mut self, event: &Event, _at: Timestamp) -> Result<(), Illegal> {
        match event {
            Event::Waits { member, name } => {
                self.name.clone_from(name);
                self.waiting.push_back(member.clone());
            }
            Event::Begins { member } => {
                if self.running.is_some() || self.waiting.front() != Some(member) {
                    return Err(Illegal::new("it is not this one's turn in the group"));
                }
                self.running = self.waiting.pop_front();
            }
            Event::GivesWay { member } | Event::Left { member } => {
                let before = self.waiting.len();
                self.waiting.retain(|other| other != member);
                let was_running = self.running.take_if(|running| running == member).is_some();
                if before == self.waiting.len() && !was_running {
                    return Err(Illegal::new("this one is not in the group"));
                }
            }
            Event::CallsOff { .. } => {}
        }
        Ok(())
    }

    fn began(&mut self, _id: &EffectId, _effect: &Effect) {}

    fn wants(&self, _id: &EffectId, _effect: &Effect) -> bool {
        true
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        None
    }
}

#[cfg(test)]
mod tests;
