//! How far the delivery of a plan is.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::effect::{BuildSpec, Effect, EffectId, Failure};
use crate::environment::StageEnd;
use crate::gate::Verdict;
use crate::ids::{EnvName, RunId, ServiceName};
use crate::machine::{Decision, Illegal, Input, Machine};
use crate::release::{Artifact, Release};
use crate::run::RunResult;

use super::{Command, Event, Plan, decide};

/// How a plan ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum End {
    /// Every run passed and every stage serves it.
    Delivered,
    /// It got this far and no further.
    Failed {
        /// Why.
        failure: Failure,
    },
}

/// A service's build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum BuildState {
    /// Being built.
    Building {
        /// The effect it waits for, once begun.
        effect: Option<EffectId>,
    },
    /// There.
    Built {
        /// What came out.
        artifact: Artifact,
    },
}

/// A stage that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// The environment.
    pub env: EnvName,
    /// How it ended, once it has.
    pub end: Option<StageEnd>,
}

/// A plan's state.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Delivery {
    /// Nothing was asked yet.
    #[default]
    New,
    /// Runs, builds and stages follow each other.
    Open(Open),
    /// It is over.
    Closed {
        /// What it was.
        open: Open,
        /// How it ended.
        end: End,
    },
}

/// A plan under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Open {
    /// The plan.
    pub plan: Plan,
    /// Its order among plans.
    pub order: Timestamp,
    /// How each run ended, once it has.
    pub runs: IndexMap<RunId, Option<RunResult>>,
    /// The builds, once they were begun.
    pub builds: Option<IndexMap<ServiceName, BuildState>>,
    /// The release, once it is complete.
    pub release: Option<Release>,
    /// The stages begun so far.
    pub stages: Vec<Stage>,
    /// The gates of the next stage.
    #[serde(default)]
    pub judging: Option<Judging>,
}

/// The gates of a stage, before it is begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judging {
    /// The stage's environment.
    pub env: EnvName,
    /// The effect that is waited for, once begun.
    pub effect: Option<EffectId>,
    /// What the gates said, once they have.
    pub verdicts: Option<Vec<Verdict>>,
}

impl Delivery {
    /// The plan, unless nothing was asked yet.
    pub const fn open(&self) -> Option<&Open> {
        match self {
            Self::New => None,
            Self::Open(open) | Self::Closed { open, .. } => Some(open),
        }
    }

    fn under_way(&mut self) -> Result<&mut Open, Illegal> {
        match self {
            Self::Open(open) => Ok(open),
            Self::New => Err(Illegal::new("the plan was not opened")),
            Self::Closed { .. } => Err(Illegal::new("the plan is closed")),
        }
    }
}

impl Machine for Delivery {
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
        if let Event::Opened { plan, order } = event {
            if *self != Self::New {
                return Err(Illegal::new("the plan was opened already"));
            }
            let result = |run: &super::PlannedRun| run.passed.as_ref().map(|_| RunResult::Success);
            let runs = plan.runs.iter().map(|run| (run.id.clone(), result(run))).collect();
            let (plan, order) = ((**plan).clone(), *order);
            *self = Self::Open(Open {
                plan,
                order,
                runs,
                builds: None,
                release: None,
                stages: Vec::new(),
                judging: None,
            });
            return Ok(());
        }
        if let Event::Closed { end } = event {
            let open = self.under_way()?.clone();
            *self = Self::Closed { open, end: end.clone() };
            return Ok(());
        }
        self.under_way()?.evolve(event)
    }

    fn began(&mut self, id: &EffectId, effect: &Effect) {
        let Self::Open(open) = self else { return };
        if let (Effect::Judge(_), Some(judging)) = (effect, &mut open.judging) {
            judging.effect = Some(id.clone());
        }
        let Effect::Build(BuildSpec { service, .. }) = effect else { return };
        let build = open.builds.as_mut().and_then(|builds| builds.get_mut(service));
        if let Some(BuildState::Building { effect }) = build {
            *effect = Some(id.clone());
        }
    }

    fn wants(&self, _id: &EffectId, effect: &Effect) -> bool {
        matches!(effect, Effect::Tell { .. }) || matches!(self, Self::Open(_))
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        None
    }
}

impl Open {
    fn evolve(&mut self, event: &Event) -> Result<(), Illegal> {
        match event {
            Event::RunEnded { run, result } => {
                let slot = self.runs.get_mut(run).filter(|result| result.is_none());
                let slot = slot.ok_or_else(|| Illegal::new("no run of this plan goes on so"))?;
                *slot = Some(*result);
            }
            Event::BuildsBegun { services } => {
                let building =
                    |name: &ServiceName| (name.clone(), BuildState::Building { effect: None });
                self.builds = Some(services.iter().map(building).collect());
            }
            Event::Built { service, artifact } => {
                let builds =
                    self.builds.as_mut().ok_or_else(|| Illegal::new("nothing was being built"))?;
                let build = builds.get_mut(service);
                let build = build.ok_or_else(|| Illegal::new("that was not being built"))?;
                *build = BuildState::Built { artifact: artifact.clone() };
            }
            Event::Released { release, .. } => self.release = Some(release.clone()),
            Event::StageJudging { env } => {
                let env = env.clone();
                self.judging = Some(Judging { env, effect: None, verdicts: None });
            }
            Event::StageJudged { env, verdicts } => {
                let judging = self.judging.as_mut().filter(|of| of.env == *env);
                let judging = judging.ok_or_else(|| Illegal::new("no gate of it is judged"))?;
                judging.verdicts = Some(verdicts.clone());
            }
            Event::StageBegun { env } => {
                self.judging = None;
                self.stages.push(Stage { env: env.clone(), end: None });
            }
            Event::StageEnded { env, end } => {
                let stage = self.stages.last_mut().filter(|s| s.env == *env && s.end.is_none());
                let stage = stage.ok_or_else(|| Illegal::new("that stage is not under way"))?;
                stage.end = Some(end.clone());
            }
            Event::Opened { .. } | Event::Closed { .. } => {}
        }
        Ok(())
    }

    /// The build that an effect belongs to.
    pub(super) fn build_of(&self, effect: &EffectId) -> Option<&ServiceName> {
        let mut builds = self.builds.iter().flatten();
        let mine = |state: &BuildState| matches!(state, BuildState::Building { effect: Some(id) } if id == effect);
        builds.find(|(_, state)| mine(state)).map(|(name, _)| name)
    }
}
